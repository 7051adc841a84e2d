"""Whole checkpoints on a disk or in an upload: their tensors over all shards, and the error of formats on each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.commands.safetensors_header import LONGEST_HEADER, Stored, read_header
from analysis.commands.stored_tensors import Tensor, tensors_of
from analysis.commands.tensors import refuse_strangers
from analysis.formats import get_format
from analysis.formats.layers import LayerError, combined, layer_errors
from analysis.formats.survey import as_tensor_format

INDEX = ".safetensors.index.json"
DEFAULT_FORMATS = ("mxfp4", "nvfp4", "nvfp4_46", "int4_g128", "nf4_b64", "mxfp8", "e4m3", "int8_row")
FEWEST_AXES = 2
# The columns of survey_checkpoint: one row a tensor and format; why_not is empty where there are numbers.
COLUMNS = (
    *("tensor", "dtype", "shape", "n_elements", "format", "bits_per_element"),
    *("relative_mse", "sqnr_db", "max_abs_error", "sum_of_squares", "wins", "why_not"),
)


def open_checkpoint(source: Path | bytes, name: str = "") -> dict[str, Tensor]:
    """Every tensor of a checkpoint by name, layer 2 before layer 10: a .safetensors file, an index, or their folder.

    `source` may be the bytes of one file; `name` is what messages call it. Only headers are read. Raises ValueError
    with a sentence for anything else: pickles are never opened, and an index reaches no file outside its folder.
    """
    found = tensors_of(_stored(source, name if isinstance(source, bytes) else name or source.name))
    return dict(sorted(found.items(), key=lambda pair: _natural(pair[0])))


def survey_checkpoint(
    source: Path | bytes,
    names: Sequence[str] = DEFAULT_FORMATS,
    wanted: Collection[str] | None = None,
    called: str = "",
    on_progress: Callable[[str, float], None] = lambda stage, share: None,
) -> pd.DataFrame:
    """COLUMNS, a row for each tensor and format; bare elements of up to 8 bits get one scale a tensor.

    `wins` marks the lowest error among formats with as many bits an element. A tensor that is not quantized, because
    it has one axis, no real numbers, or cannot be read, has one row that says why. `wanted`: only tensors so named.
    on_progress(tensor, share of all values). Raises ValueError when the checkpoint cannot be opened.
    """
    tensors = open_checkpoint(source, called)
    chosen = {name: tensor for name, tensor in tensors.items() if wanted is None or name in wanted}
    formats = [replace(as_tensor_format(name, scaled=True), name=get_format(name).name) for name in names]
    total = sum(2 * tensor.n_rows * tensor.columns for tensor in chosen.values() if why_not(tensor) is None)
    rows, done = [], 0
    for name, tensor in chosen.items():

        def on_rows(count: int, name: str = name, columns: int = tensor.columns) -> None:
            nonlocal done
            done += count * columns
            on_progress(name, done / total)

        rows += _tensor_rows(name, tensor, formats, on_rows)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def why_not(tensor: Tensor) -> str | None:
    """Why a tensor is not quantized, None when it is."""
    if not tensor.is_float:
        return f"holds {tensor.dtype}, no real numbers"
    if len(tensor.shape) < FEWEST_AXES:
        return "has one axis or none: norms and biases stay as they are"
    return None


def totals(frame: pd.DataFrame) -> list[LayerError]:
    """The error of each format on all quantized tensors of a survey_checkpoint."""
    kept = frame[frame["why_not"] == ""]
    fields = list(LayerError.__dataclass_fields__)
    return [
        combined([LayerError(**row) for row in rows[fields].to_dict("records")])
        for _, rows in kept.groupby("format", sort=False)
    ]


def _tensor_rows(name: str, tensor: Tensor, formats: list, on_rows: Callable[[int], None]) -> list[dict[str, Any]]:
    shape = " x ".join(map(str, tensor.shape)) or "scalar"
    facts = {"tensor": name, "dtype": tensor.dtype, "shape": shape, "n_elements": tensor.n_rows * tensor.columns}
    reason = why_not(tensor)
    if reason is None:
        try:
            found = layer_errors(tensor.rows, tensor.n_rows, tensor.columns, formats, on_rows)
        except ValueError as problem:  # a tensor that cannot be judged is a row with its reason
            reason = str(problem)
    if reason is not None:
        return [facts | {"format": "", "wins": False, "why_not": reason}]
    best: dict[int, float] = {}
    for fmt, error in zip(formats, found, strict=True):
        best[fmt.bits] = min(best.get(fmt.bits, np.inf), error.relative_mse)
    return [
        facts
        | asdict(error)
        | {"bits_per_element": fmt.bits_per_element, "wins": error.relative_mse == best[fmt.bits], "why_not": ""}
        for fmt, error in zip(formats, found, strict=True)
    ]


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in names by their value."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", name)]


def _stored(source: Path | bytes, name: str) -> dict[str, Stored]:
    """The tensors of a file, of an index's shards, or of what a folder holds."""
    if isinstance(source, bytes):
        return _shard(source, name)
    if source.is_dir():
        entry = _entry(source, name)
        return _stored(entry, entry.name)
    if not source.is_file():
        raise ValueError(f"{name} is no file and no folder; give a .safetensors file, its index, or their folder")
    return _indexed(source, name) if source.name.endswith(".json") else _shard(source, name)


