"""AsyncAPI 3.0 out of contracts: the channels of those who publish, and who sends and receives on them.

A message is an event in its envelope: CloudEvents 1.0, structured, as JSON. Members that AsyncAPI has no word for are
extensions: `x-key`, `x-owner`, `x-version`, `x-personal`, and `x-discriminator` for what tells a tagged union apart.
"""

import dataclasses
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from atoll.contract.contract import Contract
from atoll.contract.described import Described
from atoll.contract.draft07 import in_draft_07
from atoll.contract.event import Event, event_key
from atoll.contract.merging import merged
from atoll.contract.names import words
from atoll.contract.schema import REF, Json, Schemas

_MEDIA_TYPE = "application/cloudevents+json"
_NAME = "Envelope"
_TEXT: Json = {"type": "string", "minLength": 1}

_ENVELOPE: Json = {
    "title": _NAME,
    "description": "What stands around the data of every event: CloudEvents 1.0. Whoever reads it passes over the "
    "attributes that it does not know.",
    "type": "object",
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": _TEXT | {"description": "One for each message of a source, and the same whenever it is delivered again."},
        "source": _TEXT | {"format": "uri-reference", "description": "Application and service."},
        "type": _TEXT | {"description": "Service, event and major version."},
        "time": {"type": "string", "format": "date-time", "description": "When it was published."},
        "datacontenttype": {"type": "string", "const": "application/json"},
        "traceparent": {
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}",
            "description": "The trace in which it was published (W3C Trace Context); absent outside of any.",
        },
        "tenant": _TEXT | {"default": "main", "description": "Whose data it is."},
        "actor": _TEXT | {"description": "In whose name it was published; absent where nobody asked. No authority."},
        "erasedat": {
            "type": "string",
            "format": "date-time",
            "description": "When what is personal was erased from it; `data` is null where nothing is left that fits.",
        },
    },
    "required": ["specversion", "id", "source", "type", "time", "datacontenttype"],
}

