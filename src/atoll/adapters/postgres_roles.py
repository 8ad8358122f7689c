"""A role and a schema for each service, so that no service's credentials read, write or see the rows of another.

`provision` makes them, as often as it is called; `statements_for` says them as text, for who makes them by hand. Both
names are `schema_name(application, service)`. Roles belong to the whole server: one is marked with the service that it
is for, and nobody else's is ever taken over.

The password goes to the server as a SCRAM verifier (RFC 5803), so that it is in no log of statements. `CONNECT` is not
taken from everybody: the database may have other users, whom that would lock out.
"""

import asyncio
import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from atoll.adapters.postgres import quoted, require_asyncpg
from atoll.data import DatabaseBusy
from atoll.data.places import schema_name, shown
from atoll.kernel import Mistake, Mistakes

LIMIT_S = 30.0
"""How long it may take, with the wait for others who do the same."""

LOCK = int.from_bytes(b"atollrol", "big")
"""The advisory lock of whoever provisions, in each database."""

ITERATIONS = 4_096
"""As PostgreSQL's own `scram_iterations`."""

TRIES_MAX = 5
AGAIN = frozenset({"XX000", "23505", "40001", "40P01"})
"""Somebody changes the same role at the same moment: the lock is that of one database, roles are those of all."""

TAKEN = "42710"
"""What our own statements raise where a name belongs to somebody else (duplicate_object)."""


async def provision(admin_url: str, application: str, service: str, password: str) -> str:
    """Make the role and the schema of a service; the URL by which it connects as itself.

    Calling it again changes nothing, except the password where that is another one. `admin_url` is of somebody who may
    create roles, and schemas in its database.

    Raises:
        Mistakes: its role may not do so, or the names belong to somebody else.
        DatabaseUnavailable, DatabaseBusy: the server cannot be reached, or others provision for too long.
    """
    require_asyncpg()
    import asyncpg  # noqa: PLC0415  # an extra

    from atoll.adapters.postgres_errors import ERRORS, from_server, open_error  # noqa: PLC0415  # as above

    role = schema_name(application, service)
    verifier = scram_verifier(password, os.urandom(16))
    for attempt in range(1, TRIES_MAX + 1):
        try:
            async with asyncio.timeout(LIMIT_S):
                connection = await asyncpg.connect(admin_url, timeout=LIMIT_S)
                try:
                    await _provisioned(connection, application, service, verifier)
                finally:
                    connection.terminate()
            return _url_of(admin_url, role, password)
        except ERRORS as error:
            said = from_server(error)
            if said is not None and said.sqlstate in AGAIN and attempt < TRIES_MAX:
                continue
            if said is not None and said.sqlstate in {"42501", "42939", TAKEN}:
                raise Mistakes([_mistake(said.sqlstate, str(said.args[0]), admin_url, role)]) from None
            raise open_error(error, shown(admin_url)) from None
    raise DatabaseBusy(f"{shown(admin_url)}: others change the role {role} all the time")


