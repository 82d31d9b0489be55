"""Available stock at every state of every document of a real Tryton, against what a stock clerk would say.

The table is written from the clerk's point of view: 20 units lie on the shelf, a document is about 4 of them, and after
each step the clerk says how many may be sold. Goods are for sale while they lie in storage and nobody has put them
aside: not on the dock where they came in, not on the packing table, not in the lorry between two houses, not in the
workshop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from invsync_tui.connectors.base import LevelRow, WarehouseRow
from invsync_tui.connectors.sources.tryton import TrytonSource
from tests.support.servers.tryton.server import TrytonServer, served

pytestmark = pytest.mark.real

ON_SHELF = 20
Step = tuple[str, int]
"""A step, and how many units the clerk would sell after it."""

OUT = (("draft", 20), ("wait", 20), ("assign_force", 16), ("pick", 16), ("pack", 16), ("ship", 16), ("do", 16))
OUT_CANCELLED = (("wait", 20), ("assign_force", 16), ("cancel", 20))
IN = (("draft", 20), ("receive", 20), ("do", 24))
IN_RETURN = (("draft", 20), ("wait", 20), ("assign_force", 16), ("do", 16))
OUT_RETURN = (("draft", 20), ("receive", 20), ("do", 24))
INTERNAL_OUT = (("draft", 20), ("wait", 20), ("assign_force", 16), ("pack", 16), ("ship", 16), ("do", 16))
INTERNAL_IN = (("draft", 20), ("wait", 20), ("assign_force", 20), ("pack", 20), ("ship", 20), ("do", 24))
CONSUMED = (("draft", 20), ("wait", 20), ("assign_force", 16), ("run", 16), ("do", 16))
PRODUCED = (("draft", 20), ("wait", 20), ("assign_force", 20), ("run", 20), ("do", 24))
INVENTORY_FOUND_LESS = (("draft", 20), ("confirm", 17))
UNASSIGNED = (("wait", 20), ("assign_force", 16), ("wait", 20), ("assign_force", 16), ("cancel", 20))
"""Goods that were put aside are laid back on the shelf, put aside again, and laid back for good."""
UNASSIGNED_IN = (("wait", 20), ("assign_force", 20), ("wait", 20), ("assign_force", 20), ("cancel", 20))
CANCELLED_DRAFT = (("draft", 20), ("cancel", 20))
ASSIGNED_BY_TRYTON = (("draft", 20), ("wait", 20), ("assign_try", 16))
TOO_FEW = 3
PARTLY = (("draft", 3), ("wait", 3), ("assign_try", 0))
"""3 on the shelf: all of them are put aside, and 1 of the 4 waits."""
PARTLY_AND_BACK = (*PARTLY, ("wait", 3), ("assign_try", 0), ("cancel", 3))


@dataclass(frozen=True, slots=True)
class House:
    """A warehouse with its zones."""

    id: int
    storage: int
    input: int
    output: int


class Clerk:
    """Makes documents in a server, each about a product of its own."""

    def __init__(self, server: TrytonServer) -> None:
        self.server = server
        server.create_company()
        self.main = self._house("MAIN", "three zones")
        self.other = self._house("OTHER", "three zones")
        self.single = self._house("SINGLE", "one zone")
        self.nested = self._house("NESTED", "zones within storage")
        self.supplier = server.create("party.party", name="Supplier", addresses=[["create", [{"street": "2 Road"}]]])
        self._made = 0

    def _house(self, code: str, layout: str) -> House:
        server = self.server
        number = server.create_warehouse(code, code.title())
        names = ("storage_location", "input_location", "output_location")
        row = server.find("stock.location", [["id", "=", number]], *names)[0]
        storage, entry, out = (int(row[name]) for name in names)
        if layout == "one zone":
            entry = out = storage
            server.rpc("model.stock.location.write", [number], {"input_location": entry, "output_location": out})
        elif layout == "zones within storage":
            server.rpc("model.stock.location.write", [entry, out], {"parent": storage})
        return House(number, storage, entry, out)

    def product(self, house: House, on_shelf: int = ON_SHELF, unit: str = "u") -> int:
        self._made += 1
        product = self.server.create_product(f"P{self._made}", unit=unit)
        self.server._move(product, on_shelf, self.server.location("lost_found"), house.storage)
        move = self.server.find("stock.move", [["product", "=", product]])[0]["id"]
        self.server.rpc("model.stock.move.do", [move])
        return product

    def address(self, party: int | None) -> int:
        return int(self.server.find("party.address", [["party", "=", party]])[0]["id"])

    def _line(self, product: int, origin: int, target: int, document: str, *, priced: bool = True, **more: Any) -> int:
        price = {"currency": self.server.currency, "unit_price": {"__class__": "Decimal", "decimal": "10"}}
        link = {"shipment": document} if document else {}
        if self._unit_symbol(product) == "kg":  # a clerk may write 4 kg as 4,000 g
            more |= {"unit": self._gram}
            return self.server._move(product, 4000, origin, target, **link, **(price if priced else {}), **more)
        return self.server._move(product, 4, origin, target, **link, **(price if priced else {}), **more)

    def _unit_symbol(self, product: int) -> str:
        unit = self.server.find("product.uom", [["id", "=", self._unit(product)]], "symbol")
        return str(unit[0]["symbol"])

    @property
    def _gram(self) -> int:
        return int(self.server.find("product.uom", [["symbol", "=", "g"]])[0]["id"])

    # --- documents, each as draft

    def out(self, product: int, house: House) -> tuple[str, int]:
        made = self.server.create(
            "stock.shipment.out", customer=self.server.customer, delivery_address=self.address(self.server.customer),
            warehouse=house.id, warehouse_storage=house.storage, warehouse_output=house.output,
            company=self.server.company,
        )  # fmt: skip
        self._line(product, house.output, self.server.location("customer"), f"stock.shipment.out,{made}")
        return "stock.shipment.out", made

    def receipt(self, product: int, house: House) -> tuple[str, int]:
        made = self.server.create(
            "stock.shipment.in", supplier=self.supplier, warehouse=house.id, warehouse_input=house.input,
            warehouse_storage=house.storage, company=self.server.company,
        )  # fmt: skip
        self._line(product, self.server.location("supplier"), house.input, f"stock.shipment.in,{made}")
        return "stock.shipment.in", made

    def in_return(self, product: int, house: House) -> tuple[str, int]:
        target = self.server.location("supplier")
        made = self.server.create(
            "stock.shipment.in.return", supplier=self.supplier, delivery_address=self.address(self.supplier),
            from_location=house.storage, to_location=target, company=self.server.company,
        )  # fmt: skip
        self._line(product, house.storage, target, f"stock.shipment.in.return,{made}")
        return "stock.shipment.in.return", made

    def out_return(self, product: int, house: House) -> tuple[str, int]:
        made = self.server.create(
            "stock.shipment.out.return", customer=self.server.customer,
            contact_address=self.address(self.server.customer), warehouse=house.id, warehouse_storage=house.storage,
            warehouse_input=house.input, company=self.server.company,
        )  # fmt: skip
        self._line(product, self.server.location("customer"), house.input, f"stock.shipment.out.return,{made}")
        return "stock.shipment.out.return", made

    def internal(self, product: int, origin: House, target: House) -> tuple[str, int]:
        made = self.server.create(
            "stock.shipment.internal", from_location=origin.storage, to_location=target.storage,
            company=self.server.company, planned_date=_day(0), planned_start_date=_day(0),
        )  # fmt: skip
        self._line(product, origin.storage, target.storage, f"stock.shipment.internal,{made}", priced=False)
        return "stock.shipment.internal", made

    def production(self, house: House, *, used: int, made_of_it: int) -> tuple[str, int]:
        place = self.server.location("production")
        template = self.server.find("product.product", [["id", "=", made_of_it]], "template")[0]["template"]
        self.server.rpc("model.product.template.write", [template], {"producible": True})
        made = self.server.create(
            "production", type="assembly", product=made_of_it, quantity=4.0, unit=self._unit(made_of_it),
            warehouse=house.id, location=place, company=self.server.company, planned_date=_day(0),
            planned_start_date=_day(0),
        )  # fmt: skip
        self._line(used, house.storage, place, "", priced=False, production_input=made)
        price = {"currency": self.server.currency, "unit_price": {"__class__": "Decimal", "decimal": "10"}}
        self._line(made_of_it, place, house.storage, "", priced=False, production_output=made, **price)
        return "production", made

    def inventory(self, product: int, house: House) -> tuple[str, int]:
        line = {"product": product, "quantity": 17.0}
        made = self.server.create(
            "stock.inventory", location=house.storage, date=_day(0), company=self.server.company,
            lines=[["create", [line]]],
        )  # fmt: skip
        return "stock.inventory", made

    def _unit(self, product: int) -> int:
        return int(self.server.find("product.product", [["id", "=", product]], "default_uom")[0]["default_uom"])

    def drop(self, product: int, house: House) -> tuple[str, int]:
        """What a drop shipment moves: from the supplier to a place that is in no house, and from there to the customer."""
        place = self.server.create("stock.location", name="Drop", type="drop")
        first = self._line(product, self.server.location("supplier"), place, "")
        self._line(product, place, self.server.location("customer"), "")
        return "stock.move", first

    def step(self, document: tuple[str, int], step: str) -> None:
        model, number = document
        if step != "draft":
            self.server.rpc(f"model.{model}.{step}", [number])

    def state(self, document: tuple[str, int]) -> str:
        model, number = document
        return str(self.server.find(model, [["id", "=", number]], "state")[0]["state"])

    @asynccontextmanager
    async def opened(self, **options: str) -> AsyncIterator[TrytonSource]:
        """A source that is logged in and knows the houses: both take longer than what it is asked here."""
        source = TrytonSource(self.server.connection(**options))
        try:
            await source.open()
            await source.warehouses()
            yield source
        finally:
            await source.close()

    async def level_in(self, source: TrytonSource, product: int, house: House) -> LevelRow:
        """As a download reads it, from the page on that the product is the first of: others have more each time."""
        page = await source.levels_page(WarehouseRow(str(house.id), "", ""), str(product - 1))
        return {int(row.product_ref): row for row in page.rows}[product]

    async def level(self, product: int, house: House, **options: str) -> LevelRow:
        async with self.opened(**options) as source:
            return await self.level_in(source, product, house)

    async def notes(self) -> dict[str, int]:
        source = TrytonSource(self.server.connection())
        try:
            await source.open()
            return dict(await source.notes())
        finally:
            await source.close()


def _day(offset: int) -> dict[str, Any]:
    day = date.today() + timedelta(days=offset)
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clerk]:
    with served(tmp_path_factory.mktemp("tryton")) as server:
        yield Clerk(server)


Make = Callable[[Clerk, int, House], tuple[str, int]]
DOCUMENTS: dict[str, tuple[Make, tuple[Step, ...]]] = {
    "customer shipment": (Clerk.out, OUT),
    "customer shipment, cancelled": (Clerk.out, OUT_CANCELLED),
    "supplier shipment": (Clerk.receipt, IN),
    "return to supplier": (Clerk.in_return, IN_RETURN),
    "return of customer": (Clerk.out_return, OUT_RETURN),
    "internal shipment, from": (lambda c, p, h: c.internal(p, h, c.other), INTERNAL_OUT),
    "internal shipment, to": (lambda c, p, h: c.internal(p, c.other, h), INTERNAL_IN),
    "production, used": (lambda c, p, h: c.production(h, used=p, made_of_it=c.product(h, 1)), CONSUMED),
    "production, made": (lambda c, p, h: c.production(h, used=c.product(h), made_of_it=p), PRODUCED),
    "inventory": (Clerk.inventory, INVENTORY_FOUND_LESS),
    "customer shipment, unassigned": (Clerk.out, UNASSIGNED),
    "customer shipment, assigned by Tryton": (Clerk.out, ASSIGNED_BY_TRYTON),
    "customer shipment, partly assigned": (Clerk.out, PARTLY_AND_BACK),
    "customer shipment, in grams": (Clerk.out, OUT),
    "supplier shipment, cancelled": (Clerk.receipt, CANCELLED_DRAFT),
    "supplier shipment, in grams": (Clerk.receipt, IN),
    "return to supplier, unassigned": (Clerk.in_return, UNASSIGNED),
    "return to supplier, partly assigned": (Clerk.in_return, (*PARTLY, ("cancel", 3))),
    "return of customer, cancelled": (Clerk.out_return, CANCELLED_DRAFT),
    "internal shipment, from, unassigned": (lambda c, p, h: c.internal(p, h, c.other), UNASSIGNED),
    "internal shipment, from, partly assigned": (lambda c, p, h: c.internal(p, h, c.other), PARTLY_AND_BACK),
    "internal shipment, from, in grams": (lambda c, p, h: c.internal(p, h, c.other), INTERNAL_OUT),
    "internal shipment, to, unassigned": (lambda c, p, h: c.internal(p, c.other, h), UNASSIGNED_IN),
    "production, used, unassigned": (lambda c, p, h: c.production(h, used=p, made_of_it=c.product(h, 1)), UNASSIGNED),
    "production, used, partly assigned": (
        lambda c, p, h: c.production(h, used=p, made_of_it=c.product(h, 1)), PARTLY_AND_BACK,
    ),
    "production, made, unassigned": (lambda c, p, h: c.production(h, used=c.product(h), made_of_it=p), UNASSIGNED_IN),
    "customer shipment, cancelled when packed": (
        Clerk.out, (("wait", 20), ("assign_force", 16), ("pick", 16), ("pack", 16), ("cancel", 20)),
    ),
    "internal shipment, from, cancelled when packed": (
        lambda c, p, h: c.internal(p, h, c.other), (("wait", 20), ("assign_force", 16), ("pack", 16), ("cancel", 20)),
    ),
    "production, used, cancelled while running": (
        lambda c, p, h: c.production(h, used=p, made_of_it=c.product(h, 1)),
        (("wait", 20), ("assign_force", 16), ("run", 16), ("cancel", 20)),
    ),
    "drop shipment": (Clerk.drop, (("draft", 20), ("do", 20))),
}  # fmt: skip
HOUSES: dict[str, Callable[[Clerk], House]] = {
    "three zones": lambda clerk: clerk.main,
    "one zone": lambda clerk: clerk.single,
    "zones within storage": lambda clerk: clerk.nested,
}
SKIPPED = {("customer shipment", "pick"), ("customer shipment, cancelled when packed", "pick")}
"""What is shipped from where it lies is packed without being picked."""
ONE_ZONE = {("supplier shipment", "receive"): 24, ("return of customer", "receive"): 24}
"""Where goods come in where they are stored, they are for sale as soon as they are in. Tryton ends the document itself."""


@pytest.mark.parametrize("layout", HOUSES)
@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_puts_goods_aside_as_a_stock_clerk_would(clerk: Clerk, name: str, layout: str) -> None:
    # given
    house = HOUSES[layout](clerk)
    make, steps = DOCUMENTS[name]
    kind = name.removesuffix(", in grams")
    product = clerk.product(house, TOO_FEW if "partly" in name else ON_SHELF, "kg" if "in grams" in name else "u")
    if name.startswith("internal shipment, to"):
        clerk.server._move(product, 9, clerk.server.location("lost_found"), clerk.other.storage)
        moves = clerk.server.find("stock.move", [["product", "=", product], ["state", "=", "draft"]])
        clerk.server.rpc("model.stock.move.do", [moves[0]["id"]])
    # when
    document = make(clerk, product, house)
    said: list[Step] = []
    expected: list[Step] = []
    async with clerk.opened() as source:
        for step, for_sale in steps:
            one_zone = ONE_ZONE.get((kind, step)) if layout == "one zone" else None
            # Tryton ends some documents itself, where a house has one zone.
            ended = layout == "one zone" and clerk.state(document) == "done"
            if not ended and not (layout == "one zone" and (kind, step) in SKIPPED):
                clerk.step(document, step)
            level = await clerk.level_in(source, product, house)
            said.append((step, level.available))
            expected.append((step, for_sale if one_zone is None else one_zone))
    # then
    assert said == expected


async def test_waiting_shipments_are_for_sale_unless_the_option_says_otherwise(clerk: Clerk) -> None:
    for house in (clerk.main, clerk.single, clerk.nested):
        # given: 4 of 20 are sold, and nobody has put them aside
        product = clerk.product(house)
        clerk.step(document := clerk.out(product, house), "wait")
        # then
        assert (await clerk.level(product, house)).available == 20
        assert (await clerk.level(product, house, waiting_shipments="subtract")).available == 16
        # when: they are put aside, they do not count twice
        clerk.step(document, "assign_force")
        assert (await clerk.level(product, house, waiting_shipments="subtract")).available == 16
        clerk.step(document, "pack" if house is clerk.single else "pick")
        assert (await clerk.level(product, house, waiting_shipments="subtract")).available == 16


PLANS: dict[str, Make] = {name: DOCUMENTS[name][0] for name in DOCUMENTS if name in {
    "return to supplier", "internal shipment, from", "internal shipment, to", "production, used", "production, made",
}}  # fmt: skip
"""Documents that wait, of which nothing is sold to a customer."""


@pytest.mark.parametrize("name", PLANS)
async def test_only_what_is_sold_is_subtracted_and_noted_while_it_waits(clerk: Clerk, name: str) -> None:
    """The clerk goes on selling what somebody only plans to move, use or send back, as nothing is put aside for it."""
    for house in (clerk.main, clerk.single, clerk.nested):
        # given
        product = clerk.product(house)
        before = await clerk.notes()
        # when
        clerk.step(PLANS[name](clerk, product, house), "wait")
        # then
        assert (await clerk.level(product, house, waiting_shipments="subtract")).available == 20
        assert await clerk.notes() == before


async def test_of_a_partly_assigned_shipment_only_the_rest_waits(clerk: Clerk) -> None:
    for house in (clerk.main, clerk.single, clerk.nested):
        # given: 4 are sold, 3 are on the shelf and put aside
        product, before = clerk.product(house, TOO_FEW), await clerk.notes()
        document = clerk.out(product, house)
        for step in ("wait", "assign_try"):
            clerk.step(document, step)
        # then: of the 3 nothing is left, and the customer waits for 1 more
        assert (await clerk.level(product, house)).available == 0
        assert (await clerk.level(product, house, waiting_shipments="subtract")).available == -1
        assert (await clerk.notes())["waiting_units"] - before["waiting_units"] == 1


async def test_waiting_goods_are_subtracted_in_the_products_own_unit(clerk: Clerk) -> None:
    for house in (clerk.main, clerk.single, clerk.nested):
        product, before = clerk.product(house, unit="kg"), await clerk.notes()
        clerk.step(clerk.out(product, house), "wait")
        assert (await clerk.level(product, house, waiting_shipments="subtract")).available == 16
        assert (await clerk.notes())["waiting_units"] - before["waiting_units"] == 4


async def test_the_notes_say_how_much_is_sold_and_not_assigned(clerk: Clerk) -> None:
    # given
    source = TrytonSource(clerk.server.connection())
    await source.open()
    before = await source.notes()
    product = clerk.product(clerk.main)
    # when
    for _ in range(2):
        clerk.step(clerk.out(product, clerk.main), "wait")
    after = await source.notes()
    await source.close()
    # then
    assert after["waiting_units"] - before["waiting_units"] == 8
    assert after["waiting_products"] - before["waiting_products"] == 1


async def test_goods_in_transit_are_in_neither_house(clerk: Clerk) -> None:
    # given: the company ships between houses by a transit location
    transit = clerk.server.create("stock.location", name="On the road", type="storage")
    configuration = clerk.server.find("stock.configuration", [])
    values = {"shipment_internal_transit": transit}
    if configuration:
        clerk.server.rpc("model.stock.configuration.write", [configuration[0]["id"]], values)
    else:
        clerk.server.create("stock.configuration", **values)
    product = clerk.product(clerk.main)
    document = clerk.internal(product, clerk.main, clerk.other)
    # when
    for step in ("wait", "assign_force", "pack", "ship"):
        clerk.step(document, step)
    # then
    assert (await clerk.level(product, clerk.main)).available == 16
    assert (await clerk.level(product, clerk.other)).available == 0
    clerk.step(document, "do")
    assert (await clerk.level(product, clerk.other)).available == 4
