"""A role and a schema for each service: nobody reads, writes or sees another one's rows, and nothing is taken over."""

import asyncio
from collections.abc import Iterator
from itertools import count
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from atoll.adapters.postgres import open_postgres, quoted
from atoll.adapters.postgres_roles import provision, scram_verifier, statements_for
from atoll.data import DatabaseUnavailable
from atoll.data.places import schema_name
from atoll.kernel import Mistakes
from atoll.testing import PostgresServer
from tests.adapters.postgres import Trial, trial

_numbers = count(1)


@pytest.fixture
def service() -> str:
    """The name of a service that no other test has."""
    return f"role_{next(_numbers)}"


@pytest.fixture(scope="module")
def databases() -> Iterator[str]:
    """Names of databases that no other test has."""
    return (f"trial_{number}" for number in count(1))


async def asked(url: str, *statements: str) -> object:
    """What the last of some statements answers, each in a transaction of its own."""
    connection = await asyncpg.connect(url)
    try:
        answer: object = None
        for statement in statements:
            answer = await connection.fetchval(statement)
        return answer
    finally:
        await connection.close()


def as_role(server: PostgresServer, role: str, password: str, database: str = "postgres") -> str:
    """The URL of a role."""
    return f"postgresql://{quote(role)}:{quote(password)}@{server.host}:{server.port}/{database}"


async def test_a_service_works_with_what_it_was_given(postgres: PostgresServer, service: str) -> None:
    """It makes its tables, and finds them by their names alone, also with other programs than the driver."""
    url = await provision(postgres.url(), "shop", service, "secret")

    answer = await asked(url, "CREATE TABLE kept (id integer)", "INSERT INTO kept VALUES (7) RETURNING id")

    assert answer == 7
    assert await asked(url, "SELECT current_user") == schema_name("shop", service)
    assert await asked(url, "SELECT schemaname FROM pg_tables WHERE tablename = 'kept'") == schema_name("shop", service)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {schema}.leads",
        "INSERT INTO {schema}.leads VALUES (2, 'x', 0)",
        "UPDATE {schema}.leads SET points = 1",
        "DELETE FROM {schema}.leads",
        "TRUNCATE {schema}.leads",
        "DROP TABLE {schema}.leads",
        "DROP SCHEMA {schema} CASCADE",
        "ALTER TABLE {schema}.leads ADD COLUMN more text",
        "DO $$ BEGIN LOCK TABLE {schema}.leads; END $$",
        "CREATE TABLE {schema}.mine (id integer)",
        "CREATE VIEW mine AS SELECT * FROM {schema}.leads",
        "COPY {schema}.leads TO STDOUT",
        "GRANT ALL ON {schema}.leads TO CURRENT_USER",
        "ALTER TABLE {schema}.leads OWNER TO CURRENT_USER",
        "SET ROLE {schema}",
        "ALTER ROLE {schema} PASSWORD 'mine'",
        "CREATE TABLE public.mine (id integer)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT passwd FROM pg_shadow",
    ],
)
async def test_a_service_reaches_nothing_of_another(postgres: PostgresServer, service: str, statement: str) -> None:
    """By the server's own refusal, whatever the program is."""
    async with trial(postgres) as other:
        await other.add(1)
        url = await provision(postgres.url(), "shop", service, "secret")

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asked(url, statement.format(schema=other.schema))

        assert await other.rows("SELECT id, points FROM leads") == [(1, 0)]


async def test_a_service_does_not_see_what_another_does(postgres: PostgresServer, service: str) -> None:
    """Statements hold data: those of others are not shown, nor what was learned of their columns."""
    url = await provision(postgres.url(), "shop", service, "secret")
    async with trial(postgres) as other:
        await other.run("INSERT INTO leads SELECT i, 'lead' || i, i FROM generate_series(1, 100) i")
        await other.run("ANALYZE leads")

        shown = await asked(
            url, f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{other.schema}' AND query ~ 'leads'"
        )
        learned = await asked(url, f"SELECT count(*) FROM pg_stats WHERE schemaname = '{other.schema}'")

        assert (shown, learned) == (0, 0)


async def test_calling_it_again_changes_nothing(postgres: PostgresServer, service: str) -> None:
    """It is called at each start."""
    url = await provision(postgres.url(), "shop", service, "secret")
    await asked(url, "CREATE TABLE kept AS SELECT 7 AS id")

    again = await provision(postgres.url(), "shop", service, "secret")

    assert again == url
    assert await asked(again, "SELECT id FROM kept") == 7


