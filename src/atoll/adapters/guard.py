"""Stands between the supervisor and a command that is not Atoll's: nothing of it outlives either of them.

A program of its own, run by its path, that needs nothing but the standard library:

    python guard.py DESCRIPTOR SECONDS COMMAND ...

It is the leader of the group in which the command runs. When it is told to stop (SIGTERM), or when the pipe at
DESCRIPTOR ends because the supervisor is gone, the group is told to stop, too, and killed after so many seconds. Its
exit code is the command's.
"""

import os
import select
import signal
import subprocess
import sys
from types import FrameType

POLL_S = 0.05


def main(descriptor: int, grace_s: float, command: list[str]) -> int:
    """Run the command; its exit code, once it has ended."""
    os.set_inheritable(descriptor, False)  # a positional-only argument
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    try:
        process = subprocess.Popen(command)  # noqa: S603  # what the application lists
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror or error}\n")
        return 127
    pipe = select.poll()
    pipe.register(descriptor, select.POLLHUP)
    is_gone = False
    while process.poll() is None and not is_gone and signal.SIGTERM not in asked and signal.SIGINT not in asked:
        is_gone = bool(pipe.poll(POLL_S * 1000))
    if process.poll() is None:
        os.killpg(0, signal.SIGTERM)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(0, signal.SIGKILL)
    code = process.wait()
    if is_gone:
        os.killpg(0, signal.SIGKILL)  # nobody else is left who would end what the command has left behind
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
