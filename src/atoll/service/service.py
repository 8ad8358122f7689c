"""Services: a class that fulfils a contract, and says in its fields what it needs."""

import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, dataclass_transform

from atoll.kernel import Threads
from atoll.service.fields import Private, depends, private

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

_THREADS = "_atoll_threads"


@dataclass_transform(kw_only_default=True, field_specifiers=(depends, private))
class Service:
    """An autonomous unit: one business capability behind one contract.

    Annotated fields are injected: other services by contract, ports (`Clock`, `Entropy`, `Disk`), its settings. It is
    an ordinary object: a test constructs it with fakes, by keyword. `owner` says who answers for it (the
    application's owner unless given); its docstring is its description.

    Instances keep nothing on `self` that must survive them.
    """

    owner: ClassVar[str] = ""

    def __init_subclass__(cls, *, owner: str | None = None, **rest: Any) -> None:  # Any: for classes further up
        super().__init_subclass__(**rest)
        if owner is not None:
            cls.owner = owner

    def __init__(self, **given: Any) -> None:  # Any: the type checkers know each field's type
        hints = fields_of(type(self))
        for name, default in hints.items():
            if isinstance(default, Private):
                if name in given:
                    raise TypeError(f"{type(self).__name__}: `{name}` is private, not an argument")
                setattr(self, name, default.default_factory())
            elif name in given:
                setattr(self, name, given.pop(name))
            else:
                raise TypeError(f"{type(self).__name__} needs `{name}`")
        if given:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(f'`{name}`' for name in given)}")

    async def start(self) -> None:
        """Called once before the first call; dependencies can be called from here."""

    async def ready(self) -> bool:
        """Whether the instance can take calls: its own state only, never that of others."""
        return True

    async def drain(self) -> None:
        """Called when no new calls come and those in progress have ended: finish what runs in the background."""

    async def stop(self) -> None:
        """Called last: release what `start` took. It runs even when `start` failed half-way."""


def fields_of(service: type[Service]) -> dict[str, Any]:  # Any: Depends, Private or nothing
    """A service's fields with what was noted for each (`inspect.Parameter.empty` for nothing), base classes first."""
    fields: dict[str, Any] = {}  # Any: see above
    for owner in reversed(service.__mro__):
        if not (isinstance(owner, type) and issubclass(owner, Service)) or owner is Service:
            continue
        for name, hint in owner.__dict__.get("__annotations__", inspect.get_annotations(owner)).items():
            if not _is_class_variable(hint):
                fields[name] = owner.__dict__.get(name, inspect.Parameter.empty)
    return fields


def _is_class_variable(hint: Any) -> bool:  # Any: an annotation, possibly as text
    if isinstance(hint, str):
        return hint.startswith(("ClassVar", "typing.ClassVar"))
    return hint is ClassVar or typing.get_origin(hint) is ClassVar


def blocking(
    handler: Callable[Concatenate[S, P], R],
) -> "Callable[Concatenate[S, P], types.CoroutineType[Any, Any, R]]":  # quoted: a generic from Python 3.13 on; Any: send types
    """Run a handler that is not async in a thread of the service's pool, in a copy of the call's context.

    The pool is bounded: when too many wait, the caller is told that the service is unavailable. After the deadline the
    caller is answered while the thread, which nothing can interrupt, goes on to its end.
    """

    @functools.wraps(handler)
    async def run(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        threads: Threads | None = getattr(self, _THREADS, None)
        if threads is not None:
            return await threads.run(handler, self, *args, **kwargs)
        alone = Threads(threads_max=1)  # a plain object in a test
        try:
            return await alone.run(handler, self, *args, **kwargs)
        finally:
            await alone.close()

    return run


def give_threads(service: Service, threads: Threads) -> None:
    """Let a service's blocking handlers run in this pool."""
    setattr(service, _THREADS, threads)
