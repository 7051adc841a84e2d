"""Bytes as tensor cores read them, against formulas and other people's tables."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import torch

from analysis.formats.bit_planes import planes
from gpu_probe.kernels import KERNELS
from gpu_probe.kernels.bit_plane_weights import BITS, launcher, operands_of, planes_of
from gpu_probe.kernels.kernel import Place
from gpu_probe.kernels.mm_int4_weight import pack_high_first
from gpu_probe.layout import blocked_length, blocked_offset, pack_low_first, to_blocked, unpack_low_first
from gpu_probe.shapes import Shape
from gpu_probe.verify_layout import BLOCK_SCALED, _e2m1, layouts, read_as_hardware


def test_layouts_equal_their_formulas():
    assert {name: wrong for name, wrong in layouts() if wrong} == {}


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (127, 3), (128, 4), (129, 5), (256, 8), (300, 17)])
def test_blocked_offsets_use_each_place_once_and_padding_is_zero(rows, columns):
    offsets = {blocked_offset(row, column, columns) for row in range(rows) for column in range(columns)}
    assert len(offsets) == rows * columns
    assert max(offsets) < blocked_length(rows, columns) == -(-rows // 128) * -(-columns // 4) * 512
    flat = to_blocked(torch.full((rows, columns), 7, dtype=torch.uint8))
    assert {place for place, value in enumerate(flat.tolist()) if value} == offsets


def test_the_first_tile_reads_as_the_documentation_of_the_layout_prints_it():
    flat = to_blocked(torch.arange(512).reshape(128, 4).to(torch.int32))
    # Row 0's four scales, then row 32's, 64's and 96's, then row 1's.
    assert flat[:20].tolist() == [0, 1, 2, 3, 128, 129, 130, 131, 256, 257, 258, 259, 384, 385, 386, 387, 4, 5, 6, 7]


def test_nibbles_pack_low_first_and_unpack_for_every_byte():
    codes = torch.tensor([[0x1, 0xA, 0xF, 0x0]], dtype=torch.uint8)
    assert pack_low_first(codes).tolist() == [[0xA1, 0x0F]]
    every = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
    assert torch.equal(pack_low_first(unpack_low_first(every)), every)


def test_int4_weights_pack_high_first():
    assert pack_high_first(torch.tensor([[0x1, 0xA, 0xF, 0x0]], dtype=torch.int32)).tolist() == [[0x1A, 0xF0]]


def test_an_odd_row_cannot_be_packed():
    with pytest.raises(ValueError, match="3 codes a row cannot be packed in pairs"):
        pack_low_first(torch.zeros((1, 3), dtype=torch.uint8))


def test_every_e2m1_code_reads_as_in_ml_dtypes():
    expected = np.arange(16, dtype=np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float64)
    assert _e2m1(torch.arange(16, dtype=torch.uint8)).numpy().tolist() == expected.tolist()


@pytest.mark.parametrize("name", BLOCK_SCALED)
def test_block_scales_differ_so_that_a_wrong_place_shows(name):
    operands = KERNELS[name].operands(Shape(64, 16, 256), Place("cpu", "rocm"), 0)
    assert len(operands.tensors[1].unique()) > 4


@pytest.mark.parametrize("name", BLOCK_SCALED)
def test_decoded_operands_are_close_to_the_normal_values_they_came_from(name):
    """Quantization must lose what the format loses, not more: the relative error of 4 or 8 bits."""
    shape = Shape(64, 16, 256)
    operands = KERNELS[name].operands(shape, Place("cpu", "cuda"), 0)
    half = len(operands.tensors) // 2
    read = read_as_hardware(name, operands.tensors[:half], shape.m, shape.k)
    assert torch.isfinite(read).all()
    assert read.std() > 1
    assert len(read.abs().unique()) > 16


def test_other_scales_for_the_tensor_are_kept_apart():
    """NVFP4 scales whole tensors: dropping or swapping the two scales must change the values."""
    operands = KERNELS["mm_nvfp4"].operands(Shape(64, 48, 256), Place("cpu", "cuda"), 0)
    assert len(operands.tensors) == 6
    assert operands.tensors[2].item() != operands.tensors[5].item()


@pytest.mark.row("R26")
@pytest.mark.parametrize("bits", BITS)
def test_bit_planes_are_those_of_the_integers_and_tables_and_widening_agree_on_any_number_of_threads(bits):
    codes = torch.randint(0, 1 << bits, (37, 64), generator=torch.Generator().manual_seed(bits))
    expected = np.packbits(planes(codes.numpy(), bits, signed=False), axis=-1, bitorder="little").transpose(0, 2, 1)
    np.testing.assert_array_equal(planes_of(codes, bits).numpy(), expected)
    operands = operands_of(bits)(Shape(3, 37, 64), Place("cpu", "cpu"), 1)
    wanted = operands.rows(torch.arange(3)) @ operands.columns(torch.arange(37)).t()
    threads = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            for loop in ("looked_up", "widened"):
                made = launcher(loop)("cpu", operands.tensors, torch.full((3, 37), torch.nan))
                torch.testing.assert_close(made.double(), wanted, rtol=1e-5, atol=1e-4)
    finally:
        torch.set_num_threads(threads)
