"""One process: its loop, its signals, and the configuration it reads."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from atoll.adapters.system import SystemDisk
from atoll.kernel import Config


def read_config(folder: Path, file: str = "atoll.toml") -> Config:
    """The environment, and the TOML file in `folder` where there is one."""
    content = SystemDisk(folder).read(file)
    return Config(os.environ, file, content.decode(errors="replace") if content else "")


def run_process(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` to its end on a new loop (uvloop where it is installed).

    The event that `work` is given is set by SIGINT and SIGTERM: it then drains and returns.
    """

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform != "win32":
                loop.add_signal_handler(number, stop.set)
        await work(stop)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
