"""An uploaded table as rows of `runs`: every cell by its column's rule, every problem collected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results_db.importers.aliases import Match
from results_db.importers.cells import Column, read_column
from results_db.importers.format_names import named
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import REQUIRED, RULES, TYPES, Rule, is_missing
from results_db.importers.table import MAX_LISTED, Records
from results_db.schema_laws import LAW_COLUMNS

COLUMNS = tuple(RULES)
OF_LAWS = frozenset(name for name, _, _ in LAW_COLUMNS)
ARROW_TYPES = {"float64": pa.float64(), "str": pa.string(), "bool": pa.bool_()}


def read_rows(
    records: Records, mapping: Mapping[str, Match], rules: Mapping[str, Rule] = RULES
) -> tuple[pd.DataFrame, list[Problem]]:
    """The good rows with the columns and types of `runs`, and what is wrong with the first MAX_LISTED of the others.

    A last problem without a row says how many more rows have problems.
    """
    texts = {mapping[name].column: text for name, text in zip(records.header, records.texts, strict=True)}
    used = [match for match in mapping.values() if match.column]
    with ThreadPoolExecutor() as pool:  # Arrow does most of it, and lets other threads run meanwhile
        columns = list(pool.map(lambda match: read_column(texts[match.column], match, rules[match.column]), used))
    values = {column.match.column: column.values for column in columns}
    if "forward_format" in texts:
        values = _with_stated_bits(values, texts["forward_format"])
    bad = np.zeros(len(records), bool)
    for column in columns:
        bad[column.wrong] = True
    run_ids = _names(values.get("run_id"), len(records))
    repeats = _repeats(values, run_ids, ~bad)
    bad[list(repeats)] = True
    problems = _listed(records, columns, repeats, run_ids, bad)
    return _frame(records, values | {"run_id": run_ids}, ~bad), problems


def _with_stated_bits(values: dict[str, pa.Array], formats: pa.StringArray) -> dict[str, pa.Array]:
    """The values with the bits that names such as W4A16 state, where no column of the file states them."""
    encoded = formats.dictionary_encode()
    states = [{} if is_missing(text) else named(text).states for text in encoded.dictionary.to_pylist()]
    for column in sorted(set().union(*states)):
        stated = pa.array([state.get(column) for state in states], pa.float64()).take(encoded.indices)
        values = values | {column: pc.coalesce(values[column], stated) if column in values else stated}
    return values


def _names(given: pa.StringArray | None, n_rows: int) -> pa.StringArray:
    """The name of each run: the one given, else its place in the table."""
    width = max(len(str(n_rows)), 3)
    places = pc.utf8_lpad(pc.cast(pa.array(np.arange(1, n_rows + 1)), pa.string()), width, "0")
    return places if given is None else pc.coalesce(given, places)


def _repeats(values: dict[str, pa.Array], run_ids: pa.StringArray, good: np.ndarray) -> dict[int, tuple[int, bool]]:
    """Rows that say the same as an earlier good row, or have its name: position -> (that row's, all the same)."""
    given = values.get("run_id")
    if given is not None and not given.null_count and _all_different(given):
        return {}
    keys = pd.DataFrame({name: values[name].to_numpy(zero_copy_only=False) for name in REQUIRED if name in values})
    maybe = keys.duplicated(keep=False).to_numpy() if len(keys.columns) else np.ones(len(good), bool)
    if given is not None:
        maybe = maybe | run_ids.to_pandas().duplicated(keep=False).to_numpy()
    positions = np.flatnonzero(maybe & good)
    rows = zip(*(column.take(pa.array(positions)).to_pylist() for column in values.values()), strict=True)
    first_with: dict[tuple, int] = {}
    first_named: dict[str, int] = {}
    repeats = {}
    for position, row, name in zip(
        positions.tolist(), rows, run_ids.take(pa.array(positions)).to_pylist(), strict=True
    ):
        if row in first_with:
            repeats[position] = (first_with[row], True)
        elif name in first_named:
            repeats[position] = (first_named[name], False)
        else:
            first_with[row] = first_named[name] = position
    return repeats


def _all_different(names: pa.StringArray) -> bool:
    """True when no name is there twice, which is plain to see where they are sorted."""
    ascending = pc.all(pc.less(names.slice(0, max(len(names) - 1, 0)), names.slice(1))).as_py()
    return ascending is not False or pc.count_distinct(names).as_py() == len(names)


def _listed(
    records: Records,
    columns: Iterable[Column],
    repeats: Mapping[int, tuple[int, bool]],
    run_ids: pa.StringArray,
    bad: np.ndarray,
) -> list[Problem]:
    """The problems of the first MAX_LISTED bad rows in their order, and a word on the others."""
    positions = np.flatnonzero(bad)
    n_more = records.n_ragged + len(positions) - MAX_LISTED
    last = int(positions[:MAX_LISTED][-1]) if len(positions) else -1
    found = [problem for column in columns for problem in column.problems(records.numbers, last)]
    found += [
        (position, _repeated(records, run_ids, position, *first))
        for position, first in repeats.items()
        if position <= last
    ]
    listed = records.problems + [problem for _, problem in found]
    listed.sort(key=lambda problem: problem.row or 0)
    if n_more <= 0:
        return listed
    kept = set(sorted({problem.row or 0 for problem in listed})[:MAX_LISTED])
    more = Problem(None, "", "", f"{n_more:,} more rows have problems, which are not listed; correct these first")
    return [*(problem for problem in listed if (problem.row or 0) in kept), more]


def _repeated(records: Records, run_ids: pa.StringArray, position: int, first: int, same: bool) -> Problem:
    number, earlier = int(records.numbers[position]), int(records.numbers[first])
    if same:
        advice = f"the row repeats row {earlier}; delete one of them, or give each a run_id of its own"
        return Problem(number, "", shown(",".join(records.cells(position))), advice)
    name = shown(run_ids[position].as_py())
    return Problem(number, "run_id", name, f"row {earlier} has the same run_id; rename one")


def _frame(records: Records, values: Mapping[str, pa.Array], good: np.ndarray) -> pd.DataFrame:
    """The good rows as a frame with the columns of `runs` that a file may fill; those of laws only where it does."""
    places = pc.binary_join_element_wise("row ", pc.cast(pa.array(records.numbers), pa.string()), "")
    n_rows = len(records)
    own = {
        "outlier": pc.fill_null(values["outlier"], False) if "outlier" in values else pa.repeat(False, n_rows),
        "locator": pc.coalesce(values["locator"], places) if "locator" in values else places,
    }
    whole = {name: pa.nulls(n_rows, ARROW_TYPES[kind]) for name, kind in TYPES.items()} | dict(values) | own
    names = [name for name in COLUMNS if name in values or name not in OF_LAWS]
    table = pa.table([whole[name] for name in names], names=names)
    return (table if good.all() else table.filter(pa.array(good))).to_pandas(split_blocks=True)
