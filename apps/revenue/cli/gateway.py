"""Revenue over HTTP, as anybody else reaches it: a typed method for each operation that the command line uses."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import click
import httpx
import msgspec

from atoll.gateway import Connection
from revenue.capture.contract import ImportPreview, ImportReport, Lead, LeadCount, LeadFile
from revenue.routing.contract import AssignmentCount
from revenue.scoring.contract import Score, ScoreCount

T = TypeVar("T")

TIMEOUT_S = 60.0


class ProblemAnswer(click.ClickException):
    """The application answered with a problem; `code` is the problem's stable name."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class _Problem(msgspec.Struct):
    """What is read of a problem (RFC 9457)."""

    title: str = ""
    detail: str = ""
    code: str = ""
    trace_id: str | None = None


class Gateway:
    """A connection to a running Revenue; `async with` closes it."""

    def __init__(self, connection: Connection, transport: httpx.AsyncHTTPTransport | None = None) -> None:
        self._url = connection.url
        self._http = httpx.AsyncClient(
            base_url=connection.url,
            headers={"Authorization": f"Bearer {connection.key}"},
            timeout=TIMEOUT_S,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def preview(self, file: LeadFile) -> ImportPreview:
        """How Capture would read a file."""
        return await self._call("POST", "/capture/v1/imports/preview", ImportPreview, file)

    async def import_file(self, file: LeadFile) -> ImportReport:
        """Have Capture take a file in."""
        return await self._call("POST", "/capture/v1/imports", ImportReport, file)

    async def lead(self, lead_id: str) -> Lead:
        """One lead."""
        return await self._call("GET", f"/capture/v1/leads/{quote(lead_id, safe='')}", Lead)

    async def captured(self) -> LeadCount:
        """How many leads there are."""
        return await self._call("GET", "/capture/v1/leads/count", LeadCount)

    async def scored(self) -> ScoreCount:
        """How many of them have a score."""
        return await self._call("GET", "/scoring/v1/scores/count", ScoreCount)

    async def routed(self) -> AssignmentCount:
        """How many of them have an owner."""
        return await self._call("GET", "/routing/v1/assignments/count", AssignmentCount)

    async def scores(self) -> AsyncIterator[Score]:
        """The latest scores of all leads."""
        async with self._http.stream("GET", "/scoring/v1/scores/export") as response:
            if response.is_error:
                await response.aread()
                raise _problem_answer(response)
            async for line in response.aiter_lines():
                if line:
                    yield msgspec.json.decode(line, type=Score)

    async def _call(self, method: str, path: str, kind: type[T], body: msgspec.Struct | None = None) -> T:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = await self._http.request(method, path, content=content, headers=headers)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise click.ClickException(f"Nothing answers at {self._url} ({reason}). Is Revenue running?") from None
        if response.is_error:
            raise _problem_answer(response)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.MsgspecError:
            raise click.ClickException(f"What answers at {self._url} is not Revenue, or of another version.") from None


def _problem_answer(response: httpx.Response) -> ProblemAnswer:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem(title=f"The answer was HTTP {response.status_code}, without an explanation.")
    detail = problem.detail or problem.title
    if response.status_code >= 500 and problem.trace_id:
        detail += f" (trace {problem.trace_id})"
    return ProblemAnswer(problem.code, detail)


def to_json(value: Any) -> str:  # Any: values, and lists and dicts of them
    """A value as JSON for a pipe, in the names of the contract."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
