"""Whatever the settings, the stock and the orders are: `why` recomputes the number that the cart holds."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.catalog import sku
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.listings import links
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.runs.why_check import disagreement, disagreements, every_number_is_recomputed, held, told

PLACES = ("DEFAULT", "EAST", "WEST", "NORTH")
CODES = ("Default", "EAST", "WEST", "NORTH")
ROUNDS = 3
STALE = 3600
MODES = {
    "available": Mode(),
    "on_hand": Mode(basis="on_hand", orders=True, returns_quantity=False, row_errors="whole_batch", max_batch=7),
    "orders": Mode(orders=True, idempotency=False),
    "upc": Mode(code="UPC", orders=True),
}


def settings(dice: random.Random, our_town: Town) -> None:
    """Another Edit Setup."""
    loaded = bool(our_town.bench.one("SELECT count(*) FROM our_product"))
    chosen = dice.sample(CODES, dice.randint(1, 3)) if loaded and dice.random() < 0.5 else []
    kinds = dict(our_town.bench.store.read("SELECT name, id FROM our_alias_type"))
    our_town.bench.set_cart(
        our_town.cart_id,
        [our_town.bench.warehouse(code) for code in chosen],
        combine_all=not chosen,
        buffer=dice.choice((0, 0, 1, 4)),
        share_percent=dice.choice((100, 100, 50, 33, 0)),
        cutoff_below=dice.choice((0, 0, 3, 20)),
        end_at_or_below=dice.choice((None, None, 0, 5)),
        max_quantity=dice.choice((None, None, 0, 7, 50)),
        push_kind=dice.choice((0, *([kinds["UPC"]] * 2 if "UPC" in kinds else ()))),
    )
    our_town.bench.set_merchant(stale_after=dice.choice((None, STALE)))


def stock(dice: random.Random, our_town: Town) -> None:
    """Counting, forgetting, and readings that are old."""
    known = list(our_town.wms.dump()["products"].values())
    for code in dice.sample(known, 12):
        units = dice.choice((None, 0, 1, 2, 3, 5, 19, 20, 400))
        read_at = int(time.time()) - dice.choice((0, 0, 0, 2 * STALE))
        our_town.wms.set_level(code, dice.choice(PLACES), units, read_at=read_at)
    if dice.random() < 0.3:
        our_town.wms.control("remove", {"skus": dice.sample(known, 2)})


def shoppers(dice: random.Random, our_town: Town) -> None:
    """Orders, some taken after the WMS last looked."""
    for listing in dice.sample(our_town.cart.dump()[SHOP], 4):
        if listing["quantity"]:
            taken = int(time.time()) + dice.choice((-2 * STALE, 30))
            our_town.cart.control("order", {"shop": SHOP, "ref": listing["ref"], "units": 1, "taken_at": taken})


def shopkeeper(dice: random.Random, our_town: Town) -> None:
    """Somebody works in the cart itself."""
    shown = our_town.cart.dump()[SHOP]
    first, two, three, four = dice.sample(shown, 4)
    our_town.cart.edit(first["ref"], quantity=dice.randint(0, 60))
    our_town.cart.edit(two["ref"], tracked=not two["tracked"])
    our_town.cart.edit(three["ref"], sku=dice.choice((three["sku"].swapcase(), "NOBODY-KNOWS", four["sku"])))


def operator(dice: random.Random, our_town: Town) -> None:
    """Exclusions, locks, fixed quantities and links."""
    session = our_town.bench.session()
    rows = our_town.bench.store.read(
        "SELECT id, ref FROM our_listing WHERE cart_id = ? AND gone_at IS NULL", (our_town.cart_id,)
    )
    a, b, c, d, e = dice.sample(rows, 5)
    sku.set_excluded(session, [a[0]], dice.random() < 0.7, "test")
    sku.set_locked(session, [b[0]], dice.random() < 0.7, "test")
    sku.set_override(session, [c[0]], dice.choice((0, 6, None)), "test")
    try:
        links.link(session, our_town.cart_id, d[1], dice.choice(sorted(our_town.wms.dump()["products"].values())))
        links.remove(session, our_town.cart_id, [e[1]])
    except OperationError:
        pass  # no such product any more, or no link to take back


EVENTS: tuple[Callable[[random.Random, Town], None], ...] = (settings, stock, shoppers, shopkeeper, operator)


def told_otherwise(our_town: Town, mode: Mode) -> Any:
    return disagreements(our_town.bench, our_town.cart_id, our_town.cart.dump()[SHOP], on_hand=mode.basis == "on_hand")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", MODES)
async def test_why_recomputes_what_the_cart_holds(tmp_path: Path, kind: str, seed: int) -> None:
    dice = random.Random(f"{kind} {seed}")
    mode, outcomes = MODES[kind], set[str | None]()
    with town(tmp_path, products=60, mode=mode) as our_town:
        for turn in range(ROUNDS):
            # given
            for event in dice.sample(EVENTS, 3 if turn else 1):
                if turn or event in (settings, stock):
                    event(dice, our_town)
            # when
            assert (await our_town.bench.pull()).state == "done"
            run = await our_town.bench.push(our_town.cart_id, full=True)
            # then
            assert run.state == "done"
            assert told_otherwise(our_town, mode) == {}, (kind, seed, turn)
            outcomes |= {
                listing.outcome for listing in held(our_town.bench, our_town.cart_id, our_town.cart.dump()[SHOP])
            }
    assert outcomes & {"set", "equal", "skipped"}


async def test_the_comparison_sees_a_number_that_is_off(synced: Town) -> None:
    # given
    listing = next(each for each in held(synced.bench, synced.cart_id, synced.cart.dump()[SHOP]) if each.quantity)
    line = told(synced.bench, synced.cart_id, listing.ref)
    assert disagreement(listing, line, on_hand=False) == ""
    # then
    assert disagreement(listing._replace(quantity=(listing.quantity or 0) + 1), line, on_hand=False)
    assert disagreement(listing._replace(outcome="skipped"), line, on_hand=False)
    # when
    _add_to_levels(synced, 1)
    # then
    assert len(told_otherwise(synced, Mode())) >= len(synced.in_stock())
    with pytest.raises(AssertionError):
        every_number_is_recomputed(synced.bench)
    _add_to_levels(synced, -1)


def _add_to_levels(our_town: Town, units: int) -> None:
    with our_town.bench.by_hand() as tx:
        tx.execute("UPDATE level SET available = available + ?", (units,))
