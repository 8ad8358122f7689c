"""Events: declared by a contract, with a type, a key and fields."""

from typing import Protocol

import pytest

from atoll import Event, Personal, contract, contract_of
from atoll.contract import codec_of, event_key, event_name


class LeadScored(Event, key="lead_id"):
    """A lead has a score."""

    lead_id: str
    email: Personal[str]
    points: int = 0


class LeadRescored(LeadScored):
    """A lead has another score."""

    before: int


class NightFell(Event):
    """No key: no order."""


class HTTPLogWritten(Event, key="id"):
    """A name with letters that stand for something."""

    id: str


@contract(version="2.3", id="lead_scoring", publishes=(LeadScored, LeadRescored, NightFell))
class Scoring(Protocol):
    """Scores."""


def test_an_event_has_a_type_on_the_wire() -> None:
    """Service, name and major version."""
    compiled = contract_of(Scoring)

    assert [compiled.event_type(event) for event in compiled.publishes] == [
        "lead_scoring.lead_scored.v2",
        "lead_scoring.lead_rescored.v2",
        "lead_scoring.night_fell.v2",
    ]


def test_an_event_has_the_name_of_its_class() -> None:
    """In snake_case."""
    assert [event_name(event) for event in (LeadScored, HTTPLogWritten)] == ["lead_scored", "http_log_written"]


def test_an_event_has_the_key_of_its_class_or_of_the_one_it_extends() -> None:
    """Events of one lead keep their order, whatever they are."""
    assert [event_key(event) for event in (LeadScored, LeadRescored, NightFell)] == ["lead_id", "lead_id", None]


def test_an_event_is_a_value() -> None:
    """Frozen, keyword-only, masked, and it travels."""
    event = LeadRescored(lead_id="7", email="a@b", before=1)

    assert repr(event) == "LeadRescored(lead_id='7', email='***', points=0, before=1)"
    assert codec_of(LeadRescored).decode(codec_of(LeadRescored).encode(event)) == event
    with pytest.raises(AttributeError):
        event.points = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point of it
