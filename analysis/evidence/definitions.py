"""Claims that follow from what formats are: their codes, fields, groups and bits."""

from __future__ import annotations

from functools import partial

import numpy as np

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.formats import BlockFormat, Format, get_format
from analysis.formats.packing import pack_4_2, unpack_4_2
from analysis.serving.memory import bits_per_element


def element(name: str) -> Format:
    """The element format of that name."""
    found = get_format(name)
    return found.element if isinstance(found, BlockFormat) else found


def exponent_bits(name: str, facts: Facts) -> float:
    """Bits left when the sign and those that tell the values of [1, 2) apart are taken off."""
    return element(name).bits - 1 - mantissa_bits(name, facts)


def mantissa_bits(name: str, facts: Facts) -> float:
    """Bits that tell the values of [1, 2) apart."""
    values = element(name).values
    return float(np.log2(np.count_nonzero((values >= 1) & (values < 2))))


def e4m3_mantissa_bits(facts: Facts) -> float:
    """Those of e4m3; NaN when its table had an infinity, or a second pattern of NaN beside the sign."""
    values = element("e4m3").values
    as_claimed = not np.isinf(values).any() and np.isnan(values).sum() == 2
    return mantissa_bits("e4m3", facts) if as_claimed else np.nan


def e5m2_exponent_bits(facts: Facts) -> float:
    """Those of e5m2; NaN when its table lacked one of the special values of IEEE 754."""
    values = element("e5m2").values
    as_claimed = np.isinf(values).sum() == 2 and np.isnan(values).sum() == 6
    return exponent_bits("e5m2", facts) if as_claimed else np.nan


def packed_bits(facts: Facts) -> float:
    """Bits a code of all 64 codes in planes of 4 and 2 bits; NaN when one does not come back."""
    codes = np.arange(64)
    upper, lower = pack_4_2(codes)
    back = unpack_4_2(upper, lower, len(codes))
    return 8 * (upper.nbytes + lower.nbytes) / len(codes) if (back == codes).all() else np.nan


def group_size(name: str, facts: Facts) -> float:
    """Elements of a row that share a scale."""
    found = get_format(name)
    size = found.block_size if isinstance(found, BlockFormat) else 1
    return float(size) if isinstance(size, int) else float("nan")


def widths(names: tuple[str, ...], facts: Facts) -> tuple[float, float]:
    """The narrowest and the widest of some formats [bits]."""
    bits = [bits_per_element(name) for name in names]
    return min(bits), max(bits)


def element_bits(name: str, facts: Facts) -> float:
    """Bits of a code, without its share of a scale."""
    return float(element(name).bits)


CHECKS = (
    Check("fp8_formats_2022-01", "definition", "Bits of e4m3 beside the sign and the mantissa, read off its value "
          "table.", partial(exponent_bits, "e4m3")),
    Check("fp8_formats_2022-02", "definition", "Values of e4m3 in [1, 2) counted; its table has no infinity and one "
          "NaN of each sign, and 448 is its largest value.", e4m3_mantissa_bits),
    Check("fp8_formats_2022-03", "definition", "Bits of e5m2 beside the sign and the mantissa; its table has both "
          "infinities and three NaN of each sign, and 57344 is its largest finite value.", e5m2_exponent_bits),
    Check("fp8_formats_2022-04", "definition", "Values of e5m2 in [1, 2) counted.", partial(mantissa_bits, "e5m2")),
    Check("zeroquant_4p2_2023-01", "definition", "All 64 codes of FP6 packed into planes of 4 and 2 bits and read back "
          "bit for bit; bits a code.", packed_bits),
    Check("bitmod_2024-04", "definition", "Elements that share a scale in the format bitmod4.",
          partial(group_size, "bitmod4")),
    Check("compressed_reals_riscv_2023-01", "definition", "Bits of posit8 and of bf16.",
          partial(widths, ("posit8", "bf16"))),
    Check("quartet_2025-01", "definition", "Bits of an element of mxfp4; its scales add a quarter of a bit.",
          partial(element_bits, "mxfp4")),
    Check("fp32_reproducibility_2025-03", "definition", "Bits of bf16 in storage and of fp32 in computing.",
          partial(widths, ("bf16", "fp32"))),
)  # fmt: skip
