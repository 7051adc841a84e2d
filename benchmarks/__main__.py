"""Speed against peers: python -m benchmarks [NAME ...] prints Markdown; --write FILE keeps it, section by section."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from pathlib import Path

# Modules here with TITLE and sections(quick), which yields paragraphs of Markdown.
BENCHMARKS = ("fits", "import_csv", "planner", "formats", "ui", "sessions")
HEAD = """# Benchmarks

Written by `make bench`. Both sides of a comparison run in one call on one machine; compare ratios, not seconds.
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="time slow peers on a sample and say so")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the sections in this file")
    args = parser.parse_args(arguments)
    unknown = [name for name in args.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown benchmark '{unknown[0]}'; known are {', '.join(BENCHMARKS)}")
    # Tiny matrices of peers would spend their time waking BLAS threads; ours has threads of its own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in args.names or BENCHMARKS:
        module = importlib.import_module(f"benchmarks.{name}")
        parts = [f"## {module.TITLE}"]
        print(parts[0], end="\n\n", flush=True)
        for part in module.sections(args.quick):
            print(part, end="\n\n", flush=True)
            parts.append(part)
        if args.write:
            old = args.write.read_text() if args.write.exists() else HEAD
            args.write.write_text(merged(old, "\n\n".join(parts)))
    return 0


def merged(text: str, section: str) -> str:
    """The text with a section in place of the one of the same title, or at its end."""
    head, *others = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    title = section.partition("\n")[0]
    titles = [other.partition("\n")[0] for other in others]
    place = titles.index(title) if title in titles else len(others)
    others[place : place + 1] = [section]
    return "\n\n".join(part.strip() for part in (head, *others)) + "\n"


if __name__ == "__main__":
    sys.exit(main())
