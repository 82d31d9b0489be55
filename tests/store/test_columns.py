"""Records that are filled by position get each column into the field of its name."""

from __future__ import annotations

import re
import sqlite3
from typing import NamedTuple

import pytest

from invsync_tui.store import named_rows
from tests.support.repository.tree import ROOT
from tests.support.stores.columns import misplaced

STORE = ROOT / "src" / "invsync_tui" / "store"


class Quantities(NamedTuple):
    """Of a listing."""

    id: int
    target: int
    confirmed: int


def test_a_swapped_column_a_missing_one_and_one_too_many_are_seen() -> None:
    assert misplaced(Quantities, ("id", "target", "confirmed")) == ()
    assert misplaced(Quantities, ("id", "coalesce(a, 0)", "acked")) == ()
    assert misplaced(Quantities, ("id", "confirmed", "target")) == (
        "Quantities.target is filled from the column confirmed",
        "Quantities.confirmed is filled from the column target",
    )
    assert misplaced(Quantities, ("id", "target")) == ("Quantities has 3 fields, the query 2 columns",)


def test_every_query_of_the_tests_is_checked() -> None:
    cx = sqlite3.connect(":memory:")
    swapped = "SELECT 1 AS id, 2 AS confirmed, 3 AS target"
    for make in (named_rows.filled, named_rows.first):
        with pytest.raises(AssertionError, match="is filled from the column"):
            make(Quantities, cx.execute(swapped))
    with pytest.raises(AssertionError, match="is filled from the column"):
        named_rows.keyed(Quantities, cx.execute("SELECT 7 AS key, 1 AS id, 2 AS confirmed, 3 AS target"))
    keyed = cx.execute("SELECT 7 AS key, 1 AS id, 2 AS target, 3 AS confirmed")
    assert dict(named_rows.keyed(Quantities, keyed)) == {7: Quantities(1, 2, 3)}
    right = cx.execute("SELECT 1 AS id, 2 AS target, 3 AS confirmed")
    assert named_rows.filled(Quantities, right) == [Quantities(1, 2, 3)]
    assert named_rows.first(Quantities, right) is None


def test_no_row_is_unpacked_by_hand() -> None:
    by_hand = [
        f"{path.relative_to(STORE)}: {line.strip()}"
        for path in sorted(STORE.rglob("*.py"))
        if "migrations" not in path.parts
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\b_*[A-Z]\w*\(\*row\b", line)
    ]
    assert by_hand == []
