"""For those who look after databases: where they are and how they fare, migrations, backups, and statements by hand.

`atoll db` is written with these and with what `atoll` offers, and with nothing else. All of it blocks, and is to be
called where no loop runs.
"""

from atoll.adapters.database_shell import Answer, Shell, shell
from atoll.data.migrating import Migrated, Tables, Written
from atoll.data.places import DatabasePlace, PostgresPlace, SqlitePlace
from atoll.topology.backups import Backup, Manifest, back_up, put_back
from atoll.topology.maintenance import (
    DatabaseStatus,
    ServiceDatabase,
    Standing,
    databases_of,
    migrate,
    people_shell,
    status_of,
    write_revision,
)

__all__ = [
    "Answer",
    "Backup",
    "DatabasePlace",
    "DatabaseStatus",
    "Manifest",
    "Migrated",
    "PostgresPlace",
    "ServiceDatabase",
    "Shell",
    "SqlitePlace",
    "Standing",
    "Tables",
    "Written",
    "back_up",
    "databases_of",
    "migrate",
    "people_shell",
    "put_back",
    "shell",
    "status_of",
    "write_revision",
]
