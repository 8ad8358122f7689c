"""Logs: a line a record, with the trace, whatever is logged."""

import dataclasses
import datetime
import json
import logging
import sys
import uuid
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import Personal, Problem, Value, configure_logging
from atoll.kernel import Context, Trace, current
from atoll.telemetry.logs import JsonFormatter, TextFormatter, TraceFilter

TRACE = Trace(trace_id=0xABC, span_id=1)


class Lead(Value):
    """A record with something personal in it."""

    email: Personal[str]


class Refused(Problem, status=409):
    """A problem with something personal in it."""

    email: Personal[str]


class Log:
    """A logger of its own, and what it wrote."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self._stream = StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.addFilter(TraceFilter())
        handler.setFormatter(formatter)
        self.logger = logging.Logger("tests.log")  # noqa: LOG001  # belongs to one test alone
        self.logger.addHandler(handler)

    @property
    def text(self) -> str:
        """What it wrote."""
        return self._stream.getvalue()

    @property
    def line(self) -> dict[str, Any]:  # Any: JSON
        """The one line it wrote."""
        (line,) = self.text.removesuffix("\n").split("\n")  # splitlines() knows more ends of lines than JSON Lines
        found: dict[str, Any] = json.loads(line)  # Any: JSON
        return found


@pytest.fixture
def log() -> Log:
    """A log of JSON lines."""
    return Log(JsonFormatter())


@pytest.fixture
def in_a_call() -> Iterator[None]:
    """The context of a call from `capture`."""
    token = current.set(Context(trace=TRACE, caller="capture"))
    yield
    current.reset(token)


def test_a_line_says_when_where_how_grave_and_what(log: Log) -> None:
    """In UTC, as RFC 3339."""
    log.logger.warning("%d leads", 3)

    line = log.line
    written_at = datetime.datetime.fromisoformat(line.pop("time"))
    assert written_at.utcoffset() == datetime.timedelta(0)
    assert abs((datetime.datetime.now(datetime.UTC) - written_at).total_seconds()) < 60
    assert line == {"level": "warning", "logger": "tests.log", "message": "3 leads"}


@pytest.mark.usefixtures("in_a_call")
def test_a_line_carries_the_trace_and_the_caller_of_its_call(log: Log) -> None:
    """Without code in the service."""
    log.logger.info("scored")

    assert log.line["trace_id"] == f"{0xABC:032x}"
    assert log.line["caller"] == "capture"


@pytest.mark.usefixtures("in_a_call")
def test_a_trace_that_is_given_is_kept(log: Log) -> None:
    """Whoever logs about another call than its own says so."""
    log.logger.info("failed", extra={"trace_id": "other"})

    assert log.line["trace_id"] == "other"


def test_an_exception_is_part_of_its_line(log: Log) -> None:
    """With its traceback, in one line."""
    try:
        raise KeyError("boom")
    except KeyError:
        log.logger.exception("failed")

    assert log.line["error"].startswith("Traceback")
    assert log.line["error"].endswith("KeyError: 'boom'")


def test_a_stack_that_is_asked_for_is_part_of_its_line(log: Log) -> None:
    """Beside the message."""
    log.logger.info("here", stack_info=True)

    assert "test_logs.py" in log.line["stack"]


class Odd:
    """Something that only has a repr."""

    def __repr__(self) -> str:
        return "<odd>"


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int


HERSELF: list[object] = []
HERSELF.append(HERSELF)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", "text"),
        (7, 7),
        (True, True),
        (1.5, 1.5),
        (2**80, hex(2**80)),
        pytest.param(10**5000, hex(10**5000), id="more digits than Python turns into text"),
        ("\ud800", "\\ud800"),
        ("\x00\n", "\x00\n"),
        (float("nan"), None),
        (uuid.UUID(int=7), str(uuid.UUID(int=7))),
        (datetime.date(2026, 1, 31), "2026-01-31"),
        (Odd(), "<odd>"),
        ({"a": Odd()}, "{'a': <odd>}"),
        ([1, 2], "[1, 2]"),
        (HERSELF, "[[...]]"),
        (Point(1), "Point(x=1)"),
        (b"\xff", "b'\\xff'"),
        (Lead(email="ada@example.com"), "Lead(email='***')"),
        ([Lead(email="ada@example.com")], "[Lead(email='***')]"),
        (Refused(email="ada@example.com"), "Refused(\"A problem with something personal in it, email='***'\")"),
    ],
)
def test_whatever_is_given_as_extra_is_written_under_its_name(log: Log, value: object, written: object) -> None:
    """Plain values as they are, all others as their repr: no line is lost, and what is personal is masked."""
    log.logger.info("said", extra={"what": value})

    assert log.line["what"] == written


def test_no_extra_can_replace_what_every_line_says(log: Log) -> None:
    """A name that is taken stays what it is."""
    log.logger.info("said", extra={"time": "x", "level": "y", "logger": "z"})

    assert log.line["level"] == "info"
    assert log.line["logger"] == "tests.log"
    assert log.line["time"] != "x"


@given(message=st.text(st.characters()), name=st.text(st.characters(), min_size=1))
def test_every_text_is_one_valid_line(message: str, name: str) -> None:
    """Half surrogates, line breaks and all."""
    log = Log(JsonFormatter())
    record = logging.LogRecord("tests.log", logging.INFO, __file__, 1, message, (), None)
    record.__dict__.setdefault(name, message)

    log.logger.handle(record)

    assert log.text.count("\n") == 1
    assert log.line["message"] == message.encode(errors="backslashreplace").decode()


@pytest.mark.usefixtures("in_a_call")
def test_a_line_for_people_ends_with_the_trace() -> None:
    """So that they can look for the rest of it."""
    log = Log(TextFormatter())

    log.logger.info("scored")

    assert log.text.endswith(f" info    tests.log: scored  [trace {0xABC:032x}]\n")


def test_a_line_for_people_shows_the_exception_below_it() -> None:
    """As Python does."""
    log = Log(TextFormatter())

    try:
        raise KeyError("boom")
    except KeyError:
        log.logger.exception("failed", stack_info=True)

    first, second, *_ = log.text.splitlines()
    assert first.endswith("error   tests.log: failed")
    assert second.startswith("Traceback")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("as_json", [True, False])
def test_configured_once_all_logs_go_to_standard_error(
    root: logging.Logger, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """However often it is configured."""
    configure_logging(json=not as_json)
    configure_logging(json=as_json, level=logging.WARNING)

    logging.getLogger("tests.anybody").info("not this")
    logging.getLogger("tests.anybody").warning("this")

    captured = capsys.readouterr()
    assert len(root.handlers) == 1
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("{") == as_json
    sys.stderr.flush()


def test_a_message_cannot_forge_a_line_or_command_a_terminal() -> None:
    """It may hold what a stranger has sent."""
    log = Log(TextFormatter())

    log.logger.error("who: %s", "me\n12:00:00 error   atoll: all is lost\x1b[2J\u2028\ttab")

    (line,) = log.text.splitlines()
    assert "me\\n12:00:00" in line
    assert "\x1b" not in line
    assert "\ttab" in line
