"""Backups of an application's databases: copied while its services run, put back while none of them does.

All of this blocks, and is to be called where no loop runs.
"""

import contextlib
import dataclasses
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from atoll.adapters.backups import (
    alone,
    copy_sqlite,
    new_folder,
    put_back_sqlite,
    read_manifest,
    synced,
    write_manifest,
)
from atoll.adapters.database_looks import is_made
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.data.backup_errors import BackupDamaged, NoBackup
from atoll.data.places import DatabasePlace, PostgresPlace, SqlitePlace
from atoll.topology.maintenance import ServiceDatabase

VERSION = 1
"""Of what a backup says of itself."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, as its file says it."""

    version: int
    application: str
    made_at: datetime
    services: dict[str, "Backup"]


class Backup(msgspec.Struct, frozen=True):
    """The copy of one database: the file and its SHA-256, and where the database and its log stood."""

    kind: str
    file: str
    size_bytes: int
    digest: str
    revision: str | None
    incarnation: str | None
    position: int | None


def back_up(databases: Sequence[ServiceDatabase], folder: Path) -> Manifest:
    """Copy databases into a folder while their services run: each as it is at one moment, one after the other.

    Raises:
        BackupThere: the folder holds a backup.
        NoBackup: there is nothing to copy, or the folder cannot be made.
        DatabaseUnavailable, DatabaseBusy: a database cannot be read.
        ToolFailed: a program of PostgreSQL's is not there, or says no.
    """
    there = [each for each in databases if is_made(each.place)]
    if not there:
        raise NoBackup(str(folder), "no service has a database yet")
    new_folder(folder)
    copies = {each.service: _copied(each.place, each.service, folder) for each in there}
    manifest = Manifest(VERSION, databases[0].application, SystemClock().now(), copies)
    write_manifest(folder, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return manifest


def put_back(databases: Sequence[ServiceDatabase], folder: Path, services: Sequence[str] = ()) -> list[str]:
    """Put databases back from a folder (those of `services`, or all that are in it); which ones were.

    All are checked before the first one is touched. The logs of their events become new incarnations.

    Raises:
        NoBackup: the folder holds none, or none of a service that is asked for.
        BackupDamaged: a file is not what was written.
        StillRunning: an instance has its database open.
        DatabaseUnavailable, ToolFailed: a database cannot be put back; those before it have been.
    """
    chosen = _chosen(databases, folder, services)
    with contextlib.ExitStack() as held:
        for database, _ in chosen:
            if isinstance(database.place, SqlitePlace):
                held.enter_context(alone(database.place.path, database.service))
        for _, backup in chosen:
            if synced(folder / backup.file) != backup.digest:
                raise BackupDamaged(str(folder / backup.file))
        for database, backup in chosen:
            _put_back(database, backup, folder)
    return [database.service for database, _ in chosen]


def _copied(place: DatabasePlace, service: str, folder: Path) -> Backup:
    if isinstance(place, PostgresPlace):
        from atoll.adapters.postgres_backups import copy_postgres  # noqa: PLC0415  # an extra

        file = f"{service}.dump"
        copied = copy_postgres(place, folder / file)
    else:
        file = f"{service}.db"
        copied = copy_sqlite(place.path, folder / file)
    facts = {field.name: getattr(copied, field.name) for field in dataclasses.fields(copied)}
    return Backup(kind=place.kind, file=file, **facts)


def _chosen(
    databases: Sequence[ServiceDatabase], folder: Path, services: Sequence[str]
) -> list[tuple[ServiceDatabase, Backup]]:
    try:
        manifest = msgspec.json.decode(read_manifest(folder), type=Manifest)
    except msgspec.MsgspecError as error:
        raise NoBackup(str(folder), f"what it says of itself cannot be read ({error})") from None
    if manifest.version != VERSION:
        raise NoBackup(str(folder), f"it is of version {manifest.version}, of which this Atoll knows nothing")
    known = {each.service: each for each in databases}
    chosen: list[tuple[ServiceDatabase, Backup]] = []
    for service in services or manifest.services:
        backup, database = manifest.services.get(service), known.get(service)
        if backup is None:
            raise NoBackup(str(folder), f"`{service}` is not in it, but {', '.join(manifest.services)}")
        if database is None or database.application != manifest.application:
            raise NoBackup(str(folder), f"it is of `{service}` of the application {manifest.application}")
        if database.place.kind != backup.kind:
            what = f"the copy of `{service}` is of {backup.kind}, and its database is on {database.place.kind} now"
            raise NoBackup(str(folder), what)
        chosen.append((database, backup))
    return chosen


def _put_back(database: ServiceDatabase, backup: Backup, folder: Path) -> None:
    file, place, incarnation = folder / backup.file, database.place, str(SystemEntropy().uuid())
    if isinstance(place, PostgresPlace):
        from atoll.adapters.postgres_backups import put_back_postgres  # noqa: PLC0415  # an extra

        put_back_postgres(file, backup.digest, place, database.service, incarnation)
    else:
        put_back_sqlite(file, backup.digest, place.path, incarnation)
