"""A push sends first what is nearest to selling more than there is, and keeps that order when it is cut and begun again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from invsync_tui.operations.plans import plans
from invsync_tui.rules.safety import FALL_MOST, listing_of, sending_key
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import Town, town

BATCH = 4
KITS = 6
"""At most so many of the products, the last ones, are kits, whose quantity follows their parts."""


def sent(our_town: Town, after: int = 0) -> list[tuple[str, int, int]]:
    """(SKU, shown before, sent) of every row of the answered batches behind number `after`, as they went out."""
    skus = dict(our_town.bench.store.read("SELECT id, sku FROM listing"))
    rows = our_town.bench.store.read(
        "SELECT items FROM push_batch WHERE cart_id = ? AND state = 'answered' AND rowid > ? ORDER BY rowid",
        (our_town.cart_id, after),
    )
    items = [item for (text,) in rows for item in json.loads(text)]
    return [(skus[number], before, target) for number, _, _, target, before in items]


def newest(our_town: Town) -> int:
    return int(our_town.bench.one("SELECT max(rowid) FROM push_batch") or 0)


def expected(changes: dict[str, tuple[int, int]]) -> list[str]:
    """By a plain sort: to zero by what is shown, falls by how far, rises last, the smallest first."""

    def place(sku: str) -> tuple[int, int]:
        before, after = changes[sku]
        if after == 0:
            return 0, -before
        return (1, after - before) if after < before else (2, after - before)

    return sorted(changes, key=place)


@pytest.fixture
async def changed(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A cart that shows 100 of everything, and a WMS in which each product has another number."""
    with town(tmp_path, products=24, mode=Mode(max_batch=BATCH), warehouses=2, deadline=0.5) as our_town:
        skus = list(our_town.stock(["EAST"]))[:-KITS]
        for sku in skus:
            our_town.wms.set_level(sku, "EAST", 100)
        await our_town.bench.pull()
        our_town.bench.set_cart(our_town.cart_id, [our_town.bench.warehouse("EAST")], zero_count=1000, jump_count=1000)
        await our_town.bench.push(our_town.cart_id)
        changes = {}
        for n, sku in enumerate(skus):
            after = (90 - n, 0, 101 + n)[n % 3]
            our_town.wms.set_level(sku, "EAST", after)
            changes[sku] = (100, after)
        await our_town.bench.pull()
        yield our_town, changes, newest(our_town)


async def test_zeros_go_first_then_the_deepest_falls_and_rises_last(
    changed: tuple[Town, dict[str, tuple[int, int]], int],
) -> None:
    our_town, changes, before = changed
    await our_town.bench.push(our_town.cart_id)
    order = [(shown, target) for _, shown, target in sent(our_town, before)]
    assert order == [changes[sku] for sku in expected(changes)]


async def test_a_slow_cart_that_is_stopped_half_way_has_what_mattered_most_and_goes_on_where_it_was(
    changed: tuple[Town, dict[str, tuple[int, int]], int],
) -> None:
    # given a cart that takes three batches and no more
    our_town, changes, before = changed
    our_town.cart.faults({"kind": "status", "status": 503, "path": "/stock", "after": 3})
    # when
    run = await our_town.bench.push(our_town.cart_id)
    # then what went out is the most urgent half, and nothing that rises
    assert run.state == "failed"
    first = sent(our_town, before)
    assert [target for _, _, target in first] == [changes[sku][1] for sku in expected(changes)[: 3 * BATCH]]
    shown = our_town.shown()
    assert all(shown[sku] == 0 for sku, (_, after) in changes.items() if after == 0)
    assert all(shown[sku] == 100 for sku, (_, after) in changes.items() if after > 100)
    # and when it works again
    our_town.cart.faults()
    await our_town.bench.push(our_town.cart_id)
    # then the rest follows in the same order, and nothing is sent twice
    rows = sent(our_town, before)
    assert [target for _, _, target in rows] == [changes[sku][1] for sku in expected(changes)]
    assert len({sku for sku, _, _ in rows}) == len(rows)
    shown = our_town.shown()
    assert {sku: shown[sku] for sku in changes} == {sku: after for sku, (_, after) in changes.items()}


async def test_the_plan_shows_the_order_in_which_the_push_then_sends(
    changed: tuple[Town, dict[str, tuple[int, int]], int],
) -> None:
    our_town, _, before = changed
    session = our_town.bench.session()
    rows = plans.rows(session, plans.build_plan(session, our_town.cart_id)).after(None, 100)
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    await our_town.bench.push(our_town.cart_id)
    assert [row.sku for row in rows] == [sku for sku, _, _ in sent(our_town, before)]


GROUPS = 5


