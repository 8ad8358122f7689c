"""Who is let in, under which name, and from which page."""

from datetime import timedelta

import httpx

from atoll.console import login_link
from atoll.console.guarding import COOKIE, CSRF
from atoll.console.sessions import KEY, LINK_S, Sessions, link_token
from atoll.testing import MemoryDisk, SeededEntropy, SettableClock
from tests.console.conftest import Page
from tests.patience import PATIENCE_S

CHANGES = [
    "/api/services/archive/stop",
    "/api/services/archive/start",
    "/api/services/archive/restart",
    "/api/services/archive/scale",
    "/api/services/post/operations/send/call",
    "/api/events/replay",
    "/api/events/drop",
]


async def test_nobody_is_let_in_without_a_session(page: Page) -> None:
    """Neither without a cookie nor with one that was made up or changed; and is told how to come in."""
    cookie = page.http.cookies[COOKIE]
    content, _, signature = cookie.partition(".")
    for forged in ("", "x", f"{content}.{'0' * len(signature)}", f"{content[:-2]}AA.{signature}", f"{content}."):
        async with httpx.AsyncClient(base_url=page.http.base_url, cookies={COOKIE: forged}, timeout=PATIENCE_S) as http:
            answer = await http.get("/api/map")
            assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")
            assert "atoll console" in answer.json()["detail"]


async def test_a_link_logs_in_once(page: Page) -> None:
    """And the secret leaves the address at once."""
    link = login_link(page.state)
    assert link is not None
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        first = await http.get(link)
        http.cookies.clear()
        second = await http.get(link)
        forged = await http.get(f"{page.http.base_url}/login?token=a.b")

    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert (second.status_code, forged.status_code) == (403, 403)
    cookie = first.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))


async def test_a_link_that_is_clicked_twice_shows_the_pages(page: Page) -> None:
    """The second time to whoever is logged in, and to nobody else; no new session comes of it."""
    link = login_link(page.state)
    assert link is not None
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:  # keeps cookies
        await http.get(link)
        again = await http.get(link)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as other:
        refused = await other.get(link, headers={"cookie": "atoll-console=forged"})

    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert "set-cookie" not in again.headers
    assert refused.status_code == 403


def test_links_and_sessions_end() -> None:
    """A link after ten minutes, a session after its time; both outlive a restart before."""
    disk, clock, entropy = MemoryDisk(), SettableClock(), SeededEntropy()
    first = Sessions(disk, clock, entropy, session_s=3_600.0)
    key = disk.read(KEY)
    assert key is not None
    early, late = (link_token(key, clock, entropy, "viewer") for _ in range(2))
    cookie = first.enter(early)
    assert cookie is not None

    again = Sessions(disk, clock, entropy, session_s=3_600.0)
    session = again.session(cookie)
    assert session is not None
    assert session.role == "viewer"
    assert again.enter(early) is None
    clock.advance(timedelta(seconds=LINK_S + 1))
    assert again.enter(late) is None
    assert again.session(cookie) is not None
    clock.advance(timedelta(hours=1))
    assert again.session(cookie) is None
    assert again.session(early) is None  # a link is no session, though the same key has signed it


async def test_it_answers_to_its_own_names_alone(page: Page) -> None:
    """A page elsewhere whose name leads here (DNS rebinding) learns nothing."""
    port = page.http.base_url.port

    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port}.evil.example", ""):
        answer = await page.http.get("/api/map", headers={"host": host})
        assert answer.status_code in (400, 421), host
        assert "nodes" not in answer.text
    assert (await page.http.get("/api/map", headers={"host": f"localhost:{port}"})).status_code == 200


async def test_changes_come_from_its_own_pages_alone(page: Page) -> None:
    """With the word that only they know; a form elsewhere has neither that nor the type of the body."""
    own = str(page.http.base_url).rstrip("/")
    foreign = (
        {CSRF: ""},
        {CSRF: page.csrf[:-1]},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    )

    for path in CHANGES:
        for headers in foreign:
            assert (await page.post(path, headers=headers)).status_code == 403, (path, headers)
        assert (await page.post(path, headers={"content-type": "text/plain"})).status_code == 415
        assert (await page.post(path, headers={"origin": own, "sec-fetch-site": "same-origin"})).status_code != 403


async def test_who_may_only_look_changes_nothing(page: Page) -> None:
    """By the server, whatever a page shows."""
    page.http.cookies.clear()
    await page.login("viewer")

    for path in CHANGES:
        answer = await page.post(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only"), path
    assert (await page.get("/api/session"))["role"] == "viewer"
    assert (await page.get("/api/map"))["nodes"]


async def test_browsers_are_told_to_trust_nothing_else(page: Page) -> None:
    """Own files only, in nobody's frame; and what is said is not kept by anybody on the way."""
    for path in ("/", "/api/map", "/api/nothing", "/services/archive"):
        headers = (await page.http.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert (await page.http.get("/api/map")).headers["cache-control"] == "no-store"


async def test_no_path_leads_out_of_the_pages(page: Page) -> None:
    """What is no file is the page, or nothing."""
    for path in ("/../../service.py", "/%2e%2e/service.py", "/assets/..%2f..%2fservice.py", "//etc/passwd"):
        answer = await page.http.get(path)
        assert "ConsoleService" not in answer.text, path
        assert "root:" not in answer.text, path


async def test_bad_input_is_said(page: Page) -> None:
    """With what it was, and what to do."""
    assert (await page.http.get("/api/traces?min_ms=many")).status_code == 422
    assert (await page.http.get("/api/traces/xyz")).status_code == 422
    assert (await page.http.get(f"/api/traces/{'f' * 32}")).status_code == 404
    assert (await page.http.get("/api/services/nobody")).status_code == 404
    assert (await page.post("/api/events/drop", {"service": 7})).status_code == 422
    assert (await page.post("/api/events/replay", {"service": "nobody"})).status_code == 404
    assert (await page.post("/api/services/archive/stop")).json()["code"] == "not_supervised"
    for path in ("/api/session", "/api/map", "/api/nothing"):
        answer = await page.post(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path"), path
    assert (await page.post("/services")).status_code == 405
    huge = await page.http.post(
        "/api/events/drop", content=b"[" * 2_000_000, headers={CSRF: page.csrf, "content-type": "application/json"}
    )
    assert huge.status_code == 413