async def test_calling_it_again_changes_the_password(postgres: PostgresServer, service: str) -> None:
    """Which is how it is rotated: the old one opens nothing, what is open goes on."""
    old = await provision(postgres.url(), "shop", service, "secret")
    driver = await open_postgres(old, schema=schema_name("shop", service))

    new = await provision(postgres.url(), "shop", service, "another !@:/%\"' secret")

    with pytest.raises(DatabaseUnavailable, match="password"):
        await open_postgres(old, schema=schema_name("shop", service))
    assert await asked(new, "SELECT 1") == 1
    assert [tuple(row) for row in await driver.read("SELECT 1", ())] == [(1,)]
    await driver.close()


async def test_many_may_call_it_at_once(postgres: PostgresServer, databases: Iterator[str]) -> None:
    """Instances that start together, for the same service and for others, in one database and in several."""
    names = [next(databases) for _ in range(2)]
    for name in names:
        await asked(postgres.url(), f"CREATE DATABASE {name}")

    urls = await asyncio.gather(
        *(
            provision(postgres.url(name), f"shop_{name}", f"same_{number % 3}", "secret")
            for number in range(12)
            for name in names
        )
    )

    assert len(set(urls)) == 6
    assert [await asked(url, "SELECT 1") for url in set(urls)] == [1] * 6


async def test_names_are_quoted(postgres: PostgresServer) -> None:
    """Whatever they are."""
    service = 'it\'s "so"; DROP $atoll$ \\ table'
    url = await provision(postgres.url(), "Shop", service, "secret")

    assert await asked(url, "SELECT current_schema()") == schema_name("Shop", service)


async def test_names_that_are_too_long_are_told_apart(postgres: PostgresServer) -> None:
    """The server would cut them, and two services would be one."""
    urls = [await provision(postgres.url(), "shop", "s" * 80 + end, "secret") for end in ("one", "two")]

    names = [await asked(url, "SELECT current_user::text") for url in urls]

    assert names[0] != names[1]
    assert all(len(str(name)) == 63 for name in names)


async def test_a_role_of_somebody_else_is_not_taken_over(postgres: PostgresServer, service: str) -> None:
    """Its password would be changed, and its owner locked out."""
    role = schema_name("shop", service)
    await asked(postgres.url(), f"CREATE ROLE {quoted(role)} LOGIN PASSWORD 'theirs'")

    with pytest.raises(Mistakes, match="is there already"):
        await provision(postgres.url(), "shop", service, "secret")

    assert await asked(as_role(postgres, role, "theirs"), "SELECT 1") == 1


async def test_a_role_of_another_service_with_the_same_name_is_not_taken_over(postgres: PostgresServer) -> None:
    """Two names can be joined to one: `a__b` and `c`, `a` and `b__c`."""
    await provision(postgres.url(), "joined__up", "name", "secret")

    with pytest.raises(Mistakes, match="not that of the service up__name of joined"):
        await provision(postgres.url(), "joined", "up__name", "secret")


async def test_a_role_is_that_of_one_database(postgres: PostgresServer, service: str, databases: Iterator[str]) -> None:
    """Roles are those of the whole server: the credentials of a trial would open what is in production."""
    name = next(databases)
    await asked(postgres.url(), f"CREATE DATABASE {name}")
    await provision(postgres.url(), "shop", service, "secret")

    with pytest.raises(Mistakes, match="is there already"):
        await provision(postgres.url(name), "shop", service, "secret")


async def test_a_schema_of_somebody_else_is_not_taken_over(postgres: PostgresServer, service: str) -> None:
    """What is in it belongs to others."""
    await asked(postgres.url(), f"CREATE SCHEMA {quoted(schema_name('shop', service))}")

    with pytest.raises(Mistakes, match="belongs to another role"):
        await provision(postgres.url(), "shop", service, "secret")

    with pytest.raises(asyncpg.InvalidPasswordError):  # nothing of it took place
        await asked(as_role(postgres, schema_name("shop", service), "secret"), "SELECT 1")


async def test_a_role_that_may_too_much_is_a_mistake(postgres: PostgresServer, service: str) -> None:
    """Somebody has made it so since; as a superuser it reads everything."""
    await provision(postgres.url(), "shop", service, "secret")
    await asked(postgres.url(), f"ALTER ROLE {quoted(schema_name('shop', service))} SUPERUSER")

    with pytest.raises(Mistakes, match="may do more than a service"):
        await provision(postgres.url(), "shop", service, "secret")


