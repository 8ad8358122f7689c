"""The files of the checkout: what git tracks, or would track."""

import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def texts() -> dict[str, str]:
    """Every text file of the project, by its path from the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return dict(_read(name) for name in sorted(set(filter(None, listing.split("\0")))) if _is_text(ROOT / name))


def code(*folders: str) -> Iterator[tuple[str, str]]:
    """Path and text of every Python file below the folders."""
    return ((name, text) for name, text in texts().items() if name.endswith(".py") and name.split("/")[0] in folders)


def product() -> Iterator[tuple[str, str]]:
    """Path and text of every Python file that is delivered: the platform and the applications without their tests."""
    return ((name, text) for name, text in code("src", "apps") if "/tests/" not in name)


def _read(name: str) -> tuple[str, str]:
    return name, (ROOT / name).read_text(encoding="utf-8")


def _is_text(path: Path) -> bool:
    return path.is_file() and b"\0" not in path.read_bytes()[:8192]
