"""Identity's tables: contacts and accounts, what they are recognised by, what leads said, and what was decided."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, MetaData, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

metadata = MetaData()

NUMBER = BigInteger().with_variant(Integer, "sqlite")

CONTACTS = Table(
    "contacts",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("root_id", String(36), nullable=False, index=True),
    Column("merged_into", String(36)),
    Column("mailbox", Text),
    Column("account_id", String(36)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""A contact that was once made is never removed. Merged ones form a tree: `merged_into` is the next one up, `root_id`
the one at the top, which is kept. `mailbox` is the first address that is one person's, `account_id` what its leads said
last. Leads, keys and blocks stay with the contact that they came to, so that a merge can be undone."""

CONTACT_KEYS = Table(
    "contact_keys",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("contact_id", String(36), nullable=False, index=True),
)
"""What a contact is recognised by without doubt, as digests. They are unique: of two instances that meet a new person
at once, one makes the contact."""

LEADS = Table(
    "leads",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("contact_id", String(36), nullable=False, index=True),
    Column("account_id", String(36), index=True),
    Column("band", String(10), nullable=False),
    Column("why", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("resolved_at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""What a lead said last, and what was decided about it. One that changes gets a new number, so that numbers are the
order of decisions. `record` is the form in which leads are compared, `lead` all of it; both are JSON, as is `why`."""

BLOCKS = Table(
    "blocks",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which leads may be the same: those that share a block are compared."""

ACCOUNTS = Table(
    "accounts",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("root_id", String(36), nullable=False, index=True),
    Column("merged_into", String(36)),
    Column("name", Text, nullable=False),
    Column("core", Text, nullable=False),
    Column("domain", Text),
    Column("country", Text),
    Column("industry", Text),
    Column("number_of_employees", Integer),
    Column("parent_id", String(36)),
    Column("is_listed", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""As with contacts. `core` is the name as it is compared, `domain` the first one; `is_listed` says that a list has
named it: what leads say only fills its blanks then."""

ACCOUNT_KEYS = Table(
    "account_keys",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("account_id", String(36), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("source", Text, nullable=False),
    Column("value", Text, nullable=False),
)
"""What an account is recognised by without doubt: its domains, the ids of its records by their `source`, and its name
as long as it has no domain."""

ACCOUNT_BLOCKS = Table(
    "account_blocks",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", String(36), primary_key=True),
    sqlite_with_rowid=False,
)
"""Which accounts may be the same."""

DUPLICATES = Table(
    "duplicates",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(10), nullable=False),
    Column("one_id", String(36), nullable=False, index=True),
    Column("other_id", String(36), nullable=False, index=True),
    Column("state", String(10), nullable=False, index=True),
    Column("bits", Float, nullable=False),
    Column("why", Text, nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Unique("one_id", "other_id", name="duplicates_pair"),
    sqlite_autoincrement=True,
)
"""Pairs that may be one, the older one first, and what was decided about them."""

MERGES = Table(
    "merges",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("kind", String(10), nullable=False),
    Column("kept_id", String(36), nullable=False, index=True),
    Column("merged_id", String(36), nullable=False, index=True),
    Column("is_undone", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Every merge and every undoing, in their order; nothing is ever changed in it."""

TURNS = Table(
    "turns",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("taken_at", DateTime(timezone=True), nullable=False),
)
"""Whoever holds a row until they have committed is the only one who does what it stands for: merging and parting, so
that none waits for another in a circle; and resolving leads whose names sound alike, since no key keeps two instances
from making a contact of each, where one person gives two addresses or none."""
