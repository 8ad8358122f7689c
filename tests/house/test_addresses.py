"""What is committed works on every machine: no registry, no address in a lock file, no path of somebody's disk."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, texts

# Written in pieces, so that this file passes its own rule.
REGISTRY = re.compile(
    "|".join((r"pypi\." + "org", "python" + "hosted", r"registry\.npm" + "js", r"proxy\.gol" + "ang"))
)
ADDRESS = re.compile("https?" + "://")
PRIVATE = re.compile(r"(?<![\w.*-])/(?:home|Users|root|tmp)/\w")
LOCK = re.compile(r"(^|/)requirements[^/]*/|\.lock$|lock\.json$|lock\.yaml$")


def addresses_amiss(name: str, text: str, root: Path = ROOT) -> Iterator[str]:
    """Lines of a file that only work on the machine or in the network where they were written."""
    here = re.compile(rf"(?<![\w.*-]){re.escape(str(root))}(?!\w)") if len(root.parts) > 1 else None
    for number, line in enumerate(text.splitlines(), start=1):
        if REGISTRY.search(line):
            yield f"{name}:{number}: the host of a registry"
        if LOCK.search(name) and ADDRESS.search(line):
            yield f"{name}:{number}: an address in a lock file"
        if PRIVATE.search(line) or (here and here.search(line)):
            yield f"{name}:{number}: a path of somebody's machine"


def test_no_file_holds_a_local_address() -> None:
    """A clone on another machine, behind another mirror, is the same project."""
    findings = [finding for name, text in texts().items() for finding in addresses_amiss(name, text)]

    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("README.md", "see https" + "://py" + "pi.org/project/x"),
        ("requirements/dev.lock", "--index-url http" + "://mirror.example/simple"),
        ("web/package-lock.json", '"resolved": "https' + '://mirror.example/x.tgz"'),
        ("Makefile", "cd /" + "home/ada/atoll"),
        ("notes.md", "it lies in /" + "srv/checkout/src"),
    ],
)
def test_a_local_address_is_found(name: str, line: str) -> None:
    """The control."""
    assert list(addresses_amiss(name, line, root=Path("/" + "srv/checkout")))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("README.md", "https" + "://www.rfc-editor.org/rfc/rfc9457"),
        ("requirements/dev.lock", "httpcore==1.0.9"),
        ("docs/http.md", "GET /scoring/v1/home/7"),
        ("Makefile", "$(HOME)/.cache"),
    ],
)
def test_what_holds_everywhere_is_let_through(name: str, line: str) -> None:
    """The other control."""
    assert not list(addresses_amiss(name, line, root=Path("/" + "srv/checkout")))
