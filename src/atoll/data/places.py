"""Where the database of a service is: a SQLite file in the state folder, or a schema on a PostgreSQL server.

    [database]
    url = "postgresql://owner:secret@db.example/shop"          who may provision a role and a schema for each service
    services = {stock = "postgresql://stock:s@db.example/shop"}  or who is the service, where operators provision

In the environment they are `SHOP_DATABASE_URL` and `SHOP_DATABASE_SERVICES`. Without them, it is SQLite.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from atoll.contract import Value

SECTION = "database"
"""The section of the settings that is the platform's own: no service can be called so."""

SCHEMES = frozenset({"postgres", "postgresql"})
NAME_BYTES_MAX = 63
"""How long PostgreSQL lets a name be; longer ones are cut without a word."""


class DatabaseSettings(Value):
    """Where databases are, unless they are SQLite files.

    `url` is that of somebody who may make a role and a schema for each service; `services` are URLs of services' own
    roles, for operators who make those by hand.
    """

    url: str | None = None
    services: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults

    def __post_init__(self) -> None:
        for url in (self.url, *self.services.values()):
            if url is not None and urlsplit(url).scheme not in SCHEMES:
                raise ValueError("a URL begins with `postgresql://`; without one, the database is a SQLite file")

    def __repr__(self) -> str:
        return f"DatabaseSettings(url={self.url and shown(self.url)!r}, services={sorted(self.services)})"


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """A file."""

    path: Path

    @property
    def kind(self) -> str:
        """The kind of database."""
        return "sqlite"

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """A schema on a server. `is_own` says that the URL is that of the service's own role, which others have made.

    The role is called as the schema is.
    """

    url: str = field(repr=False)
    schema: str
    is_own: bool = False

    @property
    def kind(self) -> str:
        """The kind of database."""
        return "postgresql"

    def __str__(self) -> str:
        return f"{shown(self.url)}, schema {self.schema}"


DatabasePlace: TypeAlias = SqlitePlace | PostgresPlace
"""Where a database is."""


def place_of(application: str, service: str, state: Path, settings: DatabaseSettings) -> DatabasePlace:
    """Where the database of a service is.

    >>> place_of("shop", "stock", Path(".atoll"), DatabaseSettings())
    SqlitePlace(path=PosixPath('.atoll/stock/stock.db'))
    >>> str(place_of("shop", "stock", Path(".atoll"), DatabaseSettings(url="postgresql://me:secret@db.example/shop")))
    'postgresql://me@db.example/shop, schema shop__stock'
    """
    own = settings.services.get(service)
    if own is not None:
        return PostgresPlace(own, schema_name(application, service), is_own=True)
    if settings.url is not None:
        return PostgresPlace(settings.url, schema_name(application, service))
    return SqlitePlace(state / service / f"{service}.db")


def schema_name(application: str, service: str) -> str:
    """What the schema and the role of a service are called: never as those of another one.

    Two underscores part the names, so that `eu_stock` of `shop` and `stock` of `shop_eu` do not meet.

    >>> schema_name("shop-eu", "stock_v2")
    'shop_eu__stock_v2'
    """
    name = f"{application}__{service}".replace("-", "_")
    if len(name.encode()) <= NAME_BYTES_MAX:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name.encode()[: NAME_BYTES_MAX - 13].decode(errors='ignore')}_{digest}"


def shown(url: str) -> str:
    """A URL as people may see it: without its password, wherever it stands.

    >>> shown("postgresql://me:secret@db.example:5433/shop?password=x&sslmode=require")
    'postgresql://me@db.example:5433/shop?sslmode=require'
    """
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if not name.endswith("password")])
    return urlunsplit((parts.scheme, f"{user.partition(':')[0]}{at}{host}", parts.path, query, ""))
