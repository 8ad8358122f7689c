"""Services: a class that fulfils a contract, and says in its fields what it needs."""

import dataclasses
import inspect
import typing
from collections.abc import Iterable
from typing import Any, ClassVar, dataclass_transform

from atoll.service.fields import Depends, Private, depends, private


@dataclass_transform(kw_only_default=True, field_specifiers=(depends, private))
class Service:
    """An autonomous unit: one business capability behind one contract.

    Annotated fields are injected: other services by contract, ports (`Clock`, `Entropy`, `Disk`), its settings. It is
    an ordinary object: a test constructs it with fakes, by keyword. `owner` says who answers for it (the
    application's owner unless given); its docstring is its description.

    Instances keep nothing on `self` that must survive them.

    >>> from atoll import Clock
    >>> from atoll.testing import SettableClock
    >>> class Greeter(Service, owner="front desk"):
    ...     '''Greets whoever comes in.'''
    ...     clock: Clock
    ...     greeted: list[str] = private(default_factory=list)
    >>> Greeter(clock=SettableClock()).greeted
    []
    """

    owner: ClassVar[str] = ""

    def __init_subclass__(cls, *, owner: str | None = None, **rest: Any) -> None:  # Any: for classes further up
        super().__init_subclass__(**rest)
        if owner is not None:
            cls.owner = owner

    def __init__(self, **given: Any) -> None:  # Any: the type checkers know each field's type
        fields = fields_of(type(self))
        arguments = {name: default for name, default in fields.items() if not isinstance(default, Private)}
        missing = [name for name, default in arguments.items() if name not in given and not _is_plain(default)]
        if missing:
            raise TypeError(f"{type(self).__name__} needs {_named(missing)}")
        if unknown := [name for name in given if name not in arguments]:
            raise TypeError(f"{type(self).__name__} takes {_named(arguments)}, not {_named(unknown)}")
        for name, default in fields.items():
            setattr(self, name, default.default_factory() if isinstance(default, Private) else given.get(name, default))

    async def start(self) -> None:
        """Called once before the first call; dependencies can be called from here."""

    async def ready(self) -> bool:
        """Whether the instance can take calls: its own state only, never that of others."""
        return True

    async def drain(self) -> None:
        """Called when no new calls come and those in progress have ended: finish what runs in the background."""

    async def stop(self) -> None:
        """Called last: release what `start` took. It runs even when `start` failed half-way."""


def fields_of(service: type[Service]) -> dict[str, object]:
    """A service's fields, base classes first, each with what stands behind its `=` (`MISSING` for nothing)."""
    return {
        name: owner.__dict__.get(name, dataclasses.MISSING)
        for owner in reversed(service.__mro__)
        if issubclass(owner, Service) and owner is not Service
        for name, hint in inspect.get_annotations(owner).items()
        if not _is_class_variable(hint)
    }


def _is_plain(default: object) -> bool:
    """Whether a field has a value of its own when nothing is given for it."""
    return default is not dataclasses.MISSING and not isinstance(default, Depends)


def _is_class_variable(hint: object) -> bool:
    if isinstance(hint, str):  # the module postpones its annotations
        return hint.startswith(("ClassVar", "typing.ClassVar"))
    return hint is ClassVar or typing.get_origin(hint) is ClassVar


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "no arguments"
