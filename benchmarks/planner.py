"""The planner's map with its chances, and how long the page takes to redraw."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest import mock

import numpy as np

from analysis.fits.bootstrap import Draws
from analysis.laws import LAWS
from analysis.plans.budget import best_models
from analysis.plans.cells import Cells
from analysis.plans.hardware import Hardware, Wishes, native_schemes
from analysis.plans.planner import Factors
from analysis.plans.speed import constant
from analysis.plans.win_shares import win_shares
from benchmarks.report import Clock, machine, table

TITLE = "Planner"
ROOT = Path(__file__).parents[1]
LAW = LAWS["quartet"]
SIDE, DRAWS, REPEATS = 200, 1000, 7
# The published base (newest snapshot of the notebook); how far the draws spread does not matter for the time.
VALUES = {"A": 127444.6855, "alpha": 0.57852, "B": 465834.3122, "beta": 0.538877, "gamma": 0.276416, "E": 1.340846}
FACTORS = {"eff_n": 0.6452, "eff_d": 0.8935}
CELLS = Cells(np.geomspace(1e7, 3.2e11, SIDE), np.geomspace(10, 1e4, SIDE))
COLUMNS = ("what", "wall seconds", "processor seconds")
REDRAWS = (
    ("another cell of the map", "planner.n_max", (2.0, 3.0, 5.0, 8.0, 13.0)),
    ("another number of days", "planner.days", (7.0, 9.0, 11.0, 13.0, 15.0)),
    ("other speeds: a new map of 1,000 draws", "planner.forward", (1.5, 1.7, 1.9, 2.1, 2.3)),
)


def sections(quick: bool) -> Iterator[str]:
    """Paragraphs and tables of Markdown, as they are ready."""
    yield machine(("numpy", "scipy", "pandas", "plotly", "streamlit"))
    yield from _map(quick)
    yield from _page()


def _map(quick: bool) -> Iterator[str]:
    draws = _draws(DRAWS)
    hardware = Hardware(64, 14.0, 0.4, {"bf16": 2250.0, "fp8": 4500.0, "fp4": 9000.0}, 0.1)
    schemes = native_schemes(hardware, Factors(), (constant(2.0, 2.0, "BOPS"),), spread=0.1)
    lines = Clock.of(lambda: win_shares(draws, schemes, CELLS), REPEATS)
    some = _draws(10 if quick else 50)
    plain = Clock.of(lambda: win_shares(some, schemes, CELLS, plainly=True)) * (DRAWS / len(some))
    own = Clock.of(lambda: best_models(LAW, VALUES | FACTORS, schemes, hardware, Wishes(), draws), 3)
    yield f"### {DRAWS:,} draws of the law and of the speeds x {len(schemes)} schemes x {SIDE} x {SIDE} cells"
    yield table(
        COLUMNS,
        [
            ("chances from lines: laws that follow a sum of two powers", *_cells(lines)),
            (f"chances by the law in every cell, from {len(some)} draws", *_cells(plain)),
            ("every scheme's own best model under every draw", *_cells(own)),
        ],
    )
    yield "The first two count the same wins: tests hold them equal, cell by cell."


def _draws(count: int) -> Draws:
    rng = np.random.default_rng(0)
    values = VALUES | FACTORS
    return Draws(LAW, {name: value * np.exp(0.02 * rng.standard_normal(count)) for name, value in values.items()})


def _cells(clock: Clock) -> tuple[str, str]:
    return f"{median(clock.wall):.3g}", f"{median(clock.cpu):.3g}"


def _page() -> Iterator[str]:
    from streamlit.testing.v1 import AppTest

    from pages.ui import planner_map

    drawn: list[Clock] = []
    draw = planner_map.training_map

    def timed() -> None:
        drawn.append(Clock.of(draw))

    with mock.patch.object(planner_map, "training_map", timed), tempfile.TemporaryDirectory() as folder:
        os.environ["PRECISION_ATLAS_DB"] = str(Path(folder) / "atlas.duckdb")
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        page.query_params["planner.speed"] = "my own speed-ups"
        page = page.switch_page("pages/planner.py").run()
        rows = []
        for what, key, values in REDRAWS:
            drawn.clear()
            for value in values:
                page.number_input(key=key).set_value(value).run()
            rows.append((what, *_cells(sum(drawn[1:], drawn[0]))))
    yield "### The page after a slider moved, on the server"
    yield table(COLUMNS, rows)
    yield f"From the first line of the tab to its last, everything redrawn; medians of {len(REDRAWS[0][2])}."
