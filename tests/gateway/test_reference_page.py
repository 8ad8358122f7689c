"""The API reference page in a real chromium: what it shows, what it calls, and what it never does.

The page is served from its folder, with the gateway's policy, beside a document of an invented harbour.
"""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Json = dict[str, Any]  # Any: a JSON document
JsonPart: TypeAlias = "dict[str, JsonPart] | list[JsonPart] | str | float | bool | None"

FOLDER = Path(__file__).parents[2] / "src/atoll/gateway/reference"
SAMPLE = Path(__file__).with_name("sample_openapi.json")
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
ATTACK = '<img src=x onerror="window.hit=1">\'><script>window.hit=1</script>'


@dataclass(frozen=True)
class Received:
    """A call as it arrived."""

    method: str
    path: str
    key: str | None
    body: bytes


@dataclass
class Gateway:
    """What the page is served by: its own files, a document, and an answer for each operation that a test calls."""

    document: bytes | None = field(default_factory=SAMPLE.read_bytes)
    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict[str, tuple[int, str, bytes]])
    received: list[Received] = field(default_factory=list[Received])
    held: threading.Event = field(default_factory=threading.Event)
    origin: str = ""

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"{self.origin}/reference/"

    def shows(self, document: Json) -> None:
        """Serve this document instead of the sample."""
        self.document = json.dumps(document).encode()

    def reply(self, request: Received) -> tuple[int, str, bytes]:
        """Status, media type and body for a request."""
        folder, _, name = request.path.removeprefix("/").partition("/")
        if folder == "openapi.json":
            return (404, "text/plain", b"") if self.document is None else (200, "application/json", self.document)
        if folder == "reference":
            file = FOLDER / (name or "index.html")
            return (200, TYPES[file.suffix], file.read_bytes()) if file.is_file() else (404, "text/plain", b"")
        self.received.append(request)
        return self.answers.get(f"{request.method} {request.path.partition('?')[0]}", (204, "text/plain", b""))


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # an idle connection of the browser does not keep the server from closing

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, media_type, content = gateway.reply(
                Received(self.command, self.path, self.headers.get("authorization"), body)
            )
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-security-policy", POLICY)
            self.end_headers()
            self.wfile.write(content)
            if media_type == "application/x-ndjson" and content.endswith(b"...\n"):
                self.wfile.flush()
                gateway.held.wait(timeout=PATIENCE_S)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server asks for these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
            """Say nothing."""

    return Handler


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    served = Gateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    server.daemon_threads = False  # closing waits for them
    served.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.held.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.fail(f"none of {', '.join(CHROMIUM)} is on the PATH: run `make chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


Opening = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, gateway: Gateway) -> Iterator[Opening]:
    """Opens the page, at an address, in a browser of its own; afterwards nothing may have gone amiss."""
    contexts: list[BrowserContext] = []
    amiss: list[str] = []

    def note(kind: str, what: str) -> None:
        if "the server responded with a status of" not in what:  # an answer that a test asked for
            amiss.append(f"{kind}: {what}")

    def open_page(address: str = "", **options: Any) -> Page:  # Any: what a browser context can be told
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: note(message.type, message.text))
        page.on("pageerror", lambda error: note("error", str(error)))
        page.on("request", lambda call: None if call.url.startswith(gateway.origin) else note("request", call.url))
        page.goto(gateway.url + address)
        expect(page.locator("main h1")).to_be_attached()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not amiss, "\n".join(amiss)


def entry(page: Page, id_: str) -> Locator:
    """The row of an operation, an event or a problem."""
    return page.locator(f'[id="at/{id_}"]')


def nodes(page: Page) -> int:
    """How many elements the page is made of."""
    count: int = page.evaluate("document.querySelectorAll('*').length")
    return count


# --- what it shows --------------------------------------------------------------------------------------------------


def test_the_index_lists_every_service_and_operation(opened: Opening) -> None:
    """A newcomer sees the whole application at once."""
    page = opened()

    index = page.get_by_role("navigation", name="Contents")
    expect(index.locator(".group")).to_have_text(["berths8", "pilotage4", "tides4", "Problems11"])
    expect(index.locator(".item")).to_have_count(16)
    expect(index.get_by_role("link", name="POST /reservations Hold a berth")).to_be_visible()
    expect(page.locator(".meta").first).to_have_text("version 1.3owned by harbour-office")


