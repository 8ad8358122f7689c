"""One supervisor has a state folder, whoever starts at the same moment."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path

from atoll.identity import Manifest
from atoll.topology.launching import Launch
from atoll.topology.supervising import AlreadySupervised, supervising
from tests.patience import PATIENCE_S

SEVERAL = 4
ROUNDS = 10


def test_of_several_who_start_first_of_all_one_supervises(tmp_path: Path) -> None:
    """The file that they lock is made once: each would have another one, and would remove the folder of the others."""
    refused: list[int] = []
    for number in range(ROUNDS):
        begins, ends = threading.Barrier(SEVERAL), threading.Event()
        launch = Launch("shop:shop", Manifest("shop", "1", ()), tmp_path / str(number), tmp_path, drain_s=0.0)
        refused.append(0)

        async def supervise(launch: Launch, begins: threading.Barrier, ends: threading.Event) -> None:
            begins.wait()
            try:
                async with supervising([], launch):
                    await asyncio.to_thread(ends.wait)
            except AlreadySupervised:
                refused[-1] += 1
                if refused[-1] == SEVERAL - 1:
                    ends.set()

        threads = [_thread(supervise(launch, begins, ends)) for _ in range(SEVERAL)]
        ends.wait(PATIENCE_S)
        ends.set()
        for thread in threads:
            thread.join()

    assert refused == [SEVERAL - 1] * ROUNDS


def _thread(work: Coroutine[None, None, None]) -> threading.Thread:
    thread = threading.Thread(target=asyncio.run, args=(work,))
    thread.start()
    return thread
