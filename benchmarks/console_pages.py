"""How quickly do the console's pages come up, and how long do they keep a browser's main thread from its reader?

The pages are served from their folder beside invented answers, in a chromium without a graphics processor. A task is
long from 50 ms on: shorter ones nobody feels (W3C, Long Tasks). Scrolling goes to eight places of a long trace.
"""

import shutil
from dataclasses import dataclass
from typing import Protocol, cast

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measuring import Cost, Findings, Ratio, Row, Screen, run
from tests.console_pages import sample
from tests.console_pages.opening import CHROMIUM, QUIET
from tests.console_pages.server import Console, packed_bytes, served

PARTS = ("playwright",)

PAINT_MS_MAX = 1_000.0
"""The goal: until something can be read, on this machine."""
TASK_MS_MAX = 50.0
"""The goal: a task, or a jump to another place, that nobody feels."""
BUNDLE_KB_MAX = 200.0
"""The goal: all that a browser ever loads, compressed."""

OBSERVER = """
window.long = [];
new PerformanceObserver(list => window.long.push(...list.getEntries().map(one => one.duration)))
    .observe({type: 'longtask', buffered: true});
"""
SCROLL = """async box => {
    const frame = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    let most = 0;
    for (let turn = 1; turn <= 8; turn++) {
        const began = performance.now();
        box.scrollTop = box.scrollHeight * ((turn * 0.37) % 1);
        await frame();
        most = Math.max(most, performance.now() - began);
    }
    return most;
}"""


@dataclass(frozen=True, slots=True)
class Size:
    """How often, for how long, and with how much."""

    rounds: int
    watch_s: float
    services: tuple[int, ...] = (60,)
    spans: int = 10_000


SIZES = {
    "tiny": Size(rounds=1, watch_s=1.0, services=(10,), spans=500),  # for tests: says nothing
    "small": Size(rounds=3, watch_s=5.0),
    "full": Size(rounds=5, watch_s=10.0, services=(60, 300)),
}


def measure(size: Size, screen: Screen) -> Findings:
    """The map while it lives, and a long trace."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    found: dict[tuple[str, str, str], list[float]] = {}
    rounds = size.rounds * (len(size.services) + 1)
    with sync_playwright() as playwright, screen.progress("rounds", rounds) as advance:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        for _ in range(size.rounds):
            for services in size.services:
                for (metric, unit), value in _map(browser, services, size.watch_s).items():
                    found.setdefault((f"map of {services} services, 2 Hz", metric, unit), []).append(value)
                advance()
            for (metric, unit), value in _trace(browser, size.spans).items():
                found.setdefault((f"trace of {size.spans:,} spans", metric, unit), []).append(value)
            advance()
        browser.close()
    findings = Findings()
    findings.rows += [
        Row("The console's pages in chromium", name, metric, unit, Cost(tuple(samples)))
        for (name, metric, unit), samples in found.items()
    ]
    trace, usual = f"trace of {size.spans:,} spans", f"map of {size.services[0]} services, 2 Hz"
    for name, metric, goal in (
        (usual, "first paint", PAINT_MS_MAX),
        (usual, "longest task", TASK_MS_MAX),
        (trace, "rows shown", PAINT_MS_MAX),
        (trace, "longest task while scrolling", TASK_MS_MAX),
    ):
        findings.ratios.append(Ratio(f"{name}: {metric}", Cost(tuple(found[name, metric, "ms"])).median, goal, "ms"))
    findings.ratios.append(Ratio("all files, compressed", packed_bytes() / 1e3, BUNDLE_KB_MAX, "kB"))
    return findings


def _map(browser: Browser, services: int, watch_s: float) -> dict[tuple[str, str], float]:
    with served(Console(services=services)) as console:
        page = _opened(browser, console.origin)
        page.locator(".node").nth(services - 1).wait_for()
        paint: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        page.wait_for_timeout(500)
        page.evaluate("window.long.length = 0")
        counting = cast("Counting", page.context.new_cdp_session(page))
        counting.send("Performance.enable")
        before = _busy_s(counting)
        page.wait_for_timeout(watch_s * 1000)
        busy = _busy_s(counting) - before
        found = {
            ("first paint", "ms"): paint,
            ("long tasks a second", "ms"): page.evaluate("window.long.reduce((a, b) => a + b, 0)") / watch_s,
            ("longest task", "ms"): page.evaluate("Math.max(0, ...window.long)"),
            ("main thread busy", "%"): 100 * busy / watch_s,
        }
        page.context.close()
    return found


def _trace(browser: Browser, spans: int) -> dict[tuple[str, str], float]:
    with served(Console(long=spans)) as console:
        page = _opened(browser, f"{console.origin}/traces/{sample.LONG}")
        rows = page.locator(".rows")
        rows.locator(".row").first.wait_for()
        shown: float = page.evaluate("performance.now()")
        page.evaluate("window.long.length = 0")
        slowest: float = rows.evaluate(SCROLL)
        found = {
            ("rows shown", "ms"): shown,
            ("slowest jump", "ms"): slowest,
            ("longest task while scrolling", "ms"): page.evaluate("Math.max(0, ...window.long)"),
            ("elements", "of the page"): page.evaluate("document.querySelectorAll('*').length"),
        }
        page.context.close()
    return found


def _opened(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(OBSERVER)
    page.goto(address)
    return page


class Counting(Protocol):
    """As much of a DevTools session as is asked here."""

    def send(self, method: str) -> dict[str, list[dict[str, str | float]]]: ...


def _busy_s(counting: Counting) -> float:
    """Seconds that the main thread has worked, as Chromium counts them."""
    metrics = counting.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


if __name__ == "__main__":
    run("console_pages", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