def test_an_operation_says_what_it_takes_and_answers(opened: Opening) -> None:
    """Types, bounds, choices and problems are read without knowing JSON Schema."""
    page = opened("#berths.reservations")

    told = entry(page, "berths.reservations").locator(".told")
    expect(told.get_by_role("row", name="limit")).to_contain_text("integer1 to 1000default 100optional")
    expect(told.get_by_role("row", name="kind")).to_contain_text("cargofishingpassengerunknown")
    expect(told).to_contain_text("list of Reservation")
    expect(told).to_contain_text("Only those of the platform")


def test_members_are_opened_one_level_at_a_time(opened: Opening) -> None:
    """Large contracts stay readable, and personal data is marked where it lies."""
    page = opened("#berths.reserve")
    told = entry(page, "berths.reserve").locator(".told")
    expect(told.get_by_text("personal", exact=True)).to_have_count(0)

    told.locator("summary", has_text="vessel").click()
    told.locator("summary", has_text="master").click()

    expect(told.get_by_text("personal", exact=True)).to_have_count(3)
    expect(told.locator("summary", has_text="propulsion")).to_have_text("propulsionSail or Motor")


def test_a_union_names_the_tag_of_each_alternative(opened: Opening) -> None:
    """Who writes the body has to know which word chooses which shape."""
    page = opened("#berths.reserve")
    told = entry(page, "berths.reserve").locator(".told")

    told.locator("summary", has_text="vessel").click()
    told.locator("summary", has_text="propulsion").click()

    expect(told.locator("summary", has_text="type = sail")).to_be_visible()
    expect(told.locator("summary", has_text="type = motor")).to_be_visible()


def test_a_type_within_itself_is_named_and_not_opened(opened: Opening) -> None:
    """A recursive contract ends."""
    page = opened("#pilotage.passage")

    told = entry(page, "pilotage.passage").locator(".told")
    expect(told.locator("li", has_text="steps")).to_contain_text("list of Stepdefault []optionalas above")
    expect(told.locator("summary")).to_have_count(0)


def test_a_deprecated_operation_leads_to_what_replaces_it(opened: Opening) -> None:
    """Since when, until when, and where to go."""
    page = opened("#berths.book")
    note = entry(page, "berths.book").locator(".note")
    expect(note).to_have_text("Deprecated since 1.2, answers until 2027-06-30. Use berths.reserve instead.")

    note.get_by_role("link").click()

    expect(entry(page, "berths.reserve")).to_have_attribute("open", "")


def test_a_problem_names_the_operations_that_answer_with_it(opened: Opening) -> None:
    """From the code in a log to the operations that it can come from."""
    page = opened("#problem/reservation_not_found")

    links = entry(page, "problem/reservation_not_found").get_by_role("link")
    expect(links).to_have_text(["berths.reservation", "berths.release"])


@pytest.mark.parametrize(
    "id_", ["berths.release", "pilotage.pilot_boarded.v2", "problem/internal_error", "problem/", "tides"]
)
def test_an_address_opens_what_it_names(opened: Opening, id_: str) -> None:
    """Everything can be linked to."""
    page = opened(f"#{id_}")

    expect(entry(page, id_)).to_be_in_viewport()
    expect(entry(page, id_).locator("summary, h2").first).to_be_focused()
    expect(page.locator(".rail [aria-current]")).to_have_attribute("href", f"#{id_}")


def test_an_address_that_names_nothing_says_so(opened: Opening) -> None:
    """An old link does not end in silence."""
    page = opened("#berths.gone")

    expect(page.get_by_role("status").first).to_have_text("Nothing here is called “berths.gone”.")


def test_opening_a_row_puts_it_into_the_address(opened: Opening, gateway: Gateway) -> None:
    """What is on the screen can be sent to a colleague."""
    page = opened()

    page.get_by_text("Berths that are free now.").last.click()

    expect(page).to_have_url(f"{gateway.url}#berths.free")


