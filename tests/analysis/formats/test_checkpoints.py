"""Whole checkpoints: every tensor judged as if it were read whole, in little memory, over any number of shards."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from analysis.commands import checkpoints
from analysis.commands.checkpoints import open_checkpoint, survey_checkpoint, totals
from analysis.formats import FORMATS, layers, trial
from analysis.formats.layers import layer_errors
from analysis.formats.packed import get_layout, packed_parts
from analysis.formats.survey import TENSOR_FORMATS, as_tensor_format

ROOT = Path(__file__).parents[3]
# Read in chunks, these take a mean of scales, or random numbers by position, from a chunk instead of the tensor.
BY_CHUNK = ("nf4_double", "nvfp4_mseden")


def model(seed=0):
    """Tensors as a small model has them: of every float type, with norms, token ids and an outlier channel."""
    rng = torch.Generator().manual_seed(seed)
    weights = torch.randn(48, 96, generator=rng)
    weights[:, 5] *= 40
    return {
        "embed.weight": torch.randn(64, 96, generator=rng).bfloat16(),
        "layers.0.up.weight": weights.half(),
        "layers.0.down.weight": torch.randn(96, 48, generator=rng),
        "layers.0.conv.weight": torch.randn(8, 4, 3, generator=rng).double(),
        "layers.0.norm.weight": torch.ones(96).bfloat16(),
        "position_ids": torch.arange(64).reshape(1, 64),
    }


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file(model(), path)
    return path


@pytest.fixture
def sharded(tmp_path):
    folder = tmp_path / "sharded"
    folder.mkdir()
    tensors, places = model(), {}
    for number, names in enumerate((list(tensors)[:2], list(tensors)[2:]), 1):
        shard = f"model-0000{number}-of-00002.safetensors"
        safetensors.torch.save_file({name: tensors[name] for name in names}, folder / shard)
        places |= dict.fromkeys(names, shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


@pytest.mark.parametrize("name", TENSOR_FORMATS)
def test_chunks_give_the_errors_of_the_whole_tensor(name, monkeypatch):
    """Chunks of a few rows; values far apart in size, so that a scale from one chunk would be another."""
    monkeypatch.setattr(layers, "CHUNK", 16 * 96)
    x = model()["layers.0.up.weight"].float() * torch.logspace(-2, 2, 48).unsqueeze(1)
    fmt = as_tensor_format(name, True)
    (found,) = layer_errors(lambda first, count: x[first : first + count], 48, 96, [fmt])
    whole = trial(fmt, x).errors
    assert found.n_elements == x.numel()
    assert found.relative_mse == pytest.approx(whole.relative_mse, rel=0.06 if name in BY_CHUNK else 1e-6)
    if name not in BY_CHUNK:
        assert found.max_abs_error == pytest.approx(whole.max_abs_error, rel=1e-6)


def test_every_tensor_and_format_has_a_row_and_others_say_why(file):
    frame = survey_checkpoint(file, ("mxfp4", "int4_g32", "e4m3"))
    kept = frame[frame["why_not"] == ""]
    assert len(kept) == 4 * 3
    for row in kept.to_dict("records"):
        errors = trial(as_tensor_format(row["format"], True), model()[row["tensor"]].float()).errors
        assert row["sqnr_db"] == pytest.approx(errors.sqnr_db), row["tensor"]
    for _, rows in kept.groupby("tensor"):
        four = rows[rows["format"] != "e4m3"]
        assert four.loc[four["relative_mse"].idxmin(), "wins"]
        assert rows["wins"].sum() == 2  # one of four bits, and the only one of eight
    reasons = frame[frame["why_not"] != ""].set_index("tensor")["why_not"]
    assert reasons["position_ids"] == "holds I64, no real numbers"
    assert reasons["layers.0.norm.weight"] == "has one axis or none: norms and biases stay as they are"


def test_totals_are_those_of_all_values_together(file):
    frame = survey_checkpoint(file, ("mxfp4", "nf4_b64"))
    for total in totals(frame):
        squared = energy = 0.0
        for x in model().values():
            if x.ndim > 1 and x.is_floating_point():
                values = trial(FORMATS[total.format], x.float()).values.double()
                squared += float((values - x.double()).square().sum())
                energy += float(x.double().square().sum())
        assert total.relative_mse == pytest.approx(squared / energy, rel=1e-6)


def test_shards_are_read_as_one_checkpoint(file, sharded):
    whole, parts = survey_checkpoint(file, ("nvfp4",)), survey_checkpoint(sharded, ("nvfp4",))
    columns = ["tensor", "format", "relative_mse", "why_not"]
    order = ["tensor", "format"]
    one, other = (frame[columns].sort_values(order).reset_index(drop=True) for frame in (whole, parts))
    assert one.equals(other)
    assert open_checkpoint(sharded / "model.safetensors.index.json").keys() == model().keys()


def test_packed_tensors_are_judged_by_the_values_they_hold(tmp_path):
    layout = get_layout("compressed-tensors", "nvfp4")
    quantized = layout.fmt.quantize(model()["embed.weight"])
    parts = {f"embed{suffix}": part for suffix, part in packed_parts(layout, quantized).items()}
    safetensors.torch.save_file(parts, tmp_path / "packed.safetensors")
    frame = survey_checkpoint(tmp_path, ("nvfp4", "mxfp4")).set_index("format")
    assert list(frame["tensor"]) == ["embed.weight"] * 2
    assert list(frame["dtype"]) == ["nvfp4"] * 2
    assert frame.loc["nvfp4", "relative_mse"] < 1e-12 < frame.loc["mxfp4", "relative_mse"]


def test_values_that_are_not_finite_and_empty_tensors_are_reasons(tmp_path):
    bad = torch.ones(3, 4)
    bad[2, 1] = torch.nan
    tensors = {"bad": bad, "empty": torch.ones(0, 4), "good": torch.ones(2, 4), "deep": torch.full((2, 2), torch.inf)}
    safetensors.torch.save_file(tensors, tmp_path / "x.safetensors")
    reasons = survey_checkpoint(tmp_path, ("mxfp4",)).set_index("tensor")["why_not"]
    assert reasons["bad"] == "it holds values that are not finite in rows 0 to 2"
    assert reasons["deep"] == "it holds values that are not finite in rows 0 to 1"
    assert reasons["empty"] == "the tensor is empty"
    assert reasons["good"] == ""


def test_rows_too_long_to_be_read_are_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "LONGEST", 1000)
    safetensors.torch.save_file({"x": torch.ones(32, 96)}, tmp_path / "x.safetensors")
    frame = survey_checkpoint(tmp_path, ("nvfp4_16x16",))
    assert frame["why_not"].item() == (
        "16 rows, which a tile takes together, have 1,536 values and at most 1,000 are read at a time"
    )
    assert survey_checkpoint(tmp_path, ("mxfp4",))["why_not"].item() == ""


def test_progress_ends_at_one_and_never_falls(file):
    seen = []
    survey_checkpoint(file, ("mxfp4",), on_progress=lambda tensor, share: seen.append((tensor, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert {tensor for tensor, _ in seen} == {n for n, x in model().items() if x.ndim > 1 and x.is_floating_point()}


def sparse_checkpoint(path, gigabytes):
    """A file of so many GB with one bf16 tensor, of which only the first rows take room on the disk."""
    rows, columns = gigabytes * 2**30 // 2 // 4096, 4096
    header = json.dumps(
        {"w": {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [0, 2 * rows * columns]}}
    ).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.write(torch.randn(64, columns).bfloat16().view(torch.uint8).numpy().tobytes())
        file.truncate(8 + len(header) + 2 * rows * columns)


LARGE = """
import resource, sys
from pathlib import Path
from analysis.commands.checkpoints import open_checkpoint
from analysis.formats import FORMATS
from analysis.formats.layers import layer_errors

