"""What a caller may hand in: every bad tensor is a sentence, and every odd one gives what its plain copy gives."""

import re

import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, trial
from analysis.formats.packed import get_layout, unpacked
from analysis.formats.survey import survey, usage
from analysis.formats.sweep import sweep

FORMS = ("mxfp4", "nvfp4", "int4_g128_zp", "e4m3", "int8_row", "nf4_b64")


def with_value(value):
    x = np.ones((3, 40), np.float32)
    x[1, 7] = value
    return x


NOT_FINITE = "the tensor holds 1 value that is not finite, the first is {} at index [1, 7]; replace or remove them"
EMPTY = "the tensor is empty; give it at least one value"
BAD = {
    "NaN": (with_value(np.nan), NOT_FINITE.format("nan")),
    "infinity": (with_value(np.inf), NOT_FINITE.format("inf")),
    "minus infinity": (with_value(-np.inf), NOT_FINITE.format("-inf")),
    "NaN in bf16": (torch.from_numpy(with_value(np.nan)).bfloat16(), NOT_FINITE.format("nan")),
    "no values": (np.zeros((3, 0), np.float32), EMPTY),
    "no rows": (np.zeros((0, 32), np.float32), EMPTY),
    "an empty list": (np.array([]), EMPTY),
    "complex array": (np.ones(4, np.complex64), "the array holds complex64 values; real numbers are needed"),
    "complex tensor": (torch.ones(4, dtype=torch.complex64), "take its real and imaginary part separately"),
    "text": (np.array(["1", "2"]), "the array holds <U1 values; real numbers are needed"),
    "objects": (np.array([1.0, None], object), "the array holds object values; real numbers are needed"),
    "dates": (np.array(["2026-11-24"], "datetime64[D]"), "the array holds datetime64[D] values"),
    "records": (np.zeros(2, [("a", "f4"), ("b", "i4")]), "values; real numbers are needed"),
    "numbers of mixed kinds": (np.array([np.float32(1), np.complex64(1j)]), "complex64 values; real numbers are"),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_tensor_is_a_sentence(kind, name):
    x, sentence = BAD[kind]
    with pytest.raises(ValueError, match=re.escape(sentence)):
        trial(FORMATS[name], x)


@pytest.mark.parametrize("see", [survey, sweep, lambda x: usage(x, "mxfp4")], ids=["survey", "sweep", "usage"])
@pytest.mark.parametrize("kind", ["complex array", "objects", "text"])
def test_what_looks_at_many_formats_says_the_same(kind, see):
    x, sentence = BAD[kind]
    with pytest.raises(ValueError, match=re.escape(sentence)):
        see(x)


def plain():
    return np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32)


SAME = {
    "a transpose": lambda x: np.ascontiguousarray(x.T).T,
    "every other column of a wider one": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards twice": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "column order": np.asfortranarray,
    "big-endian": lambda x: x.astype(">f4"),
    "read-only": lambda x: np.lib.stride_tricks.as_strided(x, writeable=False),
    "a torch tensor": torch.from_numpy,
    "a transposed tensor": lambda x: torch.from_numpy(np.ascontiguousarray(x.T)).T,
    "a tensor with a gradient": lambda x: torch.from_numpy(x).clone().requires_grad_(),
    "long double": lambda x: x.astype(np.longdouble),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("kind", SAME)
def test_an_odd_tensor_gives_what_its_plain_copy_gives(kind, name):
    found, wanted = trial(FORMATS[name], SAME[kind](plain())), trial(FORMATS[name], plain())
    assert found.errors.relative_mse == pytest.approx(wanted.errors.relative_mse, rel=1e-6)
    values = found.values.detach().numpy() if isinstance(found.values, torch.Tensor) else found.values
    np.testing.assert_array_equal(np.asarray(values, np.float32), wanted.values)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.bool_, np.uint16, torch.int32, torch.bool])
def test_whole_numbers_are_real_numbers(dtype, name):
    own = torch.tensor([[0, 1, 0, 1, 1]]) if isinstance(dtype, torch.dtype) else np.array([[0, 1, 0, 1, 1]])
    x = own.to(dtype) if isinstance(dtype, torch.dtype) else own.astype(dtype)
    wanted = trial(FORMATS[name], np.array([[0, 1, 0, 1, 1]], np.float32)).errors
    assert trial(FORMATS[name], x).errors.relative_mse == pytest.approx(wanted.relative_mse, abs=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_a_number_alone_is_a_tensor(name):
    found = trial(FORMATS[name], np.float32(3.0))
    assert np.shape(found.values) == ()
    assert found.errors.n_elements == 1
    assert found.errors.max_abs_error < 0.5


@pytest.mark.parametrize(
    ("number", "sentence"), [(np.nan, "is nan, not a finite number"), (-1.0, "is -1.0"), (0.0, "is 0.0")]
)
def test_a_tensor_scale_that_cannot_be_is_a_sentence(number, sentence):
    layout = get_layout("compressed-tensors", "nvfp4")
    parts = {
        ".weight_packed": torch.zeros(2, 8, dtype=torch.uint8),
        ".weight_scale": torch.ones(2, 1).to(torch.float8_e4m3fn),
        ".weight_global_scale": torch.tensor([number]),
    }
    with pytest.raises(ValueError, match=re.escape(sentence)):
        unpacked(layout, parts)
