"""Pictures of every page and the contact sheet of them all: python -m benchmarks.pictures, or make pictures.

The pages are opened as a stranger would find them, in both themes and on a telephone: docs/contact-sheet.webp. Then the
way of docs/tutorial.md is walked on a store without uploads, a picture a step: docs/tutorial-*.webp.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

import app
from benchmarks.driving import ARTIFACTS, ROOT, Visitor, browsing, dashboard

DOCS = ROOT / "docs"
LOOKS = (("light", 1366), ("dark", 1366), ("light", 390))
THUMB, TALLEST, GAP = 420, 620, 16  # pixels of the contact sheet


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browsing() as browser, dashboard(Path(folder)) as running:
        for theme, width in LOOKS:
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
            visitor = Visitor(page, running.address)
            for name, path in pages():
                visitor.open(path)
                visitor.picture(picture_of(name, theme, width))
            page.close()
        walk(Visitor(browser.new_page(viewport={"width": 1180, "height": 800}), running.address))
    contact_sheet().save(DOCS / "contact-sheet.webp", quality=70)


def walk(visitor: Visitor) -> None:
    """The tutorial's steps: upload, fit, plan, share."""
    page = visitor.page
    visitor.open("results")
    page.locator('input[type="file"]').first.set_input_files(DOCS / "samples" / "my_runs.csv")
    page.get_by_role("button", name="Import").wait_for()
    visitor.settle()
    _keep(visitor, "upload")
    page.get_by_role("button", name="Import").click()
    page.get_by_role("button", name="Undo import").wait_for()
    visitor.open("scaling_laws?scaling_laws.source=my_runs")
    _keep(visitor, "fit")
    visitor.open("planner")
    _keep(visitor, "plan")


def _keep(visitor: Visitor, step: str) -> None:
    visitor.picture(f"tutorial_{step}")
    with Image.open(ARTIFACTS / f"tutorial_{step}.png") as whole:
        whole.convert("RGB").crop((285, 0, whole.width, min(whole.height, 1100))).save(
            DOCS / f"tutorial-{step}.webp", quality=75
        )


def pages() -> Iterator[tuple[str, str]]:
    """Name and address of every page."""
    for rows in app.PAGES.values():
        for name, _, _ in rows:
            yield name, "" if name == "overview" else name


def picture_of(name: str, theme: str, width: int) -> str:
    return f"{name}_{theme}_{width}"


def contact_sheet() -> Image.Image:
    """Every page in every look, a row a page."""
    names = [name for name, _ in pages()]
    sheet = Image.new("RGB", (GAP + len(LOOKS) * (THUMB + GAP), GAP + len(names) * (TALLEST + 2 * GAP)), "#888888")
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        top = GAP + row * (TALLEST + 2 * GAP)
        for column, (theme, width) in enumerate(LOOKS):
            left = GAP + column * (THUMB + GAP)
            pen.text((left, top), f"{name}, {theme}, {width} px", fill="white")
            sheet.paste(_thumbnail(ARTIFACTS / f"{picture_of(name, theme, width)}.png"), (left, top + GAP))
    return sheet


def _thumbnail(path: Path) -> Image.Image:
    with Image.open(path) as whole:
        small = whole.convert("RGB").resize((THUMB, round(whole.height * THUMB / whole.width)))
    return small.crop((0, 0, THUMB, min(small.height, TALLEST)))


if __name__ == "__main__":
    main()
