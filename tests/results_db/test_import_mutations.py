"""Files of real programs with something odd put anywhere in them: read, stored and taken back without an exception.

The seed is fixed, so that a failure comes again.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from test_import_evaluations import WHOLE
from test_import_logs import entries, state
from test_own_datasets import FILES, PROBE, imported, resealed, unsealed

from results_db import Store

ODD: list[Any] = [
    None, True, False, 0, -1, 1e308, float("nan"), float("inf"), 10**30, 10**400, 2**63, 1.5, -0.0, "", "x", "x" * 300,
    "\u202e", "\x00", "\ud800", "nan", "none", "1e9", "=1+1", 'a,b"c\nd', [], {}, [[]], {"a": 1}, [1, 2], {"": None},
]  # fmt: skip
WORDS = [word for word in ODD if isinstance(word, str)]


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(document: Any, chance: random.Random) -> Any:
    """The document with one to four of its values replaced, or of its keys renamed."""
    document = copy.deepcopy(document)
    for _ in range(chance.choice([1, 1, 2, 4])):
        *path, last = chance.choice(list(places(document)) or [("x",)])
        inside = document
        for key in path:
            inside = inside[key]
        if isinstance(inside, dict) and chance.random() < 0.2:
            inside[chance.choice(WORDS)] = inside.pop(last, None)
        else:
            inside[last] = copy.deepcopy(chance.choice(ODD))
    return document


def mutated_share(data: bytes, chance: random.Random) -> bytes:
    """A shared dataset with an odd value in its first line or in a cell, sealed again so that nothing gives it away."""
    head, body = unsealed(data)
    if chance.random() < 0.5:
        rest = mutated({key: value for key, value in head.items() if key != "precision_atlas_dataset"}, chance)
        return resealed({"precision_atlas_dataset": 1} | rest, body)
    lines = body.decode().split("\n")
    line = chance.randrange(len(lines) - 1)
    cells = lines[line].split(",")
    cells[chance.randrange(len(cells))] = str(chance.choice(ODD))
    lines[line] = ",".join(cells)
    changed = "\n".join(lines).encode("utf-8", "surrogatepass")
    (first, *_) = head["tables"]
    sizes = head["tables"] | {first: head["tables"][first] + len(changed) - len(body)}
    return resealed(head | {"tables": sizes}, changed)


@pytest.fixture
def shares(empty_store: Store) -> list[bytes]:
    """A shared dataset of each kind, those of runs with a correction; none of them is left in the store."""
    made = []
    for kind in FILES:
        dataset = imported(empty_store, kind)
        if kind.startswith("runs"):
            empty_store.edit(dataset, [(str(empty_store.table("runs")["run_id"][0]), "loss", "2.5")])
        made.append(empty_store.share(dataset))
        empty_store.delete(dataset)
        empty_store.purge(dataset)
    return made


@pytest.mark.parametrize("n_files", [60, pytest.param(20_000, marks=pytest.mark.exhaustive)])
def test_no_file_is_odd_enough_for_an_exception(n_files: int, empty_store: Store, shares: list[bytes]) -> None:
    chance = random.Random(20261124)
    documents = [json.loads(state(entries(10))), WHOLE, json.loads(PROBE)]
    n_stored = 0
    for number in range(n_files):
        if chance.random() < 0.6:
            data = json.dumps(mutated(chance.choice(documents), chance)).encode()
        else:
            data = mutated_share(chance.choice(shares), chance)
        try:
            n_stored += stored_and_taken_back(empty_store, data)
        except Exception as problem:
            raise AssertionError(f"file {number}: {data[:2000]!r}") from problem
    assert n_stored >= n_files // 10  # most are refused, and enough are not
    assert empty_store.check() == []
    assert empty_store.datasets().empty


def stored_and_taken_back(store: Store, data: bytes) -> bool:
    """True when the file could be imported, its questions answered by the first thing that they accept."""
    preview = store.preview("odd.txt", data)
    facts = {question.name: (question.choices or ("1.3B",))[0] for question in preview.questions if question.open}
    if facts:
        preview = store.preview("odd.txt", data, facts=facts)
    if preview.blocking or preview.rows.empty:
        return False
    dataset = store.commit(preview, skip_bad_rows=True)
    store.delete(dataset)
    store.restore(dataset)
    store.delete(dataset)
    store.purge(dataset)
    return True
