"""Codes packed into bytes and back, exactly: dense bits, and FP6 as planes of 4 and 2 bits."""

from __future__ import annotations

import numpy as np


def pack(codes: np.ndarray, bits: int) -> np.ndarray:
    """The bytes of `codes` of 1 to 8 bits along the last axis, uint8, the first code in the lowest bits.

    Two 4-bit codes share a byte with the even one in the low half, as NVFP4 and MXFP4 checkpoints have it; four
    6-bit codes share three bytes. A ragged end is filled with zero bits. Raises ValueError for a code that does not
    fit and for 0-d codes.
    """
    codes = np.asarray(codes)
    _require_codes(codes, bits)
    planes = codes.astype(np.uint8)[..., None] >> np.arange(bits, dtype=np.uint8) & 1
    return np.packbits(planes.reshape(*codes.shape[:-1], codes.shape[-1] * bits), axis=-1, bitorder="little")


def unpack(packed: np.ndarray, bits: int, count: int) -> np.ndarray:
    """The `count` codes along the last axis that pack put into these bytes, uint8.

    Raises ValueError when the bytes are not as many as `count` codes take.
    """
    packed = np.asarray(packed, dtype=np.uint8)
    _require_bits(bits)
    needed = -(-count * bits // 8)
    if packed.ndim == 0 or packed.shape[-1] != needed:
        found = packed.shape[-1] if packed.ndim else "no rows of them"
        raise ValueError(f"{count} codes of {bits} bits take {needed} bytes, and there are {found}; check the count")
    loose = np.unpackbits(packed, axis=-1, count=count * bits, bitorder="little")
    planes = loose.reshape(*packed.shape[:-1], count, bits)
    return (planes << np.arange(bits, dtype=np.uint8)).sum(axis=-1, dtype=np.uint8)


def pack_4_2(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """6-bit codes as a plane of their upper 4 bits and one of their lower 2 bits, each packed densely."""
    codes = np.asarray(codes)
    _require_codes(codes, 6)
    return pack(codes >> 2, 4), pack(codes & 3, 2)


def unpack_4_2(upper: np.ndarray, lower: np.ndarray, count: int) -> np.ndarray:
    """The `count` 6-bit codes of the two planes of pack_4_2, uint8."""
    return unpack(upper, 4, count) << 2 | unpack(lower, 2, count)


def _require_codes(codes: np.ndarray, bits: int) -> None:
    _require_bits(bits)
    if codes.ndim == 0 or codes.dtype.kind not in "iu":
        raise ValueError(f"codes must be an array of integers with at least one axis, not {codes.dtype} {codes.shape}")
    wrong = codes[(codes < 0) | (codes >= 2**bits)]
    if wrong.size:
        raise ValueError(f"code {wrong[0]} does not fit in {bits} bits; codes go from 0 to {2**bits - 1}")


def _require_bits(bits: int) -> None:
    if not 1 <= bits <= 8:
        raise ValueError(f"codes of {bits} bits cannot be packed; choose 1 to 8 bits")
