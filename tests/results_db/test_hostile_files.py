"""Files that break importers: each gets a clear sentence, stores nothing, raises nothing, and stays within bounds.

All of them are read in one process of its own, which measures its memory and time: a crash there names the file.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from results_db import Store

ROOT = Path(__file__).parents[2]
MOST_CPU_SECONDS = 20.0  # of one file, on a slow machine; the slowest takes about a tenth of it on an idle one
MOST_MEMORY = 1_200_000_000  # bytes of the reading process at its largest, of which it has 150 MB before the first file
HEAD = "n_params,n_tokens,loss"
LINE = "1e9,2e10,2.9"


@dataclass(frozen=True)
class Case:
    """The bytes of a file, a part of the sentence that must be said about it, and the name it comes under."""

    build: Callable[[], bytes]
    said: str
    name: str = "runs.csv"


def text(content: str, said: str) -> Case:
    return Case(lambda: content.encode("utf-8", "surrogatepass"), said)


def data(content: bytes, said: str) -> Case:
    return Case(lambda: content, said)


class Bomb:
    """Pickled by name only: unpickling it would end the process."""

    def __reduce__(self) -> tuple:
        return sys.exit, ("a pickle was opened",)


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def zip_bomb() -> bytes:
    """10 MB of zeros in a file of 10 kB, ten times in another, ten times in a third."""
    inner = zipped("zeros.csv", bytes(10_000_000))
    for _ in range(2):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(10):
                archive.writestr(f"{number}.zip", inner)
        inner = file.getvalue()
    return inner


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("../../etc/passwd")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"root"))
    return file.getvalue()


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(12.0))
    return file.getvalue()


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE runs (loss REAL)")
    return connection.serialize()


def arrow(kind: str) -> bytes:
    file = io.BytesIO()
    table = pa.table({"loss": [2.9]})
    if kind == "feather":
        pyarrow.feather.write_feather(table, file)
    else:
        pyarrow.orc.write_table(table, file)
    return file.getvalue()


NOT_TEXT = "not text; export the table as CSV"
BINARY = {
    "zip": Case(lambda: zipped("xl/workbook.xml", b"<x/>"), "the file is a ZIP archive or an Excel workbook, not text"),
    "zip bomb": Case(zip_bomb, "the file is a ZIP archive or an Excel workbook, not text"),
    "zip with a path": Case(lambda: zipped("../../runs.csv", b"x"), "the file is a ZIP archive or an Excel workbook"),
    "empty zip": data(b"PK\x05\x06" + bytes(18), "the file is an empty ZIP archive, not text"),
    "gzip": Case(lambda: gzip.compress(f"{HEAD}\n{LINE}\n".encode()), "the file is a gzip archive, not text"),
    "gzip bomb": Case(lambda: gzip.compress(bytes(50_000_000)), "the file is a gzip archive, not text"),
    "bzip2": Case(lambda: bz2.compress(LINE.encode() * 99), "the file is a bzip2 archive, not text"),
    "xz": Case(lambda: lzma.compress(LINE.encode() * 99), "the file is an xz archive, not text"),
    "7z": data(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(60), "the file is a 7z archive, not text"),
    "rar": data(b"Rar!\x1a\x07\x01\x00" + bytes(60), "the file is a RAR archive, not text"),
    "tar with a path": Case(tarred, "the file looks like UTF-16 without its mark"),
    "png": Case(png, "the file is a PNG image, not text"),
    "jpeg": data(b"\xff\xd8\xff\xe0" + bytes(range(256)), "the file is a JPEG image, not text"),
    "gif": data(b"GIF89a\x01\x00\x01\x00\x80\x00\x00", "the file"),
    "pdf": data(b"%PDF-1.7\n%\xe2\xe3", "the file is a PDF document, not text"),
    "numpy": Case(array, "the file is a NumPy array, not text"),
    "numpy with pickles": Case(lambda: array().replace(b"'<f8'", b"'|O' "), "the file is a NumPy array, not text"),
    **{
        f"pickle {protocol}": Case(lambda p=protocol: pickle.dumps(Bomb(), p), "the file is a Python pickle, not")
        for protocol in (2, 3, 4, 5)
    },
    "pickle 0": Case(lambda: pickle.dumps(Bomb(), 0), "this is no table of runs"),
    "pickle 1": Case(lambda: pickle.dumps(Bomb(), 1), "the line contains a NUL byte"),
    "torch checkpoint": Case(lambda: zipped("archive/data.pkl", pickle.dumps(Bomb())), "the file is a ZIP archive"),
    "safetensors": Case(safetensors, "the line contains a NUL byte"),
    "gguf": data(b"GGUF\x03\x00\x00\x00" + bytes(40), "the file is a GGUF model, not text"),
    "hdf5": data(b"\x89HDF\r\n\x1a\n" + bytes(90), "the file is an HDF5 file, not text"),
    "sqlite": Case(sqlite, "the file is an SQLite database, not text"),
    "old excel": data(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "the file is an old Excel workbook, not text"),
    "feather": Case(lambda: arrow("feather"), "the file is an Arrow or Feather file, not text"),
    "orc": Case(lambda: arrow("orc"), "the file"),
    "avro": data(b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema", "the line contains the control character"),
    "elf program": data(b"\x7fELF\x02\x01\x01" + bytes(200), "the file is a program, not text"),
    "windows program": data(b"MZ\x90\x00\x03" + bytes(200), "the file"),
    "java class": data(b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(50), "the file"),
    "wasm": data(b"\x00asm\x01\x00\x00\x00", "the file looks like UTF-16"),
    "wave": data(b"RIFF\x24\x00\x00\x00WAVEfmt \x10" + bytes(60), "the file"),
    "noise": Case(lambda: np.random.default_rng(0).bytes(5000), "binary data, not text"),
    "much noise": Case(lambda: np.random.default_rng(1).bytes(5_000_000), "binary data, not text"),
    "one byte": data(b"\xff", "the file is binary data, not text"),
    "zeros": Case(lambda: bytes(5_000_000), "the file looks like UTF-16 without its mark"),
}

TEXTS = {
    "html": text("<html><body>Sign in</body></html>", "the file is a web page or XML, perhaps a login page"),
    "html after a mark": data(b"\xef\xbb\xbf \n<!DOCTYPE html><title>Log in</title>", "perhaps a login page"),
    "xml": text("<?xml version='1.0'?><runs/>", "the file is a web page or XML"),
    "xml bomb": text(
        '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>', "a web page or XML"
    ),
    "xml that reads a file": text(
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "web page or XML"
    ),
    "svg": text("<svg onload=alert(1)></svg>", "the file is a web page or XML"),
    "rtf": text("{\\rtf1\\ansi runs}", "row 1: the line is not a JSON object"),
    "prose": text("Dear all, the runs are done.\nBest, me\n", "this is no table of runs: its columns are Dear all"),
    "yaml": text("n_params: 1e9\nloss: !!python/object/apply:os.system ['true']\n", "this is no table of runs"),
    "toml": text("[runs]\nloss = 2.9\n", "the file is not JSON"),
    "python": text("import os\nos.remove('x')\n", "this is no table of runs: its columns are import os"),
    "shell": text("#!/bin/sh\nrm -rf /\n", "this is no table of runs"),
    "sql": text("DROP TABLE runs; --\n", "this is no table of runs"),
    "other table": text("sepal_length,species\n5.1,setosa\n", "this is no table of runs: its columns are sepal_length"),
    "git-lfs pointer": text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "no table of runs"),
    "error of a server": text('{"error": "unauthorized"}', "this is no table of runs: its columns are error."),
    "a separator line alone": text("sep=;\n", "the file is empty"),
    "a separator that is none": text(f"sep=9\n{HEAD}\n{LINE}\n", "row 1: the row says that '9' stands between two"),
    "two separators": text(f"sep=,;\n{HEAD}\n{LINE}\n", "save the table with a comma, semicolon, tab or bar there"),
    "a comment first": text(f"# sweep of 2026\n{HEAD}\n{LINE}\n", "its columns are # sweep of 2026"),
    "aligned by blanks": text("n_params   n_tokens   loss\n1e9   2e10   2.9\n", "this is no table of runs"),
    "log before the lines of a probe": text('WARNING: hot\n{"kernel":"mm","status":"FAILED"}\n', "check its quotes"),
    "names as formulas": text("$N$,$D$,$L$\n1e9,2e10,2.9\n", "this is no table of runs: its columns are $N$, $D$, $L$"),
    "sums below and nothing else": text(f"{HEAD}\nmean,,2.9\n", "no row is good"),
    "losses with errors": text(f"{HEAD}\n1e9,2e10,2.91 ± 0.02\n1e9,2e10,2.91(2)\n1e9,2e10,45%\n", "no row is good"),
    "counts without an end": text(f"{HEAD}\n1e9,∞,2.9\n1e9,inf,2.8\n", "no row is good"),
    "counts as products": text(f"{HEAD}\n1.3×10^9,2*10^10,2.9\n", "n_params is '1.3×10^9'; write 1.3e9"),
    "no separator": text(f"sep=\n{HEAD}\n{LINE}\n", "row 1: the row says that '' stands between two cells"),
    "a separator that the table does not use": text(f"sep=;\n{HEAD}\n{LINE}\n", "this is no table of runs"),
}

ENCODINGS = {
    "empty": data(b"", "the file is empty; a table of runs needs a header and at least one row"),
    "blank": data(b" \r\n\t\n ", "the file is empty"),
    "only a mark": data(b"\xef\xbb\xbf", "the file is empty"),
    "only a utf-16 mark": data(b"\xff\xfe", "the file is empty"),
    "utf-16 without mark": Case(lambda: f"{HEAD}\n{LINE}\n".encode("utf-16-le"), "looks like UTF-16 without its mark"),
    "big utf-16 without mark": Case(lambda: f"{HEAD}\n".encode("utf-16-be"), "looks like UTF-16 without its mark"),
    "utf-32": Case(lambda: f"{HEAD}\n{LINE}\n".encode("utf-32"), "save it as UTF-8"),
    "half utf-16": data(b"\xff\xfea\x00b", "the file starts like UTF-16 text but is not; save it as UTF-8"),
    "half a pair of utf-16": data(b"\xff\xfe\x00\xd8a\x00", "the file starts like UTF-16 text but is not"),
    "ebcdic": Case(lambda: f"{HEAD}\n{LINE}\n".encode("cp500"), "binary data, not text"),
    "not western": data(f"{HEAD},note\n{LINE},\x81\n".encode("latin-1"), "row 2: the line is not UTF-8 text"),
    "overlong utf-8": data(f"{HEAD},\xc0\xaf\n{LINE},x\n".encode("latin-1"), "this column is not known"),
    "half a letter": data(f"{HEAD},note\n{LINE},\xe2\x82\n".encode("latin-1") + b"\x81", "not UTF-8 text"),
    "utf-7": text("+AG4-_params,loss\n1,2\n", "this is no table of runs"),
    **{
        f"control character {code:02x}": Case(
            lambda c=code: f"{HEAD}\n1e9,2e10,2{chr(c)}.9\n".encode(),
            "row 2: the line contains a NUL byte: remove it" if code == 0 else "row 2: the line contains the control",
        )
        for code in (0, 1, 4, 7, 8, 11, 12, 14, 26, 27, 31)
    },
    "nul at the end": data(f"{HEAD}\n{LINE}\n\x00".encode(), "the line contains a NUL byte"),
    "nul in the header": data(f"n_par\x00ams,n_tokens,loss\n{LINE}\n".encode(), "row 1: the line contains a NUL byte"),
}

TABLES = {
    "header only": text(HEAD, "the table has a header but no rows; add one row per run"),
    "header and blank lines": text(f"{HEAD}\n\n \n,,\n", "the table has a header but no rows"),
    "no header": text(f"{LINE}\n{LINE}\n", "the first row holds numbers, not column names"),
    "open quote": text(f'{HEAD}\n{LINE}\n"1e9,2e10,2.8\n', "row 3: the line cannot be read as CSV"),
    "open quote at once": text('"' + "x" * 5_000_000, "the line cannot be read as CSV"),
    "text after a quote": text(f'{HEAD}\n"1e9"x,2e10,2.9\n', "row 2: the line cannot be read as CSV"),
    "a million quotes": text('"' * 1_000_001, "the line cannot be read as CSV"),
    "long cell": text(f"{HEAD}\n{'1' * 200_000},2,3\n", "row 2: the line cannot be read as CSV"),
    "long line": text("x" * 5_000_000, "the line cannot be read as CSV"),
    "a million commas": text("," * 1_000_000 + "x", "the table has 1,000,001 columns; at most 1,000 are read"),
    "10,000 columns": text(",".join(f"c{i}" for i in range(10_000)) + "\n", "the table has 10,000 columns"),
    "10,000 columns with rows": text(
        ",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n", "the table has 10,000 columns"
    ),
    "300 columns": text(f"{HEAD},{','.join(f'c{i}' for i in range(297))}\n", "the table has 300 columns; at most 100"),
    "a million empty lines": text("\n" * 1_000_000, "the file is empty"),
    "a million returns": text("\r" * 1_000_000 + "x", "this is no table of runs"),
    "nameless column": text("n_params,,loss\n1,2,3\n", "row 1: column 2 without a name: this column is not known"),
    "doubled column": text("n_params,n_tokens,loss,loss\n1,2,3,4\n", "two columns are called 'loss'"),
    "doubled but for blanks": text("n_params,n_tokens,loss, loss \n1,2,3,4\n", "two columns are called 'loss'"),
    "invisible in a name": text(f"n_params,n_tokens,lo\u200bss\n{LINE}\n", "the invisible character U+200B; remove it"),
    "reversed name": text(f"n_params,n_tokens,\u202essol\n{LINE}\n", "the invisible character U+202E; remove it"),
    "soft hyphen in a name": text(f"n_params,n_tok\u00adens,loss\n{LINE}\n", "the invisible character U+00AD"),
    "mark inside": text(f"n_params,\ufeffn_tokens,loss\n{LINE}\n", "the invisible character U+FEFF; remove it"),
    "cyrillic letter": text(f"n_params,n_tokens,l\u043ess\n{LINE}\n", "l\u043ess: this column is not known"),
    "greek letter": text(f"n_params,n_t\u03bfkens,loss\n{LINE}\n", "it may be n_tokens: confirm that, or ignore it"),
    "full-width letters": text(f"n_params,n_tokens,\uff4c\uff4f\uff53\uff53\n{LINE}\n", "this column is not known"),
    "ragged everywhere": text(f"{HEAD}\n1,2\n1,2,3,4\n", "no row is good; correct the rows"),
    "one column": text("loss\n2.9\n", "this is no table of runs: its columns are loss."),
    "markup in names": text(
        f"{HEAD},<script>alert(1)</script>\n{LINE},1\n", "<script>alert(1)</script>: this column is not known"
    ),
    "formula in a name": text("\"=cmd|' /C calc'!A0\",n_params,n_tokens,loss\n1,1e9,2e10,2.9\n", "is not known"),
    "claims to be published": text(f"source_id,{HEAD}\nquartet_2025,1,2,-3\n", "no row is good"),
}

WRONG_CELLS = [
    "nan", "inf", "-Infinity", "1e999", "-1", "0", "-0.0", "1" + "0" * 400, "9" * 5000, "0x1F", "0b1", "1_000", "½",
    "٣٤٥", "１２", "二", "Ⅻ", "😀", "--1", "1e", ".", "+-1", "1;2", "=1+1", "=HYPERLINK(A1)", "@SUM(A1)",
    "<script>alert(1)</script>", "'; DROP TABLE runs; --", "../../etc/passwd", "${jndi:ldap://x}", "{{7*7}}", "%s%n%x",
    "\\x00", "true", "2026-01-02", "NULL", "1e9 1e9", "\u2212 1", "1\u00a0000", "$(reboot)", "`id`", "x" * 1000,
]  # fmt: skip
CELLS = {
    f"{column} is {cell[:20]!r}": text(
        ",".join(HEAD.split(","))
        + "\n"
        + ",".join(
            '"' + (cell if name == column else good).replace('"', '""') + '"'
            for name, good in zip(HEAD.split(","), LINE.split(","), strict=True)
        )
        + "\n",
        "no row is good; correct the rows and choose the file again",
    )
    for position, cell in enumerate(WRONG_CELLS)
    for column in [HEAD.split(",")[position % 3]]
}

JSON = {
    "json broken": text('{"n_params": 1e9, "loss"', "row 1: the line is not a JSON object"),
    "json with a comma too many": text('[{"loss": 2.9,}]', "the file is not JSON"),
    "json in single quotes": text("{'loss': 2.9}", "the line is not a JSON object"),
    "json with a comment": text('{"loss": 2.9} // fine\n', "the line is not a JSON object"),
    "json twice in a line": text('{"loss": 2.9}{"loss": 2.8}\n', "the line is not a JSON object"),
    "json numbers": text("[1, 2, 3]", "the list holds something that is no object"),
    "json null": text("[null]", "the list holds something that is no object"),
    "json of lists": text('{"loss": 2}\n[1]', "row 2: the line is not a JSON object; write one object a line"),
    "json deep list": text("[" * 100_000, "the file is not JSON"),
    "json deep object": text('{"a":' * 100_000, "the line is not a JSON object"),
    "json deep value": text('{"loss": ' + "[" * 50_000 + "]" * 50_000 + "}", "the line is not a JSON object"),
    "json NaN": text('{"n_params": 1e9, "n_tokens": 2e10, "loss": NaN}', "NaN is not JSON; write null where"),
    "json Infinity": text('{"n_params": 1e9, "n_tokens": 2e10, "loss": -Infinity}', "-Infinity is not JSON"),
    "json 1e999": text('{"n_params": 1e9, "n_tokens": 2e10, "loss": 1e999}', "no row is good"),
    "json huge integer": text('{"n_params": 1' + "0" * 4299 + ', "n_tokens": 1, "loss": 1}', "no row is good"),
    "json huger integer": text('{"n_params": 1' + "0" * 5000 + ', "n_tokens": 1, "loss": 1}', "is not a JSON object"),
    "json twice": text('{"loss": 2.9, "n_params": 1, "loss": 3}', "the key 'loss' is there twice"),
    "json no name": text('{"": 1, "loss": 2.9, "n_params": 1e9}', "column 1 has no name in the header"),
    "json half a letter": text('{"\\ud800": 1, "loss": 2, "n_params": 1e9}', "invisible character U+D800"),
    "json half a letter as value": text('{"n_params": 1e9, "loss": 2, "note": "\\ud800"}', "half a character (U+D800)"),
    "json nul in a name": text('{"\\u0000": 1, "loss": 2, "n_params": 1e9}', "invisible character U+0000"),
    "json nul in a value": text('{"n_params": 1e9, "n_tokens": 2e10, "loss": 2.9, "note": "\\u0000"}', "U+0000"),
    "json wide": Case(lambda: json.dumps({f"k{i}": i for i in range(300)}).encode(), "the table has 300 columns"),
    "json very wide": Case(lambda: json.dumps({f"k{i}": 1 for i in range(100_000)}).encode(), "has 100,000 columns"),
    "json many": text('{"loss": 1}\n' * 50_001, "more than 50,000"),
    "json objects as values": text('{"n_params": {}, "n_tokens": [], "loss": {"x": 1}}', "no row is good"),
    "json flags as numbers": text('{"n_params": true, "n_tokens": true, "loss": true}', "no row is good"),
    "json of columns": text('{"n_params": [1e9, 2e9], "n_tokens": [2e10, 2e10], "loss": [2.9, 2.8]}', "no row is good"),
    "json of columns by place": text(
        '{"n_params": {"0": 1e9}, "n_tokens": {"0": 2e10}, "loss": {"0": 2}}', "no row is"
    ),
    "json in an envelope": text(
        '{"runs": [{"n_params": 1e9, "loss": 2.9}]}', "this is no table of runs: its columns are"
    ),
    "json of parts": text('{"config": {"n_params": 1e9}, "summary": {"loss": 2}}', "columns are config, summary"),
    "json prototype": text('{"__proto__": {"loss": 1}, "constructor": 1}', "this is no table of runs"),
    "json text as a number": text('{"n_params": "' + "9" * 100_000 + '", "n_tokens": 1, "loss": 1}', "no row is good"),
}


def parquet(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def good_parquet() -> bytes:
    return parquet(pa.table({"n_params": [1e9], "n_tokens": [2e10], "loss": [2.9], "note": ["x" * 300]}))


def repeated(n_rows: int, n_characters: int) -> bytes:
    """A text of many characters in every row, which the file holds once."""
    indices = pa.array(np.zeros(n_rows, dtype=np.int32))
    texts = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * n_characters]))
    return parquet(pa.table({"note": texts, "n_params": np.ones(n_rows), "loss": np.ones(n_rows)}))


def doubled_names() -> bytes:
    columns = [pa.array([value]) for value in (1e9, 2e10, 2.9, 3.1)]
    return parquet(pa.Table.from_arrays(columns, names=["n_params", "n_tokens", "loss", "loss"]))


def flipped(position: int) -> bytes:
    whole = bytearray(good_parquet())
    whole[position] ^= 0xFF
    return bytes(whole)


CUT = "the Parquet file has no end: it was cut off; copy or export it again"
DAMAGED = "the Parquet file is damaged: its end describes no columns; copy or export it again"
UNREADABLE = "the Parquet file cannot be read ("
PARQUET = {
    "parquet cut in half": Case(lambda: good_parquet()[: len(good_parquet()) // 2], CUT),
    "parquet without its last byte": Case(lambda: good_parquet()[:-1], CUT),
    "parquet mark": data(b"PAR1", DAMAGED),
    "parquet marks": data(b"PAR1PAR1", DAMAGED),
    "parquet of zeros": data(b"PAR1" + bytes(1000) + b"PAR1", DAMAGED),
    "parquet of noise": Case(lambda: b"PAR1" + np.random.default_rng(0).bytes(3000) + b"PAR1", DAMAGED),
    "parquet with a long footer": Case(lambda: good_parquet()[:-8] + b"\xff\xff\xff\x7fPAR1", DAMAGED),
    "parquet with a negative footer": Case(lambda: good_parquet()[:-8] + b"\xff\xff\xff\xffPAR1", DAMAGED),
    "parquet without its middle": Case(lambda: good_parquet()[:60] + good_parquet()[-400:], DAMAGED),
    "parquet with a flipped page": Case(lambda: flipped(10), UNREADABLE),
    "parquet bomb of one text": Case(lambda: repeated(50_000, 1_000_000), "needs more than"),
    "parquet bomb of many texts": Case(lambda: repeated(50_000, 1_000), "bytes of text; at most 20,000,000 are read"),
    "parquet bomb of rows": Case(
        lambda: parquet(pa.table({"loss": np.ones(5_000_000)})), "the table has 5,000,000 rows; at most 50,000 are read"
    ),
    "parquet of 10,000 columns": Case(
        lambda: parquet(pa.table({f"c{i}": [1] for i in range(10_000)})), "the table has 10,000 columns"
    ),
    "parquet lists": Case(lambda: parquet(pa.table({"loss": [[1.0]]})), "loss: the column holds DOUBLE[], not numbers"),
    "parquet structs": Case(lambda: parquet(pa.table({"loss": [{"a": 1}]})), "the column holds STRUCT"),
    "parquet bytes": Case(lambda: parquet(pa.table({"loss": [b"\xff\xfe"]})), "the column holds BLOB, not numbers"),
    "parquet without rows": Case(
        lambda: parquet(pa.table({"n_params": pa.array([], pa.float64()), "loss": pa.array([], pa.float64())})),
        "n_tokens",
    ),
    "parquet with doubled names": Case(doubled_names, "loss_1: loss is read from 'loss' already; ignore this column"),
    "parquet with an invisible name": Case(
        lambda: parquet(pa.table({"lo\u202ess": [1.0]})), "invisible character U+202E"
    ),
    "parquet of nan": Case(
        lambda: parquet(pa.table({"n_params": [1e9], "n_tokens": [2e10], "loss": [float("nan")]})), "no row is good"
    ),
}


def record(body: bytes) -> bytes:
    head = struct.pack("<Q", len(body))
    return head + struct.pack("<I", masked_crc32c(head)) + body + struct.pack("<I", masked_crc32c(body))


def scalars(*losses: float, tag: str = "loss") -> list[bytes]:
    made = []
    for step, loss in enumerate(losses):
        event = Event(wall_time=1.0, step=step)
        event.summary.value.add(tag=tag, simple_value=loss)
        made.append(record(event.SerializeToString()))
    return made


VERSION = record(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())


def events(*parts: bytes) -> bytes:
    return b"".join([VERSION, *parts])


def big_tensor() -> bytes:
    event = Event(wall_time=1.0, step=1)
    value = event.summary.value.add(tag="loss")
    value.tensor.dtype = 1
    value.tensor.tensor_shape.dim.add(size=2**62)
    return record(event.SerializeToString())


EVENTS = {
    "events cut in half": Case(lambda: events(*scalars(3.0, 2.0))[:-9], "the file ends inside record 3"),
    "events cut in a head": Case(lambda: events(*scalars(3.0), b"\x10\x00\x00"), "the file ends inside record 3"),
    "events with a flipped bit": Case(
        lambda: events(*scalars(3.0))[:-6] + b"\x00" + events(*scalars(3.0))[-5:], "record 2 is damaged (its checksum"
    ),
    "events with a long record": Case(
        lambda: events(struct.pack("<Q", 2**63) + struct.pack("<I", masked_crc32c(struct.pack("<Q", 2**63)))),
        "the file ends inside record 2",
    ),
    "events that are none": Case(lambda: events(record(b"\xff" * 40)), "record 2 is no event of TensorBoard"),
    "events without scalars": Case(lambda: VERSION, "TensorBoard logged no loss here, only nothing"),
    "events of something else": Case(
        lambda: events(*scalars(0.5, tag="accuracy")), "logged no loss here, only accuracy"
    ),
    "events of a tensor": Case(lambda: events(big_tensor()), "TensorBoard logged no loss here"),
    "events of nothing but nan": Case(
        lambda: events(*scalars(float("nan"), float("inf"))), "no point of this log is good"
    ),
    "events with zeros after": Case(lambda: events(*scalars(3.0), bytes(50)), "record 3 is damaged"),
}


def state(log: Any, **more: Any) -> Case:
    said = more.pop("said")
    return Case(lambda: json.dumps({"log_history": log, "global_step": 10} | more).encode(), said, "trainer_state.json")


def harness(results: Any, said: str, **more: Any) -> Case:
    return Case(lambda: json.dumps({"results": results, "versions": {}} | more).encode(), said, "results.json")


LOGS = {
    "state without a log": state([], said="logged no loss here, only nothing"),
    "state of nulls": state([None] * 100_000, said="logged no loss here"),
    "state of texts": state([{"step": "10", "loss": "low"}], said="logged no loss here"),
    "state of nested logs": state([[{"loss": 3}]], said="logged no loss here"),
    "state before its first step": state([{"step": -5, "loss": 3.0}], said="no point of this log is good"),
    "state at step 1e300": state([{"step": 1e300, "loss": 3.0}], said="no point of this log is good"),
    "state between steps": state([{"step": 1.5, "loss": 3.0}], said="no point of this log is good"),
    "state of a huge integer": state([{"step": 10**400, "loss": 10**400}], said="no point of this log is good"),
    "state with a perplexity": state([{"step": 1, "eval_perplexity": 20.0}], said="suggests perplexity"),
    "results of nothing": harness({}, "the file holds no results"),
    "results of lists": harness({"piqa": [1, 2]}, "the file holds no results"),
    "results in texts": harness({"piqa": {"acc,none": "0.5"}}, "the file holds no results"),
    "results above 1": harness({"piqa": {"acc,none": 50}}, "no result is good", model_name="m"),
    "results of nan": harness({"piqa": {"acc,none": float("nan")}}, "no result is good", model_name="m"),
    "results of nobody": harness({"piqa": {"acc,none": 0.5}}, "which model was evaluated? The file does not say"),
    "results with a long task": harness({"x" * 5000: {"acc,none": 0.5}}, "no result is good", model_name="m"),
    "results with an invisible task": harness({"pi\u202eqa": {"acc,none": 0.5}}, "no result is good", model_name="m"),
    "results with markup": harness({"t": {"<img src=x>,none": 3}}, "is a higher <img src=x> better?", model_name="m"),
    "chart of accuracy": text("Step,a - acc,a - acc__MIN,a - acc__MAX\n1,1,1,1\n", "the chart shows acc, not a loss"),
    "chart over epochs": text("epoch,a - loss,a - loss__MIN,a - loss__MAX\n1,1,1,1\n", "choose Step as its x axis"),
    "chart of nan": text("Step,a - loss,a - loss__MIN,a - loss__MAX\n1,NaN,1,1\n", "no point is good"),
    "curve without a number": text("step,loss\nx,y\n", "no point is good"),
    "curve of one column too many": text("step,loss,<b>\n1,2.5,3\n", "a table of loss curves has no such columns: <b>"),
    "wandb of failed runs": text("Name,State,Runtime,N,D,loss\na,failed,1,1e9,2e10,NaN\n", "no row is good"),
    "probe without a status": text('{"kernel": "x", "status": "FINE"}', "no line of this file is a probe result"),
    "probe of huge numbers": text(
        '{"kernel": "x", "status": "OK", "p20_us": 1e999, "p50_us": 1, "p80_us": 1}', "no line of this file is a probe"
    ),
    "shared dataset of nothing": text('{"precision_atlas_dataset": 1}', "does not say what it is"),
    "shared dataset of a future": text('{"precision_atlas_dataset": 99}', "has format 99, this program reads format 1"),
    "shared dataset cut off": text('{"precision_atlas_dataset": 1, "dataset": {"na', "is no JSON"),
}

REFUSED = BINARY | TEXTS | ENCODINGS | TABLES | CELLS | JSON | PARQUET | EVENTS | LOGS

READ = '''
import json, resource, sys, time
from pathlib import Path
from results_db import Store
from results_db.writing import OWNED

def cpu():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

def peak():
    """The most memory of this process since it began, or of a child, whichever is more [bytes]."""
    status = Path("/proc/self/status")  # getrusage would tell what the parent had before
    own = [line for line in status.read_text().splitlines() if "VmHWM" in line] if status.exists() else []
    own_kb = int(own[0].split()[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * max(own_kb, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)

with Store.open(sys.argv[1]) as store:
    for line in sys.stdin:
        case, name, path = json.loads(line)
        print(json.dumps({"begins": case}), flush=True)
        started, data = cpu(), Path(path).read_bytes()
        preview = store.preview(name, data)
        refused = ""
        try:
            store.commit(preview, skip_bad_rows=True)
        except ValueError as problem:
            refused = str(problem)
        rows = store.status()["rows"]
        print(json.dumps({
            "case": case, "blocking": preview.blocking, "sentences": preview.sentences()[:5], "refused": refused,
            "stored": sum(rows[table] for table in (*OWNED, "datasets", "history")), "cpu": cpu() - started,
            "memory": peak(),
        }), flush=True)
'''


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a process of its own said about every file, in order; what is missing is what it did not survive."""
    folder = tmp_path_factory.mktemp("hostile")
    Store.create(folder / "store.duckdb", shipped=False).close()
    lines = []
    for number, (case, made) in enumerate(REFUSED.items()):
        path = folder / str(number)
        path.write_bytes(made.build())
        lines.append(json.dumps([case, made.name, str(path)]))
    command = [sys.executable, "-c", READ, str(folder / "store.duckdb")]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, cwd=ROOT, timeout=600)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    found = {answer["case"]: answer for answer in said if "case" in answer}
    if done.returncode:
        last = said[-1].get("begins", "the first file") if said else "the first file"
        found[last] = {"crash": f"exit code {done.returncode}: {done.stderr[-2000:]}"}
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured otherwise on Windows")
@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_file_gets_a_sentence_and_stores_nothing(case: str, answers: dict[str, dict[str, Any]]) -> None:
    assert case in answers, "the reading process had ended before this file"
    answer = answers[case]
    assert "crash" not in answer, answer.get("crash")
    assert REFUSED[case].said in answer["blocking"] + " | ".join(answer["sentences"]), answer
    assert answer["refused"].startswith("nothing was imported: ")
    assert answer["stored"] == 0
    assert answer["cpu"] < MOST_CPU_SECONDS, f"{answer['cpu']:.1f} s"
    assert answer["memory"] < MOST_MEMORY, f"{answer['memory']:,} bytes"


