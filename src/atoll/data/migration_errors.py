"""What can go wrong when a database is brought up to date. Each stops one service, and no other.

AtollError
├── MigrationFailed    a migration cannot be read or run, or tables not be made; the database is as it was before
├── DatabaseAhead      the database was migrated by newer code than this
├── SeveralHeads       two migrations follow the same one
├── TablesDiffer       a service without migrations declares other tables than its database has
├── UnknownRevision    a database has tables, and nobody can say which migrations made them
├── NothingToWrite     a migration is to be written, and nothing differs
└── NotUpToDate        as before, and the database has not seen those that there are
"""

from collections.abc import Sequence

from atoll.kernel import AtollError


class MigrationFailed(AtollError):
    """A migration cannot be read or run, or tables cannot be made. Nothing of it took place."""

    code = "migration_failed"

    def __init__(self, service: str, revision: str, file: str, reason: str) -> None:
        super().__init__(service, revision, file, reason)
        self.service, self.revision, self.file, self.reason = service, revision, file, reason

    def __str__(self) -> str:
        which = f"the migration {self.revision} of" if self.revision else "bringing up to date the database of"
        return (
            f"{which} `{self.service}` has failed, and nothing of it took place: {self.reason}\n  mend {self.file} and "
            f"start the service again, or try it with `atoll db migrate --service {self.service}`"
        )


class DatabaseAhead(AtollError):
    """The database is at a revision that the code does not know: newer code has migrated it."""

    code = "database_ahead"

    def __init__(self, service: str, revision: str, newest: str) -> None:
        super().__init__(service, revision, newest)
        self.service, self.revision, self.newest = service, revision, newest

    def __str__(self) -> str:
        known = f"the newest here is {self.newest}" if self.newest else "there are no migrations here"
        return (
            f"the database of `{self.service}` is at revision {self.revision}, which this code does not know ({known})"
            ": start the code that has migrated it, or restore a backup that is as old as this code"
        )


class SeveralHeads(AtollError):
    """Several migrations are the last one, since two were written for the same one before them."""

    code = "several_heads"

    def __init__(self, service: str, heads: Sequence[str]) -> None:
        super().__init__(service, tuple(heads))
        self.service, self.heads = service, tuple(heads)

    def __str__(self) -> str:
        return (
            f"the migrations of `{self.service}` end in {' and '.join(self.heads)}, which were written apart: in one "
            "of them write the other one as its `down_revision`, after a look at what both change"
        )


class TablesDiffer(AtollError):
    """A service without migrations declares other tables than its database has."""

    code = "tables_differ"

    def __init__(self, service: str, differences: Sequence[str], place: str) -> None:
        super().__init__(service, tuple(differences), place)
        self.service, self.differences, self.place = service, tuple(differences), place

    def __str__(self) -> str:
        listed = "".join(f"\n  - {difference}" for difference in self.differences)
        return (
            f"the tables of `{self.service}` are not those in its database:{listed}\n  write a migration: "
            f'`atoll db revision {self.service} -m "what changes"`; or, where its rows do not matter, '
            f"remove {self.place}"
        )


class UnknownRevision(AtollError):
    """A database has tables, and nobody can say which of the migrations are in it."""

    code = "unknown_revision"

    def __init__(self, service: str, differences: Sequence[str]) -> None:
        super().__init__(service, tuple(differences))
        self.service, self.differences = service, tuple(differences)

    def __str__(self) -> str:
        listed = "".join(f"\n  - {difference}" for difference in self.differences)
        return (
            f"the database of `{self.service}` has tables, and does not say which migrations have made them. They "
            f"differ from those that are declared:{listed}\n  say where they stand, once: "
            f"`atoll db migrate --service {self.service} --stamp REVISION`"
        )


class NothingToWrite(AtollError):
    """A migration is asked for, and nothing differs."""

    code = "nothing_to_write"

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service

    def __str__(self) -> str:
        return (
            f"the migrations of `{self.service}` make the tables that it declares: change its tables first, or write "
            "one for its rows with --empty"
        )


class NotUpToDate(AtollError):
    """A migration is asked for, and the database with which the tables are compared is not at the last one."""

    code = "not_up_to_date"

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service

    def __str__(self) -> str:
        return (
            f"the database of `{self.service}` has not seen all migrations, so that nothing can be compared with it: "
            f"run `atoll db migrate --service {self.service}` first"
        )
