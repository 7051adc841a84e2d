"""Files as a whole: other kinds, other encodings, other separators, too large, or not there at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import sys
import threading
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results_db import Store
from results_db.importers.reader import read
from results_db.importers.text import MAX_BYTES

TABLE = "run_id,n_params,n_tokens,loss,note\na,1e9,2e10,2.9,größer\nb,2e9,4e10,2.7,ﬁne\n"
PLAIN = TABLE.replace("ﬁ", "fi")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return file.getvalue()


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(12.0))
    return file.getvalue()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def parquet() -> bytes:
    file = io.BytesIO()
    pd.DataFrame({"loss": [1.0]}).to_parquet(file)
    return file.getvalue()


class Bomb:
    """Pickled by name only: unpickling it would end the test run."""

    def __reduce__(self) -> tuple:
        return sys.exit, ("a pickle was opened",)


NO_TABLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip": (zipped, "the file is a ZIP archive or an Excel workbook, not text; export the table as CSV"),
    "parquet": (parquet, "this is no table of runs: its columns are loss."),
    "gzip": (lambda: gzip.compress(PLAIN.encode()), "the file is a gzip archive, not text"),
    "png": (png, "the file is a PNG image, not text"),
    "pdf": (lambda: b"%PDF-1.7\n%\xe2\xe3", "the file is a PDF document, not text"),
    "numpy": (array, "the file is a NumPy array, not text"),
    **{f"pickle {p}": (lambda p=p: pickle.dumps(Bomb(), p), "the file is a Python pickle, not") for p in (2, 3, 4, 5)},
    "old pickle": (lambda: pickle.dumps(Bomb(), 0), "this is no table of runs"),
    "safetensors": (safetensors, "row 1: the line contains a NUL byte"),
    "jpeg": (lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)), "is binary data, not text; export the table as CSV"),
    "noise": (lambda: np.random.default_rng(0).bytes(5000), "binary data, not text"),
    "html": (lambda: b"\xef\xbb\xbf \n<!DOCTYPE html><title>Log in</title>", "perhaps a login page; download"),
    "xml": (lambda: b"<?xml version='1.0'?><runs/>", "the file is a web page or XML"),
    "empty": (lambda: b"", "the file is empty; a table of runs needs a header and at least one row"),
    "blank": (lambda: b" \r\n\t\n ", "the file is empty"),
    "only a mark": (lambda: b"\xef\xbb\xbf", "the file is empty"),
    "prose": (lambda: b"Dear all, the runs are done.\nBest, me\n", "this is no table of runs: its columns are Dear"),
    "json object": (lambda: b'{"a": 1}', "this is no table of runs: its columns are a."),
    "json broken": (lambda: b'{"n_params": 1e9, "loss"', "row 1: the line is not a JSON object"),
    "json pretty": (lambda: b'{\n "n_params": 1\n}', "this is no table of runs: its columns are n_params."),
    "json numbers": (lambda: b"[1, 2, 3]", "the list holds something that is no object"),
    "json lines of lists": (lambda: b'{"loss": 2}\n[1]', "row 2: the line is not a JSON object; write one"),
    "json NaN": (lambda: b'{"n_params": 1e9, "n_tokens": 2e10, "loss": NaN}', "NaN is not JSON; write null where"),
    "json twice": (lambda: b'{"loss": 2.9, "n_params": 1, "loss": 3}', "the key 'loss' is there twice"),
    "json deep": (lambda: b"[" * 100_000, "the file is not JSON"),
    "json no name": (lambda: b'{"": 1, "loss": 2.9, "n_params": 1e9}', "column 1 has no name in the header"),
    "json half a letter": (lambda: b'{"\\ud800": 1, "loss": 2, "n_params": 1e9}', "invisible character U+D800"),
    "json wide": (lambda: json.dumps({f"k{i}": i for i in range(300)}).encode(), "the table has 300 columns; at most"),
    "quotes": (lambda: b'n_params,n_tokens,loss\n1e9,2e10,2.9\n"1e9,2e10,2.8\n', "row 3: the line cannot be read as"),
    "long cell": (lambda: b"n_params,n_tokens,loss\n" + b"1" * 200_000 + b",2,3\n", "row 2: the line cannot be read"),
    "nul": (lambda: b"n_params,n_tokens,loss\n1e9,2e\x0010,2.9\n", "row 2: the line contains a NUL byte: remove it"),
    "escape": (lambda: b"n_params,n_tokens,loss\n1e9,2e10,\x1b[1m2.9\n", "row 2: the line contains the control charac"),
    "utf-16 without mark": (lambda: "n_params,loss\n1,2\n".encode("utf-16-le"), "looks like UTF-16 without its mark"),
    "utf-32": (lambda: PLAIN.encode("utf-32"), "save it as UTF-8"),
    "half utf-16": (lambda: b"\xff\xfea\x00b", "the file starts like UTF-16 text but is not; save it as UTF-8"),
    "not western": (lambda: b"n_params,n_tokens,loss,note\n1e9,2e10,2.9,\x81\n", "row 2: the line is not UTF-8 text"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_TABLES)
def test_a_file_that_is_no_table_is_said_and_nothing_is_stored(kind: str, empty_store: Store) -> None:
    build, said = NO_TABLES[kind]
    preview = empty_store.preview(f"{kind}.csv", build())
    assert said in preview.blocking, preview.blocking
    assert preview.rows.empty
    assert len(preview.problems) >= 1
    with pytest.raises(ValueError, match="nothing was imported"):
        empty_store.commit(preview, skip_bad_rows=True)
    assert empty_store.datasets().empty


ENCODINGS = {
    "utf-8": ("", TABLE),
    "utf-8-sig": ("", TABLE),
    "utf-16": ("The file was read as UTF-16.", TABLE),
    "cp1252": ("row 2 is not UTF-8, so the file was read as Windows-1252 text.", PLAIN),
    "latin-1": ("row 2 is not UTF-8, so the file was read as Windows-1252 text.", PLAIN),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_in_a_known_encoding_is_read_and_a_guess_is_said(encoding: str) -> None:
    remark, table = ENCODINGS[encoding]
    found = read("x.csv", table.encode(encoding))
    assert (found.blocking, found.sentences()) == ("", [])
    assert found.rows["note"][0] == "größer"
    assert found.message.endswith(remark or "all good.")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_separator_and_line_end_is_understood(separator: str, end: str) -> None:
    found = read("x.txt", TABLE.replace(",", separator).replace("\n", end).encode())
    assert (found.blocking, found.sentences()) == ("", [])
    assert found.rows.equals(read("x.csv", TABLE.encode()).rows)


def test_a_decimal_comma_in_a_semicolon_table_is_named() -> None:
    sentences = read("x.csv", b"n_params;n_tokens;loss\n1e9;2e10;2,9\n").sentences()
    assert sentences[-1] == "row 2: loss is '2,9'; write 2.9, with a decimal point"


def test_the_content_decides_and_not_the_name() -> None:
    assert read("picture.png", TABLE.encode()).kind == "runs"
    assert read("runs.csv", png()).kind == "unknown"


def test_a_file_of_2_gb_is_refused_without_reading_it(tmp_path: Path, empty_store: Store, command: Callable) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(TABLE.encode())
        file.truncate(2 * 10**9)
    tracemalloc.start()
    try:
        preview = empty_store.preview("huge.csv", path)
        empty_store.close()
        answer = command("import", path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert preview.blocking == (
        "the file has 1,907.3 MiB; at most 200 MiB are read. Keep the final row of each run, or split the file"
    )
    assert (answer.code, answer.data) == (1, b"")
    assert preview.blocking in answer.err
    assert peak < 50e6, f"{peak:,} bytes were allocated"


def test_an_upload_above_the_limit_is_refused(empty_store: Store) -> None:
    preview = empty_store.preview("x.csv", TABLE.encode() + b"\n" * MAX_BYTES)
    assert "at most 200 MiB are read" in preview.blocking


def test_json_is_refused_where_a_table_of_that_size_is_read(empty_store: Store) -> None:
    line = json.dumps({"n_params": 1e9, "n_tokens": 2e10, "loss": 2.9, "note": "x" * 10_000}).encode()
    preview = empty_store.preview("x.jsonl", b"\n".join([line] * 2200))
    assert "MiB of JSON; at most 20 MiB are read. Export the table as CSV, of which up to 200 MiB" in preview.blocking


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are made otherwise on Windows")
def test_a_pipe_is_read_up_to_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("content", "text"):
        monkeypatch.setattr(f"results_db.importers.{module}.MAX_BYTES", 20 * 2**20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def feed() -> None:
        with pipe.open("wb") as file:
            try:
                for _ in range(100):
                    file.write(b"x" * 2**20)
            except BrokenPipeError:
                pass

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        assert "the file has too many bytes; at most 20 MiB are read" in read("pipe", pipe).blocking
    finally:
        thread.join()


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert "the file cannot be read (No such file or directory)" in read("x", tmp_path / "gone.csv").blocking
    assert read("x", tmp_path).blocking == "this is a folder; give the file to import"
