"""An application that is told of events: it notes them, and answers as a test wants it to."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from atoll import Event, contract, get

Message = dict[str, Any]  # Any: messages of ASGI
Answer = tuple[int, dict[str, str]]


class OrderPlaced(Event, key="order_id"):
    """Somebody has ordered something."""

    order_id: str
    number: int = 0


class OrderSeen(Event, key="order_id"):
    """Somebody has looked at an order. Published by the hook."""

    order_id: str
    number: int = 0


class Noted(Event):
    """Something without a key. Published by the hook, too."""

    text: str


@contract(version="1.0", publishes=(OrderSeen, Noted))
class Hook(Protocol):
    """Is told of events."""

    @get("/count")
    async def count(self) -> int:
        """How many requests it has had."""
        ...


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def orders(self) -> list[tuple[str, int]]:
        """The order and the number of each event in it."""
        events = [json.loads(self.body)] if self.body[:1] == b"{" else json.loads(self.body)
        told = (event.get("data", event) for event in events)
        return [(each["order_id"], each["number"]) for each in told]

    @property
    def numbers(self) -> list[int]:
        """The numbers alone."""
        return [number for _, number in self.orders]


@dataclass
class Desk:
    """What has come, and what is answered: `answers` first, then what `answer` says."""

    requests: list[Request] = field(default_factory=list[Request])
    answers: list[Answer] = field(default_factory=list[Answer])
    answer: Callable[[Request], Answer] = lambda _: (204, {})
    pause: Callable[[], Awaitable[None]] | None = None
    state: dict[str, Any] = field(default_factory=dict[str, Any])  # Any: the state of ASGI

    def clear(self) -> None:
        """Begin anew."""
        self.__init__()  # type: ignore[misc]  # a desk is one for all, since the application is named by its place

    @property
    def numbers(self) -> list[int]:
        """The numbers of all events that came, in their order."""
        return [number for request in self.requests for number in request.numbers]


desk = Desk()


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """An ASGI application."""
    if scope["type"] == "lifespan":
        desk.state |= scope["state"]
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    body = (await receive())["body"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = Request(scope["path"], headers, body)
    if desk.pause is not None:
        await desk.pause()
    desk.requests.append(request)
    status, more = desk.answers.pop(0) if desk.answers else desk.answer(request)
    head = [(name.encode(), value.encode()) for name, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if status == 204 else b"said so"})
