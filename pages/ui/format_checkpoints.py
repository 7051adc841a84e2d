"""The tab for whole checkpoints: an upload, or one of a folder that the server's operator names; never a typed path."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.commands.checkpoints import INDEX, open_checkpoint, survey_checkpoint, totals
from analysis.commands.stored_tensors import Tensor
from analysis.formats import get_format
from analysis.formats.arrays import as_tensor
from pages.ui import figures_formats, figures_splits, format_tensors, panels
from pages.ui.figures import words
from pages.ui.format_tensors import STUDIED, Study
from pages.ui.session import in_worker
from pages.ui.working import computed

FOLDER = "PRECISION_ATLAS_CHECKPOINTS"
UPLOAD_MB = 200
SHOWN = 120  # tensors in the heat map; the table has all of them
LISTED = 200  # checkpoints of the folder that are offered
COLUMNS = {
    "tensor": st.column_config.TextColumn("tensor", width="large"),
    "shape": st.column_config.TextColumn("shape"),
    "format": st.column_config.TextColumn("format"),
    "bits_per_element": st.column_config.NumberColumn("bits per element", format="%.4g"),
    "sqnr_db": st.column_config.NumberColumn("SQNR [dB]", format="%.2f"),
    "relative_mse": st.column_config.NumberColumn("relative MSE", format="%.3e"),
    "max_abs_error": st.column_config.NumberColumn("largest error", format="%.4g"),
    "wins": st.column_config.CheckboxColumn("best of its width"),
}


@dataclass(frozen=True)
class Chosen:
    """A checkpoint to judge: its bytes or its place, what it is called, and a mark that changes with its content."""

    source: bytes | Path
    name: str
    version: str


def whole_checkpoint(chosen: Sequence[str], scaled: bool, rounding: str) -> None:
    """A heat map of every tensor under the chosen formats, a table, and one of the tensors in detail."""
    checkpoint = _choose()
    if checkpoint is None:
        return
    try:
        tensors = open_checkpoint(checkpoint.source, checkpoint.name)
    except (ValueError, OSError) as problem:
        st.error(panels.plain(str(problem)), icon=":material/broken_image:")
        return
    size = sum(tensor.n_bytes for tensor in tensors.values())
    st.caption(f"{panels.plain(checkpoint.name)}: {len(tensors)} tensors, {words(size)} bytes.")
    frame = computed(
        "formats.layers", "Judging the checkpoint", judged, _sent(checkpoint.source), checkpoint.name,
        checkpoint.version, tuple(chosen),
    )  # fmt: skip
    if frame is None:
        return
    kept = frame[frame["why_not"] == ""]
    _left_out(frame[frame["why_not"] != ""])
    if kept.empty:
        panels.empty_state("No tensor of this checkpoint could be judged: see above why.")
        return
    _map(kept, checkpoint.name)
    name = _table(kept)
    x = _first_values(tensors[name].alone(), name, checkpoint.name, checkpoint.version)
    _detail(x, name, tensors[name], chosen, scaled, rounding)


def judged(
    source: np.ndarray | Path,
    name: str,
    version: str,
    names: tuple[str, ...],
    on_progress: Callable[[str, float], None],
) -> pd.DataFrame:
    """survey_checkpoint of a chosen checkpoint; `version` only tells one content of a file from the next."""
    data = source.tobytes() if isinstance(source, np.ndarray) else source
    return survey_checkpoint(data, names, called=name, on_progress=on_progress)


def offered(folder: Path) -> list[str]:
    """The checkpoints below a folder, by their place in it: every index of shards, and every file of no index."""
    indices = sorted(folder.rglob(f"*{INDEX}"))
    covered = {index.parent for index in indices}
    files = [path for path in sorted(folder.rglob("*.safetensors")) if path.parent not in covered]
    return [path.relative_to(folder).as_posix() for path in (*indices, *files)][:LISTED]


def _choose() -> Chosen | None:
    folder = os.environ.get(FOLDER)
    places = offered(Path(folder)) if folder and Path(folder).is_dir() else []
    kinds = ["On the server", "Upload"] if places else ["Upload"]
    kind = st.segmented_control(
        "Checkpoint", kinds, default=kinds[0], required=True, key="formats.checkpoint_source", bind="query-params"
    )
    if folder and kind == "On the server":
        place = st.selectbox("Checkpoint on the server", places, key="formats.checkpoint", bind="query-params")
        path = Path(folder) / str(place)
        return Chosen(path, str(place), str(path.stat().st_mtime_ns))
    file = st.file_uploader(
        "Checkpoint file",
        type=["safetensors"],
        max_upload_size=UPLOAD_MB,
        key="formats.checkpoint_file",
        help="Its tensors are read and nothing is stored.",
    )
    if file is None:
        panels.empty_state(
            f"Drop a .safetensors file of up to {UPLOAD_MB} MB. Larger ones, and those of several files: let whoever "
            f"started this server name their folder in {FOLDER}, or run python -m analysis layers FOLDER."
        )
        return None
    return Chosen(file.getvalue(), file.name, file.file_id)


def _sent(source: bytes | Path) -> np.ndarray | Path:
    """The source as a job's argument: bytes as an array, whose digest is that of its content."""
    return np.frombuffer(source, np.uint8) if isinstance(source, bytes) else source


