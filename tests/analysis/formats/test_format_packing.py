"""Packed codes: every code survives, in the layout that checkpoints have."""

import numpy as np
import pytest

from analysis.formats import FORMATS
from analysis.formats.elements import ELEMENTS
from analysis.formats.packing import pack, pack_4_2, unpack, unpack_4_2


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("shape", [(1,), (7,), (3, 40), (2, 3, 5), (4, 0)])
def test_packing_and_unpacking_gives_the_codes_back_at_their_bits_each(bits, shape):
    codes = np.random.default_rng(0).integers(0, 2**bits, shape).astype(np.uint8)
    packed = pack(codes, bits)
    assert packed.dtype == np.uint8
    assert packed.shape == (*shape[:-1], -(-shape[-1] * bits // 8))
    np.testing.assert_array_equal(unpack(packed, bits, shape[-1]), codes)


def test_two_4_bit_codes_share_a_byte_with_the_even_one_low():
    codes = np.arange(16, dtype=np.uint8)
    np.testing.assert_array_equal(pack(codes, 4), codes[0::2] | codes[1::2] << 4)
    np.testing.assert_array_equal(pack(codes[:3], 4), [0x10, 0x02])


def test_four_6_bit_codes_share_three_bytes_lowest_bits_first():
    assert pack(np.array([0b000001, 0b000010, 0b000011, 0b100000]), 6).tolist() == [0b10000001, 0b00110000, 0b10000000]


@pytest.mark.row("R15")
def test_all_64_codes_survive_the_planes_of_4_and_2_bits_at_6_bits_each():
    codes = np.arange(64, dtype=np.uint8)
    upper, lower = pack_4_2(codes)
    assert 8 * (upper.nbytes + lower.nbytes) == 6 * codes.size
    np.testing.assert_array_equal(unpack_4_2(upper, lower, 64), codes)
    np.testing.assert_array_equal(unpack(upper, 4, 64), codes >> 2)


@pytest.mark.parametrize("fmt", [fmt for fmt in ELEMENTS.values() if fmt.bits <= 8], ids=lambda fmt: fmt.name)
def test_every_code_of_every_element_survives(fmt):
    codes = np.arange(2**fmt.bits)
    np.testing.assert_array_equal(unpack(pack(codes, fmt.bits), fmt.bits, len(codes)), codes)


def test_a_packed_tensor_decodes_to_the_same_values():
    mxfp4, x = FORMATS["mxfp4"], np.random.default_rng(0).standard_normal((8, 96)).astype(np.float32)
    codes = mxfp4.quantize(x).codes
    packed = pack(codes, 4)
    assert packed.nbytes == x.size // 2
    np.testing.assert_array_equal(unpack(packed, 4, 96), codes)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: pack(np.array([3, 16]), 4), "code 16 does not fit in 4 bits; codes go from 0 to 15"),
        (lambda: pack(np.array([-1]), 4), "code -1 does not fit"),
        (lambda: pack(np.array(3), 4), "at least one axis"),
        (lambda: pack(np.ones(3), 4), "an array of integers"),
        (lambda: pack(np.array([1]), 9), "codes of 9 bits cannot be packed"),
        (lambda: unpack(np.zeros(3, np.uint8), 4, 7), "7 codes of 4 bits take 4 bytes, and there are 3"),
        (lambda: unpack(np.uint8(1), 4, 1), "there are no rows of them"),
    ],
)
def test_what_cannot_be_packed_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
