"""Backups of schemas on PostgreSQL servers, by PostgreSQL's own programs, which have to be on the PATH.

A schema is put back in one transaction: it is emptied, filled and forked, or stays as it was.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from atoll.adapters.backups import FORKED, INCARNATION, OUTBOX, Copied, sync_folder, synced
from atoll.adapters.postgres_migrations import known_of_postgres, postgres_connection
from atoll.data.backup_errors import BackupDamaged, StillRunning, ToolFailed
from atoll.data.migrating import META, META_DDL
from atoll.data.places import PostgresPlace, shown

WORDS_MAX = 2000
"""How much of what a program has said is repeated."""

EMPTIED = """
DO $atoll$
DECLARE each record;
BEGIN
  FOR each IN
    SELECT format('DROP %s IF EXISTS %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                  WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, oid::regclass) AS command
    FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('v', 'm', 'r', 'p', 'f', 'S')
    UNION ALL
    SELECT format('DROP TYPE IF EXISTS %s CASCADE', oid::regtype) FROM pg_type
    WHERE typnamespace = '{schema}'::regnamespace AND typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = '{schema}'::regnamespace
  LOOP
    EXECUTE each.command;
  END LOOP;
END
$atoll$;
"""
"""A routine or a type may have gone with a table before: therefore IF EXISTS."""

FORKED_LOG = """
SET search_path = "{schema}";
{meta};
INSERT INTO {table} (name, value)
SELECT '{forked}', (coalesce((SELECT value FROM {table} WHERE name = '{forked}'), '[]')::jsonb || jsonb_build_array(
  jsonb_build_array(known.value, coalesce((SELECT value::bigint FROM {table} WHERE name = 'last_position'), 0))))::text
FROM {table} AS known WHERE known.name = '{incarnation}'
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
INSERT INTO {table} (name, value) VALUES ('{incarnation}', '{new}')
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
"""


def copy_postgres(place: PostgresPlace, file: Path) -> Copied:
    """Copy a schema as it is at one moment, while others write to it; the copy is durable.

    Raises:
        ToolFailed: `pg_dump` is not on the PATH, or says no.
        DatabaseUnavailable: the server cannot be reached.
    """
    aside = file.with_name(f".{file.name}")
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    role = [] if place.is_own else [f"--role={place.schema}"]
    options = ["--format=custom", "--no-owner", "--no-acl", f'--schema="{place.schema}"', f"--file={aside}", *role]
    try:
        revisions, incarnation, position = asyncio.run(_look(place))
        _run(["pg_dump", *options, f"--dbname={shown(place.url)}"], place)
        copied = Copied(aside.stat().st_size, synced(aside), ", ".join(revisions) or None, incarnation, position)
        aside.replace(file)
        sync_folder(file.parent)
        return copied
    finally:
        aside.unlink(missing_ok=True)


def put_back_postgres(file: Path, digest: str, place: PostgresPlace, service: str, incarnation: str) -> None:
    """Put a copy into the place of a schema, whose log is another one from now on, called `incarnation`.

    Raises:
        BackupDamaged: its bytes are not those that were copied.
        StillRunning: an instance is connected.
        ToolFailed: `pg_restore` or `psql` is not on the PATH, or says no; nothing was changed then.
        DatabaseUnavailable: the server cannot be reached.
    """
    if synced(file) != digest:
        raise BackupDamaged(str(file))
    if asyncio.run(_is_used(place)):
        raise StillRunning(service)
    schema = place.schema
    fork = FORKED_LOG.format(
        schema=schema, meta=META_DDL, table=META, forked=FORKED, incarnation=INCARNATION, new=incarnation
    )
    role = "" if place.is_own else f'SET ROLE "{schema}";'
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder:  # on the disk: a database may be bigger than memory
        before, rows, after = (Path(folder) / name for name in ("before.sql", "rows.sql", "after.sql"))
        before.write_text(role + EMPTIED.format(schema=schema), encoding="utf-8")
        after.write_text(fork, encoding="utf-8")
        _run(["pg_restore", "--no-owner", "--no-acl", f"--schema={schema}", f"--file={rows}", str(file)], place)
        options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
        files = [f"--file={each}" for each in (before, rows, after)]
        _run(["psql", *options, *files, f"--dbname={shown(place.url)}"], place)


def psql(place: PostgresPlace, *, writes: bool) -> tuple[list[str], dict[str, str]] | None:
    """The command, and its environment, that lets a person talk to a schema; None where `psql` is not on the PATH."""
    found = shutil.which("psql")
    if found is None:
        return None
    options = [f'-csearch_path="{place.schema}"', *([] if place.is_own else [f"-crole={place.schema}"])]
    if not writes:
        options.append("-cdefault_transaction_read_only=on")
    return [found, f"--dbname={shown(place.url)}"], environment_of(place) | {"PGOPTIONS": " ".join(options)}


def tool(name: str) -> str:
    """The path of a program of PostgreSQL's.

    Raises:
        ToolFailed: it is not on the PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise ToolFailed(name, "it is not on the PATH; install PostgreSQL's client programs, of the server's version")
    return found


def environment_of(place: PostgresPlace) -> dict[str, str]:
    """The environment for a program that connects there: the password stands in it, and in no command line."""
    parts = urlsplit(place.url)
    given = parse_qs(parts.query).get("password", [""])[0] or unquote(parts.password or "")
    return {**os.environ, "PGAPPNAME": "atoll db", **({"PGPASSWORD": given} if given else {})}


def _run(command: Sequence[str], place: PostgresPlace) -> None:
    name = command[0]
    done = subprocess.run(  # noqa: S603  # a program of PostgreSQL's
        [tool(name), *command[1:]],
        stdin=subprocess.DEVNULL,
        env=environment_of(place),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(name, done.stderr.strip()[:WORDS_MAX] or f"it has ended with {done.returncode}")


async def _look(place: PostgresPlace) -> tuple[tuple[str, ...], str | None, int | None]:
    async with postgres_connection(place) as connection:
        known = await known_of_postgres(connection, place.schema)
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", OUTBOX):
            return known.revisions, None, None
        values: Mapping[str, str] = known.values
        return known.revisions, values.get(INCARNATION), int(values.get("last_position", "0"))


async def _is_used(place: PostgresPlace) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()"
    async with postgres_connection(place) as connection:
        return bool(await connection.fetchval(query, f"atoll {place.schema}"))