@pytest.fixture
async def grouped(tmp_path: Path):  # type: ignore[no-untyped-def]
    """As `changed`, with a cart that sets by one request only what belongs to one of 5 things."""
    mode = Mode(max_batch=BATCH, one_group=True)
    with town(tmp_path, products=24, mode=mode, warehouses=2, deadline=0.5) as our_town:
        skus = list(our_town.stock(["EAST"]))[:-KITS]
        belongs = {sku: f"G{n % GROUPS}" for n, sku in enumerate(skus)}
        for listing in our_town.cart.dump()["main"]:
            our_town.cart.edit(listing["ref"], group=belongs.get(listing["sku"], "kits"))
        for sku in skus:
            our_town.wms.set_level(sku, "EAST", 100)
        await our_town.bench.pull()
        our_town.bench.set_cart(our_town.cart_id, [our_town.bench.warehouse("EAST")], zero_count=1000, jump_count=1000)
        await our_town.bench.push(our_town.cart_id)
        changes = {}
        for n, sku in enumerate(skus):
            after = (90 - n, 0, 101 + n)[n % 3]
            our_town.wms.set_level(sku, "EAST", after)
            changes[sku] = (100, after)
        await our_town.bench.pull()
        yield our_town, changes, belongs, newest(our_town)


def batches_of(our_town: Town, after: int) -> list[list[str]]:
    """SKUs by request, as they went out."""
    skus = dict(our_town.bench.store.read("SELECT id, sku FROM listing"))
    rows = our_town.bench.store.read(
        "SELECT items FROM push_batch WHERE cart_id = ? AND rowid > ? ORDER BY rowid", (our_town.cart_id, after)
    )
    return [[skus[item[0]] for item in json.loads(text)] for (text,) in rows]


async def test_a_group_goes_with_its_most_urgent_listing_in_as_few_requests_as_can_be(
    grouped: tuple[Town, dict[str, tuple[int, int]], dict[str, str], int],
) -> None:
    # given
    our_town, changes, belongs, before = grouped
    session = our_town.bench.session()
    build = plans.build_plan(session, our_town.cart_id)
    shown, lines = plans.view(session, build, None), plans.rows(session, build).after(None, 100)
    # when
    run = await our_town.bench.push(our_town.cart_id)
    # then
    assert (run.state, our_town.bench.counts(run)["failed"]) == ("done", 0)
    sent_batches = batches_of(our_town, before)
    members = Counter(belongs[sku] for sku in changes)
    assert len(sent_batches) == sum(-(-n // BATCH) for n in members.values()) == shown.requests
    rest = expected(changes)
    for batch in sent_batches:
        assert len({belongs[sku] for sku in batch}) == 1
        assert batch[0] == rest[0]
        assert batch == [sku for sku in rest if belongs[sku] == belongs[batch[0]]][:BATCH]
        rest = [sku for sku in rest if sku not in batch]
    assert rest == []
    # and the plan said so
    assert [line.sku for line in lines] == [sku for batch in sent_batches for sku in batch]


async def test_a_push_by_groups_that_is_cut_goes_on_with_the_same_requests(
    grouped: tuple[Town, dict[str, tuple[int, int]], dict[str, str], int],
) -> None:
    our_town, changes, _, before = grouped
    our_town.cart.faults({"kind": "status", "status": 503, "path": "/stock", "after": 3})
    assert (await our_town.bench.push(our_town.cart_id)).state == "failed"
    our_town.cart.faults()
    await our_town.bench.push(our_town.cart_id)
    rows = sent(our_town, before)
    assert len({sku for sku, _, _ in rows}) == len(rows) == len(changes)
    shown = our_town.shown()
    assert {sku: shown[sku] for sku in changes} == {sku: after for sku, (_, after) in changes.items()}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((9, 0), (1, 0)),
        ((1, 0), (500, 1)),
        ((None, 0), (500, 1)),
        ((1, 0), (None, 0)),
        ((500, 1), (500, 2)),
        ((3, 2), (None, 5)),
        ((None, 5), (0, 1)),
        ((0, 1), (0, 2)),
        ((10, 0), (0, 5)),
        ((10 * FALL_MOST, 0), (FALL_MOST - 1, 0)),
        ((1, 0), (0, 10 * FALL_MOST)),
    ],
)
def test_what_is_nearer_to_overselling_has_the_smaller_key(
    first: tuple[int | None, int], second: tuple[int | None, int]
) -> None:
    assert sending_key(2, *first) < sending_key(1, *second)


def test_a_key_names_its_listing_and_fits_into_63_bits() -> None:
    for before, after in ((None, 0), (2**60, 0), (0, 2**60), (5, 5), (None, 3)):
        key = sending_key(2**40 - 1, before, after)
        assert 0 <= key < 2**63
        assert listing_of(key) == 2**40 - 1
    assert sending_key(1, 7, 3) < sending_key(2, 7, 3)