async def test_who_may_create_roles_need_not_be_a_superuser(
    postgres: PostgresServer, service: str, databases: Iterator[str]
) -> None:
    """As on servers that others run: it owns the database, and may create roles."""
    name = next(databases)
    await asked(
        postgres.url(), f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'own'", f"CREATE DATABASE {name} OWNER {name}"
    )
    owner = as_role(postgres, name, "own", name)

    url = await provision(owner, "shop", service, "secret")
    await asked(url, "CREATE TABLE kept AS SELECT 7 AS id")
    again = await provision(owner, "shop", service, "secret")

    assert again == url
    assert await asked(again, "SELECT id FROM kept") == 7
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asked(url, "CREATE TABLE public.mine (id integer)")


@pytest.mark.parametrize(("rights", "is_owner"), [("", True), ("CREATEROLE", False)], ids=["no roles", "no schemas"])
async def test_who_may_not_do_it_is_told_what_is_missing(
    postgres: PostgresServer, service: str, databases: Iterator[str], rights: str, is_owner: bool
) -> None:
    """And that the statements can be run by hand; no password is in it."""
    name = next(databases)
    owner = name if is_owner else postgres.user
    await asked(
        postgres.url(), f"CREATE ROLE {name} LOGIN {rights} PASSWORD 'own'", f"CREATE DATABASE {name} OWNER {owner}"
    )

    with pytest.raises(Mistakes, match="may not provision") as caught:
        await provision(as_role(postgres, name, "own", name), "shop", service, "secret")

    assert "CREATEROLE" in str(caught.value)
    assert name in str(caught.value)
    assert "own@" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_the_statements_can_be_run_by_hand(postgres: PostgresServer, service: str) -> None:
    """One after the other, or as one text; then nothing is left to provision."""
    verifier = scram_verifier("by hand", b"salt of sixteen!")
    text = ";\n".join(["BEGIN", *statements_for("shop", service, "postgres", verifier), "COMMIT"])
    connection = await asyncpg.connect(postgres.url())
    await connection.execute(text)
    await connection.close()

    url = as_role(postgres, schema_name("shop", service), "by hand")

    assert await asked(url, "CREATE TABLE kept AS SELECT 7", "SELECT count(*) FROM kept") == 1
    assert await provision(postgres.url(), "shop", service, "by hand") == url


async def test_the_password_itself_never_goes_to_the_server(postgres: PostgresServer, service: str) -> None:
    """Servers log statements: with a verifier, nothing that opens anything is in their log."""
    verifier = scram_verifier("very secret", b"salt of sixteen!")

    assert not any("very secret" in each for each in statements_for("shop", service, "postgres", verifier))
    await provision(postgres.url(), "shop", service, "very secret")
    stored = await asked(
        postgres.url(), f"SELECT rolpassword FROM pg_authid WHERE rolname = '{schema_name('shop', service)}'"
    )
    assert str(stored).startswith("SCRAM-SHA-256$4096:")


@pytest.mark.parametrize("password", ["", "ünlesbar", "line\nbreak", "nul\0"])
async def test_a_password_that_clients_prepare_in_different_ways_is_a_mistake(
    postgres: PostgresServer, service: str, password: str
) -> None:
    """The server would refuse it later, without saying why."""
    with pytest.raises(Mistakes, match="printable ASCII"):
        await provision(postgres.url(), "shop", service, password)


async def test_the_url_of_a_service_keeps_the_place_and_nothing_of_the_administrator(
    postgres: PostgresServer, service: str
) -> None:
    """Over a socket too; what its URL says of a user or a password beside the name is left out."""
    query = f"host={quote(str(postgres.folder), safe='')}&port={postgres.port}&user=postgres"

    url = await provision(f"postgresql:///postgres?{query}", "shop", service, "secret")

    assert urlsplit(url).username == schema_name("shop", service)
    assert "postgres" not in (urlsplit(url).query.replace(quote(str(postgres.folder), safe=""), ""))
    assert await asked(url, "SELECT current_user::text") == schema_name("shop", service)


async def test_where_nobody_listens_it_is_unavailable() -> None:
    """And says where, without the password."""
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1") as caught:
        await provision("postgresql://me:hidden@127.0.0.1:1/x", "shop", "stock", "secret")

    assert "hidden" not in str(caught.value)


async def test_a_service_is_opened_with_what_was_provisioned(postgres: PostgresServer) -> None:
    """And nobody else's schema with it."""
    async with trial(postgres) as one, trial(postgres) as other:
        with pytest.raises(Mistakes, match="may not use it"):
            await open_postgres(one.url, schema=other.schema)

        assert isinstance(one, Trial)
