"""Which endpoints an event concerns, and what they are told. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias, cast

import msgspec

from .rules import AtLeast, Condition, Endpoint, Equals, Present

Data: TypeAlias = Mapping[str, Any]  # Any: an event as JSON has it

EVERYTHING = "*"
REASONS = 5
"""So many reasons a message names."""
TITLE_MAX = 150
LINE_MAX = 200
LINES_MAX = 12
"""What a message in Slack shows of each text, in characters, and in lines: far more than people read there."""


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

    What somebody else may have typed stands as `plain_text`, where neither `*bold*` nor an address is anything but
    text; only the owner, who is mentioned, and the grade are mrkdwn.

    Sources: Slack's incoming webhooks take `text`, shown in notifications, and `blocks`; a header has at most 150
    characters, a section 3,000, and one that is longer is refused with all of the message.
    """
    title, owner = _plain(f"{_headline(event)}: {_who(data)}", TITLE_MAX), _owner(data)
    lines = [f"→ {owner}"] if owner else []
    if grade := at(data, "score.grade"):
        lines.append(f"Grade *{_plain(grade)}*, {_plain(at(data, 'score.points'))} points")
    blocks: list[dict[str, object]] = [{"type": "header", "text": _typed(title)}]
    if lines:
        marked = {"type": "mrkdwn", "text": "\n".join(lines), "verbatim": True}
        blocks.append({"type": "section", "text": marked})
    if reasons := [f"• {each}" for each in islice(_reasons(data), LINES_MAX)]:
        blocks.append({"type": "section", "text": _typed("\n".join(reasons))})
    if accept_url:
        button = {"type": "button", "text": _typed("Accept"), "url": accept_url}
        blocks.append({"type": "actions", "elements": [button | {"style": "primary"}]})
    text = title + (f" → {owner}" if owner else "")
    return msgspec.json.encode({"text": text, "mrkdwn": False, "blocks": blocks})


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
    return f"{text} at {lead['company']}" if lead.get("company") else text


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


def _typed(text: str) -> dict[str, object]:
    """A text in which nothing is markup."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _plain(text: object, length_max: int = LINE_MAX) -> str:
    """Text on one line that Slack shows as it is, cut where it is long: its special characters are written as entities.

    Entities count as what they are written with, so that a text of nothing else still is short enough.
    """
    line, plain = " ".join(str(text).split()), ""
    for letter in line:
        written = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(letter, letter)
        if len(plain) + len(written) >= length_max:
            return f"{plain}…"
        plain += written
    return plain
