"""The formats and quantize verbs: their JSON, exit codes and sentences."""

import json
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch

from analysis.__main__ import main
from analysis.formats import FORMATS, get_format, get_transform, trial
from analysis.formats.survey import TENSOR_FORMATS


def no_constants(text):
    raise AssertionError(f"{text} is not JSON")


def strict_json(text):
    return json.loads(text, parse_constant=no_constants)


def call(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr()


@pytest.fixture
def tensor(tmp_path):
    x = np.random.default_rng(0).standard_normal((12, 70)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    return x, tmp_path / "x.npy"


def test_formats_lists_every_format_in_strict_json(capsys):
    code, out = call(capsys, "formats", "--json")
    rows = {row["name"]: row for row in strict_json(out.out)}
    assert code == 0
    assert list(rows) == list(FORMATS)
    assert rows["mxfp4"]["bits_per_element"] == 4.25
    assert rows["mxfp4"]["block"] == 32
    assert rows["e2m1"]["values"][:8] == [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    assert rows["e4m3"]["nan_codes"] == [127, 255]
    assert rows["e5m2"]["inf_codes"] == [124, 252]
    assert all(row["source"] for row in rows.values())


def test_formats_prints_a_line_a_format(capsys):
    code, out = call(capsys, "formats")
    assert code == 0
    assert len(out.out.splitlines()) == len(FORMATS) + 1


@pytest.mark.parametrize("name", TENSOR_FORMATS)
def test_quantize_reports_the_errors_of_every_format(capsys, tensor, name):
    x, path = tensor
    code, out = call(capsys, "quantize", "--format", name, path, "--json")
    row, errors = strict_json(out.out), trial(FORMATS[name], x).errors
    assert code == 0
    assert row["format"] == name
    for key in ("mse", "sqnr_db", "max_abs_error", "saturated", "flushed_to_zero"):
        assert row[key] == pytest.approx(getattr(errors, key)), key


def test_quantize_writes_the_dequantized_tensor(capsys, tensor, tmp_path):
    x, path = tensor
    options = ("--rounding", "stochastic", "--transform", "hadamard", "--seed", 7)
    code, _ = call(capsys, "quantize", "--format", "nvfp4", path, "--out", tmp_path / "out", *options)
    assert code == 0
    expected = trial(FORMATS["nvfp4"], x, -1, "stochastic", get_transform("hadamard"), 7).values
    np.testing.assert_array_equal(np.load(tmp_path / "out"), expected)


@pytest.mark.parametrize("transform", ["smooth", "clip", "randomized-hadamard-20"])
def test_quantize_takes_every_transform_and_hadamard_blocks_of_other_sizes(capsys, tensor, transform):
    x, path = tensor
    code, out = call(capsys, "quantize", "--format", "int3_g16", path, "--transform", transform, "--json")
    assert code == 0
    row, expected = strict_json(out.out), trial(get_format("int3_g16"), x, transform=get_transform(transform)).errors
    assert (row["format"], row["transform"], row["mse"]) == ("int3_g16", transform, pytest.approx(expected.mse))


def test_an_exact_result_prints_null_for_the_infinite_ratio(capsys, tmp_path):
    np.save(tmp_path / "exact.npy", np.float32([1, 2, 3]))
    _, out = call(capsys, "quantize", "--format", "e2m1", tmp_path / "exact.npy", "--json")
    assert strict_json(out.out)["sqnr_db"] is None


def test_bf16_safetensors_equal_the_same_values_in_npy(capsys, tmp_path):
    values = torch.randn(8, 40, generator=torch.Generator().manual_seed(0)).bfloat16()
    safetensors.torch.save_file({"w": values}, tmp_path / "w.safetensors")
    np.save(tmp_path / "w.npy", values.float().numpy())
    rows = [
        strict_json(call(capsys, "quantize", "--format", "mxfp4", tmp_path / f"w.{kind}", "--json")[1].out)
        for kind in ("npy", "safetensors")
    ]
    assert rows[0] == rows[1]


def test_a_file_of_several_tensors_asks_which_one(capsys, tmp_path):
    path = tmp_path / "two.safetensors"
    safetensors.torch.save_file({"a": torch.ones(4), "b": torch.full((2, 2), 0.3)}, path)
    code, out = call(capsys, "quantize", "--format", "mxfp4", path)
    assert code == 1
    assert "two.safetensors holds 2 tensors; choose one with --tensor NAME: a F32 [4], b F32 [2, 2]" in out.err
    code, out = call(capsys, "quantize", "--format", "mxfp4", path, "--tensor", "b", "--json")
    assert (code, strict_json(out.out)["n_elements"]) == (0, 4)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "fp4", "x.npy"], "unknown format 'fp4'; did you mean e2m1, mxfp4 or nvfp4?"),
        (["--format", "mxfp4", "x.npy", "--rounding", "up"], "invalid choice: 'up'"),
        (["--format", "mxfp4", "x.npy", "--transform", "dct"], "unknown transform 'dct'; choose one of none, hadamard"),
        (["--format", "int4_g1", "x.npy"], "'int4_g1' has groups of 1"),
        (["x.npy"], "required: --format"),
    ],
)
def test_a_bad_call_exits_with_2(capsys, arguments, sentence):
    with pytest.raises(SystemExit) as stop:
        main(["quantize", *arguments])
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_file_and_a_bad_axis_exit_with_1(capsys, tensor):
    _, path = tensor
    code, out = call(capsys, "quantize", "--format", "mxfp4", path.with_name("none.npy"))
    assert (code, out.out) == (1, "")
    assert "none.npy is not a file; give the path of a .npy or .safetensors file" in out.err
    code, out = call(capsys, "quantize", "--format", "mxfp4", path, "--axis", 2)
    assert code == 1
    assert "--axis 2 is not an axis of a tensor of shape [12, 70]" in out.err


def test_values_that_are_not_finite_are_named_with_their_place(capsys, tmp_path):
    np.save(tmp_path / "nan.npy", np.float32([[1, 2], [np.nan, 4]]))
    code, out = call(capsys, "quantize", "--format", "mxfp4", tmp_path / "nan.npy", "--json")
    assert (code, out.out) == (1, "")
    assert "nan.npy: the tensor holds 1 value that is not finite, the first is nan at index [1, 0]" in out.err


def test_importing_the_formats_loads_no_torch():
    words = "import sys, analysis.formats, analysis.commands.quantize; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
