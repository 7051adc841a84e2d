"""Rows of numbers to codes with a scale per block, in Triton: what a step pays before a product of few bits begins."""

import triton
import triton.language as tl


@triton.jit
def _signs(SIZE: tl.constexpr):
    """The Hadamard matrix of that size divided by its root, by the parity of the bits that row and column share."""
    row, column = tl.arange(0, SIZE)[:, None], tl.arange(0, SIZE)[None, :]
    shared = row & column
    shared ^= shared >> 4
    shared ^= shared >> 2
    shared ^= shared >> 1
    return tl.where((shared & 1) == 1, -1.0, 1.0)


@triton.jit
def _power_of_two_scale(amax, EMAX: tl.constexpr):
    """The e8m0 code of 2^(floor(log2 amax) - EMAX) and the float32 factor that divides by it, exactly."""
    exponent = ((amax.to(tl.int32, bitcast=True) >> 23) & 255) - EMAX
    code = tl.minimum(tl.maximum(exponent, 0), 254)
    inverse = ((254 - code) << 23).to(tl.float32, bitcast=True)
    return code, tl.where(code == 254, 5.877471754111438e-39, inverse)


@triton.jit
def _e2m1_code(value):
    """The 4-bit code of the nearest e2m1 value, ties to the even code, beyond 6 to 6."""
    size = tl.abs(value)
    code = (size > 0.25).to(tl.int32) + (size >= 0.75).to(tl.int32) + (size > 1.25).to(tl.int32)
    code += (size >= 1.75).to(tl.int32) + (size > 2.5).to(tl.int32) + (size >= 3.5).to(tl.int32)
    code += (size > 5.0).to(tl.int32)
    negative = (value.to(tl.int32, bitcast=True) >> 31) & 1
    return code | (negative << 3)


@triton.jit
def _spread(x, ROWS: tl.constexpr, WIDTH: tl.constexpr, SIZE: tl.constexpr):
    """Every SIZE neighbours along k multiplied by the Hadamard matrix, in bfloat16 with float32 sums."""
    runs = tl.reshape(x, (ROWS * WIDTH // SIZE, SIZE)).to(tl.bfloat16)
    mixed = tl.dot(runs, _signs(SIZE).to(tl.bfloat16))
    return tl.reshape(mixed, (ROWS, WIDTH)) * (1.0 / tl.sqrt(SIZE * 1.0))


@triton.jit
def _scales_of(amax, factor, EMAX: tl.constexpr, POWERS: tl.constexpr):
    """Scale codes of blocks and what their elements are multiplied by.

    Powers of two below amax over 2^EMAX, or e4m3, amax / 6 times the tensor's factor, in the order of operations of
    Transformer Engine: scales often lie midway between two of e4m3.
    """
    if POWERS:
        wide, times = _power_of_two_scale(amax, EMAX)
        code = wide.to(tl.uint8)
    else:
        whole = tl.load(factor)
        code = tl.minimum(amax * (whole * (1.0 / 6.0)), 448.0).to(tl.float8e4nv)
        times = tl.minimum(tl.div_rn(1.0, tl.div_rn(code.to(tl.float32), whole)), 3.4028234663852886e38)
    return code, times


@triton.jit
def _place(rows, first, blocks, COUNT: tl.constexpr, TILED: tl.constexpr):
    """Where the scales of COUNT blocks from `first` on lie: row by row, or in tiles of 128 x 4 (gpu_probe.layout)."""
    block = first + tl.arange(0, COUNT)[None, :]
    row = rows[:, None].to(tl.int64)
    at = row * blocks + block
    if TILED:
        tile = (row // 128) * tl.cdiv(blocks, 4) + block // 4
        at = tile * 512 + row % 32 * 16 + row % 128 // 32 * 4 + block % 4
    return at


@triton.jit
def block_quantize(
    x, factor, codes, scales, m, n, k,
    BM: tl.constexpr, BK: tl.constexpr, BLOCK: tl.constexpr, EMAX: tl.constexpr,
    FP4: tl.constexpr, POWERS: tl.constexpr, HADAMARD: tl.constexpr, TURNED: tl.constexpr, TILED: tl.constexpr,
):  # fmt: skip
    """bfloat16 rows (m, k) to codes and, unless BLOCK is 0, block scales; HADAMARD is 0 or its size.

    TURNED reads the rows from a matrix (k, m) that holds them as columns; TILED lays scales out for scaled_mm.
    """
    wide = k // BK
    rows = tl.program_id(0) // wide * BM + tl.arange(0, BM)
    first = tl.program_id(0) % wide * BK
    kept, inner = (rows % m)[:, None].to(tl.int64), tl.arange(0, BK)[None, :]
    if TURNED:
        value = tl.load(x + (first + inner).to(tl.int64) * m + kept).to(tl.float32)
    else:
        value = tl.load(x + kept * k + first + inner).to(tl.float32)
    if HADAMARD > 0:
        value = _spread(value, BM, BK, HADAMARD)
    inside = (rows < m)[:, None]
    if BLOCK == 0:
        scaled = value * tl.load(factor)
    else:
        scales_at = scales + _place(rows, first // BLOCK, k // BLOCK, BK // BLOCK, TILED)
        blocks = tl.reshape(value, (BM, BK // BLOCK, BLOCK))
        code, times = _scales_of(tl.max(tl.abs(blocks), axis=2), factor, EMAX, POWERS)
        tl.store(scales_at, code, mask=inside)
        scaled = tl.reshape(blocks * times[:, :, None], (BM, BK))
    if FP4:
        low, high = tl.split(tl.reshape(_e2m1_code(scaled), (BM, BK // 2, 2)))
        half = tl.arange(0, BK // 2)[None, :]
        at = codes + rows[:, None].to(tl.int64) * (k // 2) + first // 2 + half
        tl.store(at, (low | (high << 4)).to(tl.uint8), mask=inside)
    else:
        clipped = tl.minimum(tl.maximum(scaled, -448.0), 448.0).to(tl.float8e4nv)
        tl.store(codes + rows[:, None].to(tl.int64) * k + first + inner, clipped, mask=inside)
