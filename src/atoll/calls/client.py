"""Typed clients: a contract's class, with each operation as a call."""

import functools
import types
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

from atoll.calls.caller import Caller
from atoll.contract import Contract, Operation, ResultForm, contract_of

T = TypeVar("T")


def client(protocol: Callable[..., T], caller: Caller) -> T:
    """What calls a service through its contract: an object of the contract's own type.

    Raises:
        Mistakes: the class is no contract, or not a sound one.
    """
    return cast(T, _client_class(contract_of(protocol))(caller))


@functools.cache
def _client_class(contract: Contract) -> Callable[[Caller], Any]:  # Any: an instance of a class made here
    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace["__init__"] = _remember
        namespace["__repr__"] = _shown
        namespace["__doc__"] = contract.description
        for operation in contract.operations:
            namespace[operation.name] = _method(operation)

    name = f"{contract.protocol.__name__}Client"
    made = types.new_class(name, (contract.protocol,), exec_body=fill)
    return cast(Callable[[Caller], Any], made)  # Any: as above


def _shown(self: Any) -> str:  # Any: an instance of the class made above
    return f"<{type(self).__name__}>"


def _remember(self: Any, caller: Caller) -> None:  # Any: an instance of the class made above
    self._caller = caller


def _method(operation: Operation) -> Callable[..., Any]:  # Any: the operation's own signature
    if operation.form is ResultForm.STREAM:

        def call(self: Any, *args: object, **kwargs: object) -> Any:  # Any: as above
            return self._caller.stream(operation, args, kwargs)

    else:

        def call(self: Any, *args: object, **kwargs: object) -> Any:  # Any: as above
            return self._caller.call(operation, args, kwargs)

    functools.update_wrapper(call, operation.function, updated=())
    return call if operation.deprecated is None else _deprecated(operation, call)


def _deprecated(operation: Operation, call: Callable[..., Any]) -> Callable[..., Any]:  # Any: as above
    assert operation.deprecated is not None
    instead = f"; call {operation.deprecated.instead} instead" if operation.deprecated.instead else ""
    message = f"{operation.id} is deprecated since {operation.deprecated.since}{instead}"

    @functools.wraps(call, updated=())
    def warned(self: Any, *args: object, **kwargs: object) -> Any:  # Any: as above
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return call(self, *args, **kwargs)

    return warned
