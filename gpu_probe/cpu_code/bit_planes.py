"""Products with weights of few bits stored as bit planes: by tables of sums, or widened and multiplied.

Plane i holds bit i of every weight: byte (i, group, column) has the bits of eight neighbours along k, the first lowest.
A weight of b bits stands for 2 q - (2^b - 1), so that each bit adds 2^i or takes it away. Every loop runs over
neighbouring columns, and releases the interpreter's lock.
"""

from __future__ import annotations

import numpy as np

from analysis.formats.kernels import compiled

GROUP = 8  # weights a byte of a plane holds, and activations that a table of 256 sums is made of


@compiled
def fill_table(x, table):
    """table[byte]: the sum of x[j] for each of eight bits j that is set, less x[j] for each that is not."""
    table[0] = -(x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7])
    size = 1
    for j in range(GROUP):
        twice = x[j] + x[j]
        for entry in range(size):
            table[size + entry] = table[entry] + twice
        size += size


@compiled
def looked_up(x, planes, scales, begin, end, out):
    """out[begin:end] of one token x (k,) by tables: planes (bits, k/8, n) bytes, float32 scales (n,)."""
    bits, groups, _ = planes.shape
    table = np.empty(256, np.float32)
    total = np.zeros(end - begin, np.float32)
    for group in range(groups):
        fill_table(x[GROUP * group : GROUP * group + GROUP], table)
        for bit in range(bits):
            weight = np.float32(1 << bit)
            row = planes[bit, group, begin:end]
            for column in range(np.uintp(end - begin)):
                total[column] += weight * table[row[column]]
    for column in range(end - begin):
        out[begin + column] = total[column] * scales[begin + column]


@compiled
def widened(x, planes, scales, begin, end, out):
    """The same by widening every weight to float32 first."""
    bits, groups, _ = planes.shape
    total = np.zeros(end - begin, np.float32)
    codes = np.empty(end - begin, np.int32)
    middle = np.int32((1 << bits) - 1)
    for group in range(groups):
        for place in range(GROUP):
            value = x[GROUP * group + place]
            codes[:] = -middle
            for bit in range(bits):
                row = planes[bit, group, begin:end]
                for column in range(np.uintp(end - begin)):
                    codes[column] += ((np.int32(row[column]) >> place) & 1) << (bit + 1)
            for column in range(np.uintp(end - begin)):
                total[column] += np.float32(codes[column]) * value
    for column in range(end - begin):
        out[begin + column] = total[column] * scales[begin + column]
