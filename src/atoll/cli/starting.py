"""What the verbs that run an application have in common: how signals end them, and how a failed start is told."""

import asyncio
import signal
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import FrameType

from atoll import AtollError, run_process
from atoll.cli.refusals import SaidNo

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run what hosts services to its end; what a service raises when it starts is told without a traceback."""
    try:
        run_process(work)
    except AtollError:
        raise
    except Exception as error:  # foreign code: a service's own start
        notes: Sequence[str] = getattr(error, "__notes__", ())
        if not notes:
            raise  # not a service's, but ours
        raise _failed(error, notes) from error


def _failed(error: Exception, notes: Sequence[str]) -> SaidNo:
    """That a service did not start: what it raised, and the last line of the application that ran."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path.cwd())]
    last = (own or frames)[-1]
    return SaidNo(
        f"{' '.join(notes)} {type(error).__name__}: {error}",
        f"Look at {last.filename}:{last.lineno}, in {last.name}.",
        code="service_failed",
    )


def end_at_once_the_second_time() -> None:
    """Let a second signal end the process even where a handler blocks its loop.

    The loop learns of the first one beside this handler, through the descriptor that it set for signals.
    """

    def first(_number: int, _frame: FrameType | None) -> None:
        leave_signals_to_the_system()

    for number in SIGNALS:
        signal.signal(number, first)


def leave_signals_to_the_system() -> None:
    """Let signals do what they do to any program."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
