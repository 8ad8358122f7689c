"""What a mounted application answers, as those outside see it."""

from pathlib import Path
from typing import Protocol

import httpx
from starlette.types import Receive, Scope, Send

from atoll import Application, Mounted, contract, get
from tests.gateway.serving import served
from tests.patience import PATIENCE_S

ANSWERS = {
    "page": b"<html>I am a teapot",
    "word": b'"tea"',
    "nothing": b"",
    "detail": b'{"detail":"I am a teapot"}',
}


@contract(version="1.0")
class Kettle(Protocol):
    """Makes no coffee."""

    @get("/coffee/{how}", public=True)
    async def coffee(self, how: str) -> int: ...


async def kettle(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuses in the way that the path says."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 418, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": ANSWERS[scope["path"].rpartition("/")[2]]})


KITCHEN = Application(
    "kitchen",
    services=[
        Mounted("kettle", f"{__name__}:kettle", contract=f"{__name__}:Kettle", owner="tests"),
    ],
)


def test_what_is_no_problem_is_not_told_as_one(tmp_path: Path) -> None:
    """Who reads it as JSON fails; a page is not one for the gateway's own origin either."""
    with served(KITCHEN, tmp_path) as gateway:
        headers = {"authorization": f"Bearer {gateway.key}"}
        answers = {
            how: httpx.get(f"{gateway.url}/kettle/v1/coffee/{how}", headers=headers, timeout=PATIENCE_S)
            for how in ANSWERS
        }

    assert {how: (answer.status_code, answer.content) for how, answer in answers.items()} == {
        how: (418, body) for how, body in ANSWERS.items()
    }
    assert {how: answer.headers["content-type"] for how, answer in answers.items()} == {
        "page": "application/octet-stream",
        "word": "application/octet-stream",
        "nothing": "application/octet-stream",
        "detail": "application/problem+json",
    }
