"""TensorBoard event files: the scalars of one run, read record by record, each with its checksum."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from results_db.importers import training_log
from results_db.importers.content import Content
from results_db.importers.preview import Preview
from results_db.importers.problems import Unreadable
from results_db.importers.questions import Answers
from results_db.importers.text import require_size
from results_db.importers.training_log import Logged, TrainingLog

# A record: length of the data (8 bytes), checksum of the length (4), data, checksum of the data (4).
_HEAD = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
# What the first record holds: the version of the format, and perhaps which program wrote it.
_VERSION = b"brain.Event:"
LONGEST_FIRST = 1024
_RATE = ("lr", "learning_rate", "learning-rate")
_TOKENS = ("tokens", "n_tokens", "num_tokens", "tokens_seen", "num_input_tokens_seen", "consumed_tokens")


def recognizes(content: Content) -> bool:
    """True for bytes that begin with a short record that holds an event file's version."""
    start = content.data[:LONGEST_FIRST]
    return len(start) > _HEAD.size and _HEAD.unpack_from(start)[0] < len(start) and _VERSION in start[_HEAD.size :]


def read(content: Content, answers: Answers) -> Preview:
    """The run's losses as curves, and the run that they end in once its size and tokens are said."""
    require_size(len(content.data))
    series: dict[str, list[Logged]] = {}
    for number, event in enumerate(_events(content.data), 1):
        for value in event.summary.value:
            scalar = _scalar(value)
            if scalar is not None:
                series.setdefault(value.tag, []).append(Logged(event.step, scalar, number, f"record {number}"))
    last = {name: name.lower().rpartition("/")[2] for name in series}
    rates, tokens = (
        {point.step: point.value for name in series if last[name] in names for point in series[name]}
        for names in (_RATE, _TOKENS)
    )
    return training_log.preview(content, TrainingLog("TensorBoard", series, rates, tokens), answers)


def _events(data: bytes) -> Iterator[Any]:
    """The events of the file, decoded; Unreadable names the first record that is damaged or cut off."""
    event_class, checksum, decode_error = _library()
    position = number = 0
    while position < len(data):
        number += 1
        if position + _HEAD.size > len(data):
            raise Unreadable(_cut_off(number))
        size, said = _HEAD.unpack_from(data, position)
        if checksum(data[position : position + 8]) != said:
            raise Unreadable(f"record {number} is damaged (its checksum is wrong); copy the file again")
        body = data[position + _HEAD.size : position + _HEAD.size + size]
        position += _HEAD.size + size + _CHECKSUM.size
        if position > len(data):
            raise Unreadable(_cut_off(number))
        if checksum(body) != _CHECKSUM.unpack_from(data, position - _CHECKSUM.size)[0]:
            raise Unreadable(f"record {number} is damaged (its checksum is wrong); copy the file again")
        try:
            yield event_class.FromString(body)
        except decode_error:
            raise Unreadable(f"record {number} is no event of TensorBoard; copy the file again") from None


def _cut_off(number: int) -> str:
    return (
        f"the file ends inside record {number}: it was cut off, or is still being written; copy it again when the run "
        "is over"
    )


def _library() -> tuple[Any, Any, type[Exception]]:
    try:
        from google.protobuf.message import DecodeError
        from tensorboardX.proto import event_pb2
        from tensorboardX.record_writer import masked_crc32c
    except ImportError as problem:
        raise Unreadable(
            f"this is an event file of TensorBoard, and the library that reads it is missing ({problem}); install it "
            "with `pip install tensorboardX`, then choose the file again"
        ) from problem
    return event_pb2.Event, masked_crc32c, DecodeError  # ty: ignore[missing-attribute]


def _scalar(value: Any) -> float | None:
    """The number of a summary value, written the old way or as a tensor of one element; None for anything else."""
    if value.HasField("simple_value"):
        return value.simple_value
    if not value.HasField("tensor") or any(side.size != 1 for side in value.tensor.tensor_shape.dim):
        return None
    tensor = value.tensor
    for numbers in (tensor.float_val, tensor.double_val, tensor.int_val, tensor.int64_val):
        if len(numbers) == 1:
            return float(numbers[0])
    kind = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}.get(tensor.dtype)
    if kind and len(tensor.tensor_content) == struct.calcsize(kind):
        return float(struct.unpack(kind, tensor.tensor_content)[0])
    return None
