"""The pages as a person in a browser waits for them, and what a server costs that nobody uses."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import app
from benchmarks.driving import ROOT, Visitor, browsing, dashboard
from benchmarks.report import machine, table

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TITLE = "Pages in a browser"
TURNS = 50
COLUMNS = ("what", "p50 [s]", "p95 [s]", "target [s]")
# When a key or the mouse was last pressed, when another heading stood there, and when a figure was last drawn.
WATCH = """() => {
    const heading = () => document.querySelector("h1")?.innerText;
    const seen = window.seen = {pressed: 0, drawn: 0, headed: 0, heading: ""};
    for (const press of ["keydown", "mousedown"])
        addEventListener(press, () => Object.assign(seen, {pressed: performance.now(), heading: heading()}), true);
    new MutationObserver(changes => {
        const now = performance.now(), text = heading();
        if (text && text !== seen.heading && seen.headed < seen.pressed) seen.headed = now;
        for (const {target} of changes)
            if ((target.closest ? target : target.parentElement)?.closest(".js-plotly-plot")) seen.drawn = now;
    }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""
# Page, a number on it that changes its figure, and values that it takes in turn.
SLIDERS = (
    ("planner", "Days", (7, 9, 11, 13)),
    ("overview", "days", (7, 9, 11, 13)),
)
TITLES = [title for rows in app.PAGES.values() for _, title, _ in rows]


def sections(quick: bool) -> Iterator[str]:
    """Paragraphs and tables of Markdown, as they are ready."""
    turns = 10 if quick else TURNS
    yield machine(("streamlit", "plotly", "playwright"))
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        rows = [
            ("first paint of a fresh server: the first heading", *_spread(_first_paints(Path(folder), browser)), "3"),
        ]
        with dashboard(Path(folder)) as running:
            page = _watched(browser, running.address)
            rows.append((f"page switch to the new heading, {turns} times", *_spread(_switches(page, turns)), "0.5"))
            for name, label, values in SLIDERS:
                times = _redraws(browser, running.address, name, label, values, turns)
                rows.append((f"{name}: '{label}' to the redrawn figure, {turns} times", *_spread(times), "0.5"))
        rows.append(("imports of app.py and the overview", *_spread(_imports(3 if quick else 7)), "1.5"))
    yield table(COLUMNS, rows)
    yield f"Memory of a server after one visit of the overview: {_idle_megabytes():.0f} MB (target 400)."


def _spread(seconds: list[float]) -> tuple[str, str]:
    return f"{np.percentile(seconds, 50):.2f}", f"{np.percentile(seconds, 95):.2f}"


def _first_paints(folder: Path, browser: Browser, servers: int = 5) -> list[float]:
    """Seconds from the address to the overview's heading, on servers that have just started."""
    times = []
    for _ in range(servers):
        with dashboard(folder) as running:
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(running.address)
            page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
            times.append(time.perf_counter() - began)
            page.close()
    return times[1:]  # the first one makes the store


def _watched(browser: Browser, address: str, path: str = "") -> Page:
    visitor = Visitor(browser.new_page(viewport={"width": 1366, "height": 800}), address)
    visitor.open(path)
    visitor.page.evaluate(WATCH)
    return visitor.page


def _switches(page: Page, turns: int) -> list[float]:
    times = []
    for turn in range(turns):
        title = TITLES[(turn + 1) % len(TITLES)]
        page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name=title, exact=True).click()
        page.wait_for_function("seen.headed > seen.pressed", timeout=60_000)
        times.append(page.evaluate("(seen.headed - seen.pressed) / 1000"))
        _rest(page)
    return times


def _redraws(browser: Browser, address: str, name: str, label: str, values: tuple[int, ...], turns: int) -> list[float]:
    page, times = _watched(browser, address, "" if name == "overview" else name), []
    for turn in range(turns):
        box = page.get_by_role("spinbutton", name=label).first
        box.fill(str(values[turn % len(values)]))
        box.press("Enter")
        _rest(page)
        times.append(page.evaluate("(seen.drawn - seen.pressed) / 1000"))
    page.close()
    return times


def _rest(page: Page) -> None:
    """Waits until no script has run for a quarter of a second."""
    page.wait_for_timeout(50)
    calm = 0
    while calm < 5:
        calm = 0 if page.locator('[data-test-script-state="running"], [data-testid="stSpinner"]').count() else calm + 1
        page.wait_for_timeout(50)


def _imports(repeats: int) -> list[float]:
    """Seconds to import, in a new process, what app.py and the overview import."""
    named = sorted({name for file in ("app.py", "pages/overview.py") for name in _top_imports(ROOT / file)})
    code = f"import time; began = time.perf_counter(); import {', '.join(named)}; print(time.perf_counter() - began)"
    return [
        float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]


def _top_imports(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
            yield node.module


def _idle_megabytes() -> float:
    with tempfile.TemporaryDirectory() as folder, browsing() as browser, dashboard(Path(folder)) as running:
        _watched(browser, running.address).wait_for_timeout(2_000)
        return resident_megabytes(running.pid)


def resident_megabytes(pid: int) -> float:
    """Memory of a process and of those it started, pages that they share counted once for each [MB]."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    own = next(float(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return own + sum(resident_megabytes(int(child)) for child in children)
