"""Rows of a workbook, read by calamine, which is twenty times as fast as the other readers.

A number in a cell is a float: whole ones become the digits that are shown, others stay floats, so that the code they may
have been can be refused by its cell. What is in a cell with a formula is the value that the spreadsheet has kept there.
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invsync_tui.connectors.errors import ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.feed.about import DIGITS_MOST
from invsync_tui.connectors.sources.feed.settings import FeedSettings
from invsync_tui.connectors.sources.feed.text_rows import RawRow

EXACT_MOST = 10**DIGITS_MOST
"""Whole numbers below it are kept as they were typed: a float would hold a few more, and the spreadsheet does not."""


@dataclass(slots=True)
class SheetTable:
    """A sheet: the names of its columns, its rows, and what it is called."""

    titles: list[str]
    rows: Iterator[RawRow]
    sheet: str


def cell_place(line: int, at: int | None) -> str:
    """`cell B7`, or `row 7`."""
    if at is None:
        return f"row {line}"
    letters = ""
    at += 1
    while at:
        at, letter = divmod(at - 1, 26)
        letters = chr(65 + letter) + letters
    return f"cell {letters}{line}"


def open_workbook(path: Path, settings: FeedSettings, name: str) -> SheetTable:
    """The wanted sheet, or the first. Takes the memory of the whole sheet; NotConfiguredError for one over `max_size`."""
    _refuse_bomb(path, settings.max_size, name)
    calamine = _library()
    try:
        with path.open("rb") as file:
            book = calamine.CalamineWorkbook.from_filelike(file)
            sheets = list(book.sheet_names)
            if settings.sheet and settings.sheet not in sheets:
                names = ", ".join(repr(sheet) for sheet in sheets[:20])
                raise NotConfiguredError(
                    f"{name} has no sheet {settings.sheet!r}. Its sheets: {names}.", advice="Correct the option sheet."
                )
            title = settings.sheet or sheets[0]
            sheet = book.get_sheet_by_name(title)
    except (calamine.CalamineError, IndexError) as error:
        raise ContractError(f"{name} cannot be read as a workbook: {error}.") from error
    left = sheet.start[1] if sheet.start else 0
    rows = _numbered(sheet.iter_rows(), left)
    rows = itertools.islice(rows, settings.skip_lines, None)
    titles: list[str] = []
    if settings.header:
        for _, fields, _ in rows:
            if any(value is not None for value in fields):
                titles = ["" if value is None else str(value).strip() for value in fields]
                break
        while titles and not titles[-1]:
            titles.pop()
        if not titles:
            raise UnavailableError(f"{name} is empty; the stock known so far is kept.")
    return SheetTable(titles, (row for row in rows if any(value is not None for value in row[1])), title)


def _library() -> Any:
    try:
        import python_calamine
    except ImportError as error:
        raise NotConfiguredError(
            "Workbooks need a library that is not installed.", advice='Run: pip install "invsync-tui[xlsx]"'
        ) from error
    return python_calamine


def _numbered(rows: Iterator[Sequence[Any]], left: int) -> Iterator[RawRow]:
    before: list[object] = [None] * left
    for line, row in enumerate(rows, 1):
        yield line, [*before, *map(_value, row)], ""


def _value(value: Any) -> object:
    """A cell: None for an empty one, digits for a whole number that is exact."""
    if value == "":
        return None
    if type(value) is float and value.is_integer() and abs(value) < EXACT_MOST:
        return str(int(value))
    return value


def _refuse_bomb(path: Path, most: int, name: str) -> None:
    """A workbook is a packed file: what it has unpacked counts."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as book:
            size = sum(part.file_size for part in book.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ContractError(f"{name} cannot be read as a workbook: {error}.") from error
    if size > most:
        raise NotConfiguredError(
            f"{name} has {size // 1_000_000} MB when it is unpacked, more than {most // 1_000_000}.",
            advice="Raise the option max_size, or write CSV, which takes no memory.",
        )
