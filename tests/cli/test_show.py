"""`atoll show`: an application as tables, as a picture and as data."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from click.testing import Result

from tests.cli.conftest import MARKET

PARCELS = "tests.cli.parcels:parcels"


def test_a_row_says_what_a_service_is(atoll: Callable[..., Result]) -> None:
    """Piped, a service is one line, without rules and colours, for grep and awk."""
    result = atoll("show", MARKET)

    assert result.exit_code == 0
    goods = next(line for line in result.stdout.splitlines() if line.startswith("goods"))
    assert goods.split() == "goods 1.2 sales 11 1 rates Keeps what is sold, in memory.".split()
    assert "\x1b" not in result.stdout


def test_the_picture_shows_who_calls_whom(atoll: Callable[..., Result]) -> None:
    """The same application drawn, with a mark at what is reachable from outside."""
    result = atoll("show", MARKET)

    picture = [
        "╭─────────╮   ╭───────╮",
        "│ ◆ goods │──▶│ rates │",
        "╰─────────╯   ╰───────╯",
    ]
    assert "\n".join(picture) in result.stdout


def test_a_call_says_what_answers_in_its_place(atoll: Callable[..., Result]) -> None:
    """A fallback is part of what the application promises."""
    result = atoll("show", MARKET)

    assert "goods   rates  FixedRates answers" in result.stdout


def test_a_narrow_terminal_gets_a_tree(atoll: Callable[..., Result]) -> None:
    """A drawing that is wrapped is no drawing."""
    result = atoll("show", MARKET, COLUMNS="20", FORCE_COLOR="1")

    assert "▶" not in result.stdout
    assert "└── rates" in result.stdout


def test_a_narrow_terminal_breaks_no_word(atoll: Callable[..., Result]) -> None:
    """Where a table has no room for its names and figures, each stands on a line of its own."""
    result = atoll("show", MARKET, COLUMNS="50", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm")

    said = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert all(len(line) <= 50 for line in said.splitlines())
    assert re.search(r"^operations +\d+$", said, re.MULTILINE)
    assert re.search(r"^what it is for  \S", said, re.MULTILINE)


def test_colours_are_for_terminals_that_want_them(atoll: Callable[..., Result]) -> None:
    """NO_COLOR is a promise of its own (no-color.org)."""
    coloured = atoll("show", MARKET, COLUMNS="120", FORCE_COLOR="1", TERM="xterm", NO_COLOR=None)
    plain = atoll("show", MARKET, COLUMNS="120", FORCE_COLOR="1", TERM="xterm", NO_COLOR="1")

    assert "\x1b[36m" in coloured.stdout
    assert "\x1b[36m" not in plain.stdout


def test_contracts_are_shown_operation_by_operation(atoll: Callable[..., Result]) -> None:
    """Method, path, reach, form, problems, and until when."""
    lines = atoll("show", MARKET, "--contracts").stdout.splitlines()

    thing = next(line for line in lines if line.startswith("goods.thing "))
    old = next(line for line in lines if line.startswith("goods.old_search "))
    assert thing.split()[1:] == "GET /goods/v1/things/{thing_id} yes value thing_not_found One thing.".split()
    assert "deprecated since 2026-01-01, at least until 2027-01-01; call goods.search instead" in old


def test_json_holds_everything_that_is_shown(atoll: Callable[..., Result]) -> None:
    """Programs do not read tables."""
    summary = json.loads(atoll("show", MARKET, "--json").stdout)

    goods = summary["services"][0]
    assert (goods["name"], goods["owner"], goods["events"], goods["depends_on"]) == (
        "goods",
        "sales",
        ["goods.thing_put.v1"],
        ["rates"],
    )
    call = {"caller": "goods", "callee": "rates", "fallback": "FixedRates", "is_present": True, "timeout_s": None}
    assert summary["calls"] == [call]
    assert {operation["answers"] for operation in goods["operations"]} == {"value", "page", "stream", "nothing"}


def test_mermaid_is_ready_for_a_document(atoll: Callable[..., Result]) -> None:
    """A dotted line has a fallback; a round end is reachable from outside."""
    assert atoll("show", MARKET, "--mermaid").stdout.splitlines() == [
        "flowchart LR",
        '    s_goods(["goods"])',
        '    s_rates["rates"]',
        "    s_goods -.-> s_rates",
    ]


def test_the_svg_needs_nothing_from_anywhere(folder: Path, atoll: Callable[..., Result]) -> None:
    """It is put into documents that are read offline, by day and by night."""
    result = atoll("show", MARKET, "--svg", "pictures/calls.svg")

    text = (folder / "pictures/calls.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert result.stdout == "Wrote pictures/calls.svg.\n"
    assert {"goods", "rates"} <= {element.text for element in root.iter() if element.text}
    assert "goods calls rates; without it, FixedRates answers" in text
    assert "prefers-color-scheme:dark" in text
    assert text.count("http") == 1  # the name of the SVG language itself
    assert "url(#" in text


def test_a_file_that_cannot_be_written_is_told(folder: Path, atoll: Callable[..., Result]) -> None:
    """No traceback for a folder in the way."""
    (folder / "calls.svg").mkdir()

    result = atoll("show", MARKET, "--svg", "calls.svg/inner")
    in_the_way = atoll("show", MARKET, "--svg", "calls.svg")

    assert (result.exit_code, in_the_way.exit_code) == (0, 2)
    assert "Traceback" not in in_the_way.output


def test_who_reacts_to_whom_is_shown_like_calls(atoll: Callable[..., Result]) -> None:
    """In the table of services, in a table of its own, and in a picture; without events there is none of it."""
    lines = atoll("show", PARCELS).stdout.splitlines()

    picture = [
        "                 ╭─────────╮",
        "             ┌──▶│ billing │",
        "╭──────────╮ │   ╰─────────╯",
        "│ shipping │─┤",
        "╰──────────╯ │   ╭─────────╮",
        "             └──▶│ watch   │",
        "                 ╰─────────╯",
    ]
    assert "\n".join(picture) in "\n".join(lines)
    assert "watch       parcel_sent, parcel_lost  shipping" in lines
    billing = next(line for line in lines if line.startswith("billing"))
    assert billing.split() == "billing 1.0 finance 1 0 - shipping Writes bills.".split()
    assert "reacts to" not in atoll("show", MARKET).stdout


def test_events_that_go_in_a_circle_are_said_in_words(atoll: Callable[..., Result], folder: Path) -> None:
    """Calls may not, events may: a picture from left to right has no place for the way back."""
    told = atoll("show", "tests.cli.echo:echo").stdout
    atoll("show", "tests.cli.echo:echo", "--svg", "echo.svg")

    assert "│ mountain │──▶│ valley │" in told
    assert "and back from valley to mountain" in told
    assert "and back from valley to mountain" in (folder / "echo.svg").read_text(encoding="utf-8")


def test_data_and_documents_hold_events_too(folder: Path, atoll: Callable[..., Result]) -> None:
    """As JSON, as Mermaid's thick lines, and dotted in the SVG."""
    summary = json.loads(atoll("show", PARCELS, "--json").stdout)
    mermaid = atoll("show", PARCELS, "--mermaid").stdout
    atoll("show", PARCELS, "--svg", "parcels.svg")

    assert summary["subscriptions"][0] == {
        "subscriber": "billing",
        "publisher": "shipping",
        "event": "shipping.parcel_sent.v1",
    }
    assert [service["reacts_to"] for service in summary["services"]] == [[], ["shipping"], ["shipping"]]
    assert "    s_shipping == parcel_sent, parcel_lost ==> s_watch" in mermaid.splitlines()
    text = (folder / "parcels.svg").read_text(encoding="utf-8")
    names = [element.text for element in ElementTree.fromstring(text).iter() if element.text]
    assert "watch reacts to parcel_sent, parcel_lost of shipping" in text
    assert [names.count(name) for name in ("shipping", "billing", "watch")] == [1, 1, 1]


def test_degradation_is_what_is_promised_for_each_loss(atoll: Callable[..., Result]) -> None:
    """As a table, with the word in front of the application."""
    result = atoll("show", "degradation", MARKET)

    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if line.startswith("goods"))
    assert row.split() == "goods rates degraded, from FixedRates the caller's deadline".split()


def test_degradation_is_there_for_programs(atoll: Callable[..., Result]) -> None:
    """One object for each declared call."""
    result = atoll("show", "degradation", MARKET, "--json")

    assert json.loads(result.stdout) == [
        {
            "service": "goods",
            "without": "rates",
            "is_present": True,
            "outcome": "degraded",
            "fallback": "FixedRates",
            "within_s": None,
        }
    ]
