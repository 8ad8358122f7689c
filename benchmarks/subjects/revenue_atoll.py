"""Atoll's Revenue as anybody starts it: `revenue_atoll TOPOLOGY FOLDER` is `atoll run` with nothing but the defaults.

That is with its gateway, its live page and all telemetry. Only the rate that the gateway allows one caller is lifted:
here one caller sends everything.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.measuring.speaking import say_ready
from benchmarks.subjects.revenue_place import END, RevenuePlace

APPLICATION = "revenue.application:revenue"
SETTINGS = {"REVENUE_GATEWAY_PORT": "0", "REVENUE_GATEWAY_REQUESTS_PER_S": "1000000"}


def main(topology: str, folder: str) -> None:
    """Start, say where leads go, and end everything at the end of the standard input."""
    state = Path(folder) / "state"
    command = [sys.executable, "-m", "atoll.cli", "run", APPLICATION, "--topology", topology, "--state", str(state)]
    with subprocess.Popen(
        [*command, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **SETTINGS},
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        key = (state / "gateway/development.key").read_text(encoding="utf-8").strip()
        database = state / END.service / f"{END.service}.db"
        place = RevenuePlace(f"{started['url']}/capture/v1", str(database), key)
        say_ready(msgspec.json.encode(place).decode())
        sys.stdin.readline()
        process.terminate()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
