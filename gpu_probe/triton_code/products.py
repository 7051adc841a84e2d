"""Matrix products in Triton: each program makes one tile of out[m, n] = a[m, k] @ w[n, k].T, k a multiple of its step.

Operands lie row by row along k; rows beyond the matrix are read again from its start and never stored.
"""

import triton
import triton.language as tl


@triton.jit
def _corner(m, n, BM: tl.constexpr, BN: tl.constexpr):
    """First row and column of this program: tiles are walked in bands of eight tile rows, so operands stay cached."""
    place = tl.program_id(0)
    tall, wide = tl.cdiv(m, BM), tl.cdiv(n, BN)
    first = place // (8 * wide) * 8
    height = tl.minimum(tall - first, 8)
    inner = place % (8 * wide)
    return (first + inner % height) * BM, (inner // height) * BN


@triton.jit
def _tile(m, n, BM: tl.constexpr, BN: tl.constexpr):
    """Rows and columns of this program."""
    row, column = _corner(m, n, BM, BN)
    return row + tl.arange(0, BM), column + tl.arange(0, BN)


@triton.jit
def _store(out, total, rows, columns, m, n):
    at = out + rows[:, None].to(tl.int64) * n + columns[None, :]
    tl.store(at, total.to(out.dtype.element_ty), mask=(rows < m)[:, None] & (columns < n)[None, :])


@triton.jit
def dense(
    a, w, a_scale, w_scale, out, m, n, k,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, INTEGER: tl.constexpr,
):  # fmt: skip
    """Operands of one plain type; a float result is scaled by both tensors' scales, integer sums stay as they are."""
    rows, columns = _tile(m, n, BM, BN)
    inner = tl.arange(0, BK)
    a_at = a + (rows % m)[:, None].to(tl.int64) * k + inner[None, :]
    w_at = w + (columns % n)[None, :].to(tl.int64) * k + inner[:, None]
    total = tl.zeros((BM, BN), dtype=tl.int32 if INTEGER else tl.float32)
    for _ in range(0, k, BK):
        total = tl.dot(tl.load(a_at), tl.load(w_at), total, out_dtype=total.dtype)
        a_at += BK
        w_at += BK
    if not INTEGER:
        total *= tl.load(a_scale) * tl.load(w_scale)
    _store(out, total, rows, columns, m, n)


@triton.jit
def block_scaled(
    a, a_scales, a_whole, w, w_scales, w_whole, out, m, n, k,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, BLOCK: tl.constexpr,
    A_KIND: tl.constexpr, A_PACK: tl.constexpr, W_KIND: tl.constexpr, W_PACK: tl.constexpr,
):  # fmt: skip
    """Codes (PACK of them a byte) with a scale per BLOCK along k, and one per tensor that multiplies the result."""
    rows, columns = _tile(m, n, BM, BN)
    a_rows, w_rows = (rows % m)[:, None].to(tl.int64), (columns % n)[:, None].to(tl.int64)
    a_at = a + a_rows * (k // A_PACK) + tl.arange(0, BK // A_PACK)[None, :]
    w_at = w + tl.trans(w_rows) * (k // W_PACK) + tl.arange(0, BK // W_PACK)[:, None]
    blocks = tl.arange(0, BK // BLOCK)[None, :]
    a_scales_at = a_scales + a_rows * (k // BLOCK) + blocks
    w_scales_at = w_scales + w_rows * (k // BLOCK) + blocks
    total = tl.zeros((BM, BN), dtype=tl.float32)
    for _ in range(0, k, BK):
        total = tl.dot_scaled(
            tl.load(a_at), tl.load(a_scales_at), A_KIND, tl.load(w_at), tl.load(w_scales_at), W_KIND, total
        )
        a_at += BK // A_PACK
        w_at += BK // W_PACK
        a_scales_at += BK // BLOCK
        w_scales_at += BK // BLOCK
    _store(out, total * (tl.load(a_whole) * tl.load(w_whole)), rows, columns, m, n)


@triton.jit
def _tiles_of_scales(scales, rows, groups, ROWS: tl.constexpr, GROUPS: tl.constexpr):
    """A descriptor of scales in tiles of 128 x 4 (gpu_probe.layout), loaded as ROWS tiles by GROUPS of them."""
    tall = tl.cdiv(rows, 128)
    return tl.make_tensor_descriptor(
        scales, [1, tall, groups, 2, 256], [tall * groups * 512, groups * 512, 512, 256, 1], [1, ROWS, GROUPS, 2, 256]
    )


@triton.jit
def _in_rows(tiles, ROWS: tl.constexpr, GROUPS: tl.constexpr):
    """Loaded tiles of scales as rows of scales."""
    parts = tl.reshape(tiles, (ROWS, GROUPS, 32, 4, 4))
    return tl.reshape(tl.permute(parts, (0, 3, 2, 1, 4)), (128 * ROWS, 4 * GROUPS))


@triton.jit
def block_scaled_tma(
    a, a_scales, a_whole, w, w_scales, w_whole, out, m, n, k,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, BLOCK: tl.constexpr,
    A_KIND: tl.constexpr, A_PACK: tl.constexpr, W_KIND: tl.constexpr, W_PACK: tl.constexpr,
):  # fmt: skip
    """As block_scaled, operands and scales copied by the tensor memory accelerator, scales in tiles of 128 x 4."""
    row, column = _corner(m, n, BM, BN)
    GROUPS: tl.constexpr = BK // BLOCK // 4
    a_tiles = tl.make_tensor_descriptor(a, [m, k // A_PACK], [k // A_PACK, 1], [BM, BK // A_PACK])
    w_tiles = tl.make_tensor_descriptor(w, [n, k // W_PACK], [k // W_PACK, 1], [BN, BK // W_PACK])
    a_factors = _tiles_of_scales(a_scales, m, k // BLOCK // 4, BM // 128, GROUPS)
    w_factors = _tiles_of_scales(w_scales, n, k // BLOCK // 4, BN // 128, GROUPS)
    total = tl.zeros((BM, BN), dtype=tl.float32)
    for step in range(k // BK):
        left, right = a_tiles.load([row, step * (BK // A_PACK)]), w_tiles.load([column, step * (BK // W_PACK)])
        left_scales = _in_rows(a_factors.load([0, row // 128, step * GROUPS, 0, 0]), BM // 128, GROUPS)
        right_scales = _in_rows(w_factors.load([0, column // 128, step * GROUPS, 0, 0]), BN // 128, GROUPS)
        total = tl.dot_scaled(left, left_scales, A_KIND, tl.trans(right), right_scales, W_KIND, total)
    rows, columns = row + tl.arange(0, BM), column + tl.arange(0, BN)
    _store(out, total * (tl.load(a_whole) * tl.load(w_whole)), rows, columns, m, n)


@triton.jit
def int4_weights(x, codes, scales, whole, out, m, n, k, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Tokens in bfloat16 or e4m3 by 4-bit weights stored from 0 with a scale per BK along k, few bits until used.

    A byte holds an even column low and the next high; a group's scale multiplies its sum, in float32.
    """
    rows, columns = _tile(m, n, BM, BN)
    pairs, kept = tl.arange(0, BK // 2), (columns % n).to(tl.int64)
    x_at = x + (rows % m)[:, None].to(tl.int64) * k + tl.arange(0, BK)[None, :]
    codes_at = codes + kept[:, None] * (k // 2) + pairs[None, :]
    scales_at = scales + kept * (k // BK)
    total = tl.zeros((BM, BN), dtype=tl.float32)
    for _ in range(0, k, BK):
        pair = tl.load(codes_at)
        both = tl.reshape(tl.join(pair & 15, pair >> 4), (BN, BK)).to(tl.float32) - 8.0
        part = tl.dot(tl.load(x_at), tl.trans(both.to(x.dtype.element_ty)))
        total += part * tl.load(scales_at).to(tl.float32)[None, :]
        x_at += BK
        codes_at += BK // 2
        scales_at += 1
    _store(out, total * tl.load(whole), rows, columns, m, n)
