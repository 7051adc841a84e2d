"""Packed MXFP4 and NVFP4 tensors as today's tools write them: decoded as they do, and written back byte for byte."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from analysis.commands.tensors import list_tensors, read_rows, read_tensor
from analysis.formats import FORMATS
from analysis.formats.packed import LAYOUTS, find_packed, get_layout, packed_parts, unpacked

E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
IDS = [f"{layout.tool} {layout.format} {layout.codes}" for layout in LAYOUTS]


def random_parts(layout, rows=6, blocks=5, seed=0):
    """Parts as a tool would write them, of random bytes; block scales are finite numbers above zero."""
    rng = np.random.default_rng(seed)
    half = layout.block // 2
    codes = rng.integers(0, 256, (rows, blocks, half), np.uint8)
    parts = {layout.codes: torch.from_numpy(codes if layout.blocked else codes.reshape(rows, -1))}
    if layout.format == "nvfp4":
        parts[layout.scales] = torch.from_numpy(rng.integers(1, 127, (rows, blocks), np.uint8)).view(
            torch.float8_e4m3fn
        )
    else:
        parts[layout.scales] = torch.from_numpy(rng.integers(100, 140, (rows, blocks), np.uint8))
    if layout.tensor_scale is not None:
        number = rng.uniform(1e-4, 1e4)
        parts[layout.tensor_scale] = torch.tensor([number] if layout.divides else number, dtype=torch.float32)
    return parts


def oracle(layout, parts):
    """float64 values by the few lines of each tool: nibbles, low one first, times the scales."""
    codes = parts[layout.codes].numpy()
    codes = codes.reshape(codes.shape[0], -1)
    elements = np.stack([E2M1[codes & 15], E2M1[codes >> 4]], -1).reshape(len(codes), -1)
    if layout.format == "mxfp4":
        scales = np.ldexp(1.0, parts[layout.scales].numpy().astype(int) - 127)
    else:
        scales = parts[layout.scales].double().numpy()
    values = elements * np.repeat(scales, layout.block, axis=1)
    if layout.tensor_scale is None:
        return values
    number = float(parts[layout.tensor_scale].reshape(-1)[0])
    return values / number if layout.divides else values * number


def saved(layout, parts, base="model.layers.0.mlp.up_proj"):
    return safetensors.torch.save({base + suffix: part for suffix, part in parts.items()})


@pytest.mark.parametrize("layout", LAYOUTS, ids=IDS)
def test_packed_bytes_decode_as_their_tool_decodes_them(layout):
    parts = random_parts(layout)
    wanted = oracle(layout, parts)
    found = read_tensor(saved(layout, parts), "x.safetensors")
    assert found.dtype == torch.float32
    # One rounding to float32 at most.
    np.testing.assert_allclose(found.double().numpy(), wanted, rtol=2**-23, atol=0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=IDS)
def test_reading_and_writing_gives_the_same_bytes(layout):
    parts = random_parts(layout, seed=1)
    again = packed_parts(layout, unpacked(layout, parts))
    assert again.keys() == parts.keys()
    for suffix, part in parts.items():
        assert (again[suffix].dtype, again[suffix].shape) == (part.dtype, part.shape)
        assert torch.equal(again[suffix].reshape(-1).view(torch.uint8), part.reshape(-1).view(torch.uint8)), suffix


@pytest.mark.parametrize("layout", LAYOUTS, ids=IDS)
def test_a_quantized_tensor_survives_its_file(layout, tmp_path):
    x = np.random.default_rng(2).standard_normal((7, 96)).astype(np.float32)
    quantized = layout.fmt.quantize(x)
    (tmp_path / "x.safetensors").write_bytes(saved(layout, packed_parts(layout, quantized)))
    found = read_tensor(tmp_path / "x.safetensors", "x")
    np.testing.assert_allclose(found, layout.fmt.dequantize(quantized), rtol=2**-23, atol=0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=IDS)
def test_a_packed_tensor_is_listed_once_with_the_shape_it_decodes_to(layout):
    data = saved(layout, random_parts(layout))
    name = "model.layers.0.mlp.up_proj" + layout.result
    columns = 5 * layout.block
    assert list_tensors(data, "x") == {name: f"{layout.format} [6, {columns}], packed as {layout.tool} does"}
    rows, size, shape = read_rows(data, "x", name, 2 * columns)
    assert (rows.shape, size, shape) == ((2, columns), 6 * columns, (6, columns))
    np.testing.assert_array_equal(rows, read_tensor(data, "x")[:2])


def test_packed_and_plain_tensors_of_a_file_are_told_apart():
    nvfp4 = get_layout("modelopt", "nvfp4")
    tensors = {f"a{suffix}": part for suffix, part in random_parts(nvfp4).items()}
    tensors |= {"a.input_scale": torch.tensor(1.0), "norm.weight": torch.ones(4).bfloat16()}
    # An 8-bit layer with a scale of its own is no packed tensor.
    tensors |= {"b.weight": torch.ones(4, 8).to(torch.float8_e4m3fn), "b.weight_scale": torch.tensor(1.0)}
    found = list_tensors(safetensors.torch.save(tensors), "x")
    assert found["a.weight"] == "nvfp4 [6, 80], packed as modelopt does"
    assert list(found) == ["a.input_scale", "a.weight", "b.weight", "b.weight_scale", "norm.weight"]


def test_an_all_zero_tensor_survives():
    for layout in LAYOUTS:
        quantized = layout.fmt.quantize(np.zeros((2, 64), np.float32))
        found = read_tensor(saved(layout, packed_parts(layout, quantized)), "x")
        assert torch.equal(found, torch.zeros(2, 64)), layout


def test_experts_keep_their_axes():
    layout = get_layout("gpt-oss", "mxfp4")
    parts = random_parts(layout, rows=6)
    shaped = {suffix: part.reshape(2, 3, *part.shape[1:]) for suffix, part in parts.items()}
    found = read_tensor(saved(layout, shaped), "x")
    assert found.shape == (2, 3, 160)
    assert torch.equal(found.reshape(6, 160), read_tensor(saved(layout, parts), "x"))


MODELOPT = get_layout("modelopt", "nvfp4")


def changed(**new):
    parts = random_parts(MODELOPT)
    return saved(MODELOPT, parts | {f".{name}": part for name, part in new.items()})


BAD = {
    "scales of other blocks": (
        changed(weight_scale=torch.ones(6, 4).to(torch.float8_e4m3fn)),
        r"weight of shape \[6, 40\] and .*weight_scale of shape \[6, 4\] do not fit blocks of 16",
    ),
    "scales of another type": (
        changed(weight_scale=torch.ones(6, 5)),
        "weight_scale has the type F32; nvfp4 scales are F8_E4M3",
    ),
    "several tensor scales": (changed(weight_scale_2=torch.ones(6)), "holds several numbers; one scale a tensor"),
    "infinite tensor scale": (
        changed(weight_scale_2=torch.tensor(torch.inf)),
        "weight_scale_2 is inf, not a finite number above 0",
    ),
    "odd columns": (
        saved(get_layout("compressed-tensors", "mxfp4"), {".weight_packed": torch.zeros(3, 7, dtype=torch.uint8),
              ".weight_scale": torch.zeros(3, 0, dtype=torch.uint8)}),
        "do not fit blocks of 32",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_parts_that_do_not_fit_get_a_sentence(kind):
    data, sentence = BAD[kind]
    with pytest.raises(ValueError, match=sentence):
        read_tensor(data, "x.safetensors")
    assert len(list_tensors(data, "x.safetensors")) == 1


@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 40), -1), ((64, 4), 0), ((), -1)], ids=["ragged rows", "other axis", "0-d"]
)
def test_what_has_no_whole_blocks_cannot_be_packed(shape, axis):
    quantized = FORMATS["mxfp4"].quantize(np.ones(shape, np.float32), axis=axis)
    with pytest.raises(ValueError, match="no whole blocks of 32 along its last axis; pad its rows"):
        packed_parts(get_layout("gpt-oss", "mxfp4"), quantized)


def test_a_name_that_only_looks_packed_is_left_alone():
    assert find_packed({"a_blocks": ("U8", (4, 16)), "b_scales": ("U8", (4,))}) == {}
    assert find_packed({"a_blocks": ("F32", (4, 16)), "a_scales": ("U8", (4,))}) == {}


@pytest.mark.parametrize("layout", LAYOUTS[:4], ids=IDS[:4])
def test_the_quantize_verb_packs_and_reads_packed_files(call, tmp_path, layout):
    x = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    out = tmp_path / "packed.safetensors"
    code, first, _ = call(
        "quantize", "--format", layout.format, tmp_path / "x.npy", "--out", out, "--pack", layout.tool, "--json"
    )
    assert code == 0
    values = read_tensor(out, "packed").double().numpy()
    assert np.mean((values - x) ** 2) == pytest.approx(json.loads(first)["mse"])
    # What a format holds already is not changed by it.
    code, second, _ = call("quantize", "--format", layout.format, out, "--json")
    assert code == 0
    assert json.loads(second)["relative_mse"] < 1e-12


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--pack", "modelopt"), "--pack writes a file; give it with --out"),
        (("--pack", "gpt-oss", "--out", "y"), "no layout of gpt-oss holds nvfp4; there are compressed-tensors for"),
        (("--pack", "modelopt", "--out", "y", "--transform", "hadamard"), "pack with --transform none"),
    ],
)
def test_a_call_that_cannot_pack_exits_with_2(call, tmp_path, options, sentence):
    np.save(tmp_path / "x.npy", np.ones((2, 32), np.float32))
    code, _, err = call("quantize", "--format", "nvfp4", tmp_path / "x.npy", *options)
    assert code == 2
    assert sentence in err
