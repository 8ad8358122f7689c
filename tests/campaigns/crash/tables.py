"""The tables of all three services; each has them in a database of its own, and uses its part.

None has a key that would refuse what must not happen: that it does not is for the campaign to see.
"""

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, text

metadata = MetaData()

SALES = Table(
    "sales",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("mark", String, nullable=False),
)
"""What the till has sold; `mark` is the caller's own, another one for each call."""

ACCOUNTS = Table("accounts", metadata, Column("account", String, primary_key=True), Column("last", Integer))

EFFECTS = Table(
    "effects",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("mark", String, nullable=False),
)
"""What the ledger and the archive were told, in the order in which they were."""

COUNTERS = Table(
    "counters",
    metadata,
    Column("account", String, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("told", Integer, nullable=False),
)

ADD_SALE = insert(SALES)
ADD_EFFECT = insert(EFFECTS)
NEXT_OF_ACCOUNT = text(
    "INSERT INTO accounts (account, last) VALUES (:account, 1) "
    "ON CONFLICT (account) DO UPDATE SET last = accounts.last + 1 RETURNING last"
)
COUNT = text(
    "INSERT INTO counters (account, last, told) VALUES (:account, :sequence, 1) "
    "ON CONFLICT (account) DO UPDATE SET last = excluded.last, told = counters.told + 1"
)
