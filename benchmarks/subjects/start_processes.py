"""Runs a generated Atoll application with a process a service: `start_processes FOLDER PLACE`.

It is `atoll run --topology processes`, as anybody starts it; speaks as `measuring.launch` says.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main(folder: str, place: str) -> None:
    """Start, say where the gateway listens, and end everything at the end of the standard input."""
    state = Path(folder) / "processes"
    command = [sys.executable, "-m", "atoll.cli", "run", place, "--topology", "processes", "--state", str(state)]
    environment = {**os.environ, f"{place.partition('.')[0].upper()}_GATEWAY_PORT": "0"}
    with subprocess.Popen(
        [*command, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=folder, env=environment
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        key = (state / "gateway/development.key").read_text(encoding="utf-8")
        print(json.dumps({"urls": [started["url"]], "key": key}), flush=True)
        sys.stdin.readline()
        process.terminate()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