def test_the_filter_narrows_index_and_page(opened: Opening) -> None:
    """Every word has to match: in path, name, summary, owner or problem."""
    page = opened()

    page.keyboard.press("/")
    page.keyboard.type("get station")

    expect(page.locator(".rail .item")).to_have_count(2)
    expect(page.locator("main .entry:visible")).to_have_count(2)
    expect(page.get_by_role("status").first).to_have_text("2 found")

    page.keyboard.press("Enter")

    expect(entry(page, "tides.forecast")).to_have_attribute("open", "")

    page.get_by_role("searchbox").press("Escape")

    expect(page.locator(".rail .group")).to_have_count(4)


def test_a_link_to_what_the_filter_hides_shows_it(opened: Opening) -> None:
    """A link always leads somewhere."""
    page = opened("#berths.book")
    page.get_by_role("searchbox").fill("tides")
    expect(entry(page, "berths.reserve")).to_be_hidden()

    page.evaluate("location.hash = 'berths.reserve'")

    expect(entry(page, "berths.reserve")).to_be_in_viewport()
    expect(page.get_by_role("searchbox")).to_have_value("")


# --- what it calls --------------------------------------------------------------------------------------------------


def test_a_call_is_sent_as_it_was_written(opened: Opening, gateway: Gateway) -> None:
    """Path and query are escaped, lists repeated, what is empty left out; long integers survive."""
    answer = b'{"id":12345678901234567890,"fee":1.10,"tags":[],"note":"a {\\"b\\"}"}'
    gateway.answers["GET /berths/v1/reservations"] = (200, "application/json", answer)
    page = opened("#berths.reservations")
    form = entry(page, "berths.reservations").locator("form")

    form.get_by_label("Key").fill("k-1")
    form.get_by_label("kind").select_option("cargo")
    form.get_by_label("berth").fill("N 4\nS&5")
    form.get_by_role("button", name="Send").click()

    shown = '{\n  "id": 12345678901234567890,\n  "fee": 1.10,\n  "tags": [],\n  "note": "a {\\"b\\"}"\n}'
    expect(page.get_by_label("Body of the answer")).to_have_text(shown)
    expect(page.locator(".headline")).to_contain_text("200 OK")
    path = "/berths/v1/reservations?kind=cargo&berth=N+4&berth=S%265"
    assert gateway.received == [Received("GET", path, "Bearer k-1", b"")]


def test_the_body_is_prefilled_from_its_schema(opened: Opening, gateway: Gateway) -> None:
    """The first call needs no typing, and what was typed is what is sent."""
    gateway.answers["POST /berths/v1/reservations"] = (200, "application/json", b"{}")
    page = opened("#berths.reserve")
    body = entry(page, "berths.reserve").get_by_label("Body JSON")

    sample = json.loads(body.input_value())
    body.fill('{"arrives_at": 9007199254740993}')
    body.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".headline")).to_contain_text("200")
    assert sample["vessel"]["imo"] == "9074729"
    assert sample["vessel"]["propulsion"] == {"type": "sail", "masts": 1}
    assert sample["vessel"]["master"] == {"name": "Ada", "email": "ada@example.com"}
    assert gateway.received[0].body == b'{"arrives_at": 9007199254740993}'


def test_a_body_that_is_not_json_is_not_sent(opened: Opening, gateway: Gateway) -> None:
    """The mistake is told before a request is made."""
    page = opened("#berths.reserve")
    form = entry(page, "berths.reserve").locator("form")

    form.get_by_label("Body JSON").fill("{")
    form.get_by_role("button", name="Send").click()

    why = form.get_by_label("Body JSON").evaluate("field => field.validationMessage")
    assert why.startswith("This is not JSON yet: ")
    assert gateway.received == []


def test_a_problem_is_put_into_words(opened: Opening, gateway: Gateway) -> None:
    """Each fault with its pointer, the trace, and the way to what the problem means."""
    problem = {
        "type": "/problems/invalid_input",
        "title": "The input is not valid.",
        "status": 422,
        "code": "invalid_input",
        "errors": [{"pointer": "/vessel/imo", "detail": "expected 7 digits", "place": "body"}],
        "trace_id": "4bf92f3577b34da6",
    }
    content = json.dumps(problem).encode()
    gateway.answers["POST /berths/v1/reservations"] = (422, "application/problem+json", content)
    page = opened("#berths.reserve")

    page.get_by_role("button", name="Send").click()

    said = page.locator(".problem")
    expect(said).to_contain_text("The input is not valid.")
    expect(said.get_by_role("listitem")).to_have_text("body /vessel/imo expected 7 digits")
    expect(said).to_contain_text("4bf92f3577b34da6")
    expect(said.get_by_role("link")).to_have_attribute("href", "#problem/invalid_input")


