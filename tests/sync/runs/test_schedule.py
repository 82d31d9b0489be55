"""What is due by itself, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.operations.listings import drift
from invsync_tui.store.settings import schedule
from invsync_tui.sync import schedule as due
from invsync_tui.sync.schedule import Timetable
from tests.support.stores.schedule_store import Field, field

NOW = 1_760_000_000
DAY = 86_400


@pytest.fixture
def two(tmp_path: Path) -> Field:
    """Two merchants with two carts each."""
    return field(tmp_path, merchants=2, carts=2)


def _put(our_field: Field, kind: str, key: int, next_at: int, every: int = 600, jitter: int = 0) -> None:
    with our_field.store.transaction() as tx:
        schedule.put(tx, kind, key, every, jitter, next_at)


def _due(our_field: Field, now: int) -> set[tuple[str, int, int]]:
    with our_field.store.reading() as cx:
        return {(entry.kind, entry.key, entry.merchant_id) for entry in Timetable().due(schedule.active(cx), now)}


@pytest.mark.parametrize("kind", ["pull", "push", "radar"])
def test_nothing_is_due_before_its_time(two: Field, kind: str) -> None:
    # given
    key = two.merchants[1] if kind == "pull" else two.carts[3]
    _put(two, kind, key, NOW)
    # then
    assert _due(two, NOW - 1) == set()
    assert _due(two, NOW) == {(kind, key, two.merchants[1])}


@pytest.mark.parametrize("kind", ["push", "radar"])
def test_what_is_due_and_requested_is_not_due_again_within_its_period(two: Field, kind: str) -> None:
    # given
    _put(two, kind, two.carts[0], NOW, every=1800)
    # when
    with two.store.transaction() as tx:
        requests = [due.request_due(tx, NOW + second) for second in range(0, 1800, 10)]
    # then
    assert sum(requests) == 1


@pytest.mark.parametrize("off", ["merchant", "cart", "gone"])
@pytest.mark.parametrize("kind", ["pull", "push", "radar"])
def test_what_is_switched_off_is_not_due_and_keeps_nobody_else_from_it(two: Field, kind: str, off: str) -> None:
    # given: everything is due, and something of the first merchant is switched off
    for merchant in two.merchants:
        _put(two, "pull", merchant, NOW)
    for cart in two.carts:
        _put(two, "push", cart, NOW)
        _put(two, "radar", cart, NOW)
    before = {entry for entry in _due(two, NOW) if entry[0] == kind}
    statement = {
        "merchant": f"UPDATE merchant SET inventory_sync = 0 WHERE id = {two.merchants[0]}",
        "cart": f"UPDATE cart SET upload_enabled = 0 WHERE id = {two.carts[0]}",
        "gone": f"DELETE FROM cart WHERE id = {two.carts[0]}",
    }[off]
    with two.store.transaction() as tx:
        tx.execute(statement)
    # then
    first = two.merchants[0]
    expected = {
        "merchant": {entry for entry in before if entry[2] != first},
        "cart": {entry for entry in before if kind == "pull" or entry[1] != two.carts[0]},
    }
    assert {entry for entry in _due(two, NOW) if entry[0] == kind} == expected[
        "merchant" if off == "merchant" else "cart"
    ]


def test_a_period_that_is_set_again_does_not_put_the_next_run_off(two: Field) -> None:
    # given
    session = two.bench.session()
    drift.verify_every(session, two.carts[2], "2h")
    with two.store.transaction() as tx:
        tx.execute("UPDATE schedule SET next_at = ?", (NOW,))
    # when
    drift.verify_every(session, two.carts[2], "2h")
    # then
    assert two.store.read("SELECT key, every, next_at FROM schedule") == [(two.carts[2], 7200, NOW)]
    # and when
    drift.verify_every(session, two.carts[2], "4h")
    # then
    assert two.store.one("SELECT every FROM schedule")[0] == 14_400
