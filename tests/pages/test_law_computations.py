"""Computations of the scaling-laws page while the server is busy: they wait, can be cancelled, and block nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from laws_page import arrive, said
from settled_pages import settled
from streamlit.testing.v1 import AppTest

from pages.ui.jobs import Job
from pages.ui.working import board
from results_db import Store

SOURCE = "parscale_2025: Pile"


@pytest.fixture
def busy(shipped_store: Store) -> Iterator[list[Job]]:
    """A server whose places are all taken by computations that do not end by themselves; the list of them."""
    shipped_store.close()
    board.clear()
    sleepers = [board().start("sleeping", time.sleep, 600 + number) for number in range(board().places)]
    yield sleepers
    board.clear()


def cancel_buttons(at: AppTest) -> list:
    return [button for button in at.button if button.label == "Cancel"]


def release(sleepers: list[Job]) -> None:
    for job in sleepers:
        job.cancel()


def test_a_fit_that_waits_is_said_to_wait_and_can_be_cancelled_and_started_again(busy):
    at = arrive(source=SOURCE)
    assert not at.exception
    assert "Fitting: waiting for another computation to end" in str(at.get("progress")[0].proto.text)
    cancel_buttons(at)[0].click().run()
    assert any(box.value == "Fitting: cancelled." for box in at.info)
    assert not cancel_buttons(at)
    release(busy)
    again = next(button for button in at.button if button.label == "Compute again")
    settled(again.click().run())
    assert not at.exception
    assert "law fits these" in said(at)


@pytest.mark.parametrize("page", ["results", "sql"])
def test_a_fit_that_waits_blocks_no_other_page(busy, page):
    fitting = arrive(source=SOURCE)
    assert cancel_buttons(fitting)
    other = arrive(page=page)
    assert not other.exception
    assert other.title
    assert not cancel_buttons(other)


def test_a_fit_that_one_user_cancels_is_made_for_another_who_waits_for_it(busy):
    first, second = arrive(source=SOURCE), arrive(source=SOURCE)
    cancel_buttons(first)[0].click().run()
    assert "Fitting: cancelled." in said(first)
    assert cancel_buttons(second)
    release(busy)
    settled(second.run())
    assert not second.exception
    assert "law fits these" in said(second)
    first.run()
    assert "Fitting: cancelled." in said(first)
