"""Documents that can be trusted: links lead somewhere, decisions are short. Their examples run, by sybil."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import pytest

from tests.house.checkout import texts

DECISION_LINES_MAX = 40
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def links_amiss(name: str, text: str, files: Mapping[str, str]) -> Iterator[str]:
    """Links of a Markdown file to a file or a heading of the project that is not there."""
    for found in LINK.finditer(FENCE.sub("", text)):
        target = found["target"] or found["image"]
        path, _, heading = target.partition("#")
        if ":" in path:
            continue
        wanted = _resolve(PurePosixPath(name).parent, path) if path else name
        if not any(file == wanted or file.startswith(f"{wanted}/") for file in files):
            yield f"{name}: {target}: no such file"
        elif heading and heading not in _anchors(files.get(wanted, "")):
            yield f"{name}: {target}: no such heading"


def decisions_amiss(name: str, text: str) -> Iterator[str]:
    """Decision pages that are too long to be read; the list of them grows with each."""
    count = len(text.splitlines())
    is_page = name.startswith("docs/decisions/") and name.endswith(".md") and not name.endswith("/README.md")
    if is_page and count > DECISION_LINES_MAX:
        yield f"{name} has {count} lines, a decision has at most {DECISION_LINES_MAX}"


def _resolve(folder: PurePosixPath, path: str) -> str:
    parts: list[str] = []
    for part in (folder / path).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _anchors(text: str) -> set[str]:
    titles = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_link_leads_somewhere() -> None:
    """A reader who meets a dead link stops to believe the page."""
    pages = {name: text for name, text in texts().items() if name.endswith(".md")}

    findings = [finding for name, text in pages.items() for finding in links_amiss(name, text, texts())]

    assert not findings, "\n".join(findings)


def test_every_decision_is_short() -> None:
    """Context, decision, what it costs, how we will know it was wrong: forty lines do."""
    findings = [finding for name, text in texts().items() for finding in decisions_amiss(name, text)]

    assert not findings, "\n".join(findings)


FILES = {"README.md": "# Atoll\n## Two commands\n", "docs/tutorial/first.md": "# First"}


@pytest.mark.parametrize(
    "link", ["[a](missing.md)", "[a](../../missing.md)", "[a](../../README.md#three)", "![a](a.svg)"]
)
def test_a_dead_link_is_found(link: str) -> None:
    """The control."""
    assert list(links_amiss("docs/tutorial/first.md", link, FILES))


@pytest.mark.parametrize(
    "link",
    [
        "[a](../../README.md#two-commands)",
        "[a](#first)",
        "[a](..)",
        "[a](mailto:x@y.example)",
        "```\n[a](missing.md)\n```",
    ],
)
def test_a_good_link_is_let_through(link: str) -> None:
    """The other control."""
    assert not list(links_amiss("docs/tutorial/first.md", f"{link}\n", FILES))


def test_a_long_decision_is_found() -> None:
    """The control; other pages may be longer."""
    assert list(decisions_amiss("docs/decisions/001-codec.md", "line\n" * 41))
    assert not list(decisions_amiss("docs/decisions/001-codec.md", "line\n" * 40))
    assert not list(decisions_amiss("docs/tutorial.md", "line\n" * 41))
