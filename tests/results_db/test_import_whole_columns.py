"""Whole columns at once give what cell after cell gives: the same rows and the same problems, on tables of any kind.

The oracle cuts every table with the csv module and asks the rule of each cell, row by row, in plain Python.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from results_db.formulas import unguarded
from results_db.importers import cutting
from results_db.importers.aliases import Match, match_column
from results_db.importers.cutting import read_delimited
from results_db.importers.format_names import named
from results_db.importers.problems import Problem, Unreadable, shown
from results_db.importers.run_rows import COLUMNS, OF_LAWS, read_rows
from results_db.importers.run_rules import RANGES, REQUIRED, RULES, is_missing

Row = tuple[int, list[str]]


def cut(text: str, delimiter: str) -> tuple[list[str], list[Row], list[int]]:
    """Header, rows and the numbers of ragged rows, as the csv module sees them."""
    rows = [(n, r) for n, r in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1)
            if any(cell.strip() for cell in r)]  # fmt: skip
    (_, header), *rest = rows
    good = [(n, [unguarded(cell) for cell in r]) for n, r in rest if len(r) == len(header)]
    return [" ".join(name.split()) for name in header], good, [n for n, r in rest if len(r) != len(header)]


def cell_by_cell(header: list[str], rows: list[Row], matches: dict[str, Match]) -> tuple[list[dict], list[Problem]]:
    """Good rows and problems by one pass over the cells, in the order of the file."""
    width, good, problems = max(len(str(len(rows))), 3), [], []
    first_with: dict[Any, int] = {}
    names: dict[str, int] = {}
    for position, (number, cells) in enumerate(rows, 1):
        values: dict[str, Any] = {}
        found: list[Problem] = []
        for name, text in zip(header, cells, strict=True):
            match = matches[name]
            if not match.column or (is_missing(text) and not (match.column in REQUIRED and text.strip())):
                if match.column in REQUIRED:
                    advice = "the cell is empty; write a number or delete the row"
                    found.append(Problem(number, match.uploaded, "", advice))
                continue
            try:
                values[match.column] = RULES[match.column](text, match.scale)
                if match.column == "forward_format":
                    values = named(text).states | values
            except ValueError as advice:
                found.append(Problem(number, match.uploaded, shown(text), str(advice)))
        key, run_id = frozenset(values.items()), values.get("run_id") or f"{position:0{width}d}"
        if not found and key in first_with:
            advice = f"the row repeats row {first_with[key]}; delete one of them, or give each a run_id of its own"
            found = [Problem(number, "", shown(",".join(cells)), advice)]
        elif not found and run_id in names:
            found = [Problem(number, "run_id", shown(run_id), f"row {names[run_id]} has the same run_id; rename one")]
        problems += found
        if not found:
            first_with[key] = names[run_id] = number
            good.append({"outlier": False, "locator": f"row {number}"} | values | {"run_id": run_id})
    return good, problems


def plain(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def require_equal(text: str, delimiter: str = ",") -> tuple[int, int]:
    """Checks one table against the oracle; how many good rows and problems it had."""
    header, rows, ragged = cut(text, delimiter)
    matches = {name: match_column(name) for name in header}
    expected, problems = cell_by_cell(header, rows, matches)
    records = read_delimited(text.encode())
    assert list(records.numbers) == [number for number, _ in rows]
    assert [records.cells(place) for place in range(len(records))] == [cells for _, cells in rows]
    assert [problem.row for problem in records.problems] == ragged
    frame, found = read_rows(records, matches)
    assert [problem for problem in found if problem.row not in ragged] == problems
    assert set(COLUMNS) - OF_LAWS <= set(frame) <= set(COLUMNS)
    for column in COLUMNS:
        read = [plain(value) for value in frame[column]] if column in frame else [None] * len(frame)
        assert read == [row.get(column) for row in expected], column
    return len(expected), len(problems)


NUMBERS = [
    "1e9", "2.5e10", "20B", "1.3 billion", "4.2T", "350M", "7b", "-1", "0", "+1e9", ".5", "5.", "1e999", "1e-320",
    "nan", "NaN", "inf", "-Infinity", "", " ", "\t", "n/a", "-", "null", "none", "1,5", "1.234.567", "20 000", "0x10",
    "1_000", "٣", "½", "１２", "\u00a01e9", "1e9\u2009", "1e9 ", " 1e9", "1" * 30, "1" * 31, "0." + "1" * 30, "1e+09",
    "1E9", "1e100", "123456789.123456789", "3.1415926535897932384626", "1e16", "1.0000000000000001e16", "100", "99.99",
    "=1+1", "'=1+1", "'1e9", "20", "20.000000000000004", "64", "65", "1e1e1", "--1", "e9", "1e", "x" * 300, "2,91",
]  # fmt: skip
TEXTS = [
    "", " ", "a", "run 1", "run  1", " run", "run ", "größer", "e\u0301", "\u200b", "a\u202eb", "x" * 200, "x" * 201,
    "ö" * 200, "none", "None", "nan", "-", "0001", "1", "'=x", "=x", "'", "''", "'a", "a'b", "tab\tx", "NULL",
    "語" * 70, "bf16", "BFloat16", "fp4", "W4A16", "w8a8-fp8", "NVFP4A16", "mxfp4", "torch.float8_e4m3fn", "total",
    "Non-Embedding", "most", "true", "Y", "0", "maybe", "\u00a0", "a\u00a0b", "\u2028", "\x7f", "\x85", "#N/A",
]  # fmt: skip
QUOTED = ["a,b", 'say ""hi""', "two\nlines", "two\r\nlines", '""', "", " ", ",", "\n", "\r"]  # inside double quotes
USUAL = {"loss": 2.5, "n_params": 1e9, **dict.fromkeys(("n_tokens", "unique_tokens", "flops", "block_size"), 1e4)}
LINE_ENDS = ["\n", "\r\n", "\r"]


def random_table(rng: np.random.Generator, hostile: bool) -> str:
    """A table of runs: mostly good cells, or mostly odd ones, with quotes, ragged and blank lines where hostile."""
    others = [str(name) for name in rng.choice([c for c in COLUMNS if c not in REQUIRED], 4, replace=False)]
    header = [*REQUIRED, *others]
    end = str(rng.choice(LINE_ENDS))
    lines = [",".join(rng.permutation(header))]
    for _ in range(int(rng.integers(1, 60))):
        cells = [_cell(rng, name, hostile) for name in lines[0].split(",")]
        if hostile and rng.random() < 0.04:
            cells = cells[: int(rng.integers(0, len(cells)))] if rng.random() < 0.5 else [*cells, "more"]
        lines += [",".join(cells)] * (2 if rng.random() < 0.05 else 1)
        if hostile and rng.random() < 0.04:
            lines.append(str(rng.choice(["", "  ", ",,,,,,", " , ,\t,,,,", "\u00a0,,,,,,"])))
    return end.join(lines) + (end if rng.random() < 0.7 else "")


def _cell(rng: np.random.Generator, name: str, hostile: bool) -> str:
    if rng.random() < (0.25 if hostile else 0.02):
        odd = str(rng.choice(NUMBERS if name in RANGES else TEXTS))
        quoted = rng.random() < 0.3 or any(character in odd for character in ',"\r\n')
        return '"' + odd.replace('"', '""') + '"' if quoted else odd
    if hostile and rng.random() < 0.05:
        return f'"{rng.choice(QUOTED)}"'
    if name in RANGES:
        value = USUAL.get(name, min(8.0, RANGES[name][1] / 8))
        number = value * float(rng.integers(1, 5)) * (1 if name.endswith("_bits") else rng.random() + 0.5)
        return f"{number * (1e4 if name == 'flops' else 1):.{int(rng.integers(1, 18))}g}"
    return {"params_counted": "total", "outlier": "no"}.get(name, f"{name[:3]} {rng.integers(0, 9)}")


@pytest.mark.parametrize("hostile", [False, True], ids=["mostly good", "hostile"])
def test_random_tables_are_read_the_same_way_cell_by_cell(hostile: bool) -> None:
    rng = np.random.default_rng(20)
    good = bad = 0
    for _ in range(150):
        n_good, n_bad = require_equal(random_table(rng, hostile))
        good, bad = good + n_good, bad + n_bad
    assert min(good, bad) > 150, (good, bad)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_odd_cell_of_every_column_is_read_as_its_rule_reads_it(column: str) -> None:
    base = dict.fromkeys([*REQUIRED, column, "family"], "")
    base |= {"n_params": "1e9", "n_tokens": "2e10", "loss": "2.9"}
    lines = [",".join(base)]
    for place, odd in enumerate([*NUMBERS, *TEXTS]):
        row = base | {"family": f"row {place}"} | {column: odd}
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in row.values()))
    assert sum(require_equal("\n".join(lines))) >= len(lines) - 1


@pytest.mark.parametrize("header", ["params (B)", "n_params", "params in thousand", "params (T)"])
def test_a_unit_in_the_header_or_in_the_cell_gives_the_number_of_the_rule(header: str) -> None:
    rng = np.random.default_rng(len(header))
    digits = [f"{10 ** rng.uniform(-3, 9):.{rng.integers(1, 17)}g}" for _ in range(3000)]
    units = rng.choice(["", "", "B", " b", " billion", "k", "M", " mn", "T", " Trillions", "x", "  B", "Bn "], 3000)
    cells = [text for text in NUMBERS if not set(text) & set(',"\r\n')]
    cells += [f"{number}{unit}" for number, unit in zip(digits, units, strict=True)]
    good, _ = require_equal(
        "\n".join([f"{header},tokens,loss", *(f"{cell},20B,2.{k:04d}" for k, cell in enumerate(cells))])
    )
    assert good > 500


ODD_TABLES = {
    "quote inside": 'n_params,n_tokens,loss,note\n1e9,2e10,2.9,5" disk\n2e9,2e10,2.8,ok\n',
    "quote after a blank": 'n_params,n_tokens,loss,note\n1e9,2e10,2.9, "x"\n',
    "quoted header": '"n_params","n_tokens","loss","a note"\n1e9,2e10,2.9,"x, y"\n',
    "header of two lines": '"n\nparams",n_tokens,loss\n1e9,2e10,2.9\n',
    "blank lines first": "\n \n\nn_params,n_tokens,loss\n\n1e9,2e10,2.9\n",
    "blank lines last": "n_params,n_tokens,loss\n1e9,2e10,2.9\n\n\n\r\n\n",
    "mixed line ends": "n_params,n_tokens,loss\r\n1e9,2e10,2.9\r2e9,2e10,2.8\n3e9,2e10,2.7",
    "cells of blanks": "n_params,n_tokens,loss\n , ,\t\n1e9,2e10,2.9\n",
    "cells of wide blanks": "n_params,n_tokens,loss\n\u00a0,\u3000,\n1e9,2e10,2.9\n",
    "line separators": "n_params,n_tokens,loss,note\n1e9,2e10,2.9,a\u2028b\x85c\n",
    "quotes only": 'n_params,n_tokens,loss,note\n1e9,2e10,2.9,""""""\n',
    "quoted quote at a line end": 'n_params,n_tokens,loss,note\n1e9,2e10,2.9,"x"""\n2e9,2e10,2.9,"\n"\n',
    "names by place collide": "run_id,n_params,n_tokens,loss\n,1e9,2e10,2.9\n001,2e9,2e10,2.8\n,3e9,2e10,2.7\n",
    "names given collide later": "run_id,n_params,n_tokens,loss\n003,1e9,2e10,2.9\n,2e9,2e10,2.8\n,3e9,2e10,2.7\n",
    "repeats of repeats": "n_params,n_tokens,loss\n" + "1e9,2e10,2.9\n1e9,20B,2.90\n2e9,2e10,2.9\n" * 3,
    "a bad row is repeated": "n_params,n_tokens,loss\n1e9,2e10,-1\n1e9,2e10,-1\n1e9,2e10,2.9\n",
    "bits from names": "n_params,n_tokens,loss,forward_format,weight_bits\n1e9,2e10,2.9,W4A16,\n1e9,2e10,2.9,W4A16,8\n"
    "1e9,2e10,2.8,nvfp4a16,4\n1e9,2e10,2.8,w4a4kv4,none\n",
    "one row": "n_params,n_tokens,loss\n1e9,2e10,2.9",
    "no rows": "n_params,n_tokens,loss\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD_TABLES)
