"""A part of a file that is read column by column is staged as it is row by row, whatever stands in one of its cells."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import LevelRow, ProductRow
from invsync_tui.connectors.sources.feed import loading
from invsync_tui.connectors.sources.feed.reading import Fetched, read_files
from invsync_tui.connectors.sources.feed.settings import parse_settings
from invsync_tui.connectors.sources.feed.staging import Staging

HEADER = ("SKU", "Name", "EAN", "UPC", "On hand", "Available", "Warehouse")
ROW = ("A-1", "A name", "4000", "77", "5", "4", "EAST")
ROWS = 12
ODD = (
    "", " ", "  A-1 ", "é", "A b", "A\x01", "4E+12", '="0012"', "x" * 101, "x" * 501, "x" * 20_000, "1234567890123", "-5", "5.0",
    "5.5", "1,000", "³", "٣", "_A", "A_", "\u200bA", "A\u00a0", "\ufffd", "NEW", "null", "0", "007",
)  # fmt: skip


def staged(folder: Path, rows: list[tuple[str, ...]], options: dict[str, str]) -> dict[str, Any]:
    """What is staged of a file with these rows, and what its pages have."""
    path = folder / "stock.csv"
    text = "\r\n".join(",".join(f'"{cell}"' if "," in cell or '"' in cell else cell for cell in row) for row in rows)
    path.write_text(text + "\r\n", encoding="utf-8")
    staging = Staging(folder / "staging.db")
    try:
        loaded = read_files([Fetched(path, "stock.csv")], parse_settings(options), staging, threading.Event())
        return {
            "lines": staging._cx.execute("SELECT * FROM line ORDER BY n").fetchall(),
            "lost": staging._cx.execute("SELECT * FROM lost ORDER BY n").fetchall(),
            "rejects": list(staging.rejects()),
            "indexed": bool(staging._cx.execute("SELECT 1 FROM sqlite_schema WHERE name = 'line_key'").fetchone()),
            "loaded": loaded,
            "products": staging.products(0, 100),
            "levels": [staging.levels(name, 0, 100, 9) for name in loaded.warehouses],
        }
    finally:
        staging.close()


def both(
    tmp_path: Path, rows: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, **options: str
) -> dict[str, Any]:
    """What is staged, which is the same where no part is taken as a whole."""
    results = []
    monkeypatch.setattr(loading, "PART", 4)
    for name in ("parts", "rows"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "staging.db").unlink(missing_ok=True)
        results.append(staged(tmp_path / name, rows, options))
        monkeypatch.setattr(loading, "simple_rows", lambda *_: None)
    assert results[0] == results[1]
    return results[0]


def file_rows(at: int | None = None, odd: str = "") -> list[tuple[str, ...]]:
    """A header and rows, the ninth of which may have an odd cell."""
    rows = [(f"A-{number}", *ROW[1:]) for number in range(ROWS)]
    if at is not None:
        rows[8] = tuple(odd if place == at else cell for place, cell in enumerate(rows[8]))
    return [HEADER, *rows]


@pytest.mark.parametrize("at", range(len(HEADER)), ids=HEADER)
@pytest.mark.parametrize("odd", ODD, ids=lambda text: repr(text)[:20])
def test_an_odd_cell_ends_as_it_does_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, odd: str) -> None:
    both(tmp_path, file_rows(at, odd), monkeypatch)


@pytest.mark.parametrize(
    "odd",
    [
        (),
        ("A-8",),
        ROW[:-1],
        (*ROW, "more"),
        (*ROW, ""),
        HEADER,
        ("",) * 7,
        ("A-3", *ROW[1:]),
        ("A-3", *ROW[1:4], "9", *ROW[5:]),
    ],
    ids=repr,
)
def test_an_odd_row_ends_as_it_does_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: tuple[str, ...]
) -> None:
    rows = file_rows()
    rows[9] = odd
    both(tmp_path, rows, monkeypatch)


@pytest.mark.parametrize(
    "options",
    [{}, {"warehouse": "MAIN"}, {"code_width": "5"}, {"blank": "zero"}, {"last_line": "END"}, {"absent": "zero"}],
    ids=str,
)
def test_options_count_as_they_do_for_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    rows = [*file_rows(5, ""), ("END", *ROW[1:])]
    both(tmp_path, rows, monkeypatch, **options)


def test_a_simple_file_is_staged_without_a_look_at_each_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    looked_at: list[int] = []
    level = loading.Loader._level
    monkeypatch.setattr(loading, "PART", 4)
    monkeypatch.setattr(
        loading.Loader, "_level", lambda self, line, *more: looked_at.append(line) or level(self, line, *more)
    )
    # when
    result = staged(tmp_path, file_rows(), {})
    # then
    assert looked_at == [2, 3, 4, 5]  # the first part, for the preview
    assert result["products"].rows[11] == ProductRow("A-11", "A-11", "A name", (("EAN", "4000"), ("UPC", "77")))
    assert result["levels"][0].rows[11] == LevelRow(
        "A-11", "EAST", 5, 4, None, None, 9, {"file": "stock.csv", "line": 13}, ""
    )


@pytest.mark.parametrize(
    ("refs", "looked_through"),
    [
        (("a", "b", "c", "d", "e", "f", "g", "h", "i"), False),
        (("a", "b", "c", "d", "e", "f", "g", "h", "h"), True),
        (("a", "b", "c", "d", "e", "e", "g", "h", "i"), True),
        (("a", "b", "c", "d", "d", "f", "g", "h", "i"), True),
        (("b", "c", "d", "e", "f", "g", "h", "i", "b"), True),
        (("b", "a", "c", "d", "e", "f", "g", "h", "i"), True),
        (("a", "b", "c", "e", "d", "f", "g", "h", "i"), True),
    ],
    ids=str,
)
def test_a_product_that_comes_twice_is_found_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refs: tuple[str, ...], looked_through: bool
) -> None:
    # given: parts of four rows, and another quantity in each
    rows = [(ref, *ROW[1:5], str(number), "EAST") for number, ref in enumerate(refs)]
    # when
    result = both(tmp_path, [HEADER, *rows], monkeypatch)
    # then
    doubled = {ref for ref in refs if refs.count(ref) > 1}
    page = result["levels"][0]
    assert {ref for ref, _ in page.rejected} == doubled
    assert {row.product_ref for row in page.rows} == {*refs} - doubled
    assert result["indexed"] == looked_through


def test_aliases_of_several_types_and_none_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a", "x", "1", "", "5", "5", "E"), ("b", "x", "", "2", "5", "5", "E"), ("c", "x", "", "", "5", "5", "E")]
    products = both(tmp_path, [HEADER, *rows], monkeypatch)["products"].rows
    assert [row.aliases for row in products] == [(("EAN", "1"),), (("UPC", "2"),), ()]
