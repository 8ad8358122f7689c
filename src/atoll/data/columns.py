"""SQLAlchemy's types as both databases use them: each with the checks of `values`, and nothing lost on the way.

They stand in for the generic types (`String`, `Integer`, ...) and are named nowhere in a service's code.
"""

import functools
import json
from typing import Any

from sqlalchemy import types
from sqlalchemy.engine import Dialect

from atoll.data import values


class Words(types.String):
    """Text."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Text, and nothing else."""
        return values.text


class Characters(types.CHAR):
    """Text of a fixed length."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Text, and nothing else."""
        return values.text


class Whole(types.Integer):
    """Integers of 32 bits, as PostgreSQL's are."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Integers that fit."""
        return values.WHOLE_32


class SmallWhole(types.SmallInteger):
    """Integers of 16 bits."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Integers that fit."""
        return values.WHOLE_16


class BigWhole(types.BigInteger):
    """Integers of 64 bits."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Integers that fit."""
        return values.WHOLE_64


class Real(types.Float[Any]):  # Any: float, or Decimal where it is asked for
    """Floats."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Numbers."""
        return values.real

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # Any: a reading, or None
        """Floats; Decimals where the type asks for them."""
        if self.asdecimal:
            return values.decimal_from_float(None)
        return as_float if dialect.supports_native_decimal else None


class Identifiers(types.Uuid[Any]):  # Any: UUID, or str where it is asked for
    """UUIDs: as such, or as 32 hexadecimal digits where a database has none."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """UUIDs, or text where the type says so."""
        check = values.identifier if self.as_uuid else values.text
        written = super().bind_processor(dialect)
        if written is None:
            return check

        def process(value: Any) -> Any:  # Any: a UUID, or text
            return written(check(value))

        return process


class Octets(types.LargeBinary):
    """Bytes."""

    render_bind_cast = True

    def bind_processor(self, dialect: Dialect) -> Any:  # Any: a check
        """Bytes, and nothing else."""
        return values.octets

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Both drivers read bytes."""
        return


def length_of(kind: types.TypeEngine[Any], dialect: Dialect) -> int | None:  # Any: of all types
    """How many characters a column of text holds; None where it has no limit, or holds no text."""
    while isinstance(kind, types.TypeDecorator):
        kind = kind.impl_instance
    impl = kind.dialect_impl(dialect)
    return impl.length if isinstance(impl, Words | Characters) else None


dumps = functools.partial(json.dumps, allow_nan=False)
"""JSON that every database reads: NaN is none."""


def loads(value: Any) -> Any:  # Any: JSON
    """What JSON says."""
    return None if value is None else json.loads(value)


def choice(checked: Any, names: list[str]) -> Any:  # Any: a check of SQLAlchemy's, and a check
    """SQLAlchemy's check of an Enum, which lets through words that are no members, without that."""
    known = frozenset(names)

    def check(value: Any) -> Any:  # Any: a member, or its name
        try:
            found = checked(value)
        except LookupError:
            found = value
        if found is None or found in known:
            return found
        raise ValueError(f"it is none of {', '.join(names)}")

    return check


def as_float(value: Any) -> Any:  # Any: a number
    """A float."""
    return None if value is None else float(value)
