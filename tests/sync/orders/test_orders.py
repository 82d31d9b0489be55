"""Pending orders: what one cart sold, no other cart offers again, and nothing is subtracted twice."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import SourceCapabilities
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.connectors.sources import sandbox
from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync.push_plan import PushPlanner
from tests.support.runs.sandbox_records import change_levels
from tests.support.runs.street import LATER, Street, outcomes, street


@pytest.fixture
async def synced(tmp_path: Path) -> AsyncIterator[Street]:
    """Both carts show 10, as the WMS has."""
    with street(tmp_path) as our_street:
        await our_street.sync()
        assert (our_street.shown("a"), our_street.shown("b")) == (10, 10)
        yield our_street


async def test_an_order_in_one_cart_lowers_the_other_before_the_wms_knows_it(synced: Street) -> None:
    # given
    before = len(synced.writes())
    synced.sell(3)
    # when
    await synced.push()
    # then: the cart that took the order was not written to
    assert (synced.shown("a"), synced.shown("b")) == (7, 7)
    assert synced.writes()[before:] == ["b"]
    assert outcomes(synced, synced.a) == ("equal", 7, 7, 7)
    assert synced.bench.sums_hold()


async def test_an_order_that_the_reading_knows_is_not_subtracted_again(synced: Street) -> None:
    # given
    synced.sell(3)
    await synced.push()
    before = len(synced.writes())
    # when
    synced.count(7, after=LATER + 10)
    await synced.sync()
    # then
    assert (synced.shown("a"), synced.shown("b")) == (7, 7)
    assert synced.writes()[before:] == []
    assert synced.kept() == 0


async def test_a_newer_reading_that_shows_more_is_believed(synced: Street) -> None:
    # given
    synced.sell(3)
    await synced.push()
    # when
    synced.count(25, after=LATER + 10)
    await synced.sync()
    # then
    assert (synced.shown("a"), synced.shown("b")) == (25, 25)


async def test_only_orders_after_the_reading_are_subtracted_from_it(synced: Street) -> None:
    # given
    synced.sell(3)
    synced.sell(2, after=LATER + 20)
    # when
    synced.count(7, after=LATER + 10)
    await synced.sync()
    # then
    assert (synced.shown("a"), synced.shown("b")) == (5, 5)


async def test_the_reading_of_the_pull_counts_where_the_wms_names_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a WMS that does not say when it read
    change_levels(monkeypatch, lambda record: {**record, "read_at": None})
    with street(tmp_path) as our_street:
        await our_street.sync()
        our_street.sell(3)
        await our_street.push()
        assert our_street.shown("b") == 7
        # when: a later pull finds the same number, so that no level changes
        later = int(time.time()) + LATER + 10
        monkeypatch.setattr(clock, "now", lambda: float(later))
        with our_street.bench.by_hand() as tx:
            tx.execute("UPDATE source SET confirmed_at = ?", (later,))
        await our_street.push()
        # then
        assert (our_street.shown("b"), our_street.kept()) == (10, 0)


async def test_the_units_of_a_cancelled_order_come_back(synced: Street) -> None:
    # given
    order = synced.sell(3)
    await synced.push()
    before = len(synced.writes())
    # when
    synced.carts.control("cancel", {"shop": "a", "order": order})
    await synced.push()
    # then
    assert (synced.shown("a"), synced.shown("b")) == (10, 10)
    assert synced.writes()[before:] == ["b"]
    assert synced.kept() == 0


async def test_a_cart_that_counts_on_hand_is_not_touched_for_its_own_orders(tmp_path: Path) -> None:
    # given
    with street(tmp_path, Mode(basis="on_hand", orders=True)) as our_street:
        await our_street.sync()
        before = len(our_street.writes())
        # when
        our_street.sell(4)
        await our_street.push()
        # then
        assert (our_street.shown("a"), our_street.shown("b")) == (10, 6)
        assert our_street.writes()[before:] == ["b"]
        assert outcomes(our_street, our_street.a) == ("equal", 6, 6, 10)
        # and when it is shipped and read
        our_street.carts.control("ship", {"shop": "a", "ref": our_street.sku, "units": 4})
        our_street.count(6, after=LATER + 10)
        await our_street.sync()
        # then
        assert (our_street.shown("a"), our_street.shown("b")) == (6, 6)
        assert our_street.writes()[before:] == ["b"]


async def test_a_push_that_is_done_again_subtracts_once(synced: Street) -> None:
    # given
    synced.sell(3)
    await synced.push()
    before, seq = len(synced.writes()), synced.bench.one("SELECT value FROM counter WHERE name = 'seq'")
    # when
    await synced.push()
    await synced.push()
    # then
    assert synced.shown("b") == 7
    assert synced.writes()[before:] == []
    assert synced.bench.one("SELECT value FROM counter WHERE name = 'seq'") == seq


async def test_a_run_that_ends_between_orders_and_plan_loses_and_doubles_nothing(
    synced: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    before = len(synced.writes())
    synced.sell(3)
    with monkeypatch.context() as patch:
        patch.setattr(PushPlanner, "_decide", _gone)
        assert (await synced.bench.push(synced.a)).state == "failed"
    assert synced.kept() == 1
    # when
    await synced.push()
    # then
    assert (synced.shown("a"), synced.shown("b")) == (7, 7)
    assert synced.writes()[before:] == ["b"]


async def _gone(_: PushPlanner) -> None:
    raise UnavailableError("The line is down.")


async def test_orders_that_may_not_be_read_are_a_warning_and_the_rest_goes_on(tmp_path: Path) -> None:
    # given: the connection says on, the login may not
    with street(tmp_path, Mode(), orders="on") as our_street:
        await our_street.bench.pull()
        # when
        run = await our_street.bench.push(our_street.a)
        # then
        assert run.state == "done"
        assert our_street.shown("a") == 10
        assert any("cannot be read" in text for text in our_street.bench.events(run.id))
        phases = {phase.name: phase.state for phase in our_street.bench.detail(run.id).phases}
        assert (phases["orders"], phases["push"]) == ("failed", "done")


async def test_a_cart_that_fails_to_list_its_orders_is_not_written_to(synced: Street) -> None:
    # given
    synced.sell(3)
    synced.count(20, after=1)
    await synced.bench.pull()
    synced.carts.faults({"kind": "status", "path": "/orders", "status": 500})
    before = len(synced.writes())
    # when
    run = await synced.bench.push(synced.a)
    # then
    assert run.state == "failed"
    assert synced.writes()[before:] == []
    # and when it answers again
    synced.carts.faults()
    await synced.push()
    # then
    assert (synced.shown("a"), synced.shown("b")) == (17, 17)


async def test_a_wms_that_subtracts_orders_by_itself_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    netting = SourceCapabilities(delta=True, reports_reading_time=True, nets_pending_orders=True)
    monkeypatch.setattr(sandbox, "SourceCapabilities", lambda **_: netting)
    with street(tmp_path) as our_street:
        await our_street.sync()
        # when
        our_street.sell(3)
        await our_street.push()
        # then
        assert (our_street.shown("b"), our_street.calls("/orders")) == (10, 0)


async def test_a_cart_that_does_not_report_is_never_asked(synced: Street) -> None:
    assert synced.calls("/shops/a/orders") > 0
    assert synced.calls("/shops/b/orders") == 0


async def test_a_cart_that_is_switched_off_is_not_asked(tmp_path: Path) -> None:
    with street(tmp_path) as our_street:
        our_street.bench.set_cart(our_street.a, upload_enabled=False)
        await our_street.sync()
        assert our_street.calls("/orders") == 0


def _kit(our_street: Street) -> tuple[str, list[tuple[str, int]]]:
    """A kit and its parts, with how many of each are needed."""
    rows: Sequence[Any] = our_street.bench.store.read(
        "SELECT k.sku, p.sku, c.needed FROM our_kit_component c JOIN product k ON k.id = c.kit_id "
        "JOIN product p ON p.id = c.component_id WHERE c.kit_id = (SELECT min(kit_id) FROM our_kit_component)"
    )
    return rows[0][0], [(part, needed) for _, part, needed in rows]


async def test_an_order_for_a_kit_lowers_its_parts_and_one_for_a_part_the_kit(synced: Street) -> None:
    # given
    kit, parts = _kit(synced)
    for part, needed in parts:
        synced.count(needed * 10, sku=part, after=0)
    await synced.sync()
    assert synced.carts.quantities("b")[kit] == 10
    # when
    synced.sell(2, sku=kit)
    await synced.push()
    # then
    shown = synced.carts.quantities("b")
    assert [shown[kit], *(shown[part] for part, _ in parts)] == [8, *(needed * 8 for _, needed in parts)]
    # and when a part is sold alone
    part, needed = parts[0]
    synced.sell(needed, sku=part)
    await synced.push()
    # then
    shown = synced.carts.quantities("b")
    assert (shown[kit], shown[part]) == (7, needed * 7)
