"""One service of Revenue in the field's habit, as a program: `revenue_habit_service SERVICE FOLDER BROKER`.

It is FastAPI on uvicorn where it is asked by HTTP, and a subscriber of FastStream where it hears of events. What it
does between is Revenue's own: the same functions and the same statements on the same tables. The handlers are those of
its service class, which is an ordinary object and gets `revenue_habit` in place of the platform. So what is compared is
what is around the work, and the peer is never behind the application.
"""

import importlib
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import Body, FastAPI, Request, Response
from pydantic import PlainValidator

from atoll import Problem, Service
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.events import reactions_in
from atoll.testing import fake
from benchmarks.measuring.speaking import end_of_input, run_program, say_ready
from benchmarks.subjects.revenue_habit import Habit, habit
from benchmarks.subjects.revenue_place import CAPTURE
from benchmarks.subjects.revenue_rules import published
from benchmarks.subjects.uvicorns import served
from revenue.capture.contract import LeadDetails, Receipt
from revenue.enrichment.contract import Enrichment
from revenue.identity.contract import Identity
from revenue.playbook.contract import PlaybookPublished

ASKED = {
    "scoring": ("/scores/{lead_id}", "latest"),
    "routing": ("/assignments/{lead_id}", "assignment"),
}
"""Which operation of a service is asked by HTTP beside that which takes leads in."""


def service_of(name: str) -> type[Service]:
    """The class of a service."""
    module = importlib.import_module(f"revenue.{name}.service")
    return next(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Service) and each.__module__ == module.__name__
    )


def made(kind: type[Service], way: Habit) -> Service:
    """A service, with what it asks for."""
    parts = {"db": way, "clock": SystemClock(), "entropy": SystemEntropy(), "enrichment": fake(Enrichment)}
    parts |= {"identity": fake(Identity)}  # no lead on its way needs a call
    if (settings := kind.__annotations__.get("settings")) is not None:
        parts["settings"] = settings()
    return kind(**{field: part for field, part in parts.items() if field in kind.__annotations__})


def application(name: str, service: Any) -> FastAPI | None:  # Any: a service of any contract
    """What is asked by HTTP, if anything is."""
    app = FastAPI()

    @app.exception_handler(Problem)
    async def refused(_: Request, problem: Problem) -> Response:
        return Response(str(problem), type(problem).status, media_type="text/plain")

    if name == CAPTURE:
        accept: Callable[[LeadDetails], Awaitable[Receipt]] = service.accept

        @app.post("/leads", response_model=None)
        async def take(details: Annotated[LeadDetails, Body(), PlainValidator(_details)]) -> Response:
            return _answered(await accept(details))

    elif name in ASKED:
        path, operation = ASKED[name]
        ask: Callable[[str], Awaitable[object]] = getattr(service, operation)

        @app.get(path, response_model=None)
        async def asked(lead_id: str) -> Response:
            return _answered(await ask(lead_id))

    else:
        return None
    return app


async def main(name: str, folder: str, broker: str) -> None:
    """Serve until whoever started this program has ended it."""
    tables = importlib.import_module(f"revenue.{name}.tables").metadata
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(habit(name, f"{Path(folder) / name}.db", broker, tables))
        made_of = service_of(name)
        service: Any = made(made_of, way)  # Any: as above
        if hasattr(service, "start"):
            await service.start()
        for reaction in reactions_in(dict(vars(made_of))):
            way.subscribe(reaction.event, getattr(service, reaction.name))
            if reaction.event is PlaybookPublished:
                async with way.transaction() as transaction:
                    await getattr(service, reaction.name)(published(), transaction)
        await stack.enter_async_context(way.working())
        app = application(name, service)
        url = await stack.enter_async_context(served(app)) if app else ""
        say_ready(url)
        await end_of_input()


def _details(said: Any) -> LeadDetails:  # Any: JSON
    """FastAPI's way to check what comes in, with the type that Revenue's functions take."""
    try:
        return msgspec.convert(said, LeadDetails)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _answered(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


if __name__ == "__main__":
    run_program(main(*sys.argv[1:]))
