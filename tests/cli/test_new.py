"""`atoll new`: what it makes works at once, and what it cannot make it says."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.programs import finished, started

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")


@pytest.fixture
def shop(folder: Path, atoll: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a new application, which is the current one."""
    result = atoll("new", "app", "shop")
    assert result.exit_code == 0, result.output
    monkeypatch.chdir(folder / "shop")
    return folder / "shop"


def test_a_new_application_passes_its_tests(shop: Path) -> None:
    """The first thing that anybody does with it."""
    done = finished(*PYTEST, folder=shop)

    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


@pytest.mark.slow
def test_services_that_call_each_other_pass_tests_checkers_and_linter(shop: Path) -> None:
    """What is made is what we would have written: no first commit is spent on mending it."""
    programs = Path(sys.executable).parent
    for command in (("zebra", "--calls", "hello"), ("billing", "--calls", "zebra"), ("lead_routing",)):
        assert finished("atoll", "new", "service", *command, folder=shop).returncode == 0

    results = [
        finished(*PYTEST, folder=shop),
        finished(programs / "mypy", "--strict", "--cache-dir", "/dev/null", ".", folder=shop),
        finished(programs / "pyright", "--pythonpath", sys.executable, ".", folder=shop),
        finished(programs / "ruff", "check", "--no-cache", ".", folder=shop),
        finished(programs / "ruff", "format", "--no-cache", "--check", ".", folder=shop),
        finished(programs / "atoll", "check", folder=shop),
    ]

    assert [(done.args[0], done.stdout) for done in results if done.returncode] == []
    assert "13 passed" in results[0].stdout


def test_a_new_application_runs_and_its_services_call_each_other(shop: Path) -> None:
    """From nothing to an answer that took two services."""
    finished("atoll", "new", "service", "billing", "--calls", "hello", folder=shop)

    with started("run", "--json", folder=shop, extra={"SHOP_GATEWAY_PORT": "0"}) as program:
        program.line()
        answer = finished("atoll", "call", "billing.greet", "--name", "Ada", folder=shop)

    assert json.loads(answer.stdout) == {"name": "Ada", "words": "Hello, Ada. Welcome to billing."}


def test_a_new_service_is_added_to_the_application(shop: Path) -> None:
    """Nobody has to know where services are listed."""
    done = finished("atoll", "new", "service", "billing", "--json", folder=shop)

    source = (shop / "shop/application.py").read_text(encoding="utf-8")
    assert (
        '        "shop.hello.service:HelloService",\n        "shop.billing.service:BillingService",\n    ],' in source
    )
    assert "shop/billing/contract.py" in json.loads(done.stdout)["files"]


def test_a_service_can_call_one_that_became_something_else(shop: Path) -> None:
    """The dependency is declared; the call itself is left to who knows what it means."""
    contract = shop / "shop/hello/contract.py"
    service = shop / "shop/hello/service.py"
    for file in (contract, service):
        file.write_text(file.read_text(encoding="utf-8").replace("greet(", "welcome("), encoding="utf-8")

    made = finished("atoll", "new", "service", "billing", "--calls", "hello", folder=shop)
    tested = finished(*PYTEST, "shop/billing", folder=shop)

    assert "call self.hello in shop/billing/service.py: it offers welcome, latest" in made.stdout
    assert "    hello: Hello\n" in (shop / "shop/billing/service.py").read_text(encoding="utf-8")
    assert tested.returncode == 0, tested.stdout


def test_a_service_that_is_called_has_to_exist(shop: Path) -> None:
    """Nothing is made when part of it cannot be."""
    done = finished("atoll", "new", "service", "billing", "--calls", "helo", folder=shop)

    assert done.returncode == 2
    assert "Did you mean `hello`?" in done.stderr
    assert not (shop / "shop/billing").exists()


@pytest.mark.parametrize("name", ["hello", "application"])
def test_nothing_is_overwritten(shop: Path, atoll: Callable[..., Result], name: str) -> None:
    """What is there is somebody's work."""
    before = (shop / "shop/hello/service.py").read_text(encoding="utf-8")

    result = atoll("new", "service", name)

    assert result.exit_code == 2
    assert (shop / "shop/hello/service.py").read_text(encoding="utf-8") == before


def test_an_application_does_not_overwrite_a_folder(folder: Path, atoll: Callable[..., Result]) -> None:
    """Whatever is in it."""
    (folder / "shop").mkdir()

    result = atoll("new", "app", "shop")

    assert result.exit_code == 2
    assert "is there already" in result.stderr


def test_a_list_that_is_no_list_is_left_alone(shop: Path, atoll: Callable[..., Result]) -> None:
    """Rather a line to paste than a broken file."""
    file = shop / "shop/application.py"
    file.write_text(
        file.read_text(encoding="utf-8").replace("services=[", "services=list([").replace("    ],", "    ]),")
    )

    result = atoll("new", "service", "billing")

    assert result.exit_code == 2
    assert (
        'Add "shop.billing.service:BillingService" to the services of `shop` in shop/application.py yourself'
        in result.stderr
    )
    assert not (shop / "shop/billing").exists()


@pytest.mark.usefixtures("folder")
def test_a_service_needs_an_application(atoll: Callable[..., Result]) -> None:
    """It belongs to one."""
    result = atoll("new", "service", "billing", "--app", "nowhere.application:nowhere")

    assert result.exit_code == 2
    assert "is not a file below this folder" in result.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Shop", "Try `atoll new app shop`"),
        ("lead-routing", "Try `atoll new app lead_routing`"),
        ("7up", "lower-case words"),
        ("a_b", "two letters or more"),
        ("", "lower-case words"),
        ("class", "Python's grammar"),
        ("match", "Python's grammar"),
        ("email", "module of Python itself"),
        ("list", "built-in"),
        ("atoll", "installed already"),
        ("httpx", "installed already"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_name_that_would_cause_trouble_is_refused(atoll: Callable[..., Result], name: str, why: str) -> None:
    """Each with its reason, and where there is one with a better name."""
    result = atoll("new", "app", name)

    assert result.exit_code == 2
    assert why in result.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("guest", "something else"),
        ("gateway", "something else"),
        ("latest", "something else"),  # who calls it has an attribute of this name
        ("self", "something else"),
        ("leadRouting", "lead_routing"),
    ],
)
def test_a_service_name_that_would_cause_trouble_is_refused(
    shop: Path, atoll: Callable[..., Result], name: str, why: str
) -> None:
    """The classes of the new files have names of their own."""
    result = atoll("new", "service", name)

    assert result.exit_code == 2
    assert why in result.stderr
    assert not (shop / "shop" / name).exists()


def test_a_service_may_be_called_like_a_module_of_python(shop: Path, atoll: Callable[..., Result]) -> None:
    """It lies inside a package, where it hides nothing."""
    result = atoll("new", "service", "calendar")

    assert result.exit_code == 0
    assert "class CalendarService(Service, Calendar):" in (shop / "shop/calendar/service.py").read_text(
        encoding="utf-8"
    )
