"""Runs FastAPI applications, a process each: `start_fastapis FOLDER PLACE COUNT`; speaks as `measuring.launch` says."""

import json
import subprocess
import sys


def main(folder: str, place: str, count: int) -> None:
    """Start all at once, say where each listens, and end them at the end of the standard input."""
    command = [sys.executable, "-m", "benchmarks.subjects.start_fastapi", folder, place, "uvicorn"]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe) for _ in range(count)]
    urls: list[str] = []
    for process in processes:
        assert process.stdout is not None
        urls += json.loads(process.stdout.readline())["urls"]
    print(json.dumps({"urls": urls}), flush=True)
    sys.stdin.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
