"""Answers of operations as HTTP: one body, a stream of lines, or a problem."""

import asyncio
import contextlib
import datetime
import email.utils
import itertools
import math
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response as HttpResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atoll import Problem, Unauthenticated
from atoll.edge import Cut, Lines, Operation, Rate, Response, Tasks, Trace, Verdict, to_wire
from atoll.problems import MethodNotAllowed, Overloaded, RateLimited

TURN_LINES = 16
"""After so many lines of a stream, other work has its turn, and a client that has gone is noticed."""


def http_response(operation: Operation, response: Response, tasks: Tasks) -> ASGIApp:
    """The answer of an operation, with word of its deprecation, and of what fallbacks have answered for."""
    headers = _deprecation_headers(operation)
    if response.degraded:
        headers["atoll-degraded"] = ", ".join(response.degraded)
    if response.retry_after_s is not None:
        headers["retry-after"] = str(math.ceil(response.retry_after_s))
    if response.stream is not None:
        return _Lines(response.stream, headers, tasks)
    if response.status == HTTPStatus.NO_CONTENT:
        return HttpResponse(status_code=204, headers=headers)
    media_type = "application/json" if response.status < 300 else _type_of(response.body)
    return HttpResponse(response.body, response.status, headers, media_type)


def _type_of(body: bytes) -> str:
    """What an answer that tells of a problem is: a service that is not Atoll's may say it in a page, or in a word."""
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return "application/octet-stream"  # and no page: a browser must not run it
    return "application/problem+json"


def problem_response(problem: Problem, trace: Trace) -> HttpResponse:
    """A problem that the edge itself answers with."""
    headers: dict[str, str] = {}
    if isinstance(problem, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    if isinstance(problem, MethodNotAllowed):
        headers["allow"] = problem.allowed
    if isinstance(problem, RateLimited):
        headers["retry-after"] = str(math.ceil(problem.retry_after_s))
    if isinstance(problem, Overloaded):
        headers["retry-after"] = "1"
    return HttpResponse(to_wire(problem, trace.id), problem.status, headers, "application/problem+json")


async def gone(receive: Receive) -> None:
    """Ends when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Lines:
    """A stream as newline-delimited JSON, sent as fast as the client reads it; closed when the client goes."""

    def __init__(self, stream: Lines, headers: dict[str, str], tasks: Tasks) -> None:
        self._stream = stream
        self._headers = {"content-type": "application/x-ndjson"} | headers
        self._tasks = tasks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            await self._tasks.unless(gone(receive), self._send_all(send))
        except Cut:
            return
        finally:
            await self._stream.aclose()

    async def _send_all(self, send: Send) -> None:
        with contextlib.suppress(StopAsyncIteration):
            for number in itertools.count():
                line = await self._stream.__anext__()
                await send({"type": "http.response.body", "body": line + b"\n", "more_body": True})
                if number % TURN_LINES == 0:  # neither of the two above has to wait: let others have their turn
                    await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


def _deprecation_headers(operation: Operation) -> dict[str, str]:
    """Since when an operation is deprecated (RFC 9745) and when it may go (RFC 8594)."""
    if operation.deprecated is None:
        return {}
    headers = {"deprecation": f"@{int(_midnight(operation.deprecated.since).timestamp())}"}
    if operation.deprecated.sunset is not None:
        headers["sunset"] = email.utils.format_datetime(_midnight(operation.deprecated.sunset), usegmt=True)
    return headers


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


class WithHeaders:
    """An answer with more headers, whoever has made it."""

    def __init__(self, answer: ASGIApp, headers: Mapping[str, str]) -> None:
        self._answer = answer
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        await self._answer(scope, receive, send_more)


def rate_headers(rate: Rate, verdict: Verdict) -> dict[str, str]:
    """What a caller may still ask for (draft-ietf-httpapi-ratelimit-headers; single fields as in draft 7)."""
    reset = str(math.ceil(verdict.reset_s))
    return {
        "ratelimit-policy": f'"requests";q={rate.burst};w={max(1, round(rate.window_s))}',
        "ratelimit-limit": str(rate.burst),
        "ratelimit-remaining": str(verdict.remaining),
        "ratelimit-reset": reset,
    }
