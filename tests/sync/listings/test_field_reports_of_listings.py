"""What users of other sync systems reported of listings: stock that several of them share, and codes that move."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from invsync_tui.operations.catalog import search, sku
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.listings import links
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.street import LATER, Street, street


@pytest.fixture(params=["available", "on_hand"])
async def sold(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Street]:
    """Two shops that show 10 of everything that a test counts; one of them tells its orders."""
    with street(tmp_path, Mode(orders=True, basis=request.param)) as our_street:
        await our_street.sync()
        yield our_street


def _listing(our_street: Street, n: int, shop: str = "a") -> tuple[str, str]:
    """Reference and SKU of a listing."""
    listing = our_street.carts.dump()[shop][n]
    return listing["ref"], listing["sku"]


def _sells(our_street: Street, ref: str, shop: str = "a") -> int:
    """What the shop offers of a listing."""
    row = next(listing for listing in our_street.carts.dump()[shop] if listing["ref"] == ref)
    return int(row["quantity"]) - int(row["allocated"])


async def _counted(our_street: Street, *codes: str) -> None:
    for n, code in enumerate(codes):
        our_street.count(10 + n, sku=code, after=0)
    await our_street.sync()


async def test_two_listings_of_one_shop_that_are_linked_to_one_product_share_its_stock(sold: Street) -> None:
    """Translations of one product, or a second page for it: woopoly#1, sync of variants by pack size."""
    (first, code), (two, other) = _listing(sold, 4), _listing(sold, 6)
    await _counted(sold, code)
    # given a second listing that nobody in the WMS has
    sold.carts.edit(two, "a", sku="no such code")
    assert (await sold.bench.push(sold.a, full=True)).state == "done"
    links.link(sold.bench.session(), sold.a, two, code)
    await sold.push()
    assert (_sells(sold, first), _sells(sold, two)) == (10, 10)
    # when one of them is sold, twice in one order, and the other one too
    order = sold.sell(3, sku=first)
    sold.carts.control(
        "order", {"shop": "a", "ref": two, "units": 2, "into": order, "taken_at": int(time.time()) + LATER}
    )
    await sold.push()
    # then both show what is left, and so does the other shop
    assert (_sells(sold, first), _sells(sold, two), sold.carts.quantities("b")[code]) == (5, 5, 5)
    # and once the WMS knows
    sold.count(5, sku=code, after=LATER + 10)
    await sold.sync()
    assert (_sells(sold, first), _sells(sold, two), sold.carts.quantities("b")[code]) == (5, 5, 5)
    assert other != code


@pytest.mark.parametrize("full", [False, True])
async def test_two_listings_that_swap_their_codes_swap_their_numbers(sold: Street, full: bool) -> None:
    """sphere-node-sdk#273: matched by position, the one got the other's number."""
    (first, code), (two, other) = _listing(sold, 4), _listing(sold, 6)
    await _counted(sold, code, other)
    assert (_sells(sold, first), _sells(sold, two)) == (10, 11)
    sold.bench.set_cart(sold.a, observe_every=0)
    # when
    sold.carts.edit(first, "a", sku=other)
    sold.carts.edit(two, "a", sku=code)
    for _ in range(2):
        assert (await sold.bench.push(sold.a, full=full)).state == "done"
    # then
    assert (_sells(sold, first), _sells(sold, two)) == (11, 10)
    # and an order of the one lowers the product that it means by now
    sold.sell(3, sku=first)
    await sold.push()
    assert (sold.carts.quantities("b")[other], sold.carts.quantities("b")[code]) == (8, 10)


async def test_three_listings_pass_their_codes_on_and_the_last_one_goes(sold: Street) -> None:
    (first, a), (two, b), (three, c) = _listing(sold, 4), _listing(sold, 6), _listing(sold, 8)
    await _counted(sold, a, b, c)
    sold.carts.control("remove", {"shop": "a", "refs": [three]})
    sold.carts.edit(two, "a", sku=c)
    sold.carts.edit(first, "a", sku=b)
    for full in (False, True):
        assert (await sold.bench.push(sold.a, full=full)).state == "done"
    assert (_sells(sold, first), _sells(sold, two)) == (11, 12)


ODD = ("Cam/4567", "A;B,C", "A\"B'C", "100%_*", "back\\slash", "<b>&amp;</b>", "[red]x[/]", "--help", "-1", "=1+1", "null",
       "0", "1E10", "90.750", "007", "NEAR(a b)", "a OR b", "#1?x=1", "шт-1", "ß", "İ", "Ⅷ", "🧦-1", "x" * 200)  # fmt: skip


async def test_codes_of_any_characters_are_synced_found_and_explained(tmp_path: Path) -> None:
    """Eshopbox#357 and #361: a slash; woocommerce#63730: digits that look like a number; others of their kind."""
    with street(tmp_path) as our_street:
        await our_street.sync()
        products = {code: at for at, code in our_street.wms.dump()["products"].items()}
        for n, code in enumerate(ODD):
            ref, known = _listing(our_street, n)
            our_street.wms.control("product", {"ref": products[known], "sku": code, "components": []})
            for shop in ("a", "b"):
                our_street.carts.edit(ref, shop, sku=code)
            our_street.count(n + 1, sku=code, after=0)
        assert (await our_street.bench.pull(full=True)).state == "done"
        for cart in (our_street.a, our_street.b):
            assert (await our_street.bench.push(cart, full=True)).state == "done"
        # then
        expected = {code: n + 1 for n, code in enumerate(ODD)}
        for shop in ("a", "b"):
            assert {code: our_street.carts.quantities(shop)[code] for code in ODD} == expected
        session, merchant = our_street.bench.session(), our_street.bench.merchant
        for code in ODD:
            (number,) = sku.resolve(session, code, merchant)
            assert sku.view(session, number).sku == code
            assert code in [hit.sku for hit in search.search(session, code, merchant).hits], code
            (explained,) = why(session, code, our_street.a).listings
            assert explained.target == expected[code]
