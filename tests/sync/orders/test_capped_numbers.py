"""Carts that show less than there is: what they sold is filled up again, and never beyond what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invsync_tui.sandbox.shop import Mode
from tests.support.runs.street import LATER, street


@pytest.mark.parametrize("basis", ["available", "on_hand"])
@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize(
    ("rules", "there", "first", "then"),
    [
        ({"max_quantity": 5}, 100, 5, 5),
        ({"share_percent": 50}, 10, 5, 3),
        ({"buffer": 4}, 10, 6, 3),
        ({"max_quantity": 5, "buffer": 80}, 100, 5, 5),
        ({"share_percent": 1}, 599, 5, 5),
    ],
)
async def test_what_a_capped_cart_sold_is_filled_up_once_the_wms_knows(
    tmp_path: Path, basis: Any, reports: bool, rules: dict[str, int], there: int, first: int, then: int
) -> None:
    """A shop that shows at most 5 of 100 must not be sold out after 5."""
    with street(tmp_path, Mode(basis=basis, orders=reports)) as our_street:
        our_street.bench.set_cart(our_street.a, observe_every=0, **rules)
        our_street.count(there, after=0)
        await our_street.sync()

        def sells() -> int:
            row = next(listing for listing in our_street.carts.dump()["a"] if listing["sku"] == our_street.sku)
            return int(row["quantity"]) - int(row["allocated"])

        assert sells() == first
        # when all the cart's units but some are sold, shipped and known to the WMS
        our_street.sell(3)
        await our_street.push()
        if basis == "on_hand":
            our_street.carts.control("ship", {"shop": "a", "ref": our_street.sku, "units": 3})
        our_street.count(there - 3, after=LATER + 10)
        for _ in range(2):
            await our_street.sync()
        # then
        assert sells() == then
