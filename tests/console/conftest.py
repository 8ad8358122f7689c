"""A small application whose console is asked over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from atoll import Application, Config, World, single
from atoll.console import address, login_link
from atoll.console.guarding import CSRF
from atoll.console.sessions import Role
from tests.cli.post import Archive, Post, office
from tests.patience import PATIENCE_S

EDGES = ("atoll.gateway.service:GatewayService", "atoll.console.service:ConsoleService")
SETTINGS = {"OFFICE_GATEWAY_PORT": "0", "OFFICE_CONSOLE_PORT": "0"}
OFFICE = Application("office", services=office.services, edges=EDGES, owner="mail")


@dataclass
class Page:
    """A browser's view of the console: a session, and what it is allowed."""

    http: httpx.AsyncClient
    state: Path
    csrf: str = ""

    async def login(self, role: Role = "operator") -> None:
        """Use a link, as a browser does."""
        link = login_link(self.state, role=role)
        assert link is not None
        answer = await self.http.get(link)
        assert answer.status_code == 303
        self.csrf = (await self.get("/api/session"))["csrf"]

    async def get(self, path: str) -> Any:  # Any: JSON
        """What is answered."""
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """What is answered to a change."""
        said = {CSRF: self.csrf, "content-type": "application/json"} | dict(headers or {})
        return await self.http.post(path, json={} if body is None else body, headers=said)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncGenerator[Page]:
    """The console of an office in which of two letters to Bob the first one is dead, and of Ada's none."""
    async with single(OFFICE, world=World.real(tmp_path), config=Config(SETTINGS)) as app:
        for receiver, number in (("ada", 1), ("bob", -1), ("bob", 2)):
            await app.client(Post).send(receiver, number, "carol@example.com")
        url = address(tmp_path)
        assert url is not None
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
            page = Page(http, tmp_path)
            await page.login()
            async with asyncio.timeout(PATIENCE_S):
                while not (await page.get("/api/events/dead"))["messages"]:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.05)
            async with asyncio.timeout(PATIENCE_S):
                while await app.client(Archive).letters() != [("ada", 1)]:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.05)
            yield page
