"""python every_float32.py [--stride N] [FORMAT …]: our codes against those of ml_dtypes on all 2^32 float32 inputs.

`make exhaustive` runs it. Exits with 1 if any code differs.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from format_oracles import CASTS, codes_of, require_equal

from analysis.formats.elements import ELEMENTS

CHUNK = 2**22


def check(name: str, stride: int) -> int:
    """The number of inputs compared, every stride-th bit pattern; raises AssertionError at a different code."""
    count = 0
    for start in range(0, 2**32, CHUNK * stride):
        bits = np.arange(start, min(start + CHUNK * stride, 2**32), stride, dtype=np.uint64).astype(np.uint32)
        x = bits.view(np.float32)
        require_equal(ELEMENTS[name].encode(x), codes_of(x, name), x)
        count += len(x)
    return count


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(CASTS)}; all unless given")
    parser.add_argument("--stride", type=int, default=1, help="compare every N-th bit pattern only")
    args = parser.parse_args(arguments)
    unknown = [name for name in args.formats if name not in CASTS]
    if unknown or args.stride < 1:
        parser.error(f"unknown format '{unknown[0]}'" if unknown else "--stride must be 1 or more")
    wrong = 0
    for name in args.formats or CASTS:
        start = time.perf_counter()
        try:
            with np.errstate(all="ignore"):
                words = f"{check(name, args.stride):,} inputs equal"
        except AssertionError as difference:
            wrong, words = wrong + 1, str(difference)
        print(f"{name:12} {words} ({time.perf_counter() - start:.1f} s)", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
