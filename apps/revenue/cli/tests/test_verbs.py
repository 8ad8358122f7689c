"""The verbs of `revenue`, against a Revenue that runs."""

import json
import re
import shlex
import socket
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import openpyxl
import pytest

from revenue.cli.tests.conftest import demonstrating
from revenue.cli.tests.verbs import run, told
from tests.patience import PATIENCE_S


def test_without_a_running_revenue_it_is_said_how_to_start_one(folder: Path) -> None:
    """Instead of a stack of errors."""
    result = run("lead", "show", "ada@example.com")

    assert result.exit_code == 1
    assert "revenue demo" in result.output


def test_an_address_without_a_key_is_not_enough(folder: Path) -> None:
    """Nothing is anonymous."""
    result = run("lead", "show", "1", "--url", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "--key" in result.output


def test_where_nothing_answers_it_is_said(folder: Path) -> None:
    """With the address, and to programs by the name of the problem."""
    words = ("lead", "show", "1", "--url", "http://127.0.0.1:9", "--key", "k")

    result, told = run(*words), json.loads(run(*words, "--json").stderr)

    assert result.exit_code == 1
    assert "nobody answers at http://127.0.0.1:9" in result.output
    assert told["code"] == "unavailable"


@pytest.mark.parametrize("url", ["revenue.example", "ftp://revenue.example", "http://"])
def test_an_address_that_is_none_is_told(folder: Path, url: str) -> None:
    """With what one looks like."""
    result = run("lead", "show", "1", "--url", url, "--key", "k")

    assert result.exit_code == 2
    assert "--url" in result.output
    assert "http://host:port" in result.output


@pytest.mark.parametrize("verb", [("lead", "show", "ada@firm.example"), ("import", "x.csv"), ("funnel",)])
def test_what_answers_and_is_not_revenue_is_told(folder: Path, verb: tuple[str, ...]) -> None:
    """A web server of somebody else's, say: without a stack of errors."""
    (folder / "x.csv").write_text("Email\nada@firm.example\n", encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        result = run(*verb, "--url", f"http://127.0.0.1:{server.server_port}", "--key", "k")
    finally:
        server.shutdown()
        server.server_close()

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert f"http://127.0.0.1:{server.server_port} is not Revenue" in result.output


def test_a_wish_is_written_with_an_equals_sign(folder: Path) -> None:
    """Column first."""
    (folder / "x.csv").write_text("Email\n", encoding="utf-8")

    result = run("import", "x.csv", "--map", "Email")

    assert result.exit_code == 2
    assert '"Column=field"' in result.output


def test_a_header_that_does_not_end_is_told(folder: Path) -> None:
    """Before anything is sent."""
    (folder / "x.csv").write_bytes(b"x" * (1 << 20))

    result = run("import", "x.csv", "--url", "http://127.0.0.1:9", "--key", "k")

    assert result.exit_code == 1
    assert "Line 1 is longer" in result.output


def test_a_port_that_is_taken_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to set."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("REVENUE_GATEWAY_PORT", str(taken.getsockname()[1]))

        result = run("demo", "--topology", "single", "--exit")

    assert result.exit_code == 1
    assert "cannot listen" in result.output


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """As people begin: each service in a process of its own, and the live page open in a browser."""
    folder = tmp_path_factory.mktemp("demo")
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {folder}/opened.txt\n', encoding="utf-8")
    browser.chmod(0o755)
    with demonstrating(folder, "--open", BROWSER=str(browser)):
        yield folder


def test_a_demonstration_shows_what_happened_and_what_to_try(demonstration: Path) -> None:
    """Counts, grades, the best leads and commands that work."""
    said = (demonstration / "said.txt").read_text(encoding="utf-8")

    assert "accepted" in said
    assert all(title in said for title in ("Rejected", "Grades", "Best leads", "Owners", "What to try next"))
    assert "curl -H" in said
    assert re.search(r"accepted (\d+) = routed \1 \+ waiting 0 \+ parked 0", said)
    assert "Anke Weissgerber" in said
    for page in ("the live page", "a form for a lead of your own"):
        url = re.search(rf"(http://\S+)  in a browser: {page}", said)
        assert url is not None
        assert httpx.get(url[1], follow_redirects=True, timeout=PATIENCE_S).status_code == 200


def test_a_demonstration_opens_the_live_page_by_a_link_that_logs_in(demonstration: Path) -> None:
    """In the browser of whoever sits there, which need not end; the link is not in what is said."""
    opened, ends_at = demonstration / "opened.txt", time.monotonic() + 30
    while not (opened.exists() and opened.stat().st_size) and time.monotonic() < ends_at:
        time.sleep(0.05)
    link = opened.read_text(encoding="utf-8").strip()

    with httpx.Client(follow_redirects=True, timeout=PATIENCE_S) as browser:
        page = browser.get(link)
        session = browser.get(str(page.url.join("/api/session"))).json()

    assert page.url.path == "/"
    assert session["topology"] == "processes"
    assert link not in (demonstration / "said.txt").read_text(encoding="utf-8")


def test_what_the_demonstration_says_to_try_works(demonstration: Path) -> None:
    """The lead it names is shown, with facts and reasons."""
    said = (demonstration / "said.txt").read_text(encoding="utf-8")
    who = said.partition("revenue lead show ")[2].split()[0]

    shown = run("lead", "show", who.upper())
    told = json.loads(run("lead", "show", who, "--json").stdout)

    assert shown.exit_code == 0
    assert all(title in shown.output for title in ("Given", "Found out", "Score"))
    assert told["lead"]["email"] == who
    assert told["score"]["points"] == sum(reason["points"] for reason in told["score"]["reasons"])


def test_somebody_unknown_is_told(demonstration: Path) -> None:
    """By address and by id."""
    by_address, by_id = run("lead", "show", "nobody@example.com"), run("lead", "show", "nobody")

    assert (by_address.exit_code, by_id.exit_code) == (1, 1)
    assert "No lead has the address" in by_address.output
    assert "no lead has the id nobody" in by_id.output


def test_a_file_is_imported_and_shown(demonstration: Path) -> None:
    """Its mapping, the counts, and where the rejected rows are."""
    (demonstration / "fair.csv").write_text("Mail;Name\nada@example.com;Ada Lovelace\nx@;X\n", encoding="utf-8")

    dry = run("import", "fair.csv", "--dry-run")
    result = run("import", "fair.csv")
    again = json.loads(run("import", "fair.csv", "--json").stdout)

    assert "1 would be accepted" in dry.output
    assert "pieces" not in dry.output
    assert "2 rows: 1 accepted, 0 known (0 updated, 0 unchanged), 1 rejected." in result.output
    assert "fair.rejected.csv" in result.output
    assert (again["accepted"], again["unchanged"], again["rejected"]) == (0, 1, 1)
    assert again["columns"][1]["target"] == "name"


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_stands_above_the_names_of_the_columns_is_passed_over(demonstration: Path, ending: str) -> None:
    """A title and a blank row, as reports have them; lines are still those of the file."""
    rows = [["Visitors of 2026, all halls"], [], ["Mail", "Firm"], [f"hall-{ending}@fair.example", "Acme"], ["x@", "B"]]
    file = demonstration / f"report.{ending}"
    if ending == "csv":
        file.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append(row)
        book.save(file)

    refused = run("import", str(file))
    taken = told("import", str(file), "--header-line", "3")

    assert refused.exit_code == 1
    assert "--header-line" in refused.output
    assert f"report.{ending}:" in refused.output
    assert (taken["accepted"], taken["rejected"]) == (1, 1)
    assert [column["name"] for column in taken["columns"]] == ["Mail", "Firm"]
    assert re.search(r"^5[,;]", Path(taken["rejected_file"]).read_text(encoding="utf-8-sig"), re.MULTILINE)


def test_it_is_said_which_formulas_were_never_computed(demonstration: Path) -> None:
    """Before anything is kept by a dry run: a program that writes workbooks computes nothing."""
    book = openpyxl.Workbook()
    for row in (["Email", "Company"], ["ada@formula.example", '=CONCATENATE("Ac","me")']):
        book.worksheets[0].append(row)
    file = demonstration / "formulas.xlsx"
    book.save(file)

    assert "1 cells of the workbook hold formulas" in run("import", str(file), "--dry-run").output
    assert told("import", str(file), "--dry-run")["uncomputed"] == 1


@pytest.mark.parametrize(("encoding", "is_told"), [("shift_jis", True), ("cp1252", True), ("utf-8", False)])
def test_it_is_said_how_a_file_is_read_that_is_no_utf_8(demonstration: Path, encoding: str, is_told: bool) -> None:
    """Before anything is kept by a dry run: every byte is some letter of Windows-1252, wrong ones included."""
    name = "Jürgen" if encoding != "shift_jis" else "山田"
    file = demonstration / "read.csv"
    file.write_bytes(f"Email,Name\nread@firm.example,{name}\n".encode(encoding))

    result = run("import", str(file), "--dry-run")

    assert ("save it as UTF-8" in " ".join(result.output.split())) is is_told


def test_a_dry_run_of_several_pieces_says_that_it_knows_them_one_by_one(demonstration: Path) -> None:
    """A lead in two of them is counted as accepted twice, and by the import once."""
    rows = "".join(f"p{number % 400}@dry.example\n" for number in range(401))
    (demonstration / "long.csv").write_text(f"Mail\n{rows}", encoding="utf-8")

    dry = run("import", "long.csv", "--dry-run")

    assert "401 would be accepted" in dry.output
    assert "These are 2 pieces" in dry.output


def test_a_file_that_names_nobody_is_rejected_with_a_way_out(demonstration: Path) -> None:
    """Which the mapping takes."""
    (demonstration / "team.csv").write_text("agent,office\nOdo Quillfeather,Central\n", encoding="utf-8")

    rejected = run("import", "team.csv")
    mapped = run("import", "team.csv", "--map", "Agent=name")

    assert rejected.exit_code == 1
    assert "team.csv: no column holds" in rejected.output
    assert "1 accepted" in mapped.output


@pytest.mark.parametrize("words", [("--dry-run", "--diff", "nowhere/changes.jsonl"), ()])
def test_a_file_beside_it_that_cannot_be_written_is_told(demonstration: Path, words: tuple[str, ...]) -> None:
    """The changes of a dry run, or the rejected rows, whose name has no room for `.rejected`."""
    name = f"{'x' * 250}.csv"
    (demonstration / name).write_text("Email\nx@\n", encoding="utf-8")

    result = run("import", name, *words)

    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_a_refused_import_keeps_the_name_of_its_problem(demonstration: Path) -> None:
    """As those of all verbs do."""
    (demonstration / "one.csv").write_text("Email\nada@example.com\n", encoding="utf-8")

    refused = run("import", "one.csv", "--key", "wrong", "--json")

    assert refused.exit_code == 1
    assert json.loads(refused.stderr)["code"] == "unauthenticated"


def test_a_demonstration_can_end_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever only wants the report."""
    monkeypatch.setenv("REVENUE_GATEWAY_PORT", "0")

    result = run("demo", "--leads", "20", "--topology", "single", "--exit")

    assert result.exit_code == 0, result.output
    assert "What to try next" in result.output
    assert "Ctrl-C" not in result.output
    assert "from before" not in result.output


def test_what_a_demonstration_says_to_try_names_the_folder_of_its_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is another one than the commands look at by themselves; as a shell reads it."""
    monkeypatch.setenv("REVENUE_GATEWAY_PORT", "0")

    result = run("demo", "--leads", "20", "--topology", "single", "--exit", "--state", "my leads")

    tried = result.output.partition("What to try next")[2].splitlines()
    commands = [shlex.split(line, comments=True) for line in tried if re.match(r"  \S*revenue ", line)]
    assert [command[1] for command in commands] == ["lead", "import", "import", "plan"]
    for command in commands:
        assert Path(command[command.index("--state") + 1]).name == "my leads"


def test_a_second_demonstration_finds_the_leads_of_the_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were kept, with their scores, and none comes in twice; new ones join them."""
    monkeypatch.setenv("REVENUE_GATEWAY_PORT", "0")
    grades = re.compile(r"^[ABCD]\t(\d+)", re.MULTILINE)

    first, second = (
        run("demo", "--leads", "20", "--topology", "single", "--exit"),
        run("demo", "--leads", "20", "--topology", "single", "--exit"),
    )
    third = run("demo", "--leads", "40", "--topology", "single", "--exit")

    accepted, more = (int(re.findall(r"(\d+) accepted", each.output)[0]) for each in (first, third))
    assert accepted > 0
    assert more > 0
    assert f"{accepted} leads are here from before" in second.output
    assert " 0 accepted" in second.output
    counts = [sum(map(int, grades.findall(each.output))) for each in (first, second, third)]
    assert counts == [accepted, accepted, accepted + more]
