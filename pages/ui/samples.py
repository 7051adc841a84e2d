"""Sample files, for a visitor who wants to try an upload before looking for a file of their own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parents[2] / "docs" / "samples"
# File -> what it is.
SAMPLES = {
    "my_runs.csv": "16 training runs: parameters, tokens, validation loss",
    "trainer_state.json": "the log of one run, as the Hugging Face Trainer writes it",
    "results_my-model-1b.json": "evaluations, as the lm-evaluation-harness writes them",
}


def offer(page: str) -> None:
    """Draws a popover with the sample files to download."""
    with st.popover("Sample files", icon=":material/download:"):
        st.caption("Made up for practice; drop one above, and undo the import when you have seen it.")
        for name, words in SAMPLES.items():
            st.download_button(
                f"{name}: {words}",
                (FOLDER / name).read_bytes(),
                name,
                key=f"{page}.sample.{name}",
                on_click="ignore",
                width="stretch",
            )
