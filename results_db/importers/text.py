"""Bytes of an uploaded file as text, or the sentence that says why they are none."""

from __future__ import annotations

import codecs
import re

from results_db.importers.problems import Unreadable

MAX_BYTES = 20 * 1024 * 1024
_BINARY_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"%PDF", "a PDF document"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3", "an SQLite database"),
)
# Characters that no table contains: what is left of the C0 block without tab, line feed and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def require_size(n_bytes: int) -> None:
    """Raises Unreadable for a file above the limit; MAX_BYTES + 1 stands for one that was read no further."""
    if n_bytes > MAX_BYTES:
        size = f"{n_bytes / 2**20:,.1f} MiB" if n_bytes > MAX_BYTES + 1 else "too many bytes"
        raise Unreadable(
            f"the file has {size}; at most {MAX_BYTES / 2**20:.0f} MiB are read. Keep the final row of each run, "
            "or split the file"
        )


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file and a remark on how it was read ("" for plain UTF-8).

    Raises Unreadable for binary files, web pages, NUL bytes and other control characters.
    """
    require_size(len(data))
    if not data.strip():
        raise Unreadable("the file is empty; a table of runs needs a header and at least one row")
    text, remark = _decode(data)
    if text.lstrip().startswith("<"):
        raise Unreadable("the file is a web page or XML, perhaps a login page; download the table itself as CSV")
    bad = _CONTROL.search(text)
    if bad:
        row = text.count("\n", 0, bad.start()) + 1
        if bad[0] == "\x00" and text.count("\x00") > len(text) // 4:
            raise Unreadable("the file looks like UTF-16 without its mark; save it as UTF-8")
        name = "a NUL byte" if bad[0] == "\x00" else f"the control character \\x{ord(bad[0]):02x}"
        raise Unreadable(f"the line contains {name}: remove it, or export the table anew as UTF-8 text", row)
    return text, remark


def _decode(data: bytes) -> tuple[str, str]:
    for start, kind in _BINARY_KINDS:
        if data.startswith(start):
            raise Unreadable(f"the file is {kind}, not text; export the table as CSV")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), "read as UTF-16"
        except UnicodeDecodeError:
            raise Unreadable("the file starts like UTF-16 text but is not; save it as UTF-8") from None
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError as problem:
        return _western(data, problem)


def _western(data: bytes, problem: UnicodeDecodeError) -> tuple[str, str]:
    """Text of a western European spreadsheet; binary data has bytes that such text does not use."""
    row = data.count(b"\n", 0, problem.start) + 1
    high = data.translate(None, delete=bytes(range(0x80)))
    if b"\x00" in data or len(high) > len(data) // 4:
        raise Unreadable("the file is binary data, not text; export the table as CSV", row)
    try:
        return data.decode("cp1252"), f"row {row} is not UTF-8, so the file was read as Windows-1252 text"
    except UnicodeDecodeError:
        raise Unreadable("the line is not UTF-8 text; save the file as UTF-8", row) from None
