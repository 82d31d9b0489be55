"""A listing without a SKU is matched by its barcode, and only such a one."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.connectors.base import ListingRow
from invsync_tui.rules.matching import CodeHit, match_barcode
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.sandbox import CartHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

CODE = "4006381333931"
UPC, EAN = 1, 2


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (ListingRow("1", "A", barcode=CODE), "A"),
        (ListingRow("1", "", barcode=CODE), CODE),
        (ListingRow("1", " \u200b", barcode=CODE), CODE),
        (ListingRow("1", ""), ""),
        (ListingRow("1", " "), " "),
    ],
)
def test_the_barcode_counts_where_the_sku_is_blank(row: ListingRow, code: str) -> None:
    assert row.code == code


@pytest.mark.parametrize(
    ("hits", "product", "reason"),
    [
        ([CodeHit(1, EAN, CODE)], 1, None),
        ([CodeHit(1, EAN, CODE), CodeHit(1, UPC, f" {CODE}")], 1, None),
        ([CodeHit(1, EAN, CODE), CodeHit(2, UPC, CODE)], None, Reason.AMBIGUOUS_ALIAS),
        ([CodeHit(1, EAN, CODE, inactive=True), CodeHit(2, UPC, CODE)], 2, None),
        ([CodeHit(1, EAN, CODE, inactive=True)], 1, None),
        ([CodeHit(1, 0, CODE)], None, Reason.NOT_IN_WMS),
        ([CodeHit(1, EAN, "other")], None, Reason.NOT_IN_WMS),
        ([], None, Reason.NOT_IN_WMS),
    ],
)
def test_any_alias_that_reads_so_is_the_barcode_and_a_sku_is_none(
    hits: list[CodeHit], product: int | None, reason: Reason | None
) -> None:
    match = match_barcode(f"{CODE} ", hits)
    assert (match.product_id, match.reason) == (product, reason)


def _listing(cart: CartHandle, ref: str, sku: str, barcode: str) -> None:
    cart.control("add", {"shop": "main", "listing": {"ref": ref, "sku": sku, "name": ref, "barcode": barcode}})


@pytest.mark.parametrize("alias", ["", "MPN"])
async def test_it_is_pushed_by_its_barcode_until_it_gets_a_sku(tmp_path: Path, alias: str) -> None:
    with sandbox_wms(20, warehouses=2) as wms, sandbox_cart(20) as carts:
        bench = Bench.make(tmp_path, alone=True)
        bench.add_merchant(wms.connection())
        (first, sku), (second, other_sku) = list(wms.dump()["products"].items())[:2]
        for product, code in ((first, CODE), (second, "OTHER")):
            wms.control("product", {"ref": product, "aliases": [["EAN", code]]})
        wms.set_level(sku, "DEFAULT", 17)
        wms.set_level(sku, "EAST", 0)
        await bench.pull()
        cart = bench.add_cart(carts.connection(), alias=alias)
        _listing(carts, "B1", "", CODE)
        _listing(carts, "B2", "", "9999")
        _listing(carts, "B3", "", "")
        assert (await bench.push(cart)).state == "done"
        shown = carts.quantities("main", by="ref")
        assert (shown["B1"], shown["B2"], shown["B3"]) == (17, 0, 0)
        sql = "SELECT sku, by_barcode, match_reason FROM listing WHERE cart_id = ? AND ref = ?"
        assert bench.store.read(sql, (cart, "B1")) == [(CODE, 1, None)]
        assert bench.store.read(sql, (cart, "B2")) == [("9999", 1, "NOT_IN_WMS")]
        assert bench.store.read(sql, (cart, "B3"))[0][:2] == ("", 0)
        # and when somebody gives it the SKU of another product
        carts.edit("B1", sku=other_sku)
        await bench.push(cart, full=True)
        assert bench.store.read(sql, (cart, "B1"))[0][:2] == (other_sku, 0)
        bench.store.close()


async def test_two_listings_with_one_barcode_are_duplicates(tmp_path: Path) -> None:
    with sandbox_wms(20, warehouses=2) as wms, sandbox_cart(20) as carts:
        bench = Bench.make(tmp_path, alone=True)
        bench.add_merchant(wms.connection())
        wms.control("product", {"ref": next(iter(wms.dump()["products"])), "aliases": [["EAN", CODE]]})
        await bench.pull()
        cart = bench.add_cart(carts.connection())
        for ref in ("B1", "B2"):
            _listing(carts, ref, "", CODE)
        await bench.push(cart)
        reasons = bench.store.read(
            "SELECT match_reason FROM listing WHERE ref IN ('B1', 'B2') AND cart_id = ?", (cart,)
        )
        assert reasons == [("DUPLICATE_IN_CART",)] * 2
        bench.store.close()
