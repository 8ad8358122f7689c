"""Services that are stopped, started and scaled from the console, where each has a process of its own."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from atoll.console import address
from tests.console.conftest import Page
from tests.patience import PATIENCE_S
from tests.topology.processes import supervised_program

PLACE = "tests.console.conftest:OFFICE"

pytestmark = pytest.mark.slow


def test_anyone_may_pull_the_plug(tmp_path: Path) -> None:
    """The rest goes on, what waits is seen and caught up, and the count is whole; all of it is written down."""
    settings = tmp_path / "office.toml"
    settings.write_text("[gateway]\nport = 0\n[console]\nport = 0\n", encoding="utf-8")

    with supervised_program(tmp_path / "state", "--config", str(settings), app=PLACE):
        asyncio.run(_pull_the_plug(tmp_path / "state"))


async def _pull_the_plug(state: Path) -> None:
    url = address(state)
    assert url is not None
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
        page = Page(http, state)
        await page.login()
        assert (await page.get("/api/session"))["topology"] == "processes"
        stopped = (await page.post("/api/services/archive/stop")).json()["steps"]
        for number in range(1, 31):
            sent = {"query": {"address": f"a{number}", "number": str(number)}}
            assert (await page.post("/api/services/post/operations/send/call", sent)).json()["status"] == 204
        await _until(page, lambda node, edge: node["state"] == "stopped" and edge["backlog"] == 30)
        started = (await page.post("/api/services/archive/start")).json()["steps"]
        await _until(page, lambda node, edge: node["state"] == "well" and edge["backlog"] == 0)
        letters = (await page.post("/api/services/archive/operations/letters/call")).json()["body"]
        scaled = (await page.post("/api/services/archive/scale", {"instances": 2})).json()["steps"]
        refused = await page.post("/api/services/gateway/stop")
        audit = (await page.get("/api/audit"))["deeds"]

    assert [step["did"] for step in stopped] == ["draining", "ended"]
    assert [step["did"] for step in started] == [step["did"] for step in scaled] == ["started", "ready"]
    assert sorted(number for _, number in letters) == list(range(1, 31))
    assert refused.status_code == 409
    assert [(each["action"], each["subject"], each["outcome"] == "done") for each in audit] == [
        ("stop", "gateway", False),
        ("scale", "archive", True),
        ("start", "archive", True),
        ("stop", "archive", True),
    ]


async def _until(page: Page, is_so: Callable[[Any, Any], bool]) -> None:  # Any: JSON
    """Wait until the map shows something of the archive, and of the events that go there."""
    ends_at = asyncio.get_running_loop().time() + 30
    while True:
        found = await page.get("/api/map")
        node = next(each for each in found["nodes"] if each["id"] == "archive")
        edge = next(each for each in found["edges"] if each["id"] == "events:post>archive")
        if is_so(node, edge):
            return
        assert asyncio.get_running_loop().time() < ends_at, (node, edge)
        await asyncio.sleep(0.2)
