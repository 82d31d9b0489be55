"""Reads fetched files into a staging: opens each as text or workbook, maps its columns and loads its rows. Blocks."""

from __future__ import annotations

import contextlib
import csv
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from invsync_tui.connectors.addresses import expanded
from invsync_tui.connectors.base import Absent
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.connectors.sources.feed.columns import ColumnMap, map_columns
from invsync_tui.connectors.sources.feed.loading import Loaded, Loader, RowReader
from invsync_tui.connectors.sources.feed.quantities import may_group
from invsync_tui.connectors.sources.feed.settings import FeedSettings
from invsync_tui.connectors.sources.feed.staging import Staging
from invsync_tui.connectors.sources.feed.text_rows import RawRow, is_workbook, open_binary, open_text
from invsync_tui.plain_text import counted

LOOKED_AT = 1000
"""Rows by which it is judged how quantities are written."""


class Fetched(NamedTuple):
    """A file that was copied here. `name` is what it is called where it came from."""

    path: Path
    name: str
    of_products: bool = False


def read_files(files: list[Fetched], settings: FeedSettings, staging: Staging, stop: threading.Event) -> Loaded:
    """All files, those of products first. UnavailableError where not one row can be read, or when `stop` is set."""
    loader = Loader(settings, staging, stop)
    staging.zero_where_absent = settings.absent is Absent.ZERO
    staging.covers = settings.covers
    staging.last_file_counts = settings.absent is Absent.UNCHANGED
    for file in sorted(files, key=lambda file: not file.of_products):
        with _opened(file, settings) as (rows, reader, description):
            kind = "products" if file.of_products else "stock"
            load = loader.products if file.of_products else loader.levels
            count = load(rows, reader, file.name)
            may_be_empty = settings.which == "all" or settings.absent is Absent.UNCHANGED
            if not count and not file.of_products and not may_be_empty:
                raise UnavailableError(f"{file.name} has no rows; the stock known so far is kept.")
            loader.loaded.columns.append(
                f"{kind} file {file.name}, {description}, {counted(count, 'row')}: {reader.columns.described()}"
            )
    warehouses = len(loader.loaded.warehouses)
    staging.settle(all_products=warehouses > 1 or any(file.of_products for file in files), by_warehouse=warehouses > 1)
    if settings.rejects:
        _write_rejects(staging, expanded(settings.rejects), files[-1].name)
    _refuse_nothing(staging, files[-1].name, empty_is_good=settings.absent is Absent.UNCHANGED)
    return loader.loaded


def _refuse_nothing(staging: Staging, name: str, *, empty_is_good: bool) -> None:
    good, bad = staging.counts()
    if good or (empty_is_good and not bad):
        return
    first = next(((line, why) for _, line, why, _ in staging.rejects()), None)
    example = f" The first: {first[1]}." if first else ""
    raise ContractError(
        f"Not one row of {name} can be read ({bad} rejected).{example}",
        advice="Check the options for columns, delimiter, encoding and decimal sign.",
    )


@contextlib.contextmanager
def _opened(file: Fetched, settings: FeedSettings) -> Iterator[tuple[Iterator[RawRow], RowReader, str]]:
    """The rows of a file, how they are read, and what kind of file it is in words."""
    kind = settings.format
    if kind == "auto":
        kind = "xlsx" if is_workbook(file.path) else "tsv" if file.name.lower().endswith((".tsv", ".tab")) else "csv"
    elif kind != "xlsx" and is_workbook(file.path):
        raise ContractError(f"{file.name} is a workbook.", advice="Set the option format to xlsx or auto.")
    if kind == "xlsx":
        yield _workbook(file, settings)
        return
    with open_binary(file.path) as binary:
        table = open_text(binary, settings, file.name, kind)
        columns = map_columns(settings, table.titles, of_products=file.of_products, file=file.name)
        rows, mixed = _looked_at(table.rows, columns)
        reader = RowReader(settings.for_file(table.separator, mixed=mixed), columns, table.encoding, _line_place)
        sign = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "pipes"}.get(
            table.separator, repr(table.separator)
        )
        yield rows, reader, f"{table.encoding.removesuffix('-sig')}, {sign}"


def _workbook(file: Fetched, settings: FeedSettings) -> tuple[Iterator[RawRow], RowReader, str]:
    from invsync_tui.connectors.sources.feed.workbook_rows import cell_place, open_workbook

    table = open_workbook(file.path, settings, file.name)
    columns = map_columns(settings, table.titles, of_products=file.of_products, file=file.name)
    rows, mixed = _looked_at(table.rows, columns)
    return (
        rows,
        RowReader(settings.for_file("", mixed=mixed), columns, "", cell_place),
        f"workbook, sheet {table.sheet}",
    )


def _looked_at(rows: Iterator[RawRow], columns: ColumnMap) -> tuple[Iterator[RawRow], bool]:
    """The rows, and whether a point in their quantities may stand between thousands, by the first of them."""
    first = list(itertools.islice(rows, LOOKED_AT))
    places = [at for at in (columns.available, columns.on_hand, columns.committed) if at is not None]
    cells = (fields[at] for _, fields, _ in first for at in places if at < len(fields))
    return itertools.chain(first, rows), may_group(cell.strip() for cell in cells if isinstance(cell, str))


def _line_place(line: int, at: int | None) -> str:
    return f"line {line}"


def _write_rejects(staging: Staging, folder: Path, name: str) -> None:
    """The rejected rows as a CSV file of the same name; none where nothing was rejected."""
    target = folder / f"{name}.rejects.csv"
    part = target.with_suffix(".part")
    try:
        folder.mkdir(mode=0o770, exist_ok=True)
        with part.open("w", encoding="utf-8", errors="replace", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "line", "reason", "row"])
            count = 0
            for row in staging.rejects():
                writer.writerow(
                    [cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell for cell in row]
                )
                count += 1
        if count:
            part.replace(target)
        else:
            part.unlink()
            target.unlink(missing_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"The file of rejected rows cannot be written: {error}.", advice="Correct the option rejects."
        ) from error
