"""The pages on a store that a team shares: the same page as on a file, and a sentence when the server is gone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from postgres_servers import PASSWORD, PostgresServer
from settled_pages import settled
from streamlit.testing.v1 import AppTest

from results_db import Store

ROOT = Path(__file__).resolve().parents[1]
RUNS = b"run_id,params,tokens,val_loss\na,70M,2B,3.1\nb,150M,5B,2.9\n"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], AppTest]:
    """A maker of pages on the store at a path or URL."""

    def open_page(page: str, place: str) -> AppTest:
        monkeypatch.setenv("PRECISION_ATLAS_DB", place)
        from pages.ui import session

        session._opened_store.clear()
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        return settled(at.switch_page(f"pages/{page}.py").run())

    return open_page


def shown(at: AppTest) -> dict[str, list]:
    """Everything that a page shows: texts, numbers, tables, figures."""
    assert not at.exception
    texts = (at.title, at.header, at.markdown, at.caption, at.success, at.info, at.warning, at.error)
    return {
        "texts": [str(element.value) for kind in texts for element in kind],
        "metrics": [(metric.label, metric.value) for metric in at.metric],
        "tables": [table.value.to_csv() for table in at.dataframe],
        "figures": [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")],
    }


@pytest.mark.parametrize("page", ["results", "scaling_laws", "planner"])
def test_a_page_shows_the_same_on_a_server_as_on_a_file(
    page: str, opened: Callable, postgres: PostgresServer, shipped_store: Store
) -> None:
    path = shipped_store.path
    url = postgres.url(postgres.database("shipped"))
    for store in (shipped_store, Store.open(url)):
        with store:
            store.commit(store.preview("mine.csv", RUNS))
    on_file = shown(opened(page, str(path)))
    start = time.monotonic()
    on_server = shown(opened(page, url))
    assert time.monotonic() - start < 60
    for kind, things in on_file.items():
        assert on_server[kind] == things, kind
    assert any(on_file.values())


def test_a_server_that_is_gone_is_said_on_the_page_without_the_password(
    opened: Callable, postgres: PostgresServer
) -> None:
    url = postgres.url("no_such_database")
    at = opened("results", url)
    (said,) = [error.value for error in at.error]
    assert "has no database no_such_database; create it" in said
    assert PASSWORD not in said
    database = postgres.database("shipped")
    url = postgres.url(database)
    at = opened("results", url)
    assert not at.error
    postgres.stop()
    try:
        at.run()
        assert not at.exception
        assert any("no server answers at" in error.value or "was lost" in error.value for error in at.error)
    finally:
        postgres.start()
    at.run()
    assert not at.exception
    assert not at.error
