"""Workbooks as a feed: what a cell with a number may have been, where the table begins, and what is not a workbook."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError, UnavailableError
from tests.support.connectors.feed import read, refusal, source, stock
from tests.support.connectors.feed_files import bench_with, known

HEAD = ("SKU", "EAN", "Available")


def workbook(folder: Path, rows: Sequence[Sequence[Any]], *, top: int = 0, left: int = 0, sheet: str = "Stock") -> Path:
    """A workbook whose table begins `top` rows down and `left` columns to the right."""
    book = openpyxl.Workbook()
    table = book.active
    assert table is not None
    table.title = sheet
    for down, row in enumerate(rows, 1 + top):
        for right, value in enumerate(row, 1 + left):
            table.cell(down, right, value)
    book.create_sheet("Other")
    book.save(folder / "stock.xlsx")
    return folder / "stock.xlsx"


async def rejected(path: Path, **options: str) -> list[str]:
    feed_source = source(path, **options)
    await feed_source.open()
    found = [why for _, why in (await feed_source.products_page(None)).rejected]
    for warehouse in await feed_source.warehouses():
        found += [why for _, why in (await feed_source.levels_page(warehouse, None)).rejected]
    await feed_source.close()
    return found


async def test_numbers_and_texts_are_the_codes_that_are_shown(tmp_path: Path) -> None:
    path = workbook(
        tmp_path, [HEAD, ("A-1", 4006381333931, 5), (4711, "0045", 7.9), ("00123", None, "12"), (None, None, None)]
    )
    feed_source = source(path)
    await feed_source.open()
    codes = {row.ref: [alias.code for alias in row.aliases] for row in (await feed_source.products_page(None)).rows}
    assert codes == {"A-1": ["4006381333931"], "4711": ["0045"], "00123": []}
    assert await stock(feed_source) == {("", "A-1"): 5, ("", "4711"): 7, ("", "00123"): 12}
    await feed_source.close()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((12345678901234567, None, 5), "cell C8: the code 12345678901234570 is a number of more than 15 digits"),
        ((1234567890123450, None, 5), "cell C8: the code 1234567890123450 is a number of more than 15 digits"),
        (("A-9", 12345678901234567, 5), "cell D8: the code 12345678901234570"),
        ((1.5, None, 5), "cell C8: the code 1.5 is not text"),
        ((True, None, 5), "cell C8: the code true is not text"),
        ((datetime.date(2026, 1, 2), None, 5), "cell C8: the code datetime.date(2026, 1, 2) is not text"),
        (("4.00638E+12", None, 5), "cell C8: the code '4.00638E+12' was rounded"),
        (("A-9", None, "many"), "cell E8: available 'many' is not a number"),
        (("A-9", None, True), "cell E8: available true is not a number"),
        (("A-9", None, datetime.date(2026, 1, 2)), "cell E8: available"),
        (("A-9", None, 1e300), "cell E8: available 1e+300 is larger than any stock"),
        (("A-9", None, None), "row 8: available is blank"),
    ],
)
async def test_what_a_cell_cannot_be_is_refused_by_its_name(tmp_path: Path, row: Sequence[Any], words: str) -> None:
    path = workbook(tmp_path, [HEAD, ("A-1", None, 5), (), row, ("A-2", None, 7)], top=4, left=2)
    assert words in " | ".join(await rejected(path))
    other_code_only = {("", "A-9"): 5} if row[1] else {}
    assert await read(path) == {("", "A-1"): 5, ("", "A-2"): 7, **other_code_only}


async def test_fractions_are_rounded_down_and_the_noise_of_floats_is_not(tmp_path: Path) -> None:
    rows = [HEAD, ("A-1", None, 0.1 * 3 * 10), ("A-2", None, 2.5), ("A-3", None, -0.5), ("A-4", None, 16.9999999999)]
    levels = await read(workbook(tmp_path, rows), decimal="comma", thousands="point")
    assert levels == {("", "A-1"): 3, ("", "A-2"): 2, ("", "A-3"): -1, ("", "A-4"): 17}


async def test_columns_by_number_are_those_of_the_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path, [("A-1", 1, 5), ("A-2", 2, 7)], left=1)
    assert await read(path, header="no", sku="2", available="4") == {("", "A-1"): 5, ("", "A-2"): 7}


async def test_a_sheet_is_named_and_a_wrong_name_shows_the_right_ones(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEAD, ("A-1", None, 5)], sheet="Bestand")
    assert await read(path, sheet="Bestand") == {("", "A-1"): 5}
    error = await refusal(path, sheet="Stock")
    assert isinstance(error, NotConfiguredError) and "'Bestand', 'Other'" in error.what
    assert isinstance(await refusal(path, sheet="Other"), UnavailableError)


async def test_a_workbook_under_the_name_of_a_csv_file_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEAD, ("A-1", None, 5)]).rename(tmp_path / "stock.csv")
    assert await read(path) == {("", "A-1"): 5}


async def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEAD, *((f"A-{n}", None, n) for n in range(20_000))])
    assert path.stat().st_size < 1_000_000
    assert "when it is unpacked" in (await refusal(path, max_size="1")).what


async def test_half_a_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEAD, ("A-1", None, 5)])
    path.write_bytes(path.read_bytes()[:3000])
    assert isinstance(await refusal(path), ConnectorError)


async def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    error = await refusal(workbook(tmp_path, [HEAD, ("A-1", None, 5)]))
    assert isinstance(error, NotConfiguredError) and 'pip install "invsync-tui[xlsx]"' in error.advice


async def test_a_workbook_is_downloaded_into_a_store(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEAD, ("A-1", None, 5), (12345678901234567, None, 6)])
    bench = bench_with(path, tmp_path)
    run = await bench.pull()
    assert (run.state, known(bench)) == ("done", {("Default", "A-1"): 5})
    assert any("cell A3" in text for text in bench.events(run.id))
