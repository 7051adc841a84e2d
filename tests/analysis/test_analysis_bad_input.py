"""Bad calls exit with 2, input that does not work with 1, both with one sentence on stderr and never a traceback."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).resolve().parents[2] / "results_db" / "data"
CHINCHILLA_CSV = DATA / "runs" / "chinchilla_replication_2024.csv"
VALUES = "E=1.69,A=406.4,B=410.7,alpha=0.34,beta=0.28"
BASE = "A=1e5,alpha=0.58,B=4e5,beta=0.54,gamma=0.28,E=1.3"
FIT = ("fit", "--law", "chinchilla", CHINCHILLA_CSV)
PREDICT = ("predict", "--law", "chinchilla", "--params")
PLAN = ("plan", "--n-max", "1e9", "--d-over-n", "100", "--params")

BAD_CALLS = {
    "no verb": ((), "arguments are required: VERB"),
    "unknown verb": (("train",), "invalid choice: 'train'"),
    "unknown option": ((*FIT, "--fast"), "unrecognized arguments: --fast"),
    "no law": (("fit", CHINCHILLA_CSV), "required: --law"),
    "unknown law": (("fit", "--law", "chinchila", "x.csv"), "unknown law 'chinchila'; did you mean chinchilla or "),
    "unknown loss": ((*FIT, "--loss", "mse"), "invalid choice: 'mse'"),
    "delta of text": ((*FIT, "--delta", "small"), "'small' is not a finite number above 0; write for example 1e9"),
    "negative delta": ((*FIT, "--delta=-1"), "'-1' is not a finite number above 0"),
    "delta without Huber": ((*FIT, "--loss", "least-squares", "--delta", "1"), "least-squares has no delta"),
    "fix without a number": ((*FIT, "--fix", "E=abc"), "'E=abc' is not SYMBOL=NUMBER; write for example A=482.0"),
    "fix without a symbol": ((*FIT, "--fix", "=3"), "'=3' is not SYMBOL=NUMBER"),
    "fix to infinity": ((*FIT, "--fix", "E=inf"), "'E=inf' is not SYMBOL=NUMBER"),
    "fix of an unknown symbol": ((*FIT, "--fix", "gamma=1"), "law chinchilla has no parameter 'gamma'; it has E, A"),
    "fix out of bounds": ((*FIT, "--fix", "alpha=-1"), "alpha=-1 is outside its bounds; write a value from 0.0001"),
    "fix before the file": (("fit", "--law", "chinchilla", "--fix", "E=1", "runs.csv"), "'runs.csv' is not SYMBOL="),
    "no starts": ((*FIT, "--starts", "0"), "'0' is not a whole number from 1 to 100000"),
    "too many starts": ((*FIT, "--starts", "1e9"), "'1e9' is not a whole number from 1 to 100000"),
    "half a resample": ((*FIT, "--bootstrap", "1.5"), "'1.5' is not a whole number from 0 to 100000"),
    "negative seed": ((*FIT, "--seed=-1"), "'-1' is not a whole number from 0"),
    "holdout at zero": ((*FIT, "--holdout-flops", "0"), "'0' is not a finite number above 0"),
    "base without stages": ((*FIT, "--base-max-n", "1e9"), "--base-max-n chooses the runs of the base; give --staged"),
    "stages without factors": ((*FIT, "--staged"), "law chinchilla has no factor to fit in a second stage"),
    "draws without bootstrap": ((*FIT, "--draws", "--bootstrap", "0"), "--draws lists the bootstrap draws; give"),
    "predict without params": (("predict", "--law", "chinchilla", "x.csv"), "required: --params"),
    "params without a number": ((*PREDICT, "E=x", "x.csv"), "'E=x' is not SYMBOL=NUMBER"),
    "params of another law": ((*PREDICT, VALUES + ",gamma=1", "x.csv"), "law chinchilla has no parameter 'gamma'"),
    "both from standard input": ((*PREDICT, "-", "-"), "only one of --params and the table can be standard input"),
    "negative budget": (("plan", "--params", BASE, "--n-max", "-1", "--d-over-n", "20"), "argument --n-max: "),
    "budget of zero": ((*PLAN, BASE, "--d-over-n", "0"), "argument --d-over-n: '0' is not a finite number above 0"),
    "budget that is no number": ((*PLAN, BASE, "--n-max", "nan"), "'nan' is not a finite number above 0"),
    "plan without formats": ((*PLAN, VALUES, "--law", "chinchilla"), "law chinchilla knows no formats; plan needs one"),
    "speed without a side": ((*PLAN, BASE, "--speedup", "forward=2"), "write forward=2,backward=2 with numbers above"),
    "speed of zero": ((*PLAN, BASE, "--speedup", "forward=0,backward=2"), "'forward=0,backward=2' is not a pair"),
    "speed of text": ((*PLAN, BASE, "--speedup", "fast"), "'fast' is not SYMBOL=NUMBER"),
    "two speeds": ((*PLAN, BASE, "--speedup", "forward=2,backward=2", "--throughput", "x"), "not allowed with"),
    "part of no table": ((*PLAN, BASE, "--table", "QuTLASS"), "give --throughput FILE with it"),
    "unknown table": (
        (*PLAN, BASE + ",eff_n=0.6,eff_d=0.9", "--throughput", DATA / "throughput.csv", "--table", "H100"),
        "has 'H100' in its name; they are RTX 5090",
    ),
    "which factor": (
        (*PLAN, BASE + ",eff_n[a]=0.6,eff_n[b]=0.7,eff_d=0.9"),
        "which eff_n? choose one with --forward; the parameters hold eff_n[a], eff_n[b]",
    ),
    "unknown factor": ((*PLAN, BASE + ",eff_n=0.6,eff_d=0.9", "--backward", "SR"), "which eff_d? choose one with"),
    "quantize with a bad seed": (("quantize", "--format", "mxfp4", "x.npy", "--seed=-1"), "'-1' is not a whole number"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CALLS)
def test_a_bad_call_exits_with_2(call, case):
    arguments, sentence = BAD_CALLS[case]
    code, out, err = call(*arguments)
    assert (code, out) == (2, ""), err
    assert sentence in err


HEADER = "n_params,n_tokens,loss\n"
GOOD = "".join(f"{n}e8,{d}e10,{3 - 0.1 * n - 0.05 * d}\n" for n in (1, 2, 4) for d in (1, 3, 9))
BAD_TABLES = {
    "empty": (b"", "is empty; write a header line and one comma-separated row per run"),
    "only blank lines": (b"\n\n , ,\n", "is empty; write a header line"),
    "header only": (HEADER.encode(), "has a header and no rows; add at least one row"),
    "not UTF-8": (b"\xff\xfe" + HEADER.encode("utf-16-le"), "is not text in UTF-8; save it as CSV (UTF-8)"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "is not"),
    "NUL bytes": (b"\x00" * 4000, "has no column loss"),
    "an npy file": (b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}", "is not text in UTF-8"),
    "JSON": (b'{"n_params": [1, 2], "loss": 3}', "has no column loss; its first line is"),
    "semicolons": (HEADER.replace(",", ";").encode() + b"1;2;3\n", "with loss, n_params, n_tokens and comma-separated"),
    "missing column": (b"n_params,loss\n1e9,2.5\n", "has no column n_tokens; its first line is 'n_params, loss'"),
    "300 other columns": (",".join(f"c{i}" for i in range(300)).encode() + b"\n", "has no column loss; its first line"),
    "100,000 columns": (b"x," * 100_000 + b"\n" + b"1," * 100_000, "has no column loss"),
    "a column twice": (b"n_params,n_tokens,loss,loss\n1,2,3,4\n", "has 2 columns called loss; keep one of them"),
    "ragged row": ((HEADER + "1e9,2e10,3,4\n").encode(), "row 2: 4 values, but the header has 3; make them equal"),
    "open quote": ((HEADER + '"1e9,2e10,3\n').encode(), "is not a CSV table (unexpected end of data); check its"),
    "a huge cell": (b"n_params\n" + b"9" * 200_000, "is not a CSV table (field larger than field limit"),
    "20B tok": ((HEADER + GOOD + "1e9,20B tok,2.5\n").encode(), "row 11: n_tokens is '20B tok'; write a number such"),
    "very long text": ((HEADER + f"1e9,{'9x' * 5000},2.5\n").encode(), "row 2: n_tokens is '9x9x"),
    "NaN": ((HEADER + "1e9,NaN,2.5\n" + GOOD).encode(), "row 2: n_tokens is missing; write a finite number above 0"),
    "short row": ((HEADER + GOOD + "1e9,2e10\n").encode(), "row 11: 2 values, but the header has 3"),
    "empty cell": ((HEADER + GOOD + "1e9,2e10,\n").encode(), "row 11: loss is missing"),
    "negative loss": ((HEADER + GOOD + "1e9,2e10,-1\n").encode(), "row 11: loss is -1.0; write a finite number above"),
    "infinite size": ((HEADER + "inf,2e10,2.5\n" + GOOD).encode(), "row 2: n_params is inf"),
    "bad row after a blank line": ((HEADER + GOOD + "\n\n1e9,0,2\n").encode(), "row 13: n_tokens is 0.0"),
    "too few rows": ((HEADER + "1e9,2e10,2.5\n").encode(), "1 runs for 5 free parameters."),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TABLES)
@pytest.mark.parametrize("way", ["file", "standard input"])
def test_a_table_that_cannot_be_fitted_exits_with_1(call, tmp_path, monkeypatch, case, way):
    content, sentence = BAD_TABLES[case]
    path = tmp_path / "runs.csv"
    path.write_bytes(content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    code, _, err = call("fit", "--law", "chinchilla", path if way == "file" else "-")
    assert code == 1
    assert sentence in err
    assert len(err.splitlines()) == 1, err
    assert len(err) < 700, err


def test_a_row_that_is_left_out_as_an_outlier_does_not_shift_the_row_that_is_named(call, tmp_path):
    path = tmp_path / "runs.csv"
    rows = "1e8,1e10,9.9,true\n2e8,1e10,3.2,false\n4e8,1e10,0,false\n"
    path.write_text("n_params,n_tokens,loss,outlier\n" + rows)
    code, _, err = call("fit", "--law", "chinchilla", path)
    assert code == 1
    assert "row 4: loss is 0.0" in err


def test_a_byte_order_mark_spaces_in_the_header_and_blank_lines_are_no_problem(call, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_bytes(b"\xef\xbb\xbf" + ("n_params , n_tokens,loss\n\n" + GOOD + "\n,,\n").encode())
    code, out, err = call("fit", "--law", "chinchilla", path, "--bootstrap", "0", "--json")
    assert code == 0, err
    assert json.loads(out)["n_runs"] == 9


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.csv", "No such file or directory"), (".", "Is a directory"), ("a" * 300, "File name too long")],
)
@pytest.mark.parametrize("verb", [("fit", "--law", "chinchilla"), (*PREDICT, VALUES)], ids=["fit", "predict"])
def test_a_table_that_cannot_be_read_exits_with_1(call, tmp_path, verb, name, reason):
    code, out, err = call(*verb, tmp_path / name)
    assert (code, out) == (1, "")
    assert f"cannot be read ({reason}); give the path of a file, or -" in err


def test_an_address_is_a_file_name_and_nothing_is_downloaded(call):
    code, _, err = call("fit", "--law", "chinchilla", "https://example.org/runs.csv")
    assert code == 1
    assert "cannot be read (No such file or directory)" in err


@pytest.mark.parametrize(("limit", "sentence"), [("1", "splits nothing off; they span"), ("1e18", "4 runs for 5 free")])
def test_a_holdout_that_leaves_nothing_to_fit_exits_with_1(call, tmp_path, limit, sentence):
    path = tmp_path / "runs.csv"
    path.write_text(HEADER + "1e7,1e9,4\n2e7,1e9,3.8\n1e7,2e9,3.9\n3e7,1e9,3.7\n" + GOOD)
    code, out, err = call("fit", "--law", "chinchilla", path, "--holdout-flops", limit)
    assert (code, out) == (1, "")
    assert sentence in err


@pytest.mark.parametrize("spoiled", ["-1", "0", "", "inf"])
def test_predict_names_an_input_that_has_no_prediction(call, tmp_path, spoiled):
    path = tmp_path / "runs.csv"
    path.write_text(f"n_params,n_tokens\n1e9,1e10\n{spoiled},1e10\n")
    code, out, err = call(*PREDICT, VALUES, path)
    assert (code, out) == (1, "")
    assert "row 3: n_params is" in err


def test_predict_names_a_symbol_without_a_value_and_a_format_without_a_factor(call, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("n_params,n_tokens,forward_format\n1e9,1e10,mxfp4\n")
    code, _, err = call(*PREDICT, "E=1.69,A=406.4", path)
    assert code == 1
    assert "no value for B; give B=..., meaning: cost of finite data" in err
    code, _, err = call("predict", "--law", "quartet", "--params", BASE, path)
    assert code == 1
    assert "no value for eff_n[mxfp4]; known are none; give eff_n[mxfp4]=... or fit it" in err


DRAWS = {name: [value] * 3 for name, value in (("A", 1e5), ("E", 1.3))}
BAD_PARAMS = {
    "empty": ("", "is not JSON"),
    "not JSON": ("{A: 1}", "is not JSON"),
    "cut off": ('{"A": 1,', "is not JSON"),
    "a list": ("[1, 2]", "holds JSON of type list; a JSON object of symbol: number is needed"),
    "a number": ("7", "holds JSON of type int; a JSON object"),
    "too many digits": ('{"A": 1' + "0" * 5000 + "}", "is not JSON"),
    "nested too deep": ("[" * 100_000, "is not JSON"),
    "params is a number": ('{"params": 5}', "the parameters are of type int; write {'symbol': number, ...}"),
    "params is null": ('{"params": null}', "the parameters are of type NoneType; write"),
    "a value is text": ('{"A": "482"}', "A is '482', not a number"),
    "a value is null": ('{"A": null}', "A is 'None', not a number"),
    "a value is true": ('{"A": true}', "A is 'True', not a number"),
    "a value is an object": ('{"A": {"low": 1}}', "not a number; write {'symbol': number, ...}"),
    "NaN": ('{"A": NaN}', "A=nan is outside its bounds"),
    "a huge integer": ('{"A": 1' + "0" * 400 + "}", "A is a number of 401 digits; write {"),
    "an unknown symbol": ('{"zeta": 1.0}', "law quartet has no parameter 'zeta'"),
    "out of bounds": ('{"alpha": 7.5}', "alpha=7.5 is outside its bounds"),
    "no factor": ('{"A": 1e5}', "the parameters hold no eff_n; add it, for example eff_n=0.65"),
    "draws are a number": ('{"params": {}, "draws": 5}', "the draws are not lists of numbers by symbol"),
    "draws are text": ('{"params": {}, "draws": {"A": ["x"]}}', "the draws are not lists of numbers by symbol"),
    "draws are single numbers": ('{"params": {}, "draws": {"A": 1.0}}', "the draws are not one list of the same"),
    "draws of two lengths": (
        json.dumps({"params": {}, "draws": DRAWS | {"B": [1.0]}}),
        "the draws are not one list of the same length per symbol; keep them as fit --draws --json wrote them",
    ),
    "draws with a hole": ('{"params": {}, "draws": {"A": [1e5, null]}}', "A=nan is outside its bounds"),
    "negative draws": ('{"params": {}, "draws": {"A": [1e5, -2]}}', "A=-2 is outside its bounds"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_PARAMS)
def test_a_params_file_that_cannot_be_used_exits_with_1(call, tmp_path, case):
    content, sentence = BAD_PARAMS[case]
    path = tmp_path / "fit.json"
    path.write_text(content)
    code, out, err = call(*PLAN, path)
    assert (code, out) == (1, "")
    assert "fit.json" in err or "add it" in err
    assert sentence in err
    assert len(err.splitlines()) == 1, err


def test_draws_that_lack_a_symbol_exit_with_1(call, tmp_path):
    path = tmp_path / "fit.json"
    params = {"A": 1e5, "alpha": 0.58, "B": 4e5, "beta": 0.54, "gamma": 0.28, "E": 1.3, "eff_n": 0.6, "eff_d": 0.9}
    path.write_text(json.dumps({"params": params, "draws": DRAWS}))
    code, _, err = call(*PLAN, path)
    assert code == 1
    assert "no value for B; give B=..." in err


BAD_THROUGHPUT = {
    "empty": ("", "is empty; write a header line"),
    "another table": ("device,bf16_tflops\nH100,989\n", "has no column baseline_format; its first line is 'device"),
    "no speed-ups": (None, "holds no speed-up over FP8 by model size with both phases"),
    "value of text": ("fast", "value is 'fast'; write a number such as 2e10"),
    "value of zero": ("0", "value is 0; a finite number above 0 is needed"),
}


@pytest.mark.parametrize("case", BAD_THROUGHPUT)
def test_a_throughput_file_that_cannot_be_used_exits_with_1(call, tmp_path, case):
    content, sentence = BAD_THROUGHPUT[case]
    lines = (DATA / "throughput.csv").read_text().splitlines(keepends=True)
    if content is None:
        content = "".join([lines[0], *(line for line in lines if "latency" in line)])
    elif content and "," not in content:
        row = {"source_id": "quartet_2025", "device": "RTX 5090", "kernel": "k", "baseline_format": "FP8"}
        row |= {"n_params": "1e9", "batch": "32", "phase": "forward", "metric": "speedup"}
        names = lines[0].strip().split(",")
        rows = [",".join((row | {"value": value}).get(name, "") for name in names) for value in ("2.0", content)]
        content = "\n".join([lines[0].strip(), *rows])
        sentence = f"row 3: {sentence}"
    path = tmp_path / "throughput.csv"
    path.write_text(content)
    code, out, err = call(*PLAN, BASE + ",eff_n=0.6,eff_d=0.9", "--throughput", path)
    assert (code, out) == (1, "")
    assert sentence in err
