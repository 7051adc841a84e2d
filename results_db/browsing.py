"""Runs as a person reads them: counted, drawn and listed by DuckDB, so that a million of them never leave it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import duckdb
import pandas as pd

from results_db.errors import unknown
from results_db.exporting import Part, archive
from results_db.readable import AXES, CELLS, FACETS, ORDERS, OTHERS, READABLE, SHOWN, Picks
from results_db.reading import columns

MOST_OPTIONS = 300  # values of a facet that are offered, the most frequent first
MOST_FITTED = 5_000  # runs of one upload that are handed to a fit
MOST_ALONE = 10_000  # runs that are drawn as a point each; of more, those that lie close share one
MOST_POINTS = 50_000  # of a figure, whatever is drawn


@dataclass(frozen=True)
class Facets:
    """What there is to pick: values by facet, the most frequent first, and counts over all runs."""

    values: dict[str, list[str]]
    n_runs: int
    n_perplexities: int


@dataclass(frozen=True)
class Counts:
    """How many runs were picked: by origin, and how many different losses they have."""

    by_origin: dict[str, int]
    n_losses: int

    @property
    def n_runs(self) -> int:
        """All of them."""
        return sum(self.by_origin.values())


@dataclass(frozen=True)
class Sample:
    """Runs as they are stored. Of an upload in `totals`, with the number of its runs, only some are here."""

    runs: pd.DataFrame
    totals: dict[str, int]


class Runs:
    """The store's runs. `cursor` opens a cursor that sees the store as it is at one moment."""

    def __init__(self, cursor: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]) -> None:
        self._cursor = cursor

    def facets(self) -> Facets:
        """What there is to pick from, at most MOST_OPTIONS values of each facet."""
        sets = ", ".join(f"({facet})" for facet in FACETS)
        with self._cursor() as cursor:
            found = cursor.execute(
                f"{READABLE} SELECT grouping({', '.join(FACETS)}) AS place, coalesce({', '.join(FACETS)}) AS value,"
                f" count(*) AS n FROM readable GROUP BY GROUPING SETS ({sets})"
                f" QUALIFY row_number() OVER (PARTITION BY place ORDER BY n DESC, value) <= {MOST_OPTIONS}"
                " ORDER BY n DESC, value"
            ).fetchall()
            n_runs, n_perplexities = cursor.execute(
                f"{READABLE} SELECT count(*), count(*) FILTER (is_perplexity) FROM readable"
            ).fetchall()[0]
        # grouping() has a bit per facet, the first the highest, which is 0 for the one that a row is grouped by.
        whole = 2 ** len(FACETS) - 1
        of = {whole ^ (1 << (len(FACETS) - 1 - place)): facet for place, facet in enumerate(FACETS)}
        values = {facet: [value for place, value, _ in found if of[place] == facet] for facet in FACETS}
        return Facets(values, n_runs, n_perplexities)

    def counts(self, picks: Picks, x: str | None = None) -> Counts:
        """How many runs were picked; only those that have a value of `x` where one is given."""
        where, parameters = picks.condition()
        where += f" AND {x} IS NOT NULL" if x in AXES else ""
        picked = f"{READABLE}, picked AS (SELECT origin, loss_label FROM readable WHERE {where})"
        with self._cursor() as cursor:
            origins = cursor.execute(
                f"{picked} SELECT origin, count(*) FROM picked GROUP BY origin ORDER BY 2 DESC, 1", parameters
            ).fetchall()
            losses = cursor.execute(f"{picked} SELECT count(DISTINCT loss_label) FROM picked", parameters).fetchall()
        return Counts(dict(origins), losses[0][0])

    def points(self, picks: Picks, x: str, color: str, most_colors: int) -> pd.DataFrame:
        """The picked runs as points of loss against `x`: one each, or one for those that lie close if very many.

        Besides the columns of `readable`, `color` holds the value to color by (one of the `most_colors` most frequent,
        else "others"), `n_runs` how many runs a point stands for. Runs share a point only when color, origin and
        outlier flag are the same and they lie in the same cell of a grid over log x and loss.
        """
        if x not in AXES or color not in FACETS:
            raise ValueError(unknown("axis or color", x if x not in AXES else color, (*AXES, *FACETS)))
        where, parameters = picks.condition()
        shown = SHOWN.format(readable=READABLE, color=color, x=x, where=where, most=most_colors, others=OTHERS)
        with self._cursor() as cursor:
            n_runs, n_groups = cursor.execute(
                f"{shown} SELECT count(*), count(DISTINCT (color, origin, outlier)) FROM shown", parameters
            ).fetchall()[0]
            cells = "SELECT position, color, 1 AS n_runs FROM shown"
            if n_runs > MOST_ALONE:
                cells = CELLS.format(side=int((MOST_POINTS / n_groups) ** 0.5))
            drawn = cursor.execute(f"{shown} {cells} ORDER BY position", parameters).df()
            return _runs_at(cursor, drawn["position"].tolist()).merge(drawn, on="position")

    def page(self, picks: Picks, order: str, first: int, n_rows: int) -> pd.DataFrame:
        """`n_rows` of the picked runs in an order of ORDERS, from place `first` (0 the first)."""
        if order not in ORDERS:
            raise ValueError(unknown("order", order, ORDERS))
        where, parameters = picks.condition()
        query = f"{READABLE} SELECT position FROM readable WHERE {where} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?"
        with self._cursor() as cursor:
            found = cursor.execute(query, [*parameters, n_rows, first]).df()
            return found.merge(_runs_at(cursor, found["position"].tolist()), on="position")

    def sample(self, most: int = MOST_FITTED) -> Sample:
        """All published runs, and about `most` of an upload that has more: always the same, drawn evenly by name."""
        counted = "SELECT source_id, count(*) FROM runs WHERE dataset_id IS NOT NULL GROUP BY 1 HAVING count(*) > ?"
        with self._cursor() as cursor:
            totals = dict(cursor.execute(counted, [most]).fetchall())
            shares = pd.DataFrame({"source_id": list(totals), "share": [most / total for total in totals.values()]})
            cursor.register("shares", shares.astype({"source_id": "str", "share": "float64"}))
            names = ", ".join(f"runs.{name}" for name in columns(cursor, "runs"))
            runs = cursor.execute(
                f"SELECT {names} FROM runs LEFT JOIN shares ON shares.source_id = runs.source_id"
                " WHERE share IS NULL OR md5_number_lower(run_id) % 1000000 < 1000000 * share ORDER BY runs.rowid"
            ).df()
            cursor.unregister("shares")
        return Sample(runs, totals)

    def archive(self, picks: Picks, fmt: str) -> bytes:
        """The picked runs as they are stored, with their sources and datasets, as a zip file of CSV or Parquet."""
        where, parameters = picks.condition()
        chosen = f"{READABLE} SELECT position FROM readable WHERE {where}"
        with self._cursor() as cursor:
            names = ", ".join(columns(cursor, "runs"))
            query = f"SELECT {names} FROM runs WHERE rowid IN ({chosen}) ORDER BY rowid"
            return archive(cursor, Part("runs", query, parameters), fmt)


def _runs_at(cursor: duckdb.DuckDBPyConnection, positions: list[int]) -> pd.DataFrame:
    """The rows of `readable` at these positions, in their order there."""
    listed = f"{READABLE} SELECT * FROM readable WHERE position IN (SELECT unnest(?)) ORDER BY position"
    return cursor.execute(listed, [positions]).df()
