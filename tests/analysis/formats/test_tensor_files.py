"""Files that strangers made: every bad one gets a sentence and nothing is unpickled."""

import io
import json
import pickle
import struct

import numpy as np
import pytest
import safetensors.torch
import torch

from analysis.commands.tensors import list_tensors, read_tensor


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def lying_npy(shape):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue() + b"\0" * 8


def safetensors_header(header):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def bomb_array():
    array = np.empty(1, object)
    array[0] = Bomb()
    return array


BAD = {
    "empty": (b"", "is empty"),
    "text": (b"loss,n\n1,2\n", "neither .npy nor .safetensors"),
    "short": (b"\x01", "neither .npy nor .safetensors"),
    "objects": (npy(bomb_array(), allow_pickle=True), "Python objects, which could run code and are never loaded"),
    "pickle": (pickle.dumps(Bomb()), "a pickle, which could run code and is never opened"),
    "zip": (b"PK\x03\x04" + b"\0" * 40, "a zip archive"),
    "magic only": (b"\x93NUMPY", "no readable .npy header"),
    "newer npy version": (b"\x93NUMPY\x09\x00" + b"\0" * 40, "no readable .npy header"),
    "npy cut off": (npy(np.ones(100, np.float32))[:-7], "it was cut off"),
    "npy lying": (lying_npy((10**12,)), "it was cut off"),
    "negative shape": (lying_npy((-4, 2)), "no readable .npy header"),
    "no elements": (npy(np.zeros((3, 0))), "is empty"),
    "complex": (npy(np.ones(3, np.complex64)), "is complex"),
    "words": (npy(np.array(["a", "b"])), "is not made of real numbers"),
    "dates": (npy(np.array(["2024-01-01"], "datetime64[D]")), "is not made of real numbers"),
    "records": (npy(np.zeros(2, [("a", "f4")])), "is not made of real numbers"),
    "safetensors cut off": (safetensors.torch.save({"a": torch.ones(10)})[:-3], "not a readable safetensors file"),
    "safetensors lying": (
        safetensors_header({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}) + b"\0" * 4,
        "not a readable safetensors file",
    ),
    "safetensors huge header": (struct.pack("<Q", 2**40) + b"{}", "neither .npy nor .safetensors"),
    "safetensors no tensors": (safetensors_header({}), "without tensors"),
    "safetensors empty tensor": (safetensors.torch.save({"a": torch.ones(0)}), "is empty"),
    "safetensors complex": (safetensors.torch.save({"a": torch.ones(2, dtype=torch.complex64)}), "is complex"),
}


@pytest.mark.parametrize("where", ["bytes", "file"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_gets_a_sentence(kind, where, tmp_path):
    data, sentence = BAD[kind]
    source = data
    if where == "file":
        source = tmp_path / "bad.bin"
        source.write_bytes(data)
    with pytest.raises(ValueError, match=sentence) as problem:
        read_tensor(source, "bad.bin")
    assert "bad.bin" in str(problem.value)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint16, np.int64, bool, ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_files_of_every_real_type_come_back_as_they_were(dtype, order, tmp_path):
    x = np.arange(12).reshape(3, 4).astype(dtype)
    x = np.asarray(x, order=order)
    np.save(tmp_path / "x.npy", x)
    np.testing.assert_array_equal(read_tensor(tmp_path / "x.npy", "x.npy"), x)
    np.testing.assert_array_equal(read_tensor(npy(x), "x.npy"), x)


def test_a_scalar_npy_is_a_tensor_of_no_dimensions():
    assert read_tensor(npy(np.float32(2.5)), "x.npy").shape == ()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.int8, torch.float8_e4m3fn])
def test_safetensors_of_every_type_come_back_as_they_were(dtype, tmp_path):
    x = torch.arange(12).reshape(3, 4).to(dtype)
    data = safetensors.torch.save({"x": x})
    (tmp_path / "x.safetensors").write_bytes(data)
    for source in (data, tmp_path / "x.safetensors"):
        found = read_tensor(source, "x")
        assert found.dtype == dtype
        assert torch.equal(found.double(), x.double())


def test_tensors_are_listed_with_type_and_shape():
    data = safetensors.torch.save({"a": torch.ones(2, 3), "b": torch.ones(4).bfloat16()})
    assert list_tensors(data, "x") == {"a": "F32 [2, 3]", "b": "BF16 [4]"}
    assert list_tensors(npy(np.ones((2, 3))), "x") == {"array": "float64 [2, 3]"}


def test_an_unknown_tensor_name_is_answered_with_the_known_ones():
    data = safetensors.torch.save({"a": torch.ones(2), "b": torch.ones(2)})
    with pytest.raises(ValueError, match=r"holds no tensor 'c'; it has a F32 \[2\], b F32 \[2\]"):
        read_tensor(data, "x", "c")
