"""Inputs for what an uploaded file does not say: one typed input per question of its preview."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from pages.ui import panels
from results_db import Preview, Question

ROUNDS = 4  # an answer may raise a question (bits per byte: how many bytes?), that one another, and so on
EXAMPLES = {"count": "such as 1.3B or 1.3e9", "text": "", "choice": ""}


def answered(preview: Preview, again: Callable[[dict[str, str]], Preview], key: str) -> Preview:
    """The preview with what the user says in the inputs drawn here; `again` makes one from the answers so far."""
    answers: dict[str, str] = {}
    drawn: set[str] = set()
    for _ in range(ROUNDS):
        new = [question for question in preview.questions if question.name not in drawn]
        if not new:
            break
        answers |= _drawn(new, key)
        drawn |= {question.name for question in new}
        preview = again(answers)
    return preview


def _drawn(questions: list[Question], key: str) -> dict[str, str]:
    """Draws the inputs, what must be said openly and the rest behind a heading; returns what was said."""
    needed = [question for question in questions if question.required and not question.answer]
    known = [question for question in questions if question not in needed]
    said: dict[str, str] = {}
    if needed:
        st.markdown("**The file does not say:**")
        said |= _grid(needed, key)
    if known:
        with st.expander("More about this file", icon=":material/help:"):
            said |= _grid(known, key)
    return said


def _grid(questions: Iterable[Question], key: str) -> dict[str, str]:
    said: dict[str, str] = {}
    columns = st.columns(2, gap="medium")
    for position, question in enumerate(questions):
        with columns[position % 2]:
            answer = _input(question, f"{key}.fact.{question.name}")
        if answer.strip() not in ("", question.answer):  # what is assumed anyway needs no second reading
            said[question.name] = answer
    return said


def _input(question: Question, key: str) -> str:
    label = panels.plain(question.text[:1].upper() + question.text[1:])
    if question.kind == "choice":
        index = question.choices.index(question.answer) if question.answer in question.choices else None
        return st.selectbox(label, question.choices, index=index, key=key, placeholder="choose") or ""
    return st.text_input(label, value=question.answer, key=key, placeholder=EXAMPLES[question.kind])
