"""Rows of a CSV or TSV file, each with its line number, whatever is wrong with some of them.

Memory is bounded by the longest line that is allowed. A line with a wrong quote costs itself and the lines that it
swallows, and says so.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from invsync_tui.connectors.errors import ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.feed.settings import FeedSettings
from invsync_tui.connectors.values import describe_value

RawRow = tuple[int, Sequence[object], str]
"""Line of its beginning (from 1 on), its fields, and why it cannot be read ('' where it can)."""
LINE_MOST = 1_000_000
"""Characters of a line."""
BEGINNING = 4096
"""Bytes that a file is judged by."""
_SEPARATORS = ("\t", ";", "|", ",")
"""In the order in which they are taken where several occur equally often: a comma may be a decimal sign."""
_SEP_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""The first line by which programs tell Excel the separator."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MARK = "\ufeff"
"""The byte order mark, decoded."""
_UNPACKING = (gzip.BadGzipFile, EOFError, zlib.error)
_ZIP, _OLE, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"


@dataclass(slots=True)
class TextTable:
    """An opened file: the names of its columns and its rows, to be read once."""

    titles: list[str]
    rows: Iterator[RawRow]
    encoding: str
    separator: str
    unfinished: bool = False
    """The last line has no line break; known at the end."""


def is_workbook(path: Path) -> bool:
    """Whether the file begins as a workbook does, whatever its name."""
    return _beginning(path).startswith((_ZIP, _OLE))


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BEGINNING)


def open_binary(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked where it is a gzip file. The caller closes it."""
    if _beginning(path).startswith(_GZIP):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def find_encoding(beginning: bytes, encoding: str) -> str:
    """The codec: that of the byte order mark where there is one, else the wanted one, else UTF-8."""
    for mark, codec in _BOMS:
        if beginning.startswith(mark):
            return codec
    if encoding == "utf-16" or (encoding == "auto" and len(beginning) >= 4 and 0 in beginning[:4]):
        return "utf-16-be" if beginning[:1] == b"\0" else "utf-16-le"
    return "utf-8" if encoding == "auto" else encoding


def open_text(file: IO[bytes], settings: FeedSettings, name: str, format_name: str) -> TextTable:
    """A file from its first byte on. ContractError where it is not a table of text."""
    beginning = _peek(file)
    if re.match(rb"\s*<(!doctype\s+html|html|\?xml)", beginning, re.IGNORECASE):
        raise ContractError(
            f"{name} is a web page or XML, not a table.", advice="Look at the file; a login page is often sent instead."
        )
    encoding = find_encoding(beginning, settings.encoding)
    # What cannot be decoded stays visible, so that the row can be named: as surrogates, or U+FFFD in UTF-16 and 32.
    wrong = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    text = TextIOWrapper(file, encoding=encoding, errors=wrong, newline="")
    lines = _Lines(text, name)
    for _ in itertools.islice(lines, settings.skip_lines):
        pass
    separator = settings.delimiter or ("\t" if format_name == "tsv" else "")
    head = next(lines, "").lstrip(MARK)  # a program that appended to a file, or converted it twice, leaves another one
    if match := _SEP_LINE.fullmatch(head):
        separator, head = settings.delimiter or match[1], next(lines, "")
    while head and not head.strip():
        head = next(lines, "")
    if not head:
        raise UnavailableError(f"{name} is empty; the stock known so far is kept.")
    separator = separator or guess_separator(head)
    reader = csv.reader(
        itertools.chain([head], lines), delimiter=separator, strict=True,
        quoting=csv.QUOTE_MINIMAL if settings.quotes else csv.QUOTE_NONE,
    )  # fmt: skip
    before = lines.number - 1
    titles: list[str] = []
    if settings.header:
        try:
            titles = [title.strip() for title in next(reader)]
        except csv.Error as error:
            raise ContractError(f"{name}: the header cannot be read: {error}.") from error
        if encoding.startswith("utf-8") and any(map(has_lost_bytes, titles)):
            raise NotConfiguredError(
                f"{name}: the header is not UTF-8.", advice="Set its encoding: --option encoding=windows-1252"
            )
    return TextTable(titles, _rows(reader, before, lines, titles), encoding, separator)


def _peek(file: IO[bytes]) -> bytes:
    try:
        beginning = file.read(BEGINNING)
        file.seek(0)
    except _UNPACKING as error:
        raise ContractError(f"The file cannot be unpacked: {error}.") from error
    return beginning


def has_lost_bytes(text: str) -> bool:
    """Whether bytes of a text could not be decoded."""
    return not text.isascii() and any("\udc80" <= char <= "\udcff" or char == "\ufffd" for char in text)


class _Lines(Iterator[str]):
    """Lines with their ends; ContractError for one that is too long to be one."""

    def __init__(self, text: TextIOWrapper, name: str) -> None:
        self.number = 0
        self.ended = True
        self._text, self._name = text, name

    def __next__(self) -> str:
        try:
            line = self._text.readline(LINE_MOST)
        except (UnicodeError, *_UNPACKING) as error:
            raise ContractError(f"{self._name} cannot be read after line {self.number}: {error}.") from error
        if not line:
            raise StopIteration
        self.number += 1
        self.ended = line[-1] in "\r\n"
        if len(line) >= LINE_MOST and not self.ended:
            raise ContractError(f"{self._name}: line {self.number} has more than {LINE_MOST} characters.")
        return line


def _rows(reader: Any, before: int, lines: _Lines, titles: list[str]) -> Iterator[RawRow]:
    """All rows but blank ones and repeated headers. `before` is the number of lines before the reader's first."""
    end = before + reader.line_num
    while True:
        try:
            for fields in reader:
                begin, end = end + 1, before + reader.line_num
                if not fields or (fields == titles) or not any(fields):
                    continue
                yield begin, fields, ""
        except csv.Error as error:
            begin, end = end + 1, max(end + 1, before + reader.line_num)
            through = f" to {end}" if end > begin else ""
            yield begin, (), f"lines {begin}{through}: wrong quotes ({error})" if through else f"wrong quotes ({error})"
            continue
        return


def guess_separator(line: str) -> str:
    """What separates the columns of a line: the sign that occurs most often outside of quotes."""
    outside = re.sub(r'"[^"]*"', "", line)
    counts = [(outside.count(sign), -at, sign) for at, sign in enumerate(_SEPARATORS)]
    best = max(counts)
    return best[2] if best[0] else ","


def wrong_bytes(text: str, encoding: str) -> str:
    """Why a text with bytes that could not be decoded is refused."""
    lost = next((char for char in text if "\udc80" <= char <= "\udcff"), "")
    byte = f"the byte 0x{ord(lost) - 0xDC00:02X}" if lost else "bytes"
    described = describe_value("".join("?" if "\udc80" <= char <= "\udcff" else char for char in text))
    return f"{described} has {byte} that is not {encoding.removesuffix('-sig')}; see the option encoding"