def test_an_odd_table_is_read_the_same_way(kind: str) -> None:
    require_equal(ODD_TABLES[kind])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_separators_are_cut_the_same_way(delimiter: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        require_equal(random_table(rng, hostile=False).replace(",", delimiter), delimiter)


def test_both_ways_of_cutting_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of equality proves nothing when one of the two is never asked."""
    asked, carefully = [], cutting._carefully
    monkeypatch.setattr(cutting, "_carefully", lambda *given: asked.append(given) or carefully(*given))
    read_delimited(b'n_params,n_tokens,loss,note\n1e9,2e10,2.9,"a, ""b"""\n')
    assert not asked
    for odd in (ODD_TABLES["quote inside"], ODD_TABLES["quote after a blank"], "n_params,n_tokens,loss\n1e9,2e10\n"):
        read_delimited(odd.encode())
        assert asked.pop()


BROKEN = [
    '"n_params,n_tokens,loss\n1e9,2e10,2.9\n', 'n_params,n_tokens,loss\n1e9,2e10,"2.9" \n',
    'n_params,n_tokens,loss\n1e9,2e10,2.9\n"1e9,2e10,2.8\n', 'n_params,n_tokens,loss\n1e9,2e10,2.9\n"',
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_what_the_csv_module_cannot_cut_is_refused(text: str) -> None:
    with pytest.raises(csv.Error):
        cut(text, ",")
    with pytest.raises(Unreadable, match="the line cannot be read as CSV"):
        read_delimited(text.encode())


def test_problems_beyond_those_listed_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results_db.importers.run_rows.MAX_LISTED", 3)
    lines = ["n_params,n_tokens,loss"] + [f"{k}e9,2e10,{'-1' if k % 2 else '2.9'}" for k in range(1, 21)]
    matches = {name: match_column(name) for name in REQUIRED}
    frame, problems = read_rows(read_delimited("\n".join(lines).encode()), matches)
    assert len(frame) == 10
    assert [problem.row for problem in problems] == [2, 4, 6, None]
    assert str(problems[-1]) == "7 more rows have problems, which are not listed; correct these first"
    assert isinstance(frame, pd.DataFrame)
