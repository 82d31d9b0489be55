"""Whatever the WMS says or fails to say, a shop is not zeroed and does not jump beyond its limits without a release."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invsync_tui.operations.runs import runs
from tests.support.runs.sandbox_world import Town, hurry, town

LIMIT = 4
FACTOR = 5
PLACES = ("DEFAULT", "EAST", "WEST", "NORTH")


def _no_fewer(before: dict[str, int | None], after: dict[str, int | None]) -> None:
    """Nothing that was for sale is at 0 now."""
    assert [sku for sku, units in before.items() if units and not after[sku]] == []


async def _sync(our_town: Town, *, full: bool = True) -> tuple[str, str]:
    """A pull and a push as a schedule would order them: the states they ended with."""
    pull = await our_town.bench.pull(full=full)
    push = await our_town.bench.push(our_town.cart_id, release=False)
    assert our_town.bench.sums_hold()
    return pull.state, push.state


async def test_a_cut_pull_zeroes_nothing(synced: Town) -> None:
    # given: the WMS dies in the middle of its levels, for good
    before = synced.shown()
    synced.wms.faults({"kind": "status", "status": 503, "path": "levels", "after": 1, "times": 500})
    # when
    pull, _ = await _sync(synced)
    # then
    assert pull == "failed"
    _no_fewer(before, synced.shown())


@pytest.mark.parametrize("kind", ["empty", "no_rows"])
@pytest.mark.parametrize("path", ["levels", "products"])
async def test_an_empty_answer_zeroes_nothing(synced: Town, path: str, kind: str) -> None:
    # given
    before = synced.shown()
    synced.wms.faults({"kind": kind, "path": path, "times": 500})
    # when
    await _sync(synced)
    await _sync(synced)
    # then
    _no_fewer(before, synced.shown())


async def test_levels_that_are_all_zero_zero_nothing(synced: Town) -> None:
    # given
    before = synced.shown()
    for place in PLACES:
        synced.wms.control("level", {"skus": list(synced.stock()), "warehouse": place, "available": 0})
    # when
    _, push = await _sync(synced)
    # then
    assert push == "held"
    assert synced.shown() == before


async def test_a_lost_warehouse_mapping_zeroes_nothing(synced: Town) -> None:
    # given: the cart's only warehouses are disabled, then it is mapped to one that has nothing
    before = synced.shown()
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE warehouse SET enabled = 0")
        tx.execute("UPDATE cart SET watermark = 0")
    # when
    await _sync(synced)
    # then
    _no_fewer(before, synced.shown())
    # and when all that is left is an empty one
    with synced.bench.store.transaction() as tx:
        tx.execute(
            "INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (?, 'X', 'EMPTY', 'Empty')",
            (synced.bench.merchant,),
        )
    synced.bench.set_cart(synced.cart_id, [synced.bench.warehouse("EMPTY")])
    await _sync(synced)
    # then
    _no_fewer(before, synced.shown())


async def test_an_expired_permission_zeroes_nothing(synced: Town) -> None:
    # given
    before = synced.shown()
    synced.wms.faults({"kind": "status", "status": 403, "times": 500})
    # when
    pull, _ = await _sync(synced)
    # then
    assert pull == "failed"
    _no_fewer(before, synced.shown())


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town that serves many examples."""
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        limits = {"zero_count": LIMIT, "zero_percent": 0, "jump_count": LIMIT, "jump_percent": 0, "jump_factor": FACTOR}
        with town(Path(tmp_path_factory.mktemp("lasting")), **limits) as our_town:
            asyncio.run(_first(our_town))
            yield our_town


async def _first(our_town: Town) -> None:
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    assert our_town.shown() == our_town.stock()


CHANGES = st.lists(
    st.tuples(st.integers(0, 39), st.sampled_from(PLACES), st.one_of(st.just(0), st.integers(0, 2000))),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.booleans())
def test_random_changes_never_go_beyond_the_limits(
    lasting: Town, changes: list[tuple[int, str, int]], release: bool
) -> None:
    asyncio.run(_change_and_sync(lasting, changes, release=release))


async def _change_and_sync(our_town: Town, changes: list[tuple[int, str, int]], *, release: bool) -> None:
    # given
    skus = sorted(our_town.stock())
    before = our_town.shown()
    for number, place, units in changes:
        sku = skus[number % len(skus)]
        for other in PLACES:
            our_town.wms.control("level", {"sku": sku, "warehouse": other, "available": units if other == place else 0})
    # when
    await our_town.bench.pull()
    run = await our_town.bench.push(our_town.cart_id, release=False)
    # then
    after = our_town.shown()
    zeroed = [sku for sku in skus if before[sku] and not after[sku]]
    jumped = [sku for sku in skus if _jumped(before[sku], after[sku])]
    assert len(zeroed) <= LIMIT and len(jumped) <= LIMIT
    assert run.state == "held" or after == our_town.stock()
    if run.state == "held":
        assert after == before and json.loads(run.trips)
    # and an operator's word brings the shop back to what the WMS has, so that the next example begins level
    if run.state == "held" and not release:
        runs.discard(our_town.bench.session(), run.id, "look again")
        run = await our_town.bench.push(our_town.cart_id, release=False)
    if run.state == "held":
        runs.release(our_town.bench.session(), run.id, "seen")
        await our_town.bench.work()
    assert our_town.shown() == our_town.stock()
    assert our_town.bench.sums_hold()


def _jumped(before: int | None, after: int | None) -> bool:
    if not before or not after:
        return False
    return after > before * FACTOR or before > after * FACTOR
