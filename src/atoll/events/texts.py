"""The statements that run for each event: written as text, so that nothing stands between them and the driver.

All others are SQLAlchemy's (`statements`); these few are run for every single event, and what they save is a third of
what an event costs.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from atoll.data import Dialect


def both(text: str) -> Mapping[Dialect, str]:
    """A statement with `?` for its arguments, in each dialect.

    >>> both("SELECT ? WHERE ? = 1")["postgresql"]
    'SELECT $1 WHERE $2 = 1'
    """
    numbers = itertools.count(1)
    numbered = "".join(f"${next(numbers)}" if char == "?" else char for char in text)
    return {"sqlite": text, "postgresql": numbered}


@dataclass(frozen=True, slots=True)
class Texts:
    """Those of one dialect.

    `count` answers the next number of a key, `append` writes an event into the log, with its number, and `advance`
    moves a cursor. `append_next` does both of the first two, where one trip to a server is saved by that.
    """

    count: str
    append: str
    advance: str
    append_next: str | None = None


_COUNT = both(
    "INSERT INTO atoll_sequences (tenant, key, last) VALUES (?, ?, 1) "
    "ON CONFLICT (tenant, key) DO UPDATE SET last = atoll_sequences.last + 1 RETURNING last"
)
_APPEND = both(
    "INSERT INTO atoll_outbox (partition, type, tenant, subject, sequence, published_at, envelope) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_APPEND_NEXT = (
    "WITH next AS (INSERT INTO atoll_sequences (tenant, key, last) VALUES ($3, $4, 1) "
    "ON CONFLICT (tenant, key) DO UPDATE SET last = atoll_sequences.last + 1 RETURNING last) "
    "INSERT INTO atoll_outbox (partition, type, tenant, subject, sequence, published_at, envelope) "
    "SELECT $1, $2, $3, $4, last, $5::double precision, "
    """convert_to('{"sequence":"' || lpad(last::text, 20, '0') || '",', 'UTF8') || substring($6::bytea FROM 2) """
    "FROM next"
)
"""As `_COUNT` and `_APPEND`. The number is written into the envelope as `encode_envelope` would."""
_ADVANCE = both(
    "UPDATE atoll_cursors SET position = ? WHERE subscription = ? AND publisher = ? AND partition = ? AND epoch = ? "
    "AND position < ?"
)

TEXTS: Mapping[Dialect, Texts] = {
    "sqlite": Texts(_COUNT["sqlite"], _APPEND["sqlite"], _ADVANCE["sqlite"]),
    "postgresql": Texts(_COUNT["postgresql"], _APPEND["postgresql"], _ADVANCE["postgresql"], _APPEND_NEXT),
}
