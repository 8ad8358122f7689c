"""`atoll call`, at an application that runs in a process of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from tests.cli.programs import finished, on_terminal
from tests.house.checkout import ROOT

Call = Callable[..., Result]


@pytest.fixture
def things(call: Call) -> list[str]:
    """Ids of five things that are sold, and no others."""
    ids = [f"t{number}" for number in range(5)]
    for thing_id in ids:
        assert call("goods.put", "--thing-id", thing_id, "--id", thing_id, "--price", "1.50").exit_code == 0
    return ids


def test_what_can_be_called_is_listed(call: Call) -> None:
    """Public operations with their arguments; what is not for the outside is not there."""
    result = call()

    assert result.exit_code == 0
    assert "goods.put         thing_id, id, price, colour, ...  Sell a thing." in result.stdout
    assert (
        "goods.old_search  -                                 What nobody should call any more. (deprecated)"
        in result.stdout
    )
    assert "goods.stock" not in result.stdout
    assert "rates" not in result.stdout


def test_the_list_is_data_where_json_is_asked_for(call: Call) -> None:
    """For scripts that call everything."""
    listed = {each["operation"]: each for each in json.loads(call("--json").stdout)}

    assert listed["goods.export"]["streamed"]
    assert listed["goods.things"]["paged"]
    assert listed["goods.put"]["method"] == "PUT"


def test_an_operation_explains_its_options(call: Call) -> None:
    """Types, choices, defaults, and what has to be there."""
    stdout = call("goods.put", "--help").stdout

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert "Sell a thing." in lines
    assert "PUT /goods/v1/things/{thing_id}" in lines
    assert "--thing-id TEXT [required]" in lines
    assert "--price DECIMAL [required]" in lines
    assert "--colour [blue|red|unknown] What a thing looks like. [default: red]" in lines
    assert "--in-stock / --no-in-stock [default: true]" in lines
    assert "--tags TEXT May be repeated." in lines
    assert "--maker JSON Who makes it." in lines
    assert "--made-on DATE" in lines


def test_arguments_and_fields_become_one_request(call: Call) -> None:
    """Path, plain fields, a choice, a switch, a list, a record and a date in one call."""
    result = call(
        "goods.put",
        "--thing-id",
        "a/b ü?",
        "--id",
        "7",
        "--price",
        "2.50",
        "--colour",
        "blue",
        "--no-in-stock",
        "--tags",
        "new",
        "--tags",
        "cheap",
        "--maker",
        '{"name": "Ada"}',
        "--made-on",
        "2026-01-31",
    )

    assert json.loads(result.stdout) == {
        "id": "7",
        "price": "2.50",
        "colour": "blue",
        "in_stock": False,
        "tags": ["new", "cheap"],
        "maker": {"name": "Ada"},
        "made_on": "2026-01-31",
    }
    assert json.loads(call("goods.thing", "--thing-id", "a/b ü?").stdout)["id"] == "7"
    assert call("goods.remove", "--thing-id", "a/b ü?").exit_code == 0


def test_query_arguments_repeat_and_switch(call: Call) -> None:
    """A list by repetition, a bool as a word."""
    result = call("goods.search", "--colours", "red", "--colours", "blue", "--cheap")

    assert json.loads(result.stdout) == ["red", "blue", "True"]


@pytest.mark.parametrize("way", ["text", "file", "stdin"])
def test_the_whole_body_comes_as_json_from_a_file_or_from_standard_input(call: Call, tmp_path: Path, way: str) -> None:
    """What a program has made need not be taken apart."""
    body = '{"type": "card", "number": "4711"}'
    file = tmp_path / "body.json"
    file.write_text(body, encoding="utf-8")

    result = call("goods.pay", "--body", {"text": body, "file": f"@{file}", "stdin": "-"}[way], stdin=body)

    assert json.loads(result.stdout) == "Card"


def test_fields_go_before_the_whole_body(call: Call) -> None:
    """A template with one thing changed."""
    result = call("goods.put", "--thing-id", "7", "--body", '{"id": "7", "price": "1"}', "--price", "2")

    assert json.loads(result.stdout)["price"] == "2"
    assert call("goods.remove", "--thing-id", "7").exit_code == 0


def test_an_operations_own_names_go_before_the_programs(call: Call) -> None:
    """A field may be called body, json or all; the program's options are still there, before the operation's name."""
    result = call("--json", "goods.note", "--body", "words", "--json", "text", "--all")
    whole = call("goods.note", "--whole-body", '{"body": "words"}')

    assert json.loads(result.stdout) == {"body": "words", "json": "text", "all": True}
    assert json.loads(whole.stdout)["body"] == "words"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("goods.put", "--id", "7"), "Missing --thing-id, --price (or the whole body with --body)."),
        (("goods.pay",), "Missing --body."),
        (("goods.thing", "--thing-idd", "7"), "--thing-id"),
        (("goods.pay", "--body", "{"), "is not JSON"),
        (("goods.pay", "--body", "@nowhere.json"), "cannot be read"),
        (("goods.put", "--thing-id", "7", "--body", "[]", "--price", "1"), "is not a record"),
        (("goods.things", "--limit", "many"), "not a valid integer"),
        (("goods.thing", "--thing-id", "."), "--thing-id stands in the path, and `.` cannot."),
        (("goods.remove", "--thing-id", ".."), "--thing-id stands in the path"),
        (("goods.thing", "--thing-id", ""), "--thing-id stands in the path"),
    ],
)
def test_a_call_that_cannot_be_sent_is_a_usage_error(call: Call, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2: nothing reached the application."""
    result = call(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("goods.thinks", "Did you mean `goods.thing"),
        ("things", "Did you mean `goods.things`?"),
        ("goods", "It offers goods.things, "),
        ("nothing.like.it", "`atoll call` lists what can be called."),
    ],
)
def test_a_name_that_is_not_there_is_guessed(call: Call, name: str, said: str) -> None:
    """Names are long, and typed by hand."""
    result = call(name)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_problem_is_told_on_standard_error_with_exit_code_1(call: Call) -> None:
    """Its title, its words, and the trace under which the service's log tells more."""
    result = call("goods.thing", "--thing-id", "nothing")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "There is no such thing. thing_not_found, 404" in result.stderr
    assert "there is no thing nothing: put it first" in result.stderr
    assert "trace " in result.stderr