def _left_out(rows: pd.DataFrame) -> None:
    for reason, group in rows.groupby("why_not", sort=False):
        some = ", ".join(group["tensor"].head(3)) + (" …" if len(group) > 3 else "")
        st.caption(panels.plain(f"Left out, {len(group)}: {reason} ({some})."))


def _map(kept: pd.DataFrame, name: str) -> None:
    all_of_it = sorted(totals(kept), key=lambda total: -total.sqnr_db)
    widths = Counter(get_format(total.format).bits for total in all_of_it)
    bits = min((bits for bits, count in widths.items() if count > 1), default=min(widths))
    best = next(total for total in all_of_it if get_format(total.format).bits == bits)
    names = list(dict.fromkeys(kept["tensor"]))
    shown = kept[kept["tensor"].isin(names[:SHOWN])]
    part = "" if len(names) <= SHOWN else f" The first {SHOWN} of {len(names)} are drawn."
    panels.show_figure(
        figures_splits.layers_figure(
            shown, f"Of {bits} bits {best.format} keeps the most over all layers, {best.sqnr_db:.1f} dB"
        ),
        f"SQNR of {len(names)} tensors under each format",
        kept.drop(columns="why_not"),
        "formats.layers_map",
        f"{panels.plain(name)}; dots: the best of the formats with as many bits an element. All values together: "
        + ", ".join(f"{total.format} {total.sqnr_db:.2f} dB" for total in all_of_it)
        + f".{part}",
    )


def _table(kept: pd.DataFrame) -> str:
    """Draws the table and returns the tensor of the row that is chosen in it, at first the first."""
    event = st.dataframe(
        kept[list(COLUMNS)],
        hide_index=True,
        key="formats.layers_table",
        column_config=COLUMNS,
        height=320,
        on_select="rerun",
        selection_mode="single-row",
        alt="errors by tensor and format; select a row to study its tensor",
    )
    rows = event.selection.rows if event else []
    return str(kept["tensor"].iloc[rows[0] if rows and rows[0] < len(kept) else 0])


def _detail(x: np.ndarray, name: str, tensor: Tensor, chosen: Sequence[str], scaled: bool, rounding: str) -> None:
    part = "" if x.size == tensor.n_rows * tensor.columns else f", the first {x.size:,} values"
    study = Study(x, f"{panels.plain(name)}{part}")
    st.markdown(f"**{study.words}** (select another row of the table to see its tensor)")
    used = st.segmented_control(
        "Its values in", list(chosen), default=chosen[-1], required=True, key="formats.layers_grid"
    )
    usage = format_tensors.used(study.x, str(used), scaled, rounding, "none")
    panels.show_figure(
        figures_formats.usage_figure(usage, str(used), format_tensors.usage_words(usage, str(used))),
        f"Histogram of the tensor and of its values in {used}",
        format_tensors.usage_frame(usage),
        "formats.layers_usage",
        f"{study.words}, divided by the scales of {used}.",
    )


@st.cache_data(show_spinner="Reading the tensor", max_entries=8)
def _first_values(_tensor: Tensor, name: str, checkpoint: str, version: str) -> np.ndarray:
    count = min(_tensor.n_rows, max(1, STUDIED // max(_tensor.columns, 1)))
    return in_worker(_read, _tensor, count)


def _read(tensor: Tensor, count: int) -> np.ndarray:
    return as_tensor(tensor.rows(0, count))[0].float().numpy()[:, :STUDIED]
