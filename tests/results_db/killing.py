"""Run as a program of its own: forks a worker for each job that a test sends, so that a kill costs no start-up.

Reads lines "JOB PATH ACKS" from standard input, prints the worker's process id, and waits for its end. A worker appends
a line to ACKS after everything that the store has acknowledged.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from results_db import Store


def table(number: int) -> tuple[bytes, int]:
    """A table of runs that no other number has, and how many."""
    n_rows = 300 + 977 * number % 4000
    rows = "".join(f"{1e6 + row:.0f},{1e9 + number:.0f},2.5,{'note ' * (row % 9)}\n" for row in range(n_rows))
    return f"n_params,n_tokens,loss,note\n{rows}".encode(), n_rows


def imports(store: Store) -> Iterator[str]:
    """Imports one table after the other."""
    for number in itertools.count(len(store.datasets())):
        data, n_rows = table(number)
        dataset = store.commit(store.preview(f"{number}.csv", data))
        yield f"{dataset} {n_rows}"


def deletes(store: Store) -> Iterator[str]:
    """Deletes, restores, deletes for good and undoes, one dataset after the other."""
    for dataset in sorted(store.datasets()["dataset_id"]):
        store.delete(dataset)
        yield f"delete {dataset}"
        if int(dataset[-1], 16) % 2:
            store.restore(dataset)
            yield f"restore {dataset}"
        else:
            store.purge(dataset)
            yield f"purge {dataset}"


def migrates(store: Store) -> Iterator[str]:
    """Opening the store was all: an older one is of the newest version by now."""
    yield f"version {store.status()['schema_version']}"


JOBS: dict[str, Callable[[Store], Iterator[str]]] = {"imports": imports, "deletes": deletes, "migrates": migrates}


def work(job: str, path: str, acks: str) -> None:
    with Path(acks).open("a") as log:
        log.write("started\n")
        log.flush()
        for said in JOBS[job](Store.open(path)):
            log.write(f"{said}\n")
            log.flush()
        log.write("done\n")
        log.flush()


if __name__ == "__main__":
    for line in sys.stdin:
        worker = os.fork()
        if worker == 0:
            work(*line.split())
            os._exit(0)
        print(worker, flush=True)
        os.waitpid(worker, 0)
        print("ended", flush=True)
