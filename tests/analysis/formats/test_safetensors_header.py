"""Headers of safetensors files: what the library accepts is read the same, and nothing else is read at all."""

import json
import struct

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch

from analysis.commands.safetensors_header import DTYPES, read_header

TENSORS = {
    "a": torch.arange(6).reshape(2, 3).float(),
    "b": torch.ones(3).bfloat16(),
    "c": torch.zeros(2, 0),
    "d": torch.tensor(2.5, dtype=torch.float64),
    "e": torch.arange(5, dtype=torch.int8),
}


def library(data):
    """The tensors as the library reads them, or None when it refuses the file."""
    try:
        return dict(safetensors.deserialize(data))
    except safetensors.SafetensorError:
        return None


def ours(data):
    try:
        return read_header(data, "x")
    except ValueError:
        return None


@pytest.mark.parametrize("where", ["bytes", "file"])
def test_every_tensor_of_a_file_is_found_as_it_is(where, tmp_path):
    source = safetensors.torch.save(TENSORS, {"format": "pt"})
    if where == "file":
        (tmp_path / "x").write_bytes(source)
        source = tmp_path / "x"
    found = read_header(source, "x")
    assert found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found[name].shape == tuple(tensor.shape)
        assert torch.equal(found[name].values().reshape(tensor.shape), tensor), name
    assert found["a"].values(4, 2).tolist() == [4, 5]
    assert torch.equal(found["b"].alone().values(), TENSORS["b"])
    assert where == "file" or found["b"].alone().source == TENSORS["b"].view(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("dtype", [name for name, (_, torch_name) in DTYPES.items() if torch_name])
def test_every_type_of_the_library_is_read(dtype):
    bits, torch_name = DTYPES[dtype]
    raw = np.random.default_rng(0).integers(0, 2, 4 * bits // 8, np.uint8)
    header = json.dumps({"x": {"dtype": dtype, "shape": [4], "data_offsets": [0, len(raw)]}}).encode()
    data = struct.pack("<Q", len(header)) + header + raw.tobytes()
    assert library(data) is not None
    values = read_header(data, "x")["x"].values()
    assert values.dtype == getattr(torch, torch_name)
    np.testing.assert_array_equal(values.view(torch.uint8).numpy(), raw)


def test_types_narrower_than_a_byte_are_listed_and_not_read():
    header = json.dumps({"x": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}).encode()
    stored = read_header(struct.pack("<Q", len(header)) + header + b"\0\0", "x")["x"]
    assert stored.words == "F4 [4]"
    with pytest.raises(ValueError, match="values of type F4 cannot be read; save them as U8 codes or as BF16"):
        stored.values()


def test_a_changed_byte_is_read_as_the_library_reads_it_or_refused():
    """Every header byte replaced in turn by each of some others: never accepted where the library refuses."""
    good = safetensors.torch.save(TENSORS)
    size = 8 + int.from_bytes(good[:8], "little")
    accepted = refused = 0
    for at in range(size):
        for byte in b'09",:{}[]- e':
            data = bytearray(good)
            data[at] = byte
            found, wanted = ours(bytes(data)), library(bytes(data))
            if found is None:
                refused += 1
                continue
            assert wanted is not None, (at, chr(byte), bytes(data[8:size]))
            accepted += 1
            assert {name: (one.dtype, list(one.shape)) for name, one in found.items()} == {
                name: (one["dtype"], one["shape"]) for name, one in wanted.items()
            }
    assert accepted > 100
    assert refused > 1000


def header_of(entries):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


BAD = {
    "shorter than its length": (b"\x02\0\0", "it has 3 bytes"),
    "header longer than the file": (struct.pack("<Q", 50) + b"{}", "says that its header has 50"),
    "header longer than any": (struct.pack("<Q", 2**40) + b"{}", "says that its header has 1,099,511,627,776"),
    "no JSON": (header_of(b"{nonsense"), "its header is not JSON"),
    "deep JSON": (header_of(b'{"a":' + b"[" * 100_000), "its header is not JSON"),
    "no object": (header_of(b"[1, 2]"), "JSON of type list"),
    "the same name twice": (header_of(b'{"a": 1, "a": 2}'), "a name is there twice"),
    "no entry": (header_of({"a": 7}), "tensor 'a' has no dtype, shape and data_offsets"),
    "unknown type": (header_of({"a": entry("F3")}) + bytes(8), "unknown type 'F3'"),
    "negative shape": (header_of({"a": entry(shape=(-2,))}) + bytes(8), "not whole numbers"),
    "flags for a shape": (header_of({"a": entry(shape=(True,), offsets=(0, 4))}) + bytes(4), "not whole numbers"),
    "too few bytes": (header_of({"a": entry(shape=(3,))}) + bytes(8), "takes 12 bytes and has 8"),
    "a gap": (header_of({"a": entry(offsets=(8, 16))}) + bytes(16), "begins at byte 8, not at 0"),
    "an overlap": (header_of({"a": entry(), "b": entry(offsets=(4, 12))}) + bytes(12), "begins at byte 4, not at 8"),
    "cut off": (header_of({"a": entry()}) + bytes(7), "its tensors take 8 bytes and 7 follow its header"),
    "bytes left over": (header_of({"a": entry()}) + bytes(9), "its tensors take 8 bytes and 9 follow its header"),
}


@pytest.mark.parametrize("where", ["bytes", "file"])
@pytest.mark.parametrize("kind", BAD)
def test_a_lying_header_gets_a_sentence(kind, where, tmp_path):
    source, sentence = BAD[kind]
    if where == "file":
        (tmp_path / "x").write_bytes(source)
        source = tmp_path / "x"
    with pytest.raises(ValueError) as problem:
        read_header(source, "x.safetensors")
    assert str(problem.value).startswith("x.safetensors is not a readable safetensors file (")
    assert sentence in str(problem.value)
    assert str(problem.value).endswith("; copy or save it again")
