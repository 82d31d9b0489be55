"""How a target is made, in one line: what the steps of the chain add and take, and the same number as they end in."""

from __future__ import annotations

import pytest

from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.listings.arithmetic import in_one_line, of_listings
from invsync_tui.rules.quantity import Step
from tests.support.stores.acme import acme as _acme
from tests.support.stores.products_store import Shelf

acme = _acme
STOCK = (Step("sum", 0, 40, "WEST: available 40"), Step("sum", 40, 60, "EAST: available 20"))


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((*STOCK, Step("buffer", 60, 59, "buffer 1")), "59 = WEST 40 + EAST 20 - buffer 1"),
        (STOCK[:1], "40 = WEST 40"),
        ((Step("sum", 0, 0, "WEST: available 0"),), "0 = stock 0"),
        ((*STOCK, Step("sum", 60, 60, "FAR: available 0")), "60 = WEST 40 + EAST 20"),
        ((*STOCK, Step("cutoff", 60, 0, "below 70")), "0 = WEST 40 + EAST 20 - minimum 60"),
        ((Step("sum", 0, -3, "WEST: available -3"), Step("clamp", -3, 0, "below 0")), "0 = - WEST 3 + not below 0 3"),
        ((Step("override", None, 12, "an operator"),), "12 = override 12"),
        ((*STOCK, Step("pending", 60, 57, "2"), Step("basis", 57, 61, "4 held")), "57 = WEST 40 + EAST 20 - open orders 3"),
        ((Step("sum", 0, 14_144, "WEST: available 14144"),), "14,144 = WEST 14,144"),
        (tuple(Step("sum", 5 * n, 5 * n + 5, f"W{n}: available 5") for n in range(6)), "30 = 6 warehouses 30"),
        ((Step("skip", 0, None, "never read"),), ""),
        ((Step("sum", 0, None, "never read"),), ""),
        ((), ""),
    ],
)  # fmt: skip
def test_the_chain_in_one_line(steps: tuple[Step, ...], text: str) -> None:
    assert in_one_line(steps) == text


def test_it_is_the_sum_of_what_why_explains(acme: Shelf) -> None:
    rows = acme.bench.store.read("SELECT cart_id, id, sku FROM listing WHERE cart_id = ?", (acme.cart,))
    targets = of_listings(acme.session, [(cart, number) for cart, number, _ in rows])
    for _, number, sku in rows:
        explained = next(
            listing
            for listing in why(acme.session, sku, acme.cart).listings
            if listing.sku == sku and listing.cart_listing_id is not None
        )
        steps = [step for step in explained.steps if step.step not in ("basis", "compare", "skip")]
        target = targets.get(number)
        if target is None:
            assert not steps or steps[-1].after is None or explained.steps[-1].step == "skip", sku
            continue
        assert target.units == steps[-1].after
        assert target.text == in_one_line(explained.steps) and target.text.startswith(f"{target.units:,} = ")
    assert of_listings(acme.session, []) == {}
