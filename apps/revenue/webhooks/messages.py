"""Which endpoints an event concerns, and what they are told. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

import msgspec

from .rules import AtLeast, Condition, Endpoint, Equals, Present

Data: TypeAlias = Mapping[str, Any]  # Any: an event as JSON has it

EVERYTHING = "*"
REASONS = 5
"""So many reasons a message names."""


def concerned(endpoints: Iterable[Endpoint], event: str, data: Data) -> Iterator[Endpoint]:
    """The endpoints that are to be told of an event."""
    for endpoint in endpoints:
        is_named = event in endpoint.events or EVERYTHING in endpoint.events
        if endpoint.is_active and is_named and all(holds(condition, data) for condition in endpoint.where):
            yield endpoint


def holds(condition: Condition, data: Data) -> bool:
    """Whether a condition holds for an event.

    >>> holds(Equals(path="score.grade", values=("a",)), {"score": {"grade": "A"}})
    True
    >>> holds(AtLeast(path="score.points", number=70), {"score": {"points": 69}})
    False
    """
    value = at(data, condition.path)
    match condition:
        case Equals(values=values):
            return value is not None and str(value).casefold() in {each.casefold() for each in values}
        case AtLeast(number=number):
            return isinstance(value, int | float) and not isinstance(value, bool) and value >= number
        case Present():
            return value not in (None, "", [], {})


def at(data: Data, path: str) -> Any:  # Any: whatever stands there
    """What stands at a path of names with dots; None where nothing does."""
    found: Any = data  # Any: as above
    for name in path.split("."):
        found = _mapping(found).get(name)
    return found


def _mapping(value: object) -> Data:
    """A value that has names; without any where it has none."""
    return cast(Data, value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:  # Any: whatever it holds
    return cast(Sequence[Any], value) if isinstance(value, list | tuple) else ()  # Any: as above


def standard_body(event: str, data: Data, at_moment: datetime) -> bytes:
    """A message as Standard Webhooks shape it."""
    return msgspec.json.encode({"type": event, "timestamp": at_moment, "data": data})


def slack_body(event: str, data: Data, accept_url: str = "") -> bytes:
    """A message for people in Slack: who it is, why it is worth their time, whose it is, and the way to accept it.

    Sources: Slack's incoming webhooks take `text`, shown in notifications, and `blocks` of mrkdwn.
    """
    who, owner = _who(data), _owner(data)
    title = f"{_headline(event)}: {who}" + (f" → {owner}" if owner else "")
    lines = [f"*{title}*"]
    if grade := at(data, "score.grade"):
        lines.append(f"Grade *{_plain(grade)}*, {_plain(at(data, 'score.points'))} points")
    lines += [f"• {each}" for each in _reasons(data)]
    blocks: list[dict[str, object]] = [{"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}]
    if accept_url:
        button = {"type": "button", "text": {"type": "plain_text", "text": "Accept"}, "url": accept_url}
        blocks.append({"type": "actions", "elements": [button | {"style": "primary"}]})
    return msgspec.json.encode({"text": title, "blocks": blocks})


def name_of(data: Data) -> str:
    """Who a lead is, in a few words; empty where nobody is named."""
    lead = _mapping(at(data, "lead"))
    named = " ".join(str(lead[part]) for part in ("first_name", "last_name") if lead.get(part))
    return named or str(lead.get("email") or "")


def _who(data: Data) -> str:
    lead = _mapping(at(data, "lead"))
    words = [name_of(data) or str(data.get("lead_id") or "somebody")]
    if lead.get("title"):
        words.append(str(lead["title"]))
    text = ", ".join(words)
    return _plain(f"{text} at {lead['company']}" if lead.get("company") else text)


def _owner(data: Data) -> str:
    """The owner: as Slack mentions people, where the rules know how it calls this one."""
    if handle := at(data, "assignment.details.handle"):
        return f"<@{_plain(handle)}>"
    return _plain(at(data, "assignment.details.name") or at(data, "assignment.owner") or "")


def _reasons(data: Data) -> Iterator[str]:
    for reason in map(_mapping, _list(at(data, "score.reasons"))[:REASONS]):
        yield f"{reason.get('points', 0):+d} {_plain(reason.get('sentence', ''))}"
    for sentence in _list(at(data, "assignment.why")):
        yield _plain(sentence)


def _headline(event: str) -> str:
    return event.replace("_", " ").capitalize()


def _plain(text: object) -> str:
    """Text that Slack shows as it is: its three special characters are written as entities."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
