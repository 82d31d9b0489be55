"""What a removed cart leaves behind is deleted in steps that end by the clock, whatever its rows are like."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.store import removal
from invsync_tui.sync import maintenance
from invsync_tui.sync.maintenance import PIECE, PIECES_MOST, Clearing
from tests.support.stores.schedule_store import Field, field

LIGHT, HEAVY = 2 * PIECE * PIECES_MOST, 200


def removed(folder: Path) -> Field:
    """A store with a cart that was removed: many small rows, and then runs with large ones."""
    our_field = field(folder, 1, 1)
    (cart,) = our_field.carts
    with our_field.store.transaction() as tx:
        tx.executemany(
            "INSERT INTO unlisted (cart_id, product_id, reason, run_id) VALUES (?, ?, 'NOT_IN_CART', 1)",
            [(cart, number) for number in range(LIGHT)],
        )
        tx.execute(
            "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at) "
            "VALUES (1, 'push', ?, ?, 'done', 'x', 'y', 1)",
            (cart, our_field.merchants[0]),
        )
        tx.executemany(
            "INSERT INTO exchange (run_id, at_ms, took_ms, method, url, request, answer) VALUES (1, 1, 1, 'GET', '', x'', x'')",
            [()] * HEAVY,
        )
        removal.forget_cart(tx, cart, 1)
    return our_field


def left(our_field: Field, table: str) -> int:
    return int(our_field.store.one(f"SELECT count(*) FROM {table}")[0])


def test_a_step_ends_when_its_time_is_over_however_cheap_the_rows_before_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    our_town = removed(tmp_path)
    clearing = Clearing(our_town.store)
    # given: the small rows took no time
    monkeypatch.setattr(clock, "elapsed", lambda: 100.0)
    while left(our_town, "unlisted"):
        assert clearing.step() is not None
    before = left(our_town, "exchange")
    assert before > 2 * PIECE
    # when each look at the clock finds that the time is over
    passed = iter(range(1000))
    monkeypatch.setattr(clock, "elapsed", lambda: float(next(passed)))
    assert clearing.step() == PIECE
    # then
    assert before - left(our_town, "exchange") == PIECE


def test_a_step_has_an_end_where_the_clock_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    our_town = removed(tmp_path)
    monkeypatch.setattr(clock, "elapsed", lambda: 100.0)
    assert Clearing(our_town.store).step() == PIECE * PIECES_MOST
    assert left(our_town, "unlisted") == LIGHT - PIECE * PIECES_MOST


def test_all_goes(tmp_path: Path) -> None:
    our_town = removed(tmp_path)
    clearing, steps = Clearing(our_town.store), 0
    while clearing.step() is not None:
        steps += 1
        assert steps < 1000
    assert [left(our_town, table) for table in ("unlisted", "exchange", "run")] == [0, 0, 0]
    with our_town.store.reading() as cx:
        assert not removal.waiting(cx)
    assert maintenance.CLEARING < 0.05
