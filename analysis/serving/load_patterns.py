"""Which format serves best by how requests arrive: one at a time, or as many at once as the memory holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.serving.memory import ServingFormats
from analysis.serving.serving import Load, Server, largest_batch, sweep

# The schemes that Kurtic et al. compare, arXiv 2411.02355; the cache stays in 16 bits in all of them.
SCHEMES = {
    "bf16": ServingFormats("bf16", "bf16", "bf16", "bf16"),
    "W8A8 (fp8)": ServingFormats("e4m3_row", "e4m3_row", "bf16", "bf16"),
    "W8A8 (int8)": ServingFormats("int8_row", "int8_row", "bf16", "bf16"),
    "W4A16": ServingFormats("int4_g128", "bf16", "bf16", "bf16"),
}
BASE = "bf16"


@dataclass(frozen=True)
class Pattern:
    """A way in which requests arrive: `alone` one at a time, else as many at once as fit."""

    name: str
    alone: bool


PATTERNS = (Pattern("one request at a time", True), Pattern("as many as fit", False))
COLUMNS = ["pattern", "scheme", "sequences", "tokens_per_s", "step_s", "bound", "over_base", "wins"]


def by_pattern(server: Server, load: Load) -> pd.DataFrame:
    """One row per pattern and scheme that holds a request (COLUMNS): tokens per second of all requests and over bf16's.

    `over_base` is NaN where bf16 does not fit; `wins` marks the most tokens per second of a pattern, the first of
    equal ones.
    """
    rows = []
    for name, formats in SCHEMES.items():
        own = replace(server, formats=formats)
        most = largest_batch(own, load)
        for pattern in PATTERNS if most else ():
            found = sweep(own, load, [1 if pattern.alone else most]).iloc[0].to_dict()
            rows.append({"pattern": pattern.name, "scheme": name} | found)
    table = pd.DataFrame(rows, columns=COLUMNS)
    base = table[table["scheme"] == BASE].set_index("pattern")["tokens_per_s"]
    best = set(table.groupby("pattern")["tokens_per_s"].idxmax())
    over = table["tokens_per_s"] / table["pattern"].map(base).astype(float)
    return table.assign(over_base=over, wins=[row in best for row in table.index])
