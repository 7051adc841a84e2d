"""One token through a layer whose weights are stored in few bits: out[n] = w[n, k] @ x[k], bound by reading w."""

import triton
import triton.language as tl


@triton.jit
def _decoded(codes, KIND: tl.constexpr):
    """float32 values of 4-bit codes: e2m1, or integers from -8 to 7 stored from 0."""
    if KIND == "int4":
        return codes.to(tl.float32) - 8.0
    exponent, mantissa = (codes >> 1) & 3, (codes & 1).to(tl.float32)
    power = (1 << exponent.to(tl.int32)).to(tl.float32)
    size = tl.where(exponent == 0, mantissa * 0.5, (1.0 + 0.5 * mantissa) * power * 0.5)
    return tl.where(codes > 7, -size, size)


@triton.jit
def _scale(codes, POWERS: tl.constexpr):
    """float32 values of scales: the exponents of e8m0 (2^-127 for 0), or numbers as they are."""
    if POWERS:
        bits = tl.where(codes == 0, 1 << 22, codes.to(tl.int32) << 23)
        return bits.to(tl.float32, bitcast=True)
    return codes.to(tl.float32)


@triton.jit
def packed_weights(
    x, codes, scales, whole, out, m, n, k,
    BN: tl.constexpr, BK: tl.constexpr, BLOCK: tl.constexpr, KIND: tl.constexpr, POWERS: tl.constexpr,
):  # fmt: skip
    """Two 4-bit codes a byte, the even column low, a scale per BLOCK along k and one for all; m is 1."""
    columns = tl.program_id(0) * BN + tl.arange(0, BN)
    kept = (columns % n).to(tl.int64)
    blocks = tl.arange(0, BK // BLOCK)
    pairs = blocks[:, None] * (BLOCK // 2) + tl.arange(0, BLOCK // 2)[None, :]
    codes_at = codes + kept[:, None, None] * (k // 2) + pairs[None, :, :]
    scales_at = scales + kept[:, None] * (k // BLOCK) + blocks[None, :]
    x_at = x + 2 * pairs
    total = tl.zeros((BN,), dtype=tl.float32)
    for _ in range(0, k, BK):
        pair = tl.load(codes_at)
        even, odd = tl.load(x_at).to(tl.float32), tl.load(x_at + 1).to(tl.float32)
        low, high = _decoded(pair & 15, KIND), _decoded(pair >> 4, KIND)
        sums = tl.sum(low * even[None, :, :] + high * odd[None, :, :], axis=2)
        total += tl.sum(sums * _scale(tl.load(scales_at), POWERS), axis=1)
        codes_at += BK // 2
        scales_at += BK // BLOCK
        x_at += BK
    tl.store(out + columns, (total * tl.load(whole)).to(out.dtype.element_ty), mask=columns < n)


@triton.jit
def plain_weights(x, weights, scales, out, m, n, k, BN: tl.constexpr, BK: tl.constexpr):
    """Weights of one plain type with a float32 scale per output; m is 1."""
    columns = tl.program_id(0) * BN + tl.arange(0, BN)
    kept = columns % n
    inner = tl.arange(0, BK)
    weights_at = weights + kept[:, None].to(tl.int64) * k + inner[None, :]
    x_at = x + inner
    total = tl.zeros((BN,), dtype=tl.float32)
    for _ in range(0, k, BK):
        total += tl.sum(tl.load(weights_at).to(tl.float32) * tl.load(x_at).to(tl.float32)[None, :], axis=1)
        weights_at += BK
        x_at += BK
    tl.store(out + columns, (total * tl.load(scales + kept)).to(out.dtype.element_ty), mask=columns < n)