_ORDER: Json = {
    "partitionkey": _TEXT | {"description": "The event's key, as text: messages of one key keep their order."},
    "sequence": {
        "type": "string",
        "pattern": "^[0-9]+$",
        "description": "The number of the message among those of its tenant and key, as text: 1, 2, 3.",
    },
}


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A service, by its `name`, that receives an event of a publisher. Data that describes; it does nothing."""

    name: str
    publisher: Contract
    event: type[Event]


def asyncapi(
    contracts: Iterable[Contract],
    *,
    application: str,
    title: str,
    version: str,
    description: str = "",
    owners: Mapping[str, str] | None = None,
    subscribers: Iterable[Subscriber] = (),
    servers: Mapping[str, Json] | None = None,
) -> Json:
    """An AsyncAPI 3.0 document of what these contracts publish, and of who subscribes.

    A service that publishes has one channel, at `/{application}/{service}`, with all of its events. So has a publisher
    that stands in `subscribers` alone, but nobody sends there: another document says who. `owners` names who answers
    for each service, `servers` where the channels are (as AsyncAPI describes a server); without, none is named.
    Equal arguments make equal documents, the order of their members included.

    Raises:
        ValueError: a publisher does not publish what is subscribed to.
    """
    document = _Document(application, tuple(contracts), tuple(subscribers), owners or {})
    return document.whole(title, version, description, servers or {})


@dataclass(frozen=True, slots=True)
class _Message:
    """One event as it is told, by its class or by a document; `data` is its schema."""

    type: str
    key: str | None
    description: str
    data: Json


class _Document:
    """The parts of one document, which share their schemas."""

    def __init__(
        self,
        application: str,
        contracts: tuple[Contract, ...],
        subscribers: tuple[Subscriber, ...],
        owners: Mapping[str, str],
    ) -> None:
        self._application = application
        self._owners = owners
        self._senders = {contract.name: contract for contract in contracts}
        self._subscribers = subscribers
        self._publishers = dict(self._senders)
        for each in subscribers:
            self._publishers.setdefault(each.publisher.name, each.publisher)
        written = [contract for contract in self._publishers.values() if contract.described is None]
        schemas = Schemas([event for contract in written for event in contract.publishes], taken=[_NAME])
        self._components: Json = {_NAME: _ENVELOPE} | schemas.components
        told = ((name, list(self._told(contract, schemas))) for name, contract in self._publishers.items())
        self._messages = {name: messages for name, messages in told if messages}

    def whole(self, title: str, version: str, description: str, servers: Mapping[str, Json]) -> Json:
        channels = {self._publishers[name].service: self._channel(name) for name in self._messages}
        messages = [(name, message) for name, found in self._messages.items() for message in found]
        return {
            "asyncapi": "3.0.0",
            "info": {"title": title, "version": version, "description": description},
            **({"servers": dict(servers)} if servers else {}),
            "defaultContentType": _MEDIA_TYPE,
            "channels": channels,
            "operations": dict(self._operations()),
            "components": {
                "messages": {message.type: self._message(name, message) for name, message in messages},
                "schemas": {name: in_draft_07(schema) for name, schema in self._components.items()},
            },
        }

    def _told(self, contract: Contract, schemas: Schemas) -> Iterator[_Message]:
        if contract.described is None:
            for event in contract.publishes:
                said = inspect.cleandoc(event.__dict__.get("__doc__") or "")
                yield _Message(contract.event_type(event), event_key(event), said, schemas.of(event))
            return
        told = {each.get("type"): each for each in self._merged(contract, contract.described).events}
        for event in contract.publishes:
            if (found := told.get(contract.event_type(event))) is not None:
                said = found.get("description", "")
                yield _Message(found["type"], event_key(event), said, found["schema"])

    def _merged(self, contract: Contract, described: Described) -> Described:
        """What another document says of a contract's events, and of nothing else."""
        events = dataclasses.replace(described, problems=())
        return merged(self._components, dataclasses.replace(contract, described=events), ())

    def _address(self, name: str) -> str:
        return f"/{self._application}/{self._publishers[name].service}"

    def _channel(self, name: str) -> Json:
        contract = self._publishers[name]
        owner = self._owners.get(contract.id)
        return {
            "address": self._address(name),
            "title": contract.service,
            "description": contract.description,
            "messages": {each.type: {"$ref": f"#/components/messages/{each.type}"} for each in self._messages[name]},
            "x-version": contract.version,
        } | ({"x-owner": owner} if owner else {})

    def _message(self, name: str, message: _Message) -> Json:
        summary, _, rest = message.description.partition("\n")
        known: Json = {
            "source": {"type": "string", "const": self._address(name)},
            "type": {"type": "string", "const": message.type},
        }
        order = _ORDER if message.key is not None else {}
        own: Json = {
            "type": "object",
            "properties": {**known, **order, "data": message.data},
            "required": [*order, "data"],
        }
        event = words(message.type.split(".")[1]).capitalize()
        return {
            "name": message.type,
            "title": event,
            "summary": summary or event,
            "description": rest.strip(),
            "contentType": _MEDIA_TYPE,
            "payload": {"allOf": [{"$ref": f"{REF}{_NAME}"}, in_draft_07(own)]},
        } | ({"x-key": message.key} if message.key is not None else {})

    def _operations(self) -> Iterator[tuple[str, Json]]:
        for name, contract in self._senders.items():
            if name in self._messages:
                types = [message.type for message in self._messages[name]]
                summary = f"What {contract.service} publishes."
                yield f"{contract.service}.send", _operation("send", contract.service, contract.service, types, summary)
        received: dict[tuple[str, str], dict[str, None]] = {}
        for each in self._subscribers:
            types_of = received.setdefault((each.name, each.publisher.name), {})
            types_of[self._published(each)] = None
        for (subscriber, name), wanted in received.items():
            publisher = self._publishers[name].service
            summary = f"What {subscriber} subscribes to of {publisher}."
            yield (
                f"{subscriber}.receive.{publisher}",
                _operation("receive", subscriber, publisher, list(wanted), summary),
            )

    def _published(self, subscriber: Subscriber) -> str:
        """The type of the event.

        Raises:
            ValueError: nobody publishes it.
        """
        publisher = subscriber.publisher
        found = publisher.event_type(subscriber.event)
        types = [message.type for message in self._messages.get(publisher.name, ())]
        if found in types and subscriber.event in publisher.publishes:
            return found
        raise ValueError(
            f"{subscriber.name} subscribes to {found}, but {publisher.name} does not publish it: "
            f"it publishes {', '.join(types) or 'nothing'}"
        )


def _operation(action: str, service: str, channel: str, types: list[str], summary: str) -> Json:
    at = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": at},
        "summary": summary,
        "tags": [{"name": service}],
        "messages": [{"$ref": f"{at}/messages/{each}"} for each in types],
    }
