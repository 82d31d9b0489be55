"""Writes what a list shows to a file: CSV that no spreadsheet runs, or JSON. Unknown is empty or null, never 0."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Any

from invsync_tui.operations.errors import OperationError

Cell = str | int | float | bool | None


class ExportForm(StrEnum):
    """How it is written."""

    CSV = "csv"
    JSON = "json"


_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def defused(cell: Cell) -> str:
    """A cell as text. What a spreadsheet would run is marked as text with an apostrophe, also behind leading spaces.

    Numbers that come as numbers stay as they are; a code that looks like one is text and keeps its sign.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if not isinstance(cell, str):
        return str(cell)
    lstrip = cell.lstrip(" \u00a0\u200b\ufeff\u3000\v\f")
    # Full-width signs are signs to some spreadsheets.
    return f"'{cell}" if lstrip.startswith((*_RUNS, "＝", "＋", "－", "＠")) else cell


def line(cells: Sequence[Cell]) -> str:
    """One CSV line with its end."""
    out = StringIO()
    csv.writer(out).writerow([defused(cell) for cell in cells])
    return out.getvalue()


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: ExportForm | str) -> int:
    """Write rows under their columns to a new file of mode 0600; returns how many. An existing file is left alone."""
    kind = ExportForm(form)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise OperationError(f"{path}: this file exists already. Choose another name.") from None
    except OSError as error:
        raise OperationError(f"{path}: it cannot be written: {error.strerror}. Choose another place.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            lines = _csv(columns, rows) if kind is ExportForm.CSV else _json(columns, rows)
            return _written(out, lines) - (1 if kind is ExportForm.CSV else 2)
    except BaseException as error:
        with suppress(OSError):
            path.unlink()  # half a list is worse than none
        if isinstance(error, OSError):
            raise OperationError(
                f"{path}: it could not be written: {error.strerror}. Nothing is left of it."
            ) from error
        raise


def _written(out: Any, lines: Iterable[str]) -> int:
    count = 0
    for record in lines:
        out.write(record)
        count += 1
    return count


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
    yield line(columns)
    for row in rows:
        yield line(row)


def _json(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
    """A list of objects, one a line."""
    yield "["
    comma = ""
    for row in rows:
        yield f"{comma}\n{json.dumps(dict(zip(columns, row, strict=True)))}"
        comma = ","
    yield "\n]\n"
