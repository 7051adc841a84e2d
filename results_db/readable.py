"""Runs in words, as one SQL query: what the results page filters, draws and lists.

Number formats and method labels are spelled out, the source has its name and link, and C is as recorded, else 6 N D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from results_db.importers.format_names import FAMILIES, FORMATS

NOT_STATED, OTHERS = "not stated", "others"
FACETS = ("source", "forward", "backward", "loss_label", "family")
AXES = ("flops", "n_params", "n_tokens")
ORDERS = {
    "yours first": "origin = 'published', position",
    "lowest loss": "loss, position",
    "largest N": "n_params DESC, position",
    "largest D": "n_tokens DESC NULLS LAST, position",
    "largest C": "flops DESC NULLS LAST, position",
}
# Formats that a longer name begins with: 'mxfp4 grid, fp32 scale' is mxfp4.
ELEMENTS = tuple(dict.fromkeys((*FORMATS, *FAMILIES, *(f"int{bits}" for bits in range(1, 9)), "binary", "ternary")))


@dataclass(frozen=True)
class Picks:
    """Which runs: any of the values given for a facet, all where none is given.

    Runs that their source left out are in unless `outliers` is false, logarithms of perplexities only when asked for.
    """

    source: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    backward: tuple[str, ...] = ()
    loss_label: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    outliers: bool = True
    perplexities: bool = False

    def condition(self) -> tuple[str, list[Any]]:
        """The SQL condition on `readable` and its parameters."""
        chosen = {facet: getattr(self, facet) for facet in FACETS if getattr(self, facet)}
        conditions = [f"{facet} IN ({', '.join('?' * len(values))})" for facet, values in chosen.items()]
        conditions += [] if self.outliers else ["NOT outlier"]
        conditions += [] if self.perplexities else ["NOT is_perplexity"]
        return " AND ".join(conditions) or "true", [value for values in chosen.values() for value in values]


def _element(format_name: str) -> str:
    """SQL: the element format that a longer name begins with, else the name itself."""
    first = f"rtrim(split_part({format_name}, ' ', 1), ',')"
    known = ", ".join(f"'{name}'" for name in ELEMENTS)
    return f"CASE WHEN {first} IN ({known}) THEN {first} ELSE {format_name} END"


def _meanings(role: str) -> str:
    """SQL: source_id, method -> label and number format, for one pass."""
    return (
        f"{role}_method AS (SELECT source_id, method, arg_max(label, rowid) AS label,"
        f" arg_max(coalesce(number_format, method), rowid) AS number_format"
        f" FROM methods WHERE role IN ('{role}', 'both') GROUP BY source_id, method)"
    )


def _columns_of(role: str) -> str:
    stated = f"coalesce(nullif(runs.{role}_format, ''), '{NOT_STATED}')"
    return (
        f"coalesce({role}_method.label, {stated}) AS {role}_label,"
        f" {_element(f'coalesce({role}_method.number_format, {stated})')} AS {role}"
    )


READABLE = f"""
WITH {_meanings("forward")}, {_meanings("backward")}, readable AS (
    SELECT runs.rowid AS position, run_id, runs.source_id, n_params, n_tokens,
        coalesce(flops, 6 * n_params * n_tokens) AS flops, loss, coalesce(loss_name, '{NOT_STATED}') AS loss_label,
        {_columns_of("forward")}, {_columns_of("backward")},
        runs.origin, coalesce(datasets.name, runs.source_id) AS source, sources.link, runs.locator, outlier, caution,
        coalesce(contains(caution, 'log_perplexity'), false) AS is_perplexity,
        coalesce(family, '{NOT_STATED}') AS family, runs.note
    FROM runs
    LEFT JOIN datasets ON datasets.dataset_id = runs.dataset_id
    LEFT JOIN sources ON sources.source_id = runs.source_id
    LEFT JOIN forward_method
        ON forward_method.source_id = runs.source_id AND forward_method.method = runs.forward_format
    LEFT JOIN backward_method
        ON backward_method.source_id = runs.source_id AND backward_method.method = runs.backward_format
)"""
SHOWN = """
{readable}, picked AS (
    SELECT position, origin, outlier, {color} AS value, ln({x}) AS log_x, loss
    FROM readable WHERE {where} AND {x} IS NOT NULL
), frequent AS (
    SELECT value FROM picked GROUP BY value ORDER BY count(*) DESC, value LIMIT {most}
), shown AS (
    SELECT picked.*, coalesce(frequent.value, '{others}') AS color FROM picked LEFT JOIN frequent USING (value)
)"""
CELLS = """
SELECT min(position) AS position, color, count(*) AS n_runs
FROM shown, (SELECT min(log_x) AS x0, max(log_x) AS x1, min(loss) AS y0, max(loss) AS y1 FROM shown)
GROUP BY color, origin, outlier, least({side} - 1, floor({side} * (log_x - x0) / greatest(x1 - x0, 1e-9))),
    least({side} - 1, floor({side} * (loss - y0) / greatest(y1 - y0, 1e-9)))
"""