def statements_for(application: str, service: str, database: str, verifier: str | None = None) -> tuple[str, ...]:
    """The statements that make the role and the schema of a service, to be run in its database, in one transaction.

    Running them again changes nothing. Without a verifier (`scram_verifier`) the role has no password yet: psql's
    command `password` gives it one.
    """
    name = schema_name(application, service)
    role, text = quoted(name), _literal(name)
    mark = _literal(f"Atoll: the service {service} of {application}, in the database {database}")
    alter = f"ALTER ROLE {role} LOGIN" + (f" PASSWORD {_literal(verifier)}" if verifier else "")
    return (
        _block(
            f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {text}) THEN",
            f"  CREATE ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;",
            f"  COMMENT ON ROLE {role} IS {mark};",
            f"ELSIF shobj_description({_literal(role)}::regrole, 'pg_authid') IS DISTINCT FROM {mark} THEN",
            *_raise(f"the role {name} is there already, and is not that of the service {service} of {application}"),
            "END IF;",
        ),
        alter,
        _block(  # whoever makes a schema for another role has to be able to become it
            "IF current_setting('server_version_num')::int < 160000 THEN",
            f"  IF NOT pg_has_role(current_user, {text}, 'MEMBER') THEN GRANT {role} TO CURRENT_USER; END IF;",
            f"ELSIF NOT pg_has_role(current_user, {text}, 'SET') THEN",
            f"  EXECUTE {_literal(f'GRANT {role} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE')};",
            "END IF;",
        ),
        _block(
            f"IF to_regnamespace({_literal(role)}) IS NULL THEN",
            f"  CREATE SCHEMA {role} AUTHORIZATION {role};",
            "ELSIF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = "
            f"{text} AND nspowner = {_literal(role)}::regrole) THEN",
            *_raise(f"the schema {name} is there already, and belongs to another role"),
            "END IF;",
        ),
        f"SET LOCAL ROLE {role}",
        f"REVOKE ALL ON SCHEMA {role} FROM PUBLIC",
        "RESET ROLE",
        _block(  # before PostgreSQL 15 everybody may create there
            "IF to_regnamespace('public') IS NOT NULL THEN",
            f"  IF has_schema_privilege({text}, 'public', 'CREATE') THEN",
            "    REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
            "  END IF;",
            "END IF;",
            f"IF NOT has_database_privilege({text}, current_database(), 'CONNECT') THEN",
            f"  GRANT CONNECT ON DATABASE {quoted(database)} TO {role};",
            "END IF;",
        ),
        f"ALTER ROLE {role} IN DATABASE {quoted(database)} SET search_path = {role}",
    )


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL stores of a password (RFC 5803): with it a password can be checked, and not found.

    Raises:
        Mistakes: it has characters that are not printable ASCII, which clients prepare in different ways.

    >>> scram_verifier("secret", b"salt")[:28]
    'SCRAM-SHA-256$4096:c2FsdA==$'
    """
    if not (password and password.isascii() and password.isprintable()):
        what = "the password of a service's role is empty, or has characters that are not printable ASCII"
        raise Mistakes([Mistake(None, what, "choose one of letters and digits, by chance")])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored = base64.b64encode(hashlib.sha256(client_key).digest()).decode()
    server = base64.b64encode(hmac.digest(salted, b"Server Key", "sha256")).decode()
    return f"SCRAM-SHA-256${ITERATIONS}:{base64.b64encode(salt).decode()}${stored}:{server}"


async def _provisioned(connection: Any, application: str, service: str, verifier: str) -> None:  # Any: asyncpg's
    role = schema_name(application, service)
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LIMIT_S / 2:.0f}s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        database: str = await connection.fetchval("SELECT current_database()::text")
        for statement in statements_for(application, service, database, verifier):
            await connection.execute(statement)
        found = await connection.fetchrow(MAY_TOO_MUCH, role)
    mistakes: list[Mistake] = []
    if found["is_mighty"]:
        what = f"the role {role} may do more than a service: it is a superuser, or may create roles or databases"
        mistakes.append(Mistake(None, what, f"ALTER ROLE {quoted(role)} NOSUPERUSER NOCREATEROLE NOCREATEDB ..."))
    if found["is_creating"]:
        what = f"the role {role} may create tables in the schema public, as everybody may"
        mistakes.append(Mistake(None, what, "as the owner of the database: REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    if mistakes:
        raise Mistakes(mistakes)


MAY_TOO_MUCH = """
SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS is_mighty,
       coalesce(has_schema_privilege(oid, to_regnamespace('public')::oid, 'CREATE'), false) AS is_creating
FROM pg_roles WHERE rolname = $1
"""


def _mistake(code: str, message: str, admin_url: str, role: str) -> Mistake:
    admin = urlsplit(admin_url).username or "its role"
    if code == "42501":
        what = f"{shown(admin_url)}: `{admin}` may not provision a service: {message}"
        fix = f'give it CREATEROLE, and CREATE on the database, or run the statements for "{role}" by hand'
        return Mistake(None, what, fix)
    fix = "call the application another name, or use another server for it; where it is yours, mend it by hand"
    return Mistake(None, f"{shown(admin_url)}: {message}", fix)


def _url_of(admin_url: str, role: str, password: str) -> str:
    """The same place, as another role."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in {"user", "password", "passfile"}]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(query, quote_via=quote), ""))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _raise(message: str) -> Sequence[str]:
    return (f"  RAISE EXCEPTION USING ERRCODE = '{TAKEN}', MESSAGE = {_literal(message)};",)


def _block(*lines: str) -> str:
    body = "\n".join(f"  {line}" for line in lines)
    tag = "$atoll$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"DO {tag}\nBEGIN\n{body}\nEND\n{tag}"
