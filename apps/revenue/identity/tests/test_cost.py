"""What a lead costs does not depend on how many there are."""

from collections.abc import Sequence

from atoll import Rows
from atoll.data import Parameters, Session, Statement
from atoll.testing import MemoryDatabase
from revenue.identity.blocking import BLOCK_MAX
from revenue.identity.tests.people import Town, lead

PLACES = ("Ulm", "Bonn", "Kiel", "Hof", "Trier", "Worms", "Celle")


class Counting(MemoryDatabase):
    """A database that counts its statements and the rows that they answer."""

    def __init__(self) -> None:
        super().__init__()
        self.statements = 0
        self.rows = 0

    async def run(
        self, session: Session, statement: Statement, parameters: Parameters | Sequence[Parameters] | None
    ) -> Rows:
        """The rows of a statement."""
        rows = await super().run(session, statement, parameters)
        self.statements += 1
        self.rows += len(rows)
        return rows


def counted_town() -> tuple[Town, Counting]:
    """Identity with a database that counts."""
    town, db = Town(), Counting()
    town.db = town.identity.db = db
    return town, db


async def cost(town: Town, db: Counting, numbers: Sequence[int], *, same_name: bool) -> tuple[int, int]:
    """The most statements and rows that one of these leads has cost."""
    most = (0, 0)
    for number in numbers:
        before = (db.statements, db.rows)
        name = "Lee" if same_name else f"L{'aeiou'[number % 5]}n{number}"
        mail = f"ann{number}@company{number % 50}.example"
        await town.take(lead(str(number), email=mail, first_name="Ann", last_name=name, city=PLACES[number % 7]))
        most = max(most[0], db.statements - before[0]), max(most[1], db.rows - before[1])
    return most


async def test_a_lead_costs_the_same_among_a_hundred_and_among_thousands() -> None:
    """Everything is looked up in indexes."""
    town, db = counted_town()
    await cost(town, db, range(100), same_name=False)

    among_few = await cost(town, db, range(100, 200), same_name=False)
    await cost(town, db, range(200, 2_000), same_name=False)
    among_many = await cost(town, db, range(2_000, 2_100), same_name=False)

    assert among_many[0] <= among_few[0] <= 12
    assert among_many[1] <= 8 * (BLOCK_MAX + 1)


async def test_a_name_that_everybody_has_costs_no_more() -> None:
    """A block that is full takes in nobody more, and is passed over."""
    town, db = counted_town()

    most = await cost(town, db, range(400), same_name=True)

    assert most[0] <= 14
    assert most[1] <= 8 * (BLOCK_MAX + 1)
    assert len(db.published) == 400
