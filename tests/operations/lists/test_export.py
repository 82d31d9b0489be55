"""Exports: nothing in them runs, nothing unknown becomes 0."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.lists import export

DANGEROUS = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\u00a0=1", "=cmd|' /C calc'!A0", "＝1", "\n=1", "%0a")


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert export.defused(text) == f"'{text}"


@given(st.text())
def test_no_cell_begins_with_a_sign_that_runs(text: str) -> None:
    assert not export.defused(text).lstrip(" \u00a0\u200b\ufeff\u3000\v\f").startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), (0, "0"), (-3, "-3"), (True, "yes"), ("0042", "0042"), ("a=b", "a=b")]
)
def test_other_cells_stay_as_they_are(cell: export.Cell, text: str) -> None:
    assert export.defused(cell) == text


ROWS = [["A", None, 0], ['q"u,o\nte', 5, -1]]


def test_csv_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    assert export.write(path, ["sku", "available", "n"], ROWS, "csv") == 2
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["sku", "available", "n"], ["A", "", "0"], ['q"u,o\nte', "5", "-1"]]
    assert path.stat().st_mode & 0o777 == 0o600


def test_json_reads_back_with_null_for_unknown(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    assert export.write(path, ["sku", "available", "n"], ROWS, "json") == 2
    assert json.loads(path.read_text())[0] == {"sku": "A", "available": None, "n": 0}
    empty = tmp_path / "empty.json"
    assert export.write(empty, ["sku"], [], "json") == 0
    assert json.loads(empty.read_text()) == []


def test_an_existing_file_is_left_alone_and_a_broken_export_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "precious.csv"
    path.write_text("precious")
    with pytest.raises(OperationError, match="exists already"):
        export.write(path, ["a"], [], "csv")
    assert path.read_text() == "precious"
    with pytest.raises(OperationError, match="cannot be written"):
        export.write(tmp_path / "no" / "where.csv", ["a"], [], "csv")

    def broken():  # type: ignore[no-untyped-def]
        yield ["x"]
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError):
        export.write(tmp_path / "half.csv", ["a"], broken(), "csv")
    assert not (tmp_path / "half.csv").exists()
