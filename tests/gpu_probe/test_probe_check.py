"""The gate before timing: right outputs pass, any wrong one fails, for every kernel that there is."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from gpu_probe.buffers import rotating, sets_needed
from gpu_probe.check import check
from gpu_probe.kernels import KERNELS
from gpu_probe.kernels.dense import round_mantissa
from gpu_probe.kernels.kernel import Place
from gpu_probe.layout import to_blocked
from gpu_probe.recorded import RECORDED, recorded
from gpu_probe.shapes import Shape
from gpu_probe.verify_layout import BLOCK_SCALED, read_as_hardware

SHAPE = Shape(130, 272, 384)
DTYPE = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "int32": torch.int32}
PRODUCTS = sorted(name for name, kernel in KERNELS.items() if kernel.is_product)


def right(name, shape=SHAPE):
    """(kernel, operands, output): the output is the float64 product rounded once to the kernel's output type."""
    kernel, operands, output = _kept(name) if shape == SHAPE else _made(name, shape)
    return kernel, operands, output.clone()


@cache
def _kept(name):
    return _made(name, SHAPE)


def _made(name, shape):
    kernel = KERNELS[name]
    operands = kernel.operands(shape, Place("cpu", "cuda"), 3)
    product = operands.rows(torch.arange(shape.m)) @ operands.columns(torch.arange(shape.n)).t()
    return kernel, operands, product.to(DTYPE[kernel.output])


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_rounded_product_passes(name):
    kernel, operands, output = right(name)
    found = check(kernel, SHAPE, operands, output, "cuda", 0)
    assert found.failure is None
    assert found.checked == output.numel()
    assert found.relative_error < 2e-3


SPOILED = {
    "one element": lambda c: c.index_put(
        (torch.tensor(129), torch.tensor(271)), (c[129, 271] + c.abs().max() / 4).to(c.dtype)
    ),
    "rows swapped": lambda c: c.roll(1, 0),
    "columns swapped": lambda c: c.roll(1, 1),
    "half the size": lambda c: (c / 2).to(c.dtype),
    "all zero": torch.zeros_like,
    "negated": lambda c: -c,
}


@pytest.mark.parametrize("spoil", SPOILED)
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_wrong_output_is_rejected_and_named(name, spoil):
    kernel, operands, output = right(name)
    failure = check(kernel, SHAPE, operands, SPOILED[spoil](output), "cuda", 0).failure
    assert failure is not None
    assert failure.startswith("element (")
    assert "expected" in failure


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_right_output_of_an_earlier_call_is_rejected_once_poisoned(name):
    kernel, operands, output = right(name)
    device = replace(recorded("cpu"), cache_bytes=1)  # one set of buffers
    _, outs = rotating(operands.tensors[:1], kernel.result(SHAPE), device, True)
    for out in outs:
        out.copy_(output)
    assert check(kernel, SHAPE, operands, outs[0], "cuda", 0).failure is None
    kernel._poison(outs, SHAPE, device)
    assert check(kernel, SHAPE, operands, outs[0], "cuda", 0).failure


def test_a_product_of_the_next_coarser_format_is_rejected():
    kernel, operands, output = right("mm_fp32")
    a, w = (tensor.bfloat16().float() for tensor in operands.tensors)
    assert check(kernel, SHAPE, operands, a @ w.t(), "cpu", 0).failure
    kernel, operands, output = right("mm_int8")
    assert check(kernel, SHAPE, operands, output + 1, "cpu", 0).failure


def test_tf32_operands_are_the_nearest_values_of_ten_mantissa_bits():
    values = torch.randn(10_000, generator=torch.Generator().manual_seed(1))
    kept = round_mantissa(values, 10)
    mantissa, exponent = np.frexp(values.numpy().astype(np.float64))
    nearest = np.ldexp(np.round(mantissa * 2**11) / 2**11, exponent)
    assert np.array_equal(kept.numpy().astype(np.float64), nearest)


@pytest.mark.parametrize("name", BLOCK_SCALED)
def test_scales_in_the_wrong_order_are_rejected(name):
    """The mistake that equal scales would hide: the plain order where the tiles of 128 x 4 are wanted."""
    kernel, operands, output = right(name)
    assert check(kernel, SHAPE, operands, output, "cuda", 0).failure is None
    half = len(operands.tensors) // 2
    codes, blocked, *whole = operands.tensors[:half]
    block_size, _ = BLOCK_SCALED[name]
    columns = SHAPE.k // block_size
    plain = KERNELS[name].operands(SHAPE, Place("cpu", "rocm"), 3).tensors[1]
    assert torch.equal(to_blocked(plain), blocked)
    padded = torch.zeros_like(blocked)
    padded[: plain.numel()] = plain.flatten()
    misread = read_as_hardware(name, (codes, padded, *whole), SHAPE.m, columns * block_size)
    wrong = (misread @ operands.columns(torch.arange(SHAPE.n)).t()).to(torch.bfloat16)
    assert check(kernel, SHAPE, operands, wrong, "cuda", 0).failure


def test_a_large_output_is_sampled_to_its_last_row_and_column():
    shape = Shape(1100, 1100, 16)
    kernel, operands, output = right("mm_fp32", shape=shape)
    found = check(kernel, shape, operands, output, "cpu", 0)
    assert (found.failure, found.checked) == (None, 256 * 256)
    output[-1, -1] += 100
    assert "element (1099, 1099)" in str(check(kernel, shape, operands, output, "cpu", 0).failure)


