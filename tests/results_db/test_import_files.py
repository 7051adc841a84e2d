"""Files as a whole: other kinds, other encodings, other separators, too large, or not there at all."""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from results_db import Store
from results_db.importers.reader import read
from results_db.importers.text import MAX_BYTES

TABLE = "run_id,n_params,n_tokens,loss,note\na,1e9,2e10,2.9,größer\nb,2e9,4e10,2.7,ﬁne\n"
SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
PLAIN = TABLE.replace("ﬁ", "fi")


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


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


@pytest.mark.parametrize("line", ["sep={}", '"sep={}"', "SEP={}", "sep={0}{0}{0}"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoted", [False, True])  # two ways to cut a table into cells
def test_a_first_row_that_names_the_separator_is_obeyed_and_counted(line: str, separator: str, quoted: bool) -> None:
    rows = TABLE.replace(",", separator).replace("größer", f'"grö"" {separator}ßer"' if quoted else "fine")
    wrong = separator.join(["c", "much", "2e10", "2.9", ""])
    found = read("x.csv", f"{line.format(separator)}\n{rows}{wrong}\n".encode())
    assert list(found.rows["locator"]) == ["row 3", "row 4"]
    assert [sentence.partition(";")[0] for sentence in found.sentences()] == ["row 5: n_params is 'much'"]


def test_the_separator_that_is_named_is_taken_although_another_cuts_the_header() -> None:
    found = read("x.csv", b"sep=;\nn_params;n_tokens;loss;note\n1e9;2e10;2.9;a,b,c\n")
    assert list(found.rows["note"]) == ["a,b,c"]


NAMELESS = {
    "a separator behind every row": "n_params,n_tokens,loss,\n1e9,2e10,2.9,\n2e9,2e10,2.8, \n",
    "a separator before and behind": "|n_params|n_tokens|loss|\n|1e9|2e10|2.9|\n|2e9|2e10|2.8|\n",
    "quotes": 'n_params,"",n_tokens,loss\n1e9,"",2e10,2.9\n"2e9","",2e10,2.8\n',
}


@pytest.mark.parametrize("kind", NAMELESS)
def test_a_column_with_neither_name_nor_text_is_none(kind: str) -> None:
    found = read("x.csv", NAMELESS[kind].encode())
    assert (found.blocking, found.sentences()) == ("", [])
    assert list(found.mapping) == ["n_params", "n_tokens", "loss"]
    assert list(found.rows["loss"]) == [2.9, 2.8]


def test_a_column_with_text_but_no_name_waits_for_the_users_word() -> None:
    data = pd.DataFrame({"n_params": [1e9, 2e9], "n_tokens": 2e10, "loss": [2.9, 2.8]}).to_csv().encode()
    found = read("x.csv", data)
    assert found.blocking.startswith("row 1: column 1 without a name: this column is not known; read it as one of")
    assert read("x.csv", data, {"column 1 without a name": ""}).blocking == ""
    named = read("x.csv", data, {"column 1 without a name": "run_id"})
    assert list(named.rows["run_id"]) == ["0", "1"]


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


@pytest.mark.parametrize(
    ("name", "kind", "n_rows"),
    [("my_runs.csv", "runs", 16), ("trainer_state.json", "runs", 1), ("results_my-model-1b.json", "quality", 3)],
)
def test_the_sample_files_of_the_page_are_read_without_a_problem(name: str, kind: str, n_rows: int) -> None:
    found = read(name, (SAMPLES / name).read_bytes(), facts={"n_params": "1B"} if name.startswith("trainer") else {})
    assert (found.kind, len(found.rows), found.sentences()) == (kind, n_rows, [])