def test_each_fault_is_told_with_its_pointer(call: Call) -> None:
    """All at once, so that they can be mended at once."""
    result = call("goods.put", "--thing-id", "7", "--body", '{"id": 7, "price": "x", "colour": "green", "maker": {}}')

    assert result.exit_code == 1
    said = [line.split()[:2] for line in result.stderr.splitlines() if line.startswith("  body")]
    assert sorted(said) == [["body", "/colour"], ["body", "/id"], ["body", "/maker/name"], ["body", "/price"]]


def test_a_problem_is_json_where_json_is_asked_for(call: Call) -> None:
    """As it came over the wire."""
    result = call("--json", "goods.thing", "--thing-id", "nothing")

    error = json.loads(result.stderr)["error"]
    assert (error["code"], error["status"], error["thing_id"]) == ("thing_not_found", 404, "nothing")


def test_a_stream_is_an_item_a_line(call: Call) -> None:
    """Ready for jq and friends."""
    result = call("goods.export", "--count", "3")

    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["0", "1", "2"]


def test_a_stream_that_breaks_off_keeps_what_came_and_fails(call: Call) -> None:
    """A script must not take half for the whole."""
    result = call("goods.export", "--count", "3", "--broken-at", "2")

    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    assert "There is no such thing." in result.stderr


@pytest.mark.usefixtures("things")
def test_a_page_comes_as_it_is(call: Call) -> None:
    """With the cursor of the next one in it."""
    page = json.loads(call("goods.things", "--limit", "3").stdout)
    rest = json.loads(call("goods.things", "--limit", "3", "--cursor", page["next"]).stdout)

    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)


