"""Programs of a test that end with whoever started them, however that ends: no server is left by a killed test.

Between the test and its program stands a shell, which holds one end of a pipe. When nobody holds the other end any
more, the shell ends the program and removes its folder. What the system offers for it instead (`PR_SET_PDEATHSIG`) is
Linux's alone, watches a thread rather than a process, and cannot remove a folder.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from atoll.adapters.processes import NotStarted, ending

START_S = 60.0
"""How long a program may take until it is ready; PostgreSQL recovers from a crash in it."""

END_S = 30.0
"""How long a program may take to end by itself."""

POLL_S = 0.005

LOG_CHARS = 2000
"""How much of a program's last words an error repeats."""

SHELL = """
log=$1 last_signal=$2 leaves=$3; shift 3
"$@" </dev/null >>"$log" 2>&1 &
echo $!
exec >&-
if read -r _; then wait $!; exit; fi
kill -s "$last_signal" $!
wait $!
if [ -n "$leaves" ]; then rm -rf -- "$leaves"; fi
"""


class OwnedProgram:
    """A program that does not outlive this process. Owns it; it can be started again once it has ended.

    `prefix` stands before the shell and the program alike. What the program prints is added to `log`. When this process
    is killed, the program gets `last_signal`, and the folder `leaves` is removed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        prefix: Sequence[str] = (),
        last_signal: signal.Signals = signal.SIGKILL,
        leaves: Path | None = None,
    ) -> None:
        self._name = name
        self._log = log
        end = last_signal.name.removeprefix("SIG")
        self._command = [*prefix, "sh", "-c", SHELL, name, str(log), end, str(leaves or ""), *command]
        self._shell: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def pid(self) -> int:
        """The program's own process, of its last start."""
        return self._pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        try:
            return self._shell is not None and _is_running(psutil.Process(self._pid))
        except psutil.NoSuchProcess:
            return False

    def start(self, is_ready: Callable[[int], bool]) -> None:
        """Start it, and wait until it is ready, as a look at it by its process number says.

        Raises:
            NotStarted: it cannot be started, ends before it is ready, or is not ready within a minute.
        """
        assert self._shell is None, f"{self._name} runs already"
        try:
            self._shell = subprocess.Popen(  # noqa: S603  # a server that the caller chose, from a wheel
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=self._log.parent,
                start_new_session=True,  # a terminal's Ctrl-C ends the test, which then ends the program
            )
        except OSError as error:
            raise NotStarted(self._name, f"{self._command[0]}: {error.strerror or error}") from None
        assert self._shell.stdout is not None
        with self._shell.stdout as told:
            self._pid = int(told.readline() or 0)
        until = time.monotonic() + START_S
        while not (self.is_running and is_ready(self._pid)):
            if not self.is_running:
                code = self._leave()
                raise NotStarted(self._name, f"{ending(code)}. It said:\n{self._last_words()}", code)
            if time.monotonic() > until:
                self.kill()
                raise NotStarted(self._name, f"it was not ready in {START_S:.0f} s. It said:\n{self._last_words()}")
            time.sleep(POLL_S)

    def end(self, number: signal.Signals) -> None:
        """Ask it to end by a signal, and wait until it has; it is killed where it does not. Nothing, where it has."""
        if self._shell is None:
            return
        if self.is_running:
            psutil.Process(self._pid).send_signal(number)
        try:
            self._leave(END_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and all that it has started, and wait until they are gone. Nothing happens where it has ended."""
        if self._shell is None:
            return
        with suppress(psutil.NoSuchProcess):
            program = psutil.Process(self._pid)
            program.suspend()  # so that it starts nothing while it is looked at
            while program.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}:
                time.sleep(0)
            children = program.children(recursive=True)
            for process in (program, *children):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            while any(map(_is_running, children)):
                time.sleep(POLL_S)
        self._leave()

    def _leave(self, within_s: float | None = None) -> int:
        """Wait for the end of the program, with the shell; its exit code, where a signal counts negative."""
        assert self._shell is not None
        assert self._shell.stdin is not None
        with suppress(OSError):  # the shell has ended, or was told before
            self._shell.stdin.write(b"\n")
            self._shell.stdin.flush()
        code = self._shell.wait(within_s)
        with suppress(OSError):
            self._shell.stdin.close()
        self._shell = None
        return 128 - code if code > 128 else code

    def _last_words(self) -> str:
        with suppress(OSError):
            return self._log.read_text(encoding="utf-8", errors="replace")[-LOG_CHARS:].strip()
        return "nothing"


def _is_running(process: psutil.Process) -> bool:
    """Whether it has not ended. Who inherits an orphan that has may take his time to reap it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
