"""The whole thread: stock read from a real Odoo 19, through the store and a cart's rules, into a cart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.servers.odoo.server import OdooServer
from tests.support.servers.sandbox import sandbox_cart
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real


async def test_a_cart_shows_what_odoo_has_and_follows_each_document(odoo: OdooServer, tmp_path: Path) -> None:
    with sandbox_cart(6) as cart:
        # given: a tent in two warehouses, a lamp that is sold out, a kit of two tents, an archived product
        tent, lamp, kit, old, unknown, service = sorted(cart.quantities())
        east, west = odoo.warehouse(), odoo.create_warehouse("WEST", "West")
        goods = {sku: odoo.create_product(sku) for sku in (tent, lamp, old)}
        odoo.create_product(service, type="service", is_storable=False)
        kit_product = odoo.create_product(kit, is_storable=False)
        template = odoo.find("product.product", [["id", "=", kit_product]], "product_tmpl_id")[0]["product_tmpl_id"][0]
        lines = [[0, 0, {"product_id": goods[tent], "product_qty": 2}]]
        odoo.create("mrp.bom", product_tmpl_id=template, type="phantom", product_qty=1, bom_line_ids=lines)
        odoo.receive(goods[tent], east, 20)
        odoo.receive(goods[tent], west, 7)
        odoo.receive(goods[old], east, 3)
        odoo.write("product.product", goods[old], active=False)
        odoo.reserve(odoo.order(goods[tent], east, 4))
        bench = Bench.make(tmp_path)
        bench.add_merchant(odoo.connection(), orders_within=0)
        # when
        pulled = await bench.pull()
        assert (pulled.state, pulled.error) == ("done", "")
        everywhere = bench.add_cart(cart.connection(), name="all")
        pushed = await bench.push(everywhere)
        # then
        assert (pushed.state, pushed.error) == ("done", "")
        shown = cart.quantities()
        assert (shown[tent], shown[lamp], shown[kit]) == (16 + 7, 0, (16 + 7) // 2)
        reasons = {sku: row["reason"] for sku, row in bench.listings(everywhere).items()}
        assert reasons[unknown] == "NOT_IN_WMS"
        assert reasons[service] == "STOCK_NOT_COUNTED"
        assert bench.sums_hold()
        # when: a delivery, a transfer and a receipt, seen by a delta
        odoo.finish(odoo.order(goods[tent], west, 5))
        odoo.transfer(goods[tent], east, west, 2)
        odoo.receive(goods[lamp], west, 9)
        delta = await bench.pull()
        assert (delta.state, delta.error) == ("done", "")
        await bench.push(everywhere)
        # then
        shown = cart.quantities()
        assert (shown[tent], shown[lamp], shown[kit]) == (23 - 5, 9, (23 - 5) // 2)
        # when nothing has happened
        again = await bench.pull()
        quiet = await bench.push(everywhere)
        # then
        assert again.state == quiet.state == "done"
        assert bench.counts(quiet).get("set", 0) == 0