def test_all_pages_come_as_one_list(call: Call, things: list[str]) -> None:
    """An item a line, without a thought for cursors."""
    result = call("goods.things", "--limit", "2", "--all")

    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == things


def test_an_operation_that_will_go_says_so(call: Call) -> None:
    """Beside the result, which stays clean."""
    result = call("goods.old_search")

    assert json.loads(result.stdout) == "old"
    assert "deprecated since 2026-01-01, stays at least until 2027-01-01; call goods.search instead" in result.stderr


@pytest.mark.parametrize("place", ["before", "behind"])
def test_nobody_waits_longer_than_the_deadline(call: Call, place: str) -> None:
    """The application hears of it, and stops working."""
    own = ("--deadline", "0.05")
    name = ("goods.wait", "--seconds", "30")

    result = call(*own, *name) if place == "before" else call(*name, *own)

    assert result.exit_code == 1
    assert "deadline_exceeded, 504" in result.stderr
    assert "The same call can succeed later." in result.stderr


def test_a_gateway_elsewhere_is_reached_by_address_and_key(atoll: Call, running_market: dict[str, str]) -> None:
    """Not everything runs on this machine; the key is one of the environment or of the command."""
    key = (Path(running_market["key_file"])).read_text(encoding="utf-8").strip()
    name = ("goods.search", "--cheap")

    by_option = atoll("call", "--url", running_market["url"] + "/", "--key", key, *name)
    by_environment = atoll("call", *name, ATOLL_URL=running_market["url"], ATOLL_KEY=key)
    with_another = atoll("call", "--url", running_market["url"], "--key", "wrong", *name)

    assert by_option.stdout == by_environment.stdout == '["True"]\n'
    assert with_another.exit_code == 1
    assert "unauthenticated, 401" in with_another.stderr


@pytest.mark.usefixtures("folder")
def test_where_nothing_runs_the_command_that_starts_it_is_told(atoll: Call) -> None:
    """The most frequent mistake of all."""
    result = atoll("call", "goods.things")

    assert result.exit_code == 1
    assert "No application runs with the state folder .atoll" in result.stderr
    assert "`atoll run package.module:attribute`" in result.stderr


def test_where_something_ran_the_command_that_starts_it_is_told(folder: Path, atoll: Call) -> None:
    """An application that was killed leaves its address behind."""
    (folder / "pyproject.toml").write_text('[tool.atoll]\napplication = "shop.application:shop"\n', encoding="utf-8")
    gateway = folder / "state" / "gateway"
    gateway.mkdir(parents=True)
    (gateway / "address.json").write_text('{"url": "http://127.0.0.1:1"}', encoding="utf-8")
    (gateway / "development.key").write_text("key", encoding="utf-8")

    result = atoll("call", "--state", "state", "goods.things")

    assert result.exit_code == 1
    assert "Nothing answers at http://127.0.0.1:1" in result.stderr
    assert "`atoll run --state state`" in result.stderr


def test_people_get_the_page_laid_out_and_the_way_to_the_next(
    things: list[str], running_market: dict[str, str]
) -> None:
    """On a terminal; what follows is beside the result, not in it."""
    arguments = ("call", "--state", running_market["state"], "goods.things", "--limit", "1")

    with on_terminal(*arguments, folder=ROOT) as program:
        said = click.unstyle(program.until("--all"))

    assert f'      "id": "{things[0]}",' in said
    assert "add `--cursor 1` for the next page" in said


def test_a_stream_is_printed_while_it_comes(running_market: dict[str, str]) -> None:
    """A reader that stops early stops the stream, too."""
    command = f"atoll call --state '{running_market['state']}' goods.export --count 100000000 | head -n 2"

    done = finished("sh", "-c", command, folder=ROOT)

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["0", "1"]
    assert "Traceback" not in done.stderr
