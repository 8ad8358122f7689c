"""How long does it take from nothing until all services of an application answer, in one process and in many?

Each service has been called once, over HTTP: through the gateway where there is one, else each at its own port.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Findings, Launch, Ratio, Row, Screen, launched, paired, run
from benchmarks.subjects.generated import FIRST_PATH, OPERATIONS, atoll_application, fastapi_application, paths

STARTS = "benchmarks.subjects"
"""Where the programs that are started lie."""

PARTS = ("atoll", "fastapi", "httptools", "msgspec", "pydantic", "starlette", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Size:
    """How many services are started, and how often."""

    starts: int
    services: int = 12


SIZES = {
    "tiny": Size(starts=1, services=2),  # for tests: says nothing
    "small": Size(starts=3),
    "full": Size(starts=15),
}


def measure(size: Size, screen: Screen) -> Findings:
    """All ways to run the same services, in turns."""
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        _starts(Path(folder), size, screen, findings)
    return findings


def _starts(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    count, here = size.services, str(folder)
    asked = paths(count)
    place = atoll_application(folder, count, gateway=True)
    together = fastapi_application(folder, count)
    alone = fastapi_application(folder, 1)
    ours = Launch(
        f"Atoll, single: {count} services and the gateway", f"{STARTS}.start_atoll", (here, place, "gateway"), asked
    )
    ours_apart = Launch(
        f"Atoll, processes: {count} services and the gateway, a process each",
        f"{STARTS}.start_processes",
        (here, place),
        asked,
    )
    theirs = Launch(
        f"FastAPI, {count * OPERATIONS} operations in one process",
        f"{STARTS}.start_fastapi",
        (here, together, "uvicorn"),
        asked,
    )
    theirs_apart = Launch(
        f"FastAPI, {count} processes with {OPERATIONS} operations each",
        f"{STARTS}.start_fastapis",
        (here, alone, str(count)),
        (FIRST_PATH,) * count,
    )
    launches = (ours, ours_apart, theirs, theirs_apart)
    with screen.progress("starts", len(launches) * (size.starts + 1)) as advance:
        starts = launched(launches, size.starts, advance)
    for launch in launches:
        found = starts[launch.name]
        findings.rows += [
            Row.of("From nothing until each service has answered", launch.name, metric, cost)
            for metric, cost in (
                ("wall", found.wall_s),
                ("CPU to start", found.cpu_s),
                ("RSS", found.rss_bytes),
                ("USS", found.uss_bytes),
            )
        ]
    single, processes = starts[ours.name], starts[ours_apart.name]
    one, many = starts[theirs.name], starts[theirs_apart.name]
    findings.ratios += [
        Ratio("in one process, wall time: Atoll / FastAPI", paired(single.wall_s, one.wall_s).median),
        Ratio("in one process, memory (USS): Atoll / FastAPI", paired(single.uss_bytes, one.uss_bytes).median),
        Ratio("in many, wall time: Atoll / FastAPI", paired(processes.wall_s, many.wall_s).median),
        Ratio("in many, CPU: Atoll / FastAPI", paired(processes.cpu_s, many.cpu_s).median),
        Ratio("in many, memory (USS): Atoll / FastAPI", paired(processes.uss_bytes, many.uss_bytes).median),
    ]


if __name__ == "__main__":
    run("start", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
