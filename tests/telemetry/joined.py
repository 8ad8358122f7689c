"""An application in a process that has not imported OpenTelemetry yet: its modules do, while they are loaded.

python -m tests.telemetry.joined
"""

import asyncio
import importlib
import os
import sys
import time
from typing import Protocol

from atoll import Application, Service, contract, get
from atoll.adapters.opentelemetry_joining import join_opentelemetry, opentelemetry_awaited
from atoll.telemetry import MemoryRecorder
from atoll.testing import running


@contract(version="1.0")
class Desk(Protocol):
    """Asks the librarian."""

    @get("/whose")
    async def whose(self) -> str:
        """Which span a library sees."""
        ...


@contract(version="1.0")
class Hall(Protocol):
    """Asks the desk."""

    @get("/asked")
    async def asked(self) -> str:
        """What the desk says, within a span."""
        ...


class _DeskService(Service, Desk, owner="tests"):
    """Asks the librarian."""

    async def whose(self) -> str:
        from tests.telemetry.librarian import whose  # noqa: PLC0415  # it is awaited, below

        return f"{whose().trace_id:032x} {whose().span_id:016x}"


class _HallService(Service, Hall, owner="tests"):
    """Asks the desk."""

    desk: Desk

    async def asked(self) -> str:
        from opentelemetry import trace  # noqa: PLC0415  # as above

        span = trace.get_tracer("tests").start_span("by hand")
        with trace.use_span(span, end_on_exit=True):  # which knows nothing of Atoll
            return await self.desk.whose()


async def main() -> None:
    """Say what is seen."""
    recorder = MemoryRecorder()
    leave = join_opentelemetry(recorder.record, time.perf_counter)
    async with running(Application("library", services=[_DeskService, _HallService]), recorder=recorder) as app:
        seen = await app.client(Hall).asked()
    leave()
    desk, by_hand, hall = recorder.records
    assert seen == f"{desk.trace_id:032x} {desk.span_id:016x}", seen
    assert desk.trace_id == by_hand.trace_id == hall.trace_id
    assert (desk.parent_id, by_hand.parent_id) == (by_hand.span_id, hall.span_id)
    sys.stdout.write("joined\n")


if __name__ == "__main__":
    assert not any(name.startswith("opentelemetry") for name in sys.modules)
    with opentelemetry_awaited():
        importlib.import_module("tests.telemetry.librarian")
    assert "OTEL_PYTHON_CONTEXT" not in os.environ
    asyncio.run(main())
