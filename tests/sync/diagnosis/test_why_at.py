"""Why as of a moment: the numbers and settings of then; what was not known then is unknown, and never 0."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from invsync_tui.operations.diagnosis.why_at import ListingThen, why_then
from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.settings import carts
from invsync_tui.operations.time_text import moment
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.catalog.level_history import UNKNOWN, KnownQuantity
from tests.support.clocks.past import grow_older
from tests.support.runs.sandbox_world import Town, town

HOUR = 3600


def _then(our_town: Town, sku: str, ago: int) -> ListingThen:
    (explained,) = why_then(our_town.bench.session(), sku, int(time.time()) - ago, our_town.cart_id).listings
    return explained


async def test_before_and_after_a_change_of_stock(synced: Town) -> None:
    # given: two hours ago one level, since one hour another
    sku = synced.in_stock()[0]
    before = synced.stock()[sku]
    grow_older(synced.bench, HOUR)
    synced.wms.set_level(sku, "EAST", 321)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    after = synced.stock()[sku]
    grow_older(synced.bench, HOUR)
    # when
    old, new = _then(synced, sku, HOUR + 600), _then(synced, sku, 600)
    # then
    assert (old.why.target, new.why.target) == (before, after)
    assert (old.accepted, new.accepted) == (KnownQuantity(True, before), KnownQuantity(True, after))
    assert (old.wanted, new.wanted) == (KnownQuantity(True, before), KnownQuantity(True, after))
    assert old.run_id is not None and new.run_id is not None and old.run_id < new.run_id
    assert sum(level.held.value or 0 for level in old.levels) == before
    assert sum(level.held.value or 0 for level in new.levels) == after
    assert {level.warehouse: level.held.value for level in new.levels}["EAST"] == 321
    assert any("321" in step.because for step in new.why.steps)
    assert not any("321" in step.because for step in old.why.steps)


async def test_before_and_after_a_change_of_settings(synced: Town) -> None:
    # given
    sku = max(synced.in_stock(), key=synced.stock().__getitem__)
    stock = synced.stock()[sku]
    grow_older(synced.bench, HOUR)
    carts.change(synced.bench.session(), "Demo Cart", {"buffer": "2"}, warehouses=["EAST"], reason="a test")
    carts.change(synced.bench.session(), "Demo Cart", {"buffer": "4"}, warehouses=[], reason="a test")
    await synced.bench.push(synced.cart_id)
    grow_older(synced.bench, HOUR)
    # when
    old, new = _then(synced, sku, HOUR + 600), _then(synced, sku, 600)
    # then
    assert old.settings is not None and new.settings is not None
    assert (old.settings["buffer"], new.settings["buffer"]) == (0, 4)
    assert (old.settings["warehouses"], new.settings["warehouses"]) == ([], [])
    assert (old.why.target, new.why.target) == (stock, stock - 4)
    assert [step.step for step in new.why.steps if step.because == "buffer 4"] == ["buffer"]
    assert all(step.step != "buffer" for step in old.why.steps)


async def test_what_was_not_known_yet_is_unknown(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    grow_older(synced.bench, HOUR)
    # when
    explained = _then(synced, sku, 10 * HOUR)
    # then
    assert explained.run_id is None and explained.why.target is None and explained.why.steps == ()
    assert explained.accepted == UNKNOWN and explained.wanted == UNKNOWN
    assert explained.levels and all(level.held == UNKNOWN for level in explained.levels)
    assert explained.oldest is not None and explained.oldest <= int(time.time()) - HOUR


async def test_a_cause_of_then_is_told(synced: Town) -> None:
    # given: excluded an hour ago, and no more
    from invsync_tui.operations.catalog import sku as orders

    sku = synced.in_stock()[0]
    number = synced.bench.one("SELECT id FROM our_listing WHERE sku = ?", sku)
    orders.set_excluded(synced.bench.session(), [number], True, "a test")
    await synced.bench.push(synced.cart_id)
    grow_older(synced.bench, HOUR)
    orders.set_excluded(synced.bench.session(), [number], False, "a test")
    await synced.bench.push(synced.cart_id)
    # when, then
    then = _then(synced, sku, 600)
    assert then.why.causes == (Reason.EXCLUDED,)
    assert then.why.outcome == "skipped"
    assert _then(synced, sku, 0).why.causes == ()


async def test_a_kept_decision_that_was_dropped_is_missed_by_name(tmp_path: Path) -> None:
    with town(tmp_path, products=3) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        with our_town.bench.by_hand() as tx:
            tx.execute("DELETE FROM decision_record")
        explained = _then(our_town, our_town.in_stock()[0], 0)
    assert explained.run_id is None and explained.oldest is None
    assert explained.accepted.known


NOW = 1_795_000_000


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("-2h", NOW - 7200),
        ("2 hours ago", NOW - 7200),
        ("90m", NOW - 5400),
        ("3 days ago", NOW - 3 * 86400),
        ("1794999999", NOW - 1),
        ("2026-11-18T00:00:00+00:00", 1_794_960_000),
        ("2026-11-18T00:00:00Z", 1_794_960_000),
    ],
)
def test_moments_are_read(text: str, at: int) -> None:
    assert moment("--as-of", text, NOW) == at


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-2", "2026", "-2x", "99999999999999", "2026-13-01", "2999-01-01", "٣h"]
)
def test_what_is_no_moment_of_the_past_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        moment("--as-of", text, NOW)
