"""A person's first minutes in a real browser: look at every page, upload, fit, read numbers, probe."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect

import app
from pages.ui.examples import EXAMPLES

PAGES = [name for rows in app.PAGES.values() for name, _, _ in rows]
NAMED = "button|link|textbox|combobox|slider|spinbutton|switch|checkbox|tab|radio"  # roles that a person acts on
FIGURE_TEXTS = ".js-plotly-plot :is(.xtick text, .ytick text, .gtitle)"
FIGURE_INKS = f"() => [...document.querySelectorAll('{FIGURE_TEXTS}')].map(text => getComputedStyle(text).fill)"
DRAWN = "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(at => at.querySelector('svg text'))"
PAPER = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
LAW = {"E": 1.8, "A": 400.0, "B": 1800.0, "alpha": 0.34, "beta": 0.36}


@pytest.fixture
def runs_csv(tmp_path: Path) -> Path:
    """Runs of a known Chinchilla law, as a person would name the columns."""
    lines = ["params,tokens,val_loss"]
    for n in (70, 150, 400, 1000):
        for d in (2, 5, 20, 60):
            loss = LAW["E"] + LAW["A"] / (n * 1e6) ** LAW["alpha"] + LAW["B"] / (d * 1e9) ** LAW["beta"]
            lines.append(f"{n}M,{d}B,{loss:.8f}")
    path = tmp_path / "my_runs.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_in_both_themes_without_complaint_and_asks_nobody_else(visit, page):
    visitor, example = visit(), next((known for known in EXAMPLES.values() if known.page == page), None)
    visitor.open(example.address if example else page)
    visitor.page.wait_for_function(DRAWN)
    for theme in ("light", "dark"):  # figures follow a theme that changes while the page is open
        visitor.page.emulate_media(color_scheme=theme)
        assert faint(visitor.page) == {}, f"contrast of texts in figures with the paper, {theme}"
        visitor.picture(f"{page}_{theme}")
    drawn = visitor.page.locator("body").aria_snapshot()
    assert re.findall(rf'^ *- (?:{NAMED})\b(?! ").*$', drawn, re.MULTILINE) == [], "controls without a name"
    assert visitor.page.locator('[tabindex]:not([tabindex="0"], [tabindex^="-"])').count() == 0, (
        "a tab order of its own"
    )
    chosen = tuple(parse_qsl(urlsplit(visitor.page.url).query))
    assert chosen == (example.choices if example else ()), "choices of the example that the page did not take"
    assert visitor.page.locator(".stException").count() == 0
    assert visitor.complaints == []
    assert visitor.strangers == []


def faint(page: Page) -> dict[str, float]:
    """Texts of figures that do not stand out: colour -> contrast with the paper, once the figures are redrawn."""
    for _ in range(60):
        paper = page.evaluate(PAPER)
        found = {ink: ratio for ink in page.evaluate(FIGURE_INKS) if (ratio := contrast(ink, paper)) < 3}
        if not found:
            break
        page.wait_for_timeout(500)
    return found


def contrast(ink: str, paper: str) -> float:
    """The contrast ratio of two colours as a browser writes them; WCAG asks for 3 of all that is drawn."""
    low, high = sorted(luminance(color) for color in (ink, paper))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    channels = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_csv_is_uploaded_fitted_and_its_numbers_read_off_the_page(visit, runs_csv):
    visitor = visit()
    page = visitor.page
    visitor.open("results")
    page.locator('input[type="file"]').first.set_input_files(runs_csv)
    page.get_by_text("my_runs.csv: a table of 16 runs, all good.").wait_for()
    visitor.settle()
    page.get_by_role("button", name="Import 16 training runs").click()
    page.get_by_text("16 training runs imported.").wait_for()
    page.get_by_role("link", name="Fit these runs").first.click()
    page.get_by_role("heading", name="Scaling laws", level=1).wait_for()
    visitor.settle()
    page.get_by_text(re.compile("law fits these 16 runs within")).wait_for()
    page.get_by_role("tab", name="Parameters").click()
    visitor.settle()
    table = page.locator('[role="tabpanel"]:visible td, [role="tabpanel"]:visible [role="gridcell"]')
    table.filter(has_text=re.compile("^beta$")).first.wait_for(state="attached", timeout=60_000)
    cells = table.all_text_contents()
    for symbol, value in LAW.items():
        shown = float(cells[cells.index(symbol) + 1].replace(",", ""))
        assert shown == pytest.approx(value, rel=5e-3), f"{symbol} reads {shown}, the law had {value}"
    with page.expect_download() as download:
        page.get_by_role("button", name="Parameters as JSON").click()
    params = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["params"]
    assert params == pytest.approx(LAW, rel=5e-3)
    visitor.picture("uploaded_and_fitted")


def test_a_bad_csv_gets_a_sentence_and_the_app_goes_on(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    path = tmp_path / "bad.csv"
    path.write_text("n_params,n_tokens,loss\n1e9,20B tok,2.5\n2e9,2e10,-1\n1e9,2e10,2.4\n", encoding="utf-8")
    visitor.open("results")
    page.locator('input[type="file"]').first.set_input_files(path)
    page.get_by_text("1 good and 2 with problems").wait_for()
    visitor.settle()
    visitor.picture("bad_upload")
    page.get_by_role("link", name="Planner").first.click()
    page.get_by_role("heading", name="Planner", level=1).wait_for()


def test_one_click_runs_real_kernels_and_shows_only_what_was_measured(visit):
    visitor = visit()
    page = visitor.page
    visitor.open("probe")
    page.get_by_role("button", name=re.compile("Run the probe")).click()
    page.get_by_text(re.compile(r"of \d+ cases")).first.wait_for(timeout=30_000)
    page.get_by_text(re.compile("The run has ended: .*timed")).wait_for(timeout=180_000)
    visitor.settle()
    visitor.picture("probed")
    rows = page.locator('[data-testid="stDataFrame"] td').all_text_contents()
    assert "mm_fp32" in rows
    assert "mm_bf16" in rows
    assert page.locator(".js-plotly-plot").count() >= 1
    assert visitor.complaints == []


def test_a_choice_is_in_the_address_and_comes_back_with_it(visit):
    visitor = visit()
    visitor.open("planner?planner.n_max=8&planner.d_over_n=400")
    expect(visitor.page.get_by_role("spinbutton", name="Tokens per parameter D/N")).to_have_value("400")
    expect(visitor.page.get_by_role("spinbutton", name="N at FP8 speed [billions]")).to_have_value("8")
