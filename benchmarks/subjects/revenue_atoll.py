"""Atoll's Revenue as anybody starts it: `revenue_atoll TOPOLOGY FOLDER [whole]` is `atoll run` with the defaults.

That is with its gateway, its live page and all telemetry. Only the rate that the gateway allows one caller is lifted:
here one caller sends everything. The `whole` of Revenue has services that listen beside the way of a lead (webhooks, a
CRM); without that word there are those of the way alone, as in the peer.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import msgspec

from benchmarks.measuring.load import LATE_S
from benchmarks.measuring.machine import ROOT
from benchmarks.measuring.speaking import say_ready
from benchmarks.subjects.revenue_place import END, RULES, RevenuePlace
from benchmarks.subjects.revenue_rules import team_rules
from revenue.playbook.contract import Publication

WHOLE, WAY = "revenue.application:revenue", "benchmarks.subjects.revenue_application:revenue"
SETTINGS = {"REVENUE_GATEWAY_PORT": "0", "REVENUE_GATEWAY_REQUESTS_PER_S": "1000000"}


def main(topology: str, folder: str, whole: str = "") -> None:
    """Start, say where leads go, and end everything at the end of the standard input."""
    state = Path(folder) / "state"
    command = [
        sys.executable,
        "-m",
        "atoll.cli",
        "run",
        WHOLE if whole else WAY,
        "--topology",
        topology,
        "--state",
        str(state),
    ]
    with subprocess.Popen(
        [*command, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), *sys.path)))},
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        key = (state / "gateway/development.key").read_text(encoding="utf-8").strip()
        database = state / END.service / f"{END.service}.db"
        _published(f"{started['url']}/{RULES}/v1/playbooks", key)
        place = RevenuePlace(f"{started['url']}/capture/v1", str(database), key)
        say_ready(msgspec.json.encode(place).decode())
        sys.stdin.readline()
        process.terminate()


def _published(url: str, key: str) -> None:
    """Have the team's rules hold, as `revenue apply` does."""
    body = msgspec.json.encode(Publication(playbook=team_rules()))
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=LATE_S) as response:
        response.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