def test_the_next_page_is_one_click_away(opened: Opening, gateway: Gateway) -> None:
    """The cursor goes from the answer into the next call."""
    gateway.answers["GET /berths/v1/reservations"] = (200, "application/json", b'{"items":[],"next":"c/2"}')
    page = opened("#berths.reservations")

    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Next page").click()

    expect(page.get_by_label("cursor")).to_have_value("c/2")
    expect(page.get_by_role("button", name="Next page")).to_be_visible()
    assert [one.path for one in gateway.received][1:] == ["/berths/v1/reservations?cursor=c%2F2"]


def test_a_stream_is_shown_as_it_comes_and_can_be_stopped(opened: Opening, gateway: Gateway) -> None:
    """An answer without an end is no reason to wait."""
    lines = b'{"height_m":1}\n{"height_m":2}\n...\n'
    gateway.answers["GET /tides/v1/stations/outer-mole/watch"] = (200, "application/x-ndjson", lines)
    page = opened("#tides.watch")

    page.get_by_role("button", name="Send").click()
    expect(page.locator(".headline")).to_contain_text("Lines: 3 so far")
    page.get_by_role("button", name="Stop").click()

    expect(page.locator(".headline")).to_contain_text("Stopped after")
    expect(page.get_by_label("Body of the answer")).to_contain_text('{"height_m":2}')
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_the_key_stays_in_the_tab(opened: Opening) -> None:
    """It is in the storage of the session, in every operation of the page, and nowhere else."""
    page = opened("#tides.watch")
    entry(page, "tides.watch").get_by_label("Key").fill("k-secret")

    page.evaluate("location.hash = 'tides.report'")

    expect(entry(page, "tides.report").get_by_label("Key")).to_have_value("k-secret")
    assert page.evaluate("Object.values(sessionStorage)") == ["k-secret"]
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    assert "k-secret" not in page.url + page.locator("body").inner_text()


def test_the_curl_line_is_the_same_call(opened: Opening, gateway: Gateway) -> None:
    """It follows the fields, and a shell reads it as it was meant, whatever is in it."""
    page = opened("#pilotage.order")
    form = entry(page, "pilotage.order").locator("form")

    form.get_by_label("imo").fill("it's $(id) 100%/7?#")
    form.get_by_label("Body JSON").fill("""{"at": "o'clock", "imo": "`id` \\\\ \\" $HOME"}""")

    words = in_a_shell(page.get_by_label("The call as a curl line").inner_text())
    assert words == [
        *("-X", "PUT", f"{gateway.origin}/pilotage/v2/orders/it's%20%24(id)%20100%25%2F7%3F%23"),
        *("-H", "Authorization: Bearer k-1", "-H", "Content-Type: application/json", "-d"),
        """{"at": "o'clock", "imo": "`id` \\\\ \\" $HOME"}""",
    ]


