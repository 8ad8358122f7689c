"""Values: what contracts are made of. Frozen, keyword-only, validated whenever they travel."""

from enum import StrEnum
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, dataclass_transform

import msgspec

from atoll.contract.personal import PERSONAL, shown

T = TypeVar("T")

Personal: TypeAlias = Annotated[T, PERSONAL]
"""Marks a field as personal data: `email: Personal[str]`.

It is masked in `repr`, logs and telemetry, marked in exported contracts, and blanked when its subject is erased.
"""


class Choice(StrEnum):
    """One of several words, of which a later version may know more.

    Every `Choice` has the member `UNKNOWN`: a reader that meets a word it does not know reads that instead of failing.

    >>> class Source(Choice):
    ...     WEB = "web"
    ...     UNKNOWN = "unknown"
    >>> Source("carrier-pigeon")
    <Source.UNKNOWN: 'unknown'>
    """

    @classmethod
    def _missing_(cls, value: object) -> "Choice | None":
        return cls.__members__.get("UNKNOWN") if isinstance(value, str) else None


@dataclass_transform(frozen_default=True, kw_only_default=True)
class ValueMeta(msgspec.StructMeta):
    """Makes every `Value` frozen and keyword-only, for the type checkers as well as at run time."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],  # Any: a class body
        *,
        tag: str | None = None,
    ) -> Any:  # Any: msgspec builds the class
        """Take the `tag` in `class Mail(Value, tag="mail")`, and none of msgspec's options: they change the wire."""
        return super().__new__(mcls, name, bases, namespace, frozen=True, kw_only=True, tag=tag)


@dataclass_transform(frozen_default=True, kw_only_default=True)  # again: mypy reads the class, pyright the metaclass
class Value(msgspec.Struct, metaclass=ValueMeta):
    """A record of a contract: typed fields, frozen, keyword-only.

    Construction is checked by the type checkers; what arrives over a call or an event is checked field by field. Give
    a class a `tag` to tell it from others in a union.

    A rule that types cannot say goes into `__post_init__`, which raises `ValueError` with a sentence about what is
    wrong. It runs at construction, where the error goes to whoever constructs, and on arrival, where the sentence
    becomes a fault of the input. It must be pure and total: any other exception is a defect of the contract.

    >>> class Lead(Value):
    ...     id: str
    ...     email: Personal[str]
    >>> Lead(id="7", email="ada@example.com")
    Lead(id='7', email='***')
    """

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={content!r}" for name, content in shown(self))
        return f"{type(self).__name__}({fields})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:  # Any: fields of all types
        return list(shown(self))


class Page(Value, Generic[T]):
    """A part of a long list and where the next part begins.

    An operation that returns one takes `cursor: str | None = None` and `limit: int`; the caller passes `next` back as
    `cursor` until it is None.
    """

    items: tuple[T, ...]
    next: str | None = None