def test_there_are_as_many_hostile_files_as_promised() -> None:
    assert len(REFUSED) >= 200


def dangling(folder: Path) -> Path:
    (folder / "link.csv").symlink_to(folder / "gone.csv")
    return folder / "link.csv"


def loop(folder: Path) -> Path:
    (folder / "a.csv").symlink_to(folder / "b.csv")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    return folder / "a.csv"


def linked_folder(folder: Path) -> Path:
    (folder / "link.csv").symlink_to(folder)
    return folder / "link.csv"


def linked_secret(folder: Path) -> Path:
    (folder / "secret").write_text("root:x:0:0\n")
    (folder / "runs.csv").symlink_to(folder / "secret")
    return folder / "runs.csv"


PLACES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a folder": (lambda folder: folder, "this is a folder; give the file to import"),
    "a link to a folder": (linked_folder, "this is a folder; give the file to import"),
    "a link to nothing": (dangling, "the file cannot be read (No such file or directory)"),
    "links in a circle": (loop, "the file cannot be read (Too many levels of symbolic links)"),
    "a link to a secret": (linked_secret, "this is no table of runs: its columns are root:x:0:0"),
    "nothing": (lambda folder: folder / "gone.csv", "the file cannot be read (No such file or directory)"),
    "a name beyond measure": (lambda folder: folder / ("x" * 5000), "the file cannot be read (File name too long)"),
    "the null device": (lambda folder: Path("/dev/null"), "the file is empty"),
    "an endless device": (lambda folder: Path("/dev/zero"), "the file has too many bytes; at most"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="links and devices are made otherwise on Windows")
@pytest.mark.parametrize("kind", PLACES)
def test_a_hostile_place_gets_a_sentence_and_stores_nothing(kind: str, tmp_path: Path, empty_store: Store) -> None:
    build, said = PLACES[kind]
    folder = tmp_path / "files"
    folder.mkdir()
    preview = empty_store.preview("runs.csv", build(folder))
    assert said in preview.blocking, preview.blocking
    assert empty_store.datasets().empty
