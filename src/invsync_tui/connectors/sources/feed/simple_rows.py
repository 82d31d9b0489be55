"""Rows of a file in which everything is as simple as it can be, read column by column: most files have no others.

A part of a file with anything unusual in one of its rows is no such part; `loading` then reads each row of it for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from invsync_tui.connectors.sources.feed.columns import ColumnMap
from invsync_tui.connectors.sources.feed.settings import QUANTITIES
from invsync_tui.connectors.sources.feed.staging import RECORD, UNIT
from invsync_tui.connectors.sources.feed.text_rows import RawRow
from invsync_tui.connectors.values import TEXT_MOST

PART = 1000
"""Rows that are read at once."""
_CODE_MOST = 100
"""Characters of a code that needs no second look."""
_DIGITS_MOST = 12
_MARKS = str.maketrans("", "", "._/-")
"""What a plain code may have beside ASCII letters and digits, but for its first character."""


class SimpleRows(NamedTuple):
    """Rows of these columns of the staging; it has no others of them."""

    names: Sequence[str]
    rows: Iterable[Sequence[int | str]]
    refs: Sequence[str]


def simple_rows(
    rows: Sequence[RawRow], columns: ColumnMap, file: int, warehouses: Collection[str], warehouse: str
) -> SimpleRows | None:
    """The rows as they are staged, or None where one of them has to be looked at.

    `warehouses` are the names that are known, `warehouse` is the one of a file without a column for it.
    """
    lines, fields, whys = zip(*rows, strict=True)
    if any(whys) or {*map(len, fields)} != {len(columns.titles)}:
        return None
    cells = list(zip(*fields, strict=True))
    try:
        return _simple(lines, cells, columns, file, warehouses, warehouse)
    except (TypeError, AttributeError):  # a cell of a workbook that is no text
        return None


def _simple(
    lines: Sequence[int],
    cells: Sequence[Sequence[Any]],
    columns: ColumnMap,
    file: int,
    warehouses: Collection[str],
    warehouse: str,
) -> SimpleRows | None:
    skus = cells[columns.sku or 0]
    codes = [(kind, cells[at]) for kind, at in columns.aliases]
    numbers = {name: cells[at] for name in QUANTITIES if (at := getattr(columns, name)) is not None}
    if not (
        all(map(_are_codes, (skus, *(column for _, column in codes)))) and all(map(_are_numbers, numbers.values()))
    ):
        return None
    values: dict[str, Iterable[int | str]] = {
        "file": repeat(file), "line": lines, "ref": skus, "sku": skus, "warehouse": repeat(warehouse), "name": repeat(""),
        "aliases": _packed(codes), **{name: map(int, column) for name, column in numbers.items()},
    }  # fmt: skip
    if columns.warehouse is not None:
        values["warehouse"] = places = cells[columns.warehouse]
        if not {*places} <= {*warehouses}:
            return None
    elif warehouse not in warehouses:
        return None
    if columns.name is not None:
        names = cells[columns.name]
        if not _are_names(names):
            return None
        values["name"] = map(str.strip, names)
    return SimpleRows(tuple(values), zip(*values.values(), strict=False), skus)


def _are_codes(column: Sequence[str]) -> bool:
    """Whether each is a plain code, as `loading` has it for a single one."""
    joined = "".join(column)
    return (
        joined.isascii()
        and all(column)
        and max(map(len, column)) <= _CODE_MOST
        and joined.translate(_MARKS).isalnum()
        and "".join([code[0] for code in column]).isalnum()
    )


def _are_numbers(column: Sequence[str]) -> bool:
    """Whether each is digits alone, and below any bound."""
    joined = "".join(column)
    return joined.isascii() and joined.isdecimal() and all(column) and max(map(len, column)) <= _DIGITS_MOST


def _are_names(column: Sequence[str]) -> bool:
    return "".join(column).isprintable() and max(map(len, column)) <= TEXT_MOST


def _packed(codes: Sequence[tuple[str, Sequence[str]]]) -> Iterable[str]:
    """Other codes of each row, as `staging.packed_aliases`."""
    columns = [map(f"{kind}{UNIT}".__add__, column) for kind, column in codes]
    if not columns:
        return repeat("")
    join: Callable[[Iterable[str]], str] = RECORD.join
    return columns[0] if len(columns) == 1 else map(join, zip(*columns, strict=True))
