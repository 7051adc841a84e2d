"""The shape of the house: who imports whom, and what an import may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("analysis", "results_db", "gpu_probe", "pages", "app")
# Room -> the modules of ours that it may import, besides its own.
MAY_IMPORT = {
    "analysis": (),
    "results_db": ("analysis",),
    "gpu_probe": ("analysis.formats",),
    "pages": ("analysis", "results_db", "gpu_probe"),
    "app": ("pages",),
}
# Floor of analysis -> the floors that it may import, besides its own; every module of analysis lies on one of them.
FLOORS = {
    "formats": (),
    "laws": (),
    "fits": ("laws",),
    "plans": ("fits", "laws", "formats"),
    "trust": ("plans", "fits", "laws"),
    "serving": ("plans", "formats"),
    "evidence": ("trust", "serving", "plans", "fits", "laws", "formats"),
    "commands": ("evidence", "trust", "serving", "plans", "fits", "laws", "formats"),
}
# Library -> the only rooms that may import it at all.
ONLY_IN = {"streamlit": ("pages", "app"), "plotly": ("pages",), "duckdb": ("results_db",), "scipy": ("analysis",)}
# What takes half a second or more to import.
SLOW = ("torch", "scipy.signal", "scipy.stats")
# What reaches beyond arrays; of analysis, only its command line may.
EFFECTS = {"os", "sys", "pathlib", "io", "subprocess", "socket", "urllib", "tempfile", "requests", "sqlite3"}


def modules(room: str) -> list[Path]:
    return [ROOT / "app.py"] if room == "app" else sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether merely importing the file already loads it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) or _is_type_checking(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) not in late
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; name the module in full"
            for name in node.names:
                yield f"{node.module}.{name.name}", id(node) not in late


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def within(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room):
    allowed = (room, *MAY_IMPORT[room])
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in modules(room)
        for module, _ in imports(path)
        if module.split(".")[0] in ROOMS and not within(module, allowed)
    ]
    assert not wrong


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_of_analysis_imports_only_the_floors_below_it(floor):
    allowed = tuple(f"analysis.{name}" for name in (floor, *FLOORS[floor]))
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / "analysis" / floor).rglob("*.py"))
        for module, _ in imports(path)
        if module.startswith("analysis.") and not within(module, allowed)
    ]
    assert not wrong


def test_every_module_of_analysis_lies_on_a_floor():
    assert {path.stem for path in (ROOT / "analysis").glob("*.py")} == {"__init__", "__main__"}
    assert {path.parent.name for path in (ROOT / "analysis").glob("*/__init__.py")} == set(FLOORS)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_room(library):
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for room in ROOMS
        if room not in ONLY_IN[library]
        for path in modules(room)
        for module, _ in imports(path)
        if within(module, (library,))
    ]
    assert not wrong


def test_what_is_slow_to_import_is_imported_where_it_is_used_never_at_the_top():
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for room in ROOMS
        for path in modules(room)
        for module, at_once in imports(path)
        if at_once and within(module, SLOW)
    ]
    assert not wrong


def test_triton_is_imported_at_the_top_of_the_kernels_written_in_it_only():
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for room in ROOMS
        for path in modules(room)
        if path.parent != ROOT / "gpu_probe" / "triton_code"
        for module, at_once in imports(path)
        if within(module, ("gpu_probe.triton_code",)) or (at_once and within(module, ("triton",)))
    ]
    assert not wrong


def test_analysis_touches_no_file_and_no_network_outside_its_command_line():
    edge = (ROOT / "analysis" / "commands", ROOT / "analysis" / "__main__.py")
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in modules("analysis")
        if not any(path.is_relative_to(place) for place in edge)
        for module, _ in imports(path)
        if module.split(".")[0] in EFFECTS
    ]
    assert not wrong


def test_figures_are_plain_functions_of_data():
    wrong = [
        f"{path.name} imports {module}"
        for path in (ROOT / "pages" / "ui").glob("figures*.py")
        for module, _ in imports(path)
        if within(module, ("streamlit",))
    ]
    assert not wrong


@pytest.mark.parametrize("room", ["analysis", "results_db", "gpu_probe", "analysis.formats", "analysis.fits.fitting"])
def test_importing_a_package_loads_neither_torch_nor_streamlit(room):
    late = [
        "torch",
        "streamlit",
        *(["scipy"] if room == "results_db" else []),
    ]  # a command line starts in half the time
    program = f"import sys, {room}; print([m for m in {late} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_entry_point_is_a_table_of_pages():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_every_page_is_listed_once_and_every_listed_page_exists():
    import app

    listed = sorted(name for rows in app.PAGES.values() for name, _, _ in rows)
    assert listed == sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__")
