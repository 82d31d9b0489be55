"""How a warehouse's stock is asked for, what the answer means, and whether the server heeds the question.

A quantity of a product is computed for what the context names. Up to Odoo 17 that is `warehouse`, from 18 on
`warehouse_id`; the other key is ignored without an error, and the answer is the sum of all warehouses. So both are sent,
and some products are read by warehouse and by location before anything else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invsync_tui.connectors.base import LevelRow
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.record_lists import Row
from invsync_tui.connectors.sources.odoo.rpc import Domain, OdooRpc
from invsync_tui.connectors.values import QUANTITY_MOST, describe_value, fraction

FLOAT_NOISE = 1e-6
"""Quantities travel as floats: 16.999999999 is 17, not 16."""
HELD_FIELDS = ("qty_available", "free_qty")
FIELDS = (*HELD_FIELDS, "incoming_qty", "outgoing_qty")
SAMPLE = 20
"""Products that are compared by warehouse and by location."""
WAREHOUSES_COMPARED = 5
ATTEMPTS = 3
"""Readings that disagree are taken again: goods may have moved between the two."""
IGNORED = "ignores which warehouse is asked for"
"""Words of the error, for the doctor."""


@dataclass(frozen=True, slots=True)
class OdooWarehouse:
    """A warehouse with the ids of its view location, which holds all others, and of its stock location."""

    warehouse: int
    view: int
    stock: int
    active: bool = True
    left_out: tuple[int, ...] = ()
    """Locations below it whose goods are not for sale."""

    def context(self, zone: str) -> dict[str, Any]:
        """What Odoo has to be asked with for a quantity; `zone` is warehouse or stock."""
        if zone == "stock":
            return {"location": self.stock}
        return {"warehouse": self.warehouse, "warehouse_id": self.warehouse}

    def root(self, zone: str) -> int:
        """The location that holds all of the zone."""
        return self.stock if zone == "stock" else self.view


def whole(quantity: float) -> int:
    """Whole units in a quantity: rounded down, so that half a kilogram is never sold as one."""
    return math.floor(quantity + FLOAT_NOISE)


def quantity_in(row: Row, name: str) -> float:
    """A quantity that stock can have; ValueError for anything else."""
    value = row[name]
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"Its {name} {describe_value(value)} is not a number.")
    if abs(value) > QUANTITY_MOST:
        raise ValueError(f"Its {name} {describe_value(value)} is larger than any stock.")
    return float(value)


def level(row: Row, warehouse: str, *, subtract_waiting: bool, left_out: Row | None = None) -> LevelRow:
    """The level of a product's record with FIELDS; ValueError where one of them cannot be read.

    `left_out` is its record for the locations that are not for sale, with HELD_FIELDS."""
    here, free, coming, going = (quantity_in(row, name) for name in FIELDS)
    if left_out is not None:
        here, free = here - quantity_in(left_out, HELD_FIELDS[0]), free - quantity_in(left_out, HELD_FIELDS[1])
    # What leaves the warehouse holds reserved and waiting goods; what is reserved inside it is in `free` alone.
    available = min(free, here - going) if subtract_waiting else free
    raw = {"id": row["id"], "warehouse": int(warehouse), **{name: row[name] for name in FIELDS}}
    if left_out is not None:
        raw["not for sale"] = {name: left_out[name] for name in HELD_FIELDS}
    units = whole(available)
    return LevelRow(
        str(row["id"]), warehouse, whole(here), units, max(0, whole(here) - units), max(0, whole(coming)), raw=raw,
        fraction=fraction(available),
    )  # fmt: skip


class ContextCheck:
    """Compares some products' quantities by warehouse and by location."""

    def __init__(self, rpc: OdooRpc, company: int, context: Mapping[str, Any], zone: str) -> None:
        self._rpc = rpc
        self._company = company
        self._context = context
        self._zone = zone

    async def run(self, places: Sequence[OdooWarehouse]) -> int:
        """How many products were compared; NotConfiguredError where the answers cannot be those of one warehouse."""
        products = await self._sample()
        compared = [place for place in places if place.active][:WAREHOUSES_COMPARED]
        if not products or not compared:
            return 0
        for attempt in range(1, ATTEMPTS + 1):
            wrong = await self._disagreement(products, compared)
            if not wrong:
                return len(products)
            if attempt == ATTEMPTS:
                raise NotConfiguredError(
                    f"This Odoo {IGNORED}: {wrong}.",
                    where=self._rpc.where,
                    advice="A module changes how quantities are computed, or this version is not known. With wrong "
                    "numbers nothing is read. Report it with the version and the modules about stock.",
                )
        raise AssertionError("unreachable")

    async def _sample(self) -> Sequence[int]:
        """Products with stock in any location of the company."""
        domain = [["company_id", "=", self._company], ["location_id.usage", "=", "internal"], ["quantity", "!=", 0]]
        rows = await self._rpc.search_read(
            "stock.quant", domain, ["product_id"], self._context, limit=SAMPLE, order="id desc"
        )
        return sorted({number for row in rows if (number := many_to_one(row["product_id"])) is not None})

    async def _disagreement(self, products: Sequence[int], places: Sequence[OdooWarehouse]) -> str:
        """What shows that the warehouse was ignored; '' for nothing."""
        readings: list[Mapping[int, float]] = []
        for place in places:
            by_warehouse = await self._read(products, place.context(self._zone))
            if self._zone == "warehouse":
                by_location = await self._read(products, {"location": place.view})
                for product in by_warehouse.keys() & by_location.keys():
                    if abs(by_warehouse[product] - by_location[product]) > FLOAT_NOISE:
                        return (
                            f"product {product} has {by_warehouse[product]:g} in warehouse {place.warehouse} "
                            f"and {by_location[product]:g} in its locations"
                        )
            readings.append(by_warehouse)
        first = readings[0]
        same = len(readings) > 1 and any(first.values()) and all(reading == first for reading in readings[1:])
        return await self._not_of_quants(products, places, first) if same else ""

    async def _not_of_quants(
        self, products: Sequence[int], places: Sequence[OdooWarehouse], same: Mapping[int, float]
    ) -> str:
        """All warehouses show the same: whether their own records of quantities do too."""
        for place in places:
            held: Counter[int] = Counter()
            domain: Domain = [["location_id", "child_of", place.root(self._zone)], ["product_id", "in", list(products)]]
            for row in await self._rpc.search_read("stock.quant", domain, ["product_id", "quantity"], self._context):
                product = many_to_one(row["product_id"])
                if product is not None:
                    held[product] += quantity_in(row, "quantity")  # type: ignore[assignment]
            for product, quantity in same.items():
                if abs(held[product] - quantity) > FLOAT_NOISE:
                    return (
                        f"product {product} has {quantity:g} in each of {len(places)} warehouses, "
                        f"and {held[product]:g} by the records of warehouse {place.warehouse}"
                    )
        return ""

    async def _read(self, products: Sequence[int], more: Mapping[str, Any]) -> dict[int, float]:
        domain = [["id", "in", list(products)]]
        context = {**self._context, **more}
        rows = await self._rpc.search_read("product.product", domain, ["qty_available"], context)
        return {row["id"]: quantity_in(row, "qty_available") for row in rows}


def many_to_one(value: Any) -> int | None:
    """The id of `[id, name]`, None for `false`; ValueError for anything else."""
    if value is False or value is None:
        return None
    number = value[0] if isinstance(value, list) and value else value
    if type(number) is not int or number < 1:
        raise ValueError(f"{describe_value(value)} is not a reference")
    return number