def in_a_shell(line: str) -> list[str]:
    """The words that curl is given."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{line}"
    told = subprocess.run(["sh", "-c", script], env={"ATOLL_KEY": "k-1"}, capture_output=True, check=True, text=True)
    return told.stdout.split("\0")[:-1]


def test_the_curl_line_can_be_copied(opened: Opening, gateway: Gateway) -> None:
    """One click, and the clipboard holds the line."""
    page = opened("#berths.free", permissions=["clipboard-read", "clipboard-write"])

    page.locator(".try").get_by_role("button", name="Copy").click()

    expect(page.locator(".try").get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert in_a_shell(copied)[0] == f"{gateway.origin}/berths/v1/free"


# --- what it never does ---------------------------------------------------------------------------------------------


def hostile(part: JsonPart, key: str = "") -> JsonPart:
    """The same document with an attack in every name and every text."""
    named = key in {"properties", "schemas", "paths"}
    if isinstance(part, dict):
        return {name + ATTACK if named else name: hostile(value, name) for name, value in part.items()}
    if isinstance(part, list):
        return [hostile(value, key) for value in part]
    if isinstance(part, str) and key not in {"openapi", "type", "in", "format", "propertyName"}:
        return part + ATTACK
    return part


def test_an_attack_in_the_document_stays_text(opened: Opening, gateway: Gateway) -> None:
    """Names, descriptions, schemas and answers cannot become elements, listeners or addresses."""
    document = cast(Json, hostile(json.loads(SAMPLE.read_bytes())))
    document["components"]["schemas"]["__proto__"] = {"type": "object", "properties": {"constructor": {}}}
    gateway.shows(document)
    page = opened()

    page.evaluate("document.querySelectorAll('.section').forEach((section) => section.scrollIntoView())")
    for round_ in range(4):  # rows, then members, then members of members
        page.evaluate("document.querySelectorAll('details').forEach((row) => { row.open = true; })")
        expect(page.locator("details[open]:not(:has(> .content)):not(.headers)")).to_have_count(0)
        assert round_ or page.locator(".try").count() == 12

    assert page.evaluate("window.hit") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, base, style, link[rel=import]").count() == 0
    assert page.evaluate("[...document.querySelectorAll('a')].every((a) => a.origin === location.origin)")
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every((one) => one.getAttributeNames().every("
        "(name) => !name.startsWith('on') && name !== 'style' || one.matches('.section, .rows')))"
    )


def test_an_attack_in_an_answer_stays_text(opened: Opening, gateway: Gateway) -> None:
    """A lead can be called anything."""
    problem = {"title": ATTACK, "detail": ATTACK, "code": ATTACK, "errors": [{"pointer": ATTACK}], ATTACK: ATTACK}
    gateway.answers["GET /berths/v1/free"] = (409, "application/problem+json", json.dumps(problem).encode())
    page = opened("#berths.free")

    page.get_by_role("button", name="Send").click()

    expect(page.locator(".problem")).to_contain_text(ATTACK)
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("path", ["@elsewhere.example/", "//elsewhere.example/", "/a/../../b", "/{a}"])
def test_a_call_never_leaves_the_origin(opened: Opening, gateway: Gateway, path: str) -> None:
    """Whatever the document calls a path: the key goes to the gateway alone."""
    gateway.shows({"openapi": "3.1.0", "paths": {path: {"get": {"operationId": "s.o", "tags": ["s"]}}}})
    page = opened("#s.o")

    page.get_by_label("Key").fill("k-1")
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".headline")).to_contain_text("204")
    assert [one.key for one in gateway.received] == ["Bearer k-1"]


# --- for whom it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_serious_stands_in_the_way(opened: Opening, gateway: Gateway, scheme: str, width: int) -> None:
    """Axe, the engine of most accessibility checks, finds nothing serious: contrast, names, roles, scrolling."""
    gateway.answers["PUT /pilotage/v2/orders/9074729"] = (409, "application/problem+json", b'{"title":"No","code":"x"}')
    page = opened(
        "#pilotage.order", color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )  # axe itself is injected as text, which the policy refuses
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".problem")).to_be_visible()
    page.locator("summary", has_text="pilot_boarded").last.click()

    assert serious(page) == []


def test_nothing_serious_stands_in_the_way_of_an_error(opened: Opening, gateway: Gateway) -> None:
    """Also where there is nothing to show."""
    gateway.document = None

    page = opened(bypass_csp=True)

    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe finds that is serious or critical."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        "axe.run().then(({violations}) => violations.filter(({impact}) => /serious|critical/.test(impact))"
        ".flatMap(({id, nodes}) => nodes.map(({target, html}) => `${id}: ${target}: ${html}`)))"
    )
    return found


def test_a_keyboard_is_enough(opened: Opening, gateway: Gateway) -> None:
    """From the skip link over the index and a row to the call itself, with the focus always to be seen."""
    page = opened()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    page.keyboard.press("/")
    page.keyboard.type("free now")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".rail .item")).to_be_focused()
    outlined = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    summary = entry(page, "berths.free").locator("> summary")
    expect(summary).to_be_focused()
    page.keyboard.press("Space")
    expect(entry(page, "berths.free")).not_to_have_attribute("open", "")
    page.keyboard.press("Space")

    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Send":
            break
    page.keyboard.press("Enter")

    expect(page.locator(".headline")).to_contain_text("204")
    assert outlined == "solid"


def test_a_slash_can_be_typed(opened: Opening) -> None:
    """The short cut to the filter leaves fields alone."""
    page = opened("#berths.reservation")

    page.get_by_label("reservation_id").press("End")
    page.keyboard.type("/x")

    expect(page.get_by_label("reservation_id")).to_be_focused()
    assert page.get_by_label("reservation_id").input_value().endswith("/x")


@pytest.mark.parametrize("width", [320, 390, 820, 1000])
def test_a_narrow_screen_is_not_scrolled_sideways(opened: Opening, width: int) -> None:
    """Long paths, tables and code fit or scroll within themselves."""
    page = opened("#berths.reservations", viewport={"width": width, "height": 700})

    page.get_by_text("Another vessel holds the berth").last.click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_narrow_screen_the_index_unfolds(opened: Opening) -> None:
    """It makes room for the text until it is asked for, and again once it has been used."""
    page = opened(viewport={"width": 390, "height": 844})
    index = page.get_by_role("navigation", name="Contents")
    expect(index).to_be_hidden()

    page.get_by_role("button", name="Contents").click()
    index.get_by_role("link", name="watch").click()

    expect(index).to_be_hidden()
    expect(entry(page, "tides.watch").locator("> summary")).to_be_in_viewport()


def test_the_page_follows_the_reader_s_wishes(opened: Opening) -> None:
    """Light or dark, moving or still, as the system is set."""
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    motion = "getComputedStyle(document.querySelector('.quiet')).transitionDuration"

    light = opened(color_scheme="light", reduced_motion="no-preference")
    dark = opened(color_scheme="dark", reduced_motion="reduce")

    assert light.evaluate(ground) != dark.evaluate(ground)
    assert light.evaluate(motion) != dark.evaluate(motion) == "0s"


# --- large, empty and broken applications ---------------------------------------------------------------------------


def test_three_thousand_operations_cost_little_more_than_twelve(opened: Opening, gateway: Gateway) -> None:
    """Rows are drawn when they come near, contents when they are opened, and the index lists what can be overlooked."""
    gateway.shows(
        {
            "openapi": "3.1.0",
            "info": {"title": "Archipelago"},
            "tags": [{"name": f"service_{number}", "description": "One of many."} for number in range(300)],
            "paths": {
                f"/service_{number // 10}/v1/things/{number}": {
                    "get": {"operationId": f"service_{number // 10}.thing_{number}", "summary": f"Thing {number}."}
                }
                for number in range(3000)
            },
        }
    )
    page = opened()
    at_start = nodes(page)

    page.get_by_role("searchbox").fill("thing")
    expect(page.get_by_role("status").first).to_have_text("3,000 found")
    when_all_match = nodes(page)
    page.evaluate("location.hash = 'service_287.thing_2871'")

    expect(entry(page, "service_287.thing_2871").locator("> summary")).to_be_in_viewport()
    expect(entry(page, "service_287.thing_2871").locator(".try")).to_be_visible()
    assert at_start < 7_000
    assert when_all_match < 9_000
    assert nodes(page) < 9_000


def test_without_a_document_the_page_says_what_to_run(opened: Opening, gateway: Gateway) -> None:
    """Somebody opened the page of an application that does not run."""
    gateway.document = None

    page = opened()

    expect(page.get_by_role("alert")).to_contain_text("There is no document to show")
    expect(page.get_by_role("alert")).to_contain_text("atoll run")


@pytest.mark.parametrize("document", [b"not json", b"{}", b"[]", b'{"openapi":"3.1.0","tags":7}'])
def test_a_document_that_cannot_be_read_is_told(opened: Opening, gateway: Gateway, document: bytes) -> None:
    """The page does not stay blank, whatever it is given."""
    gateway.document = document

    page = opened()

    expect(page.get_by_role("alert")).to_contain_text("The document cannot be read")
    expect(page.get_by_role("alert")).to_contain_text("atoll contract export")


def test_an_application_without_public_operations_says_how_to_make_one(opened: Opening, gateway: Gateway) -> None:
    """The first contract of a newcomer has nothing public yet."""
    gateway.shows({"openapi": "3.1.0", "info": {"title": "New"}, "tags": [{"name": "first"}], "paths": {}})

    page = opened()

    expect(page.get_by_role("main")).to_contain_text("No operation is public yet.")
    expect(page.get_by_role("heading", name="first")).to_be_visible()
