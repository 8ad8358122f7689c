"""A chromium, and pages of the console opened in it."""

from collections.abc import Callable
from importlib.resources import files
from typing import TypeAlias

from playwright.sync_api import Page

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

Opening: TypeAlias = Callable[..., Page]


def serious(page: Page) -> list[str]:
    """What axe, the engine of most accessibility checks, finds that is serious or critical."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        "axe.run().then(({violations}) => violations.filter(({impact}) => /serious|critical/.test(impact))"
        ".flatMap(({id, nodes}) => nodes.map(({target, html}) => `${id}: ${target}: ${html.slice(0, 300)}`)))"
    )
    return found
