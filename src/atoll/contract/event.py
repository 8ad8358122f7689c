"""Events: something that happened, in the past tense, promised by a contract."""

from typing import Any, dataclass_transform

from atoll.contract.names import snake_case
from atoll.contract.value import Value, ValueMeta


@dataclass_transform(frozen_default=True, kw_only_default=True)
class EventMeta(ValueMeta):
    """Takes the `key` in `class LeadScored(Event, key="lead_id")`."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],  # Any: a class body
        *,
        key: str | None = None,
        tag: str | None = None,
    ) -> Any:  # Any: msgspec builds the class
        """Make the class and remember its key; one that is not given is that of the class it derives from."""
        event = super().__new__(mcls, name, bases, namespace, tag=tag)
        _keys[event] = key or next((_keys[base] for base in bases if base in _keys), None)
        return event


_keys: dict[type, str | None] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event(Value, metaclass=EventMeta):
    """Something that happened. Events with an equal `key` are delivered in the order in which they happened.

    >>> class LeadScored(Event, key="lead_id"):
    ...     lead_id: str
    ...     points: int
    >>> event_key(LeadScored), event_name(LeadScored)
    ('lead_id', 'lead_scored')
    """


def event_key(event: type[Event]) -> str | None:
    """The field that orders events of this class; None when the class names none."""
    return _keys[event]


def event_name(event: type[Event]) -> str:
    """The middle word of the event's type: `lead_scored` in `scoring.lead_scored.v1`."""
    return snake_case(event.__name__)


def key_of(event: Event) -> str | None:
    """The key of one event, as text; None where its class names none."""
    field = _keys[type(event)]
    return None if field is None else str(getattr(event, field))
