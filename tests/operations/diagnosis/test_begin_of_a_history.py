"""Where the line of a product's stock begins, in warehouses whose levels never changed and in those that did."""

from __future__ import annotations

from typing import Any

import pytest

from invsync_tui.operations.diagnosis import sku_history
from invsync_tui.operations.lists.list_views import Point
from invsync_tui.store.catalog.level_history import LevelChange
from invsync_tui.store.catalog.products import ProductRow, StockRow

BEGIN, NOW = 1000, 9000
EAST, WEST, ELSEWHERE = 1, 2, 3


def level(warehouse: int, available: int, loaded_at: int) -> StockRow:
    return StockRow(warehouse, f"W{warehouse}", None, available, None, None, loaded_at, None, None)


def line(
    monkeypatch: pytest.MonkeyPatch, levels: list[StockRow], *changes: LevelChange, since: int | None = None
) -> tuple[Point, ...]:
    """The line of the cart's warehouses, EAST and WEST; `since` is the end of the first full download."""
    cx: Any = None
    monkeypatch.setattr(sku_history.level_history, "known_levels_since", lambda *_: since)
    monkeypatch.setattr(sku_history.products, "stock", lambda *_: levels)
    row = ProductRow(5, 1, "Acme", "A", "A", None)
    return sku_history._source(cx, row, frozenset({EAST, WEST}), changes, BEGIN, NOW)


@pytest.mark.parametrize(("loaded_at", "starts"), [(BEGIN - 500, BEGIN), (BEGIN, BEGIN), (BEGIN + 500, BEGIN + 500)])
def test_before_the_first_download_ended_a_level_begins_where_it_was_loaded(
    monkeypatch: pytest.MonkeyPatch, loaded_at: int, starts: int
) -> None:
    assert line(monkeypatch, [level(EAST, 4, loaded_at)]) == (Point(starts, 4),)


def test_warehouses_are_summed_from_where_each_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = [level(EAST, 4, 2000), level(WEST, 3, 3000), level(ELSEWHERE, 90, 1500)]
    assert line(monkeypatch, levels) == (Point(2000, 4), Point(3000, 7))


@pytest.mark.parametrize(("since", "starts"), [(500, BEGIN), (2500, 2500)])
def test_after_it_a_level_without_a_change_begins_where_all_is_known(
    monkeypatch: pytest.MonkeyPatch, since: int, starts: int
) -> None:
    assert line(monkeypatch, [level(EAST, 4, 8000)], since=since) == (Point(starts, 4),)


def test_a_level_that_changed_holds_what_it_held_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    change = LevelChange(EAST, 5000, before=9, after=4)
    assert line(monkeypatch, [level(EAST, 4, 5000), level(WEST, 1, 100)], change, since=500) == (
        Point(BEGIN, 10),
        Point(5000, 5),
    )
