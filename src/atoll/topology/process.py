"""One process: its loop, its signals, and the configuration it reads."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from atoll.adapters.system import SystemDisk
from atoll.kernel import Config

COLLECTED_AFTER = (10_000, 20, 50)
"""After how many new objects cyclic garbage is looked for, and how many times among younger ones before older ones.

Python's own 700 make a process look for it several times in each millisecond of work, which makes next to none.
"""


CONFIG = "atoll.toml"
"""The file with settings, unless another one is named."""


def read_config(folder: Path, file: str = CONFIG) -> Config:
    """The environment, and the TOML file in `folder` where there is one."""
    content = SystemDisk(folder).read(file)
    return Config(os.environ, file, content.decode(errors="replace") if content else "")


def run_process(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` to its end on a new loop (uvloop where it is installed).

    The event that `work` is given is set by SIGINT and SIGTERM: it then drains and returns. A second signal does what
    it would do to any program, so that one that does not drain can be ended.
    """
    gc.set_threshold(*COLLECTED_AFTER)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()

        def ask_to_stop() -> None:
            stop.set()
            for number in numbers:
                loop.remove_signal_handler(number)

        for number in numbers:
            loop.add_signal_handler(number, ask_to_stop)
        await work(stop)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  # loaded by processes that run an application, and by nobody else
    except ImportError:
        return None
    return uvloop.new_event_loop
