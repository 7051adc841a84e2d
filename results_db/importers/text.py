"""Bytes of an uploaded file as UTF-8 text, or the sentence that says why they are none."""

from __future__ import annotations

import codecs
import re

from results_db.importers.problems import Unreadable

MAX_BYTES = 200 * 1024 * 1024
_SLICE = 4 * 1024 * 1024  # bytes looked at together: a file is checked without a second copy of it
_BINARY_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"ARROW1", "an Arrow or Feather file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"GGUF", "a GGUF model"),
    (b"\x7fELF", "a program"),
    (b"\xff\xd8\xff", "a JPEG image"),
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
_CONTROL = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_ONE_CONTROL = re.compile(b"[" + re.escape(_CONTROL) + b"]")


def require_size(n_bytes: int) -> None:
    """Raises Unreadable for a file above the limit; MAX_BYTES + 1 stands for one that was read no further."""
    if n_bytes > MAX_BYTES:
        size = f"{n_bytes / 2**20:,.1f} MiB" if n_bytes > MAX_BYTES + 1 else "too many bytes"
        raise Unreadable(
            f"the file has {size}; at most {MAX_BYTES / 2**20:.0f} MiB are read. Keep the final row of each run, "
            "or split the file"
        )


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """The text of a file as UTF-8 and a remark on how it was read ("" for plain UTF-8).

    Raises Unreadable for binary files, web pages, NUL bytes and other control characters.
    """
    require_size(len(data))
    text, remark = _decode(data)
    first = re.search(rb"\S", text)
    if first is None:
        raise Unreadable("the file is empty; a table of runs needs a header and at least one row")
    if first[0] == b"<":
        raise Unreadable("the file is a web page or XML, perhaps a login page; download the table itself as CSV")
    for start in range(0, len(text), _SLICE):
        piece = text[start : start + _SLICE]
        if len(piece.translate(None, _CONTROL)) < len(piece):
            raise _hidden(text, start)
    return text, remark


def _hidden(text: bytes, start: int) -> Unreadable:
    """What to say of the first control character of a text, which lies after `start`."""
    bad = next(_ONE_CONTROL.finditer(text, start))
    if bad[0] == b"\x00" and text.count(b"\x00") > len(text) // 4:
        return Unreadable("the file looks like UTF-16 without its mark; save it as UTF-8")
    row = text.count(b"\n", 0, bad.start()) + 1
    name = "a NUL byte" if bad[0] == b"\x00" else f"the control character \\x{bad[0][0]:02x}"
    return Unreadable(f"the line contains {name}: remove it, or export the table anew as UTF-8 text", row)


def _decode(data: bytes) -> tuple[bytes, str]:
    for start, kind in _BINARY_KINDS:
        if data.startswith(start):
            raise Unreadable(f"the file is {kind}, not text; export the table as CSV")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16").encode(), "read as UTF-16"
        except UnicodeError:
            raise Unreadable("the file starts like UTF-16 text but is not; save it as UTF-8") from None
    wrong = _first_not_utf8(data)
    if wrong is None:
        return data.removeprefix(codecs.BOM_UTF8), ""
    return _western(data, wrong)


def _first_not_utf8(data: bytes) -> int | None:
    """Where the first byte lies that UTF-8 does not allow; None when the whole is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _SLICE):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + _SLICE], final=start + _SLICE >= len(data))
        except UnicodeDecodeError as problem:
            return start - pending + problem.start
    return None


def _western(data: bytes, wrong: int) -> tuple[bytes, str]:
    """Text of a western European spreadsheet; binary data has bytes that such text does not use."""
    row = data.count(b"\n", 0, wrong) + 1
    high = data.translate(None, delete=bytes(range(0x80)))
    if b"\x00" in data or len(high) > len(data) // 4:
        raise Unreadable("the file is binary data, not text; export the table as CSV", row)
    try:
        return data.decode("cp1252").encode(), f"row {row} is not UTF-8, so the file was read as Windows-1252 text"
    except UnicodeDecodeError:
        raise Unreadable("the line is not UTF-8 text; save the file as UTF-8", row) from None
