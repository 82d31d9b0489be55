"""What was dated while the clock was ahead is dated as it should have been once the clock is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.database import Store
from invsync_tui.sync.worker import Worker
from tests.support.clocks.set_clocks import NOW, Clocks
from tests.support.stores.schedule_store import Field, field

DAY = 86_400
COLUMNS = [(table, column) for table, columns in sync_marks._DATED.items() for column in columns]

KEYS = {"source": "merchant_id", "warehouse": "id", "cart": "id", "pending_order": "cart_id"}


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture
def our_field(tmp_path: Path) -> Field:
    """Two merchants with two carts, a warehouse and a pending order each; every time lies a minute back."""
    our_field = field(tmp_path, merchants=2, carts=2)
    with our_field.store.transaction() as tx:
        for merchant in our_field.merchants:
            tx.execute("INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (?, 'w', 'W', 'W')", (merchant,))
            tx.execute(
                "INSERT INTO pending_order (cart_id, ref, product_id, location, quantity, taken_at, seen_at, known_at) "
                "VALUES (?, 'o', ?, '', 1, ?, ?, ?)",
                (our_field.carts[merchant - 1], merchant, NOW - 60, NOW - 60, NOW - 60),
            )
        for table, column in COLUMNS:
            tx.execute(f"UPDATE {table} SET {column} = ?", (NOW - 60,))
    return our_field


def _date_first(store: Store, table: str, column: str, at: int) -> None:
    with store.transaction() as tx:
        tx.execute(
            f"UPDATE {table} SET {column} = ? WHERE {KEYS[table]} = (SELECT min({KEYS[table]}) FROM {table})", (at,)
        )


def _times(store: Store) -> dict[tuple[str, str], list[int]]:
    return {
        (table, column): [row[0] for row in store.read(f"SELECT {column} FROM {table} ORDER BY {KEYS[table]}")]
        for table, column in COLUMNS
    }


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_what_was_dated_ahead_is_put_back_once_and_nothing_else_is(
    our_field: Field, clocks: Clocks, table: str, column: str, workers: int
) -> None:
    # given: services that live while the clock is a day ahead, and one row that is dated then
    before = _times(our_field.store)
    clocks.ahead = DAY
    living = [Worker(our_field.store) for _ in range(workers)]
    _date_first(our_field.store, table, column, NOW + DAY - 10)
    # when
    clocks.ahead = 0
    for _ in range(2):
        for worker in living:
            worker._schedule()
    # then
    before[table, column][0] = NOW - 10
    assert _times(our_field.store) == before


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_clock_that_goes_forward_puts_nothing_back(our_field: Field, clocks: Clocks, table: str, column: str) -> None:
    before = _times(our_field.store)
    worker = Worker(our_field.store)
    clocks.ahead = DAY
    worker._schedule()
    assert _times(our_field.store) == before, (table, column)
