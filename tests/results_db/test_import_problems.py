"""Cells and rows that cannot be right: each is named by row, column and value, with what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from results_db import Store
from results_db.importers.reader import read
from results_db.importers.run_rules import RULES, TYPES

HEAD = "n_params,n_tokens,loss"
LINE = "1e9,2e10,2.9"

# A cell in an otherwise good row -> the sentence after "row 2: ".
CELLS = [
    ("loss", "-1", "loss is '-1'; write the final loss in nats per token, a number above 0 such as 2.91"),
    ("loss", "0", "loss is '0'; write the final loss in nats per token, a number above 0 such as 2.91"),
    ("loss", "NaN", "loss is 'NaN'; write the finite final loss of the run, such as 2.91, or delete the row"),
    ("loss", "inf", "loss is 'inf'; write the finite final loss of the run, such as 2.91, or delete the row"),
    ("loss", "-Infinity", "loss is '-Infinity'; write the finite final loss of the run, such as 2.91, or delete"),
    ("loss", "1e999", "loss is '1e999'; write the finite final loss of the run"),
    ("loss", "", "loss: the cell is empty; write a number or delete the row"),
    ("loss", "null", "loss is 'null'; write a number such as 2.91"),
    ("loss", "2,91", "loss is '2,91'; write 2.91, with a decimal point"),
    ("loss", "2.91 nats", "loss is '2.91 nats'; write a number such as 2.91"),
    ("loss", "diverged", "loss is 'diverged'; write a number such as 2.91"),
    ("loss", "+-inf", "loss is '+-inf'; write a number such as 2.91"),
    ("loss", "0x10", "loss is '0x10'; write a number such as 2.91"),
    ("n_tokens", "20B tok", "n_tokens is '20B tok'; write 2e10, 20B or 20000000000"),
    ("n_tokens", "1.3 billion tokens", "n_tokens is '1.3 billion tokens'; write 1.3e9, 1.3B or 1300000000"),
    ("n_tokens", "7Btok", "n_tokens is '7Btok'; write a count such as 2e10, 20B or 20000000000"),
    ("n_tokens", "many", "n_tokens is 'many'; write a count such as 2e10, 20B or 20000000000"),
    ("n_tokens", "20,000,000,000", "n_tokens is '20,000,000,000'; write 20000000000, without separators between"),
    ("n_tokens", "20'000'000", "n_tokens is \"20'000'000\"; write 20000000, without separators between thousands"),
    ("n_tokens", "20\u00a0000\u202f000", "; write 20000000, without separators between thousands"),
    ("n_tokens", "2 × 10^10", "n_tokens is '2 × 10^10'; write 2e10"),
    ("n_tokens", "2.1·10¹⁰", "n_tokens is '2.1·10¹⁰'; write 2.1e10"),
    ("n_tokens", "20 and 30B", "n_tokens is '20 and 30B'; write a count such as 2e10, 20B or 20000000000"),
    ("n_tokens", "20", "n_tokens is '20'; write a count from 1000 to 1e+19 with its unit, such as 2e10 or 20B"),
    ("n_tokens", "nan", "n_tokens is 'nan'; write a finite count such as 2e10 or 20B, or delete the row"),
    ("n_tokens", "-5e9", "n_tokens is '-5e9'; write a count above 0, such as 2e10 or 20B"),
    ("n_params", "1" + "0" * 400, "write a finite count such as 1.3e9 or 1.3B, or delete the row"),
    ("n_params", "9e12T", "n_params is '9e12T'; that means 9e+24; write a count from 100 to 1e+16 with its unit"),
    ("flops", "inf", "flops is 'inf'; write a finite count such as 6e21, or delete the row"),
    ("flops", "-1e20", "flops is '-1e20'; write a count above 0, such as 6e21"),
    ("weight_bits", "65", "weight_bits is '65'; write a number from 0 to 64"),
    ("weight_bits", "four", "weight_bits is 'four'; write a plain number from 0 to 64"),
    ("weight_bits", "inf", "weight_bits is 'inf'; write a number from 0 to 64"),
    ("block_size", "0", "block_size is '0'; write a number from 1 to 1e+09"),
    ("params_counted", "most", "params_counted is 'most'; write total or non_embedding"),
    ("outlier", "maybe", "outlier is 'maybe'; write true or false"),
    ("family", "x" * 201, "the text has 201 characters; at most 200 are kept, shorten it"),
    ("family", "a\u202eb", "remove the invisible character U+202E"),
    ("note", "a\u200bb", "remove the invisible character U+200B"),
]  # fmt: skip


def problems(data: str | bytes) -> list[str]:
    return read("x.csv", data.encode() if isinstance(data, str) else data).sentences()


@pytest.mark.parametrize(("column", "cell", "said"), CELLS)
def test_a_wrong_cell_is_named_with_what_to_write_instead(column: str, cell: str, said: str) -> None:
    good = dict(zip(HEAD.split(","), LINE.split(","), strict=True))
    row = good | {column: cell}
    quoted = ",".join('"' + text.replace('"', '""') + '"' for text in row.values())
    last, sentence = problems(f"{','.join(row)}\n{quoted}\n")
    assert last == "no row is good; correct the rows and choose the file again"
    assert sentence.startswith("row 2: ")
    assert said in sentence


def test_every_problem_of_a_file_is_listed_and_the_good_rows_are_kept() -> None:
    data = f"{HEAD}\n{LINE}\n1e9,20B tok,-1\n2e9,2e10,2.8\nx,y,z\n"
    found = read("x.csv", data.encode())
    assert list(found.problems["row"]) == [3, 3, 5, 5, 5]
    assert list(found.problems["column"]) == ["n_tokens", "loss", "n_params", "n_tokens", "loss"]
    assert list(found.problems["value"]) == ["20B tok", "-1", "x", "y", "z"]
    assert list(found.rows["locator"]) == ["row 2", "row 4"]
    assert found.message == "x.csv: a table of 4 runs, 2 good and 2 with problems."
    assert found.blocking == ""


def test_a_problem_names_the_column_as_the_file_calls_it() -> None:
    assert problems("Params,Seen Tokens,Val Loss\n1e9,2e10,-1\n")[-1].startswith("row 2: Val Loss is '-1'")


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    data = f'{HEAD},note\n{LINE},"two\nlines"\n\n1e9,2e10,-1,\n'
    assert problems(data)[0].startswith("row 4: loss is '-1'")


def test_a_repeated_row_is_named_with_the_row_it_repeats() -> None:
    (sentence,) = problems(f"{HEAD}\n{LINE}\n2e9,2e10,2.8\n1e9,20B,2.90\n")
    assert sentence.startswith("row 4: ")
    assert sentence.endswith("the row repeats row 2; delete one of them, or give each a run_id of its own")


def test_equal_runs_with_names_of_their_own_are_two_runs_and_a_name_is_given_once() -> None:
    assert problems(f"run_id,{HEAD}\na,{LINE}\nb,{LINE}\n") == []
    assert problems(f"run_id,{HEAD}\na,{LINE}\na,2e9,2e10,2.8\n") == [
        "row 3: run_id is 'a'; row 2 has the same run_id; rename one"
    ]


def test_a_row_of_another_length_is_named_with_both_lengths() -> None:
    found = read("x.csv", f"{HEAD}\n{LINE}\n1e9,2e10\n1e9,2e10,2.9,more\n".encode())
    first, second = found.sentences()
    assert first.startswith("row 3: the row has 2 cells, fewer than the 3 columns of the header")
    assert second.startswith("row 4: the row has 4 cells, more than the 3 columns of the header; put text that")
    assert len(found.rows) == 1


def test_a_table_without_rows_is_said() -> None:
    for end in ("", "\n", "\n\n \n"):
        found = read("x.csv", f"{HEAD}{end}".encode())
        assert found.blocking == "the table has a header but no rows; add one row per run"


def test_a_table_without_one_good_row_is_said() -> None:
    found = read("x.csv", f"{HEAD}\n1e9,2e10,-1\n".encode())
    assert found.blocking == "no row is good; correct the rows and choose the file again"


HEADERS = [
    (",".join(f"c{i}" for i in range(300)), "row 1: the table has 300 columns; at most 100 are read. Keep n_params"),
    ("1e9,2e10,2.9", "the first row holds numbers, not column names; add a header such as n_params,n_tokens,loss"),
    ("+-inf,n_tokens,loss", "+-inf: this column is not known"),
    ("n_params,n_tokens,loss,loss", "two columns are called 'loss'; rename or delete one"),
    ("n_params,n_tokens,loss, loss ", "two columns are called 'loss'; rename or delete one"),
    ("n_params,,loss", "row 1: column 2 without a name: this column is not known; read it as one of"),
    ("n_params,n_tokens,lo\u200bss", "the name of column 3 holds the invisible character U+200B; remove it"),
    ("n_params,n_tokens,l\u043ess", "row 1: l\u043ess: this column is not known"),  # a Cyrillic o
    ("n_params,n_t\u043ekens,loss", "row 1: n_t\u043ekens: this column is not known; it may be n_tokens: confirm that"),
    ("n_params,n_tokens,\uff4c\uff4f\uff53\uff53", "this column is not known"),  # full-width letters
]


@pytest.mark.parametrize(("header", "said"), HEADERS)
def test_a_header_that_is_not_clear_is_never_guessed(header: str, said: str) -> None:
    found = read("x.csv", f"{header}\n{LINE}\n".encode())
    assert said in " | ".join(found.sentences())
    assert found.blocking


def test_a_header_on_two_lines_in_one_cell_is_one_name() -> None:
    found = read("x.csv", b'"params\n(b)",tokens,"val\r\nloss"\n1,2e10,2.9\n')
    assert list(found.mapping) == ["params (b)", "tokens", "val loss"]
    assert (found.blocking, found.rows["n_params"][0]) == ("", 1e9)


def test_a_table_of_something_else_is_said_with_its_columns() -> None:
    found = read("iris.csv", b"sepal_length,sepal_width,species\n5.1,3.5,setosa\n")
    assert found.kind == "unknown"
    assert found.message == "iris.csv: neither a table of runs nor another kind of file that is understood."
    assert "this is no table of runs: its columns are sepal_length, sepal_width, species" in found.blocking
    assert "A table of runs has n_params, n_tokens, loss" in found.blocking


def test_as_many_wrong_cells_as_a_file_may_hold_are_all_found() -> None:
    found = read("x.csv", (f"{HEAD}\n" + "a,b,c\n" * 50_000).encode())
    assert len(found.problems.dropna(subset="row")) == 150_000


@pytest.mark.parametrize("line", [LINE, "a", ""], ids=["good", "ragged", "blank"])
def test_a_table_of_too_many_rows_is_refused_whatever_they_hold(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results_db.importers.cutting.MAX_ROWS", 50_000)
    found = read("x.csv", (f"{HEAD}\n" + f"{line}\n" * 60_000 + "1e9,2e10,-1\n").encode())
    if line:
        assert (
            "the table has more than 50,000 rows; keep the final row of each run, or split the file" in found.blocking
        )
    else:
        assert found.sentences()[-1].startswith("row 60002: loss is '-1'")


TEXTS = [
    "<script>alert(1)</script>", "<b>bold</b> & 'quoted' \"twice\"", "a,b;c|d", "two\nlines", "'; DROP TABLE runs; --",
    "${HOME} `id` {{7*7}}", "\u00e9\u8bed\U0001f600", "# heading [link](http://example.com)", "\\N", "NULLs",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_kept_as_the_text_it_is(text: str, empty_store: Store) -> None:
    line = json.dumps({"n_params": 1e9, "n_tokens": 2e10, "loss": 2.9, "note": text, "family": "f"})
    empty_store.commit(empty_store.preview(f"{text}.json", line.encode()), name=text)
    assert list(empty_store.table("runs")["note"]) == [text]
    assert list(empty_store.datasets()["name"]) == [" ".join(text.split())]
    again = empty_store.preview("again.csv", empty_store.export("runs"))
    assert list(again.rows["note"]) == [text]


FORMULAS = ["=1+1", "+SUM(A1)", "-2+3", "@x", "=cmd|' /C calc'!A0", "'=quoted", "''@twice", "\uff1d1+1", "a\r=1", "-1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_disarmed_in_a_spreadsheet_and_comes_back_as_it_was(text: str, empty_store: Store) -> None:
    line = json.dumps({"n_params": 1e9, "n_tokens": 2e10, "loss": 2.9, "note": text, "family": text, "run_id": text})
    empty_store.commit(empty_store.preview("x.json", line.encode()))
    kept = empty_store.table("runs")
    exported = empty_store.export("runs").decode()
    for cell in exported.splitlines()[1].replace('"', "").split(","):
        assert cell == "-1" or not cell.startswith(tuple("=+-@\uff1d\t\r")), exported
    again = empty_store.preview("again.csv", exported.encode())
    for column in ("note", "family", "run_id"):
        assert list(again.rows[column]) == list(kept[column])


def test_numbers_are_never_disarmed(empty_store: Store) -> None:
    empty_store.commit(empty_store.preview("x.csv", f"{HEAD}\n1e9,2e10,1e-7\n".encode()))
    assert ",1e-07," in empty_store.export("runs").decode()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\runs.csv", "runs.csv"),
        ("/", "file"),
        ("", "file"),
        ("a" * 300 + ".csv", "a" * 79 + "…"),
        ("x\x00y.csv", "x\\x00y.csv"),
        ("<img src=x>.csv", "<img src=x>.csv"),
    ],
)
def test_a_file_name_is_only_a_name(name: str, kept: str, empty_store: Store) -> None:
    preview = empty_store.preview(name, f"{HEAD}\n{LINE}\n".encode())
    assert preview.file_name == kept
    empty_store.commit(preview)
    assert list(empty_store.datasets()["file_name"]) == [kept]
    assert len(empty_store.datasets()["name"][0]) <= 100


def outcome(rule: Callable, text: str) -> tuple[object, str]:
    try:
        return rule(text, 1.0), ""
    except ValueError as advice:
        return None, str(advice)


def test_every_rule_refuses_with_advice_and_never_otherwise() -> None:
    odd = [
        "",
        " ",
        "nan",
        "-inf",
        "1e999",
        "٣",
        "½",
        "1_000",
        "0b1",
        "\u2212 1",
        "1" * 5000,
        "e",
        ".",
        "+",
        "--1",
        "1e",
    ]
    for column, rule in RULES.items():
        kind = {"float64": float, "bool": bool, "str": str}[TYPES[column]]
        for text in odd:
            value, advice = outcome(rule, text)
            first_word = advice.split(" ")[0]
            assert isinstance(value, kind) or first_word in ("write", "losses", "that", "the"), (column, text, advice)