def test_a_large_output_with_one_element_that_is_not_finite_is_rejected_wherever_it_lies():
    shape = Shape(1100, 1100, 16)
    kernel, operands, output = right("mm_fp32", shape=shape)
    sampled = check(kernel, shape, operands, output, "cpu", 5)
    assert sampled.failure is None
    output[500, 501] = float("nan")
    assert check(kernel, shape, operands, output, "cpu", 5).failure


@pytest.mark.parametrize("name", PRODUCTS)
def test_an_output_of_another_size_or_type_is_rejected(name):
    kernel, operands, output = right(name)
    narrow = check(kernel, SHAPE, operands, output[:, :-1], "cuda", 0).failure
    assert narrow == f"the call returns (130, 271) torch.{kernel.output}, expected (130, 272) torch.{kernel.output}"
    assert "torch.float64, expected" in str(check(kernel, SHAPE, operands, output.double(), "cuda", 0).failure)


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_longest_sum_of_a_real_layer_is_still_checked_well(name):
    """Llama-3 405B's feed-forward has k = 53248, where the bound on FP8 sums is widest."""
    shape = Shape(8, 16, 53248)
    kernel, operands, output = right(name, shape=shape)
    assert check(kernel, shape, operands, output, "cuda", 0).failure is None
    for spoil in ("columns swapped", "half the size"):  # what moves an output least
        assert check(kernel, shape, operands, SPOILED[spoil](output), "cuda", 0).failure, spoil


def test_an_error_in_all_elements_that_each_could_have_alone_is_rejected_by_the_norm():
    """At k = 28672 an FP8 sum may lose 0.66 of its scale, and all sums together not even 0.12 of theirs."""
    shape = Shape(64, 48, 28672)
    kernel, operands, output = right("mm_fp8", shape=shape)
    close = (output * 0.85).to(output.dtype)
    assert check(kernel, shape, operands, (output * 0.95).to(output.dtype), "cuda", 0).failure is None
    found = check(kernel, shape, operands, close, "cuda", 0)
    largest = 2**-8 + (1 + 5 / math.sqrt(64 * 48)) * 28672 * 2**-18  # as rows of random terms, |c| is s on average
    said = re.fullmatch(r"the output is off by 15\.0\d% in norm; rounding explains (1\d\.\d+)%", str(found.failure))
    assert said, found.failure
    assert float(said[1]) == pytest.approx(100 * largest, rel=0.05)


def test_a_copy_must_be_exact():
    kernel = KERNELS["copy_bandwidth"]
    shape = Shape(9, 1, 8)
    operands = kernel.operands(shape, Place("cpu", "cpu"), 0)
    copied = operands.tensors[0].clone()
    assert check(kernel, shape, operands, copied, "cpu", 0).failure is None
    copied[8, 7] = copied[8, 7] * (1 + 2**-7)
    assert check(kernel, shape, operands, copied, "cpu", 0).failure


def test_operands_rotate_through_four_caches_within_half_of_the_memory():
    device = replace(RECORDED["sm_90"], cache_bytes=50 * 2**20)
    assert sets_needed(10 * 2**20, device) == 20
    assert sets_needed(2**40, device) == 1
    assert sets_needed(1, device) == 64
    assert sets_needed(60 * 2**20, replace(device, memory_bytes=200 * 2**20)) == 1


QUANTIZING = [name for name, kernel in KERNELS.items() if kernel.decoded is not None]
MISMADE = {
    "scales of other rows": lambda codes, scales, factor: (codes, scales.roll(1, 0), factor),
    "codes of other columns": lambda codes, scales, factor: (codes.roll(1, 1), scales, factor),
    "scales one step too large": lambda codes, scales, factor: (codes, scales + 1, factor),
    "signs lost": lambda codes, scales, factor: (codes & 0x77, scales, factor),
    "cut off instead of rounded": lambda codes, scales, factor: (codes - (codes & 1), scales, factor),
}


@pytest.mark.parametrize("name", QUANTIZING)
def test_codes_as_near_as_the_emulators_pass_and_any_others_are_rejected_and_named(name):
    kernel, shape = KERNELS[name], Shape(64, 1, 512)
    operands = kernel.operands(shape, Place("cpu", "cpu"), 5)
    codes, scales, factor = kernel.launch("cpu", operands.tensors, None)
    found = check(kernel, shape, operands, (codes, scales, factor), "cpu", 0)
    assert (found.failure, found.checked) == (None, 64 * 512)
    assert found.relative_error < 1e-6
    for how, spoil in MISMADE.items():
        if "scales" in how and not scales.numel():
            continue
        failure = check(kernel, shape, operands, spoil(codes.view(torch.uint8), scales, factor), "cpu", 0).failure
        assert failure is not None, how
        assert re.match(r"element \(\d+, \d+\) decodes to ", failure), failure


def test_codes_of_fewer_numbers_than_were_given_are_rejected():
    kernel, shape = KERNELS["quantize_mxfp4"], Shape(64, 1, 512)
    operands = kernel.operands(shape, Place("cpu", "cpu"), 5)
    codes, scales, factor = kernel.launch("cpu", operands.tensors, None)
    failure = check(kernel, shape, operands, (codes[:32], scales[:32], factor), "cpu", 0).failure
    assert failure == "the codes decode to (32, 512), expected (64, 512)"
