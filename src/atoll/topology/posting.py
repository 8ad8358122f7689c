"""Events for services from elsewhere: posted to them by who publishes, in its own instances.

Who is elsewhere has no database of ours, so that the place of its subscription is kept in the publisher's: there it
moves once the event was posted and answered, for the holder of the lease alone. What is posted says who published it,
and carries the key under which the delivery is known; a stranger is told of no tenant and no actor.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import get_args

import msgspec

from atoll.calls import Request, Response, Transport, is_root
from atoll.contract import Contract, Operation, raw_operation
from atoll.data import Transaction
from atoll.events import BATCH_MAX, Effect, Envelope, Form, NotNow, Refused, Since, Subscribed, decode_envelope, written
from atoll.events import encode_envelope as encoded
from atoll.kernel import AtollError, Mistake, context
from atoll.service import Elsewhere, Posted, Remote
from atoll.topology.loading import Unit

SAID_CHARS = 200
"""How much of an answer is kept with a message that was not taken."""

LATER = (408, 425, 429, 503)
"""The statuses that say nothing against a message, but that it came at the wrong moment."""


class NotTaken(AtollError):
    """Whoever was told of an event failed at it."""

    code = "not_taken"


def places_of(unit: Unit) -> tuple[Operation, ...]:
    """Where events are posted to a service from elsewhere: operations that are in no contract."""
    if unit.contract is None or not isinstance(unit.listed, Elsewhere):
        return ()
    return tuple(_place(unit.contract.id, unit.contract.major, to) for to in _paths(unit.listed))


def postings(units: Sequence[Unit], publisher: str, contract: Contract, transport: Transport) -> list[Subscribed]:
    """The subscriptions of services from elsewhere to one publisher, which it runs for them."""
    found: list[Subscribed] = []
    for unit in units:
        if unit.contract is None or not isinstance(unit.listed, Elsewhere):
            continue
        item = unit.listed
        wanted = [each for each in item.subscribes if each.event in contract.publishes]
        if wanted:
            effects = dict(_effects(unit.contract, item, wanted, contract, transport))
            is_from_now = {each.since for each in wanted} == {"now"}
            found.append(Subscribed(item.name, publisher, effects, is_from_now=is_from_now))
    return found


def posted_mistakes(units: Sequence[Unit]) -> Iterator[Mistake]:
    """What is wrong with the events that services from elsewhere are to be told of."""
    for unit in units:
        if isinstance(unit.listed, Elsewhere):
            for posted in unit.listed.subscribes:
                yield from _event_mistakes(unit.listed, posted, units)
                yield from _word_mistakes(unit.listed, posted)
            yield from _path_mistakes(unit.listed)


def _event_mistakes(item: Elsewhere, posted: Posted, units: Sequence[Unit]) -> Iterator[Mistake]:
    publishers = [unit for unit in units if unit.contract and posted.event in unit.contract.publishes]
    name = posted.event.__name__
    if not publishers:
        what = f"`{item.name}` is to be told of {name}, which no service of the application publishes"
        yield Mistake(None, what, "add the service whose contract lists it under `publishes`")
    for publisher in publishers:
        if publisher.is_apart or isinstance(publisher.listed, Remote):
            what = f"`{item.name}` is to be told of {name}, but `{publisher.name}` runs where nobody knows of it"
            fix = f"let a service of the application react to {name}, and publish what `{item.name}` is to be told"
            yield Mistake(None, what, fix)


def _word_mistakes(item: Elsewhere, posted: Posted) -> Iterator[Mistake]:
    """What a type checker would have found, and what it cannot."""
    words: dict[str, tuple[object, ...]] = {"form": get_args(Form), "since": get_args(Since)}
    for name, known in words.items():
        if (given := getattr(posted, name)) not in known:
            what = f"`{item.name}` is to be told of {posted.event.__name__} with `{name}={given!r}`"
            yield Mistake(None, what, f"write one of {', '.join(map(str, known))}")
    if posted.attempts_max < 1 or not 0 < posted.timeout_s < math.inf:
        what = f"`{item.name}` is to be told of {posted.event.__name__} in no attempt, or in no time"
        yield Mistake(None, what, "let `attempts_max` be 1 or more, and `timeout_s` more than 0")


def _path_mistakes(item: Elsewhere) -> Iterator[Mistake]:
    for to in _paths(item):
        if not to.startswith("/") or not is_root(to) or set("{}") & set(to):
            fix = "write the path below its root, as /events"
            yield Mistake(None, f"`{to}` is no path at which `{item.name}` could be told of events", fix)
    events = [each.event for each in item.subscribes]
    for event in dict.fromkeys(each for each in events if events.count(each) > 1):
        yield Mistake(None, f"`{item.name}` is to be told of {event.__name__} twice", "say it once")


def _paths(item: Elsewhere) -> list[str]:
    return list(dict.fromkeys(each.to for each in item.subscribes))


@functools.cache
def _place(contract_id: str, major: int, path: str) -> Operation:
    """One operation for each place, however often it is asked for."""
    return raw_operation(contract_id, major, f"post {path}", path)


def _effects(
    of: Contract, item: Elsewhere, wanted: Sequence[Posted], published: Contract, transport: Transport
) -> Iterator[tuple[str, Effect]]:
    """What is done with which types; events that go to the same place in the same form may go together."""
    posts: dict[tuple[str, str, float], _Post] = {}
    for posted in wanted:
        same = (posted.to, posted.form, posted.timeout_s)
        if same not in posts:
            place = _place(of.id, of.major, posted.to)
            posts[same] = _Post(item.name, place, posted, transport, is_stranger=isinstance(item, Remote))
        post = posts[same]
        many_max = BATCH_MAX if posted.form == "batch" else 1
        event_type = published.event_type(posted.event)
        yield (
            event_type,
            Effect(event_type, post.one, posted.attempts_max, posted.timeout_s, post.several, many_max),
        )


class _Post:
    """Posts events to one place of one service, in one form."""

    def __init__(self, name: str, place: Operation, posted: Posted, transport: Transport, *, is_stranger: bool) -> None:
        self._name = name
        self._place = place
        self._form: Form = posted.form
        self._transport = transport
        self._is_stranger = is_stranger

    async def one(self, envelope: Envelope, tx: Transaction) -> None:
        """Post one event."""
        await self.several([encoded(envelope)], tx)

    async def several(self, texts: Sequence[bytes], tx: Transaction) -> None:
        """Post events, before the first statement of the transaction in which the cursor moves.

        Those of which nothing is left, since they were erased, are passed over.

        Raises:
            NotNow: it cannot be reached, or wants to be told later.
            Refused: it will not take them.
            NotTaken: it failed.
        """
        told = [text for text in texts if not _is_erased(text)]
        if not told:
            return
        headers, body = written(self._form, told, is_stranger=self._is_stranger)
        given = context()  # in the publisher's name, as the delivery has it
        if len(told) > 1:  # the key is that of one delivery
            given = msgspec.structs.replace(given, idempotency_key=None)
        request = Request(self._place, (), (), body, given, headers=headers)
        _judge(self._name, self._place, await self._transport.send(request))


def _judge(name: str, place: Operation, response: Response) -> None:
    """What an answer means for the message."""
    status = response.status
    if 200 <= status < 300:
        return
    text = _said_in(response.body)
    said = f"{name} answers {status} at {place.path}" + (f": {text}" if text else "")
    if status in LATER:
        raise NotNow(said, response.retry_after_s or 0.0)
    if status < 500:
        raise Refused(said)
    raise NotTaken(said)


def _said_in(body: bytes) -> str:
    """What an answer says: the detail of a problem (RFC 9457), or its own beginning."""
    try:
        text = msgspec.json.decode(body, type=_Detail).detail
    except (ValueError, RecursionError):
        text = ""
    return (text or body[:SAID_CHARS].decode(errors="replace"))[:SAID_CHARS]


class _Detail(msgspec.Struct):
    detail: str = ""


def _is_erased(text: bytes) -> bool:
    envelope = decode_envelope(text)
    return bool(envelope.erasedat) and bytes(envelope.data) == b"null"