w = open_checkpoint(Path(sys.argv[1]))["w"]
assert w.n_rows * w.columns * 2 == 20 * 2**30
passed = sum(w.rows(first, 256).numel() for first in range(0, 128 * 1024, 256))
found = layer_errors(w.rows, 300, w.columns, [FORMATS["nvfp4"], FORMATS["int8_row"]])
print(found[0].sqnr_db, 2 * passed / 2**30, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 2**30)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the peak of memory in KiB")
def test_a_file_of_20_gb_is_read_in_a_tenth_of_that(tmp_path):
    """A process of its own, so that its peak is its own: it reads 1 GB of the file and quantizes some chunks."""
    sparse_checkpoint(tmp_path / "large.safetensors", 20)
    command = [sys.executable, "-c", LARGE, str(tmp_path / "large.safetensors")]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=one_thread, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    sqnr, passed, peak = map(float, done.stdout.split())
    assert passed == 1.0
    assert 18 < sqnr < 23
    assert peak < 2.0, f"{peak:.2f} GiB at most"  # torch and the compiled loops among them


BAD = {
    "missing": (lambda path: path / "none", "none is no file and no folder"),
    "empty folder": (lambda path: _folder(path), r"holds no \.safetensors file; save the model"),
    "pickles": (
        lambda path: _folder(path, **{"pytorch_model.bin": b"\x80\x04"}),
        r"pytorch_model.bin may hold pickles, which could run code and are never opened",
    ),
    "a pickle, renamed": (lambda path: _folder(path, **{"a.safetensors": b"\x80\x04N."}), "a pickle, which could"),
    "two files": (
        lambda path: _folder(path, **{"a.safetensors": b"", "b.safetensors": b""}),
        r"holds 2 checkpoints; give the path of one: a.safetensors, b.safetensors",
    ),
    "an index of nothing": (lambda path: _indexed(path, {"w": "s.safetensors"}), "s.safetensors is not there"),
    "no index": (lambda path: _folder(path, **{"m.safetensors.index.json": b"[1]"}), "it needs a JSON object"),
    "an empty index": (lambda path: _indexed(path, {}), "m.safetensors.index.json names no tensor"),
    "a way out": (lambda path: _indexed(path, {"w": "../../etc/passwd"}), "names the shard '../../etc/passwd'; shards"),
    "a shard that is a number": (lambda path: _indexed(path, {"w": 7}), "names the shard '7'"),
    "a tensor elsewhere": (
        lambda path: _indexed(path, {"w": "s.safetensors", "v": "s.safetensors"}, w=torch.ones(2, 2)),
        "places 1 tensors where they are not, the first 'v' in s.safetensors",
    ),
}  # fmt: skip