def _entry(folder: Path, name: str) -> Path:
    """The file of a folder that says what the checkpoint is."""
    indices = sorted(folder.glob(f"*{INDEX}"))
    files = sorted(folder.glob("*.safetensors"))
    if len(indices) == 1:
        return indices[0]
    if not indices and len(files) == 1:
        return files[0]
    if indices or files:
        listed = ", ".join(path.name for path in (indices or files)[:6])
        raise ValueError(f"{name} holds {len(indices or files)} checkpoints; give the path of one: {listed}")
    pickles = [path.name for path in sorted(folder.iterdir()) if path.suffix in (".bin", ".pt", ".pth", ".ckpt")]
    found = f"; {pickles[0]} may hold pickles, which could run code and are never opened" if pickles else ""
    raise ValueError(f"{name} holds no .safetensors file{found}; save the model with the safetensors library")


def _indexed(index: Path, name: str) -> dict[str, Stored]:
    """The tensors of every shard that an index names."""
    if index.stat().st_size > LONGEST_HEADER:
        raise ValueError(f"{name} is no index of shards: it is larger than {LONGEST_HEADER // 10**6} MB")
    try:
        places = json.loads(index.read_bytes())["weight_map"]
        shards = dict.fromkeys(places.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{name} is no index of shards: it needs a JSON object 'weight_map' of tensor: file") from None
    if not shards:
        raise ValueError(f"{name} names no tensor; copy the checkpoint again")
    found: dict[str, Stored] = {}
    for shard in shards:
        if not isinstance(shard, str) or Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise ValueError(f"{name} names the shard {str(shard)[:60]!r}; shards are .safetensors files beside it")
        own = _shard(index.with_name(shard), shard)
        found |= {key: own[key] for key in own if places.get(key) == shard}
    missing = [key for key in places if key not in found]
    if missing:
        raise ValueError(
            f"{name} places {len(missing)} tensors where they are not, the first '{missing[0][:80]}' in "
            f"{places[missing[0]]}; copy the checkpoint again"
        )
    return found


def _shard(source: Path | bytes, name: str) -> dict[str, Stored]:
    if isinstance(source, Path) and not source.is_file():
        raise ValueError(f"{name} is not there; copy the checkpoint again, with all its shards")
    if isinstance(source, bytes):
        start = source[:16]
    else:
        with source.open("rb") as file:
            start = file.read(16)
    refuse_strangers(start, name)
    found = read_header(source, name)
    if not found:
        raise ValueError(f"{name} is a safetensors file without tensors; save at least one")
    return found