def _folder(path, **files):
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def _indexed(path, places, **tensors):
    if tensors:
        safetensors.torch.save_file(tensors, path / "s.safetensors")
    return _folder(path, **{"m.safetensors.index.json": json.dumps({"weight_map": places}).encode()})


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_checkpoint_gets_a_sentence(kind, tmp_path):
    make, sentence = BAD[kind]
    with pytest.raises(ValueError, match=sentence):
        survey_checkpoint(make(tmp_path), ("mxfp4",))


def test_the_verb_prints_a_table_and_strict_json(call, file):
    code, out, _ = call("layers", file, "--formats", "mxfp4,nvfp4", "--json")
    document = json.loads(out, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert code == 0
    rows = {row["tensor"]: row for row in document["tensors"]}
    assert rows["position_ids"]["why_not"] == "holds I64, no real numbers"
    expected = trial(FORMATS["nvfp4"], model()["embed.weight"].float()).errors
    assert rows["embed.weight"]["formats"]["nvfp4"]["sqnr_db"] == pytest.approx(expected.sqnr_db)
    assert {total["format"] for total in document["total"]} == {"mxfp4", "nvfp4"}
    code, out, _ = call("layers", file, "--formats", "mxfp4,nvfp4", "--tensors", "*.0.*.weight")
    assert code == 0
    assert "embed.weight" not in out
    assert "left out, 1: has one axis or none" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--formats", "fp4"), "did you mean e2m1, mxfp4 or nvfp4?"),
        (("--formats", "e8m0"), "e8m0 is a scale format without sign"),
        (("--formats", ","), "name at least one format"),
        (("--tensors", "*.none"), "--tensors '*.none' names none of the 6 tensors; the first is 'embed.weight'"),
    ],
)
def test_a_bad_call_of_the_verb_exits_with_2(call, file, options, sentence):
    code, _, err = call("layers", file, *options)
    assert code == 2
    assert sentence in err


def test_layers_are_listed_in_the_order_of_their_numbers(tmp_path):
    names = ["b.10.w", "b.9.w", "a", "b.w", "b.100.w", "².w"]
    safetensors.torch.save_file({name: torch.ones(2, 2) for name in names}, tmp_path / "x.safetensors")
    assert list(open_checkpoint(tmp_path)) == ["a", "b.9.w", "b.10.w", "b.100.w", "b.w", "².w"]


def test_only_headers_are_read_to_open_a_checkpoint(file, monkeypatch):
    monkeypatch.setattr(checkpoints.Tensor, "rows", lambda *_: pytest.fail("values were read"))
    assert open_checkpoint(file).keys() == model().keys()
