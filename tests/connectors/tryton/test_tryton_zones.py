"""Which locations of a Tryton warehouse hold goods for sale, and what its records say: decided without a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources import tryton
from invsync_tui.connectors.sources.tryton.locations import Zone, layout, named
from invsync_tui.connectors.sources.tryton.rpc import TrytonRpc

WAREHOUSE, STORAGE, ENTRY, OUT = 1, 2, 3, 4


def record(storage: object = STORAGE, entry: Any = None, out: Any = None) -> dict[str, Any]:
    return {
        "id": WAREHOUSE,
        "storage_location.": None if storage is None else {"id": storage, "parent": 9},
        "input_location.": entry,
        "output_location.": out,
    }


@pytest.mark.parametrize(
    ("row", "zone"),
    [
        (record(), Zone(WAREHOUSE, STORAGE)),
        (record(storage=None), Zone(WAREHOUSE)),
        (record(storage="2"), Zone(WAREHOUSE)),
        # beside the storage location: nothing has to be left out
        (record(entry={"id": ENTRY, "parent": None}, out={"id": OUT, "parent": WAREHOUSE}), Zone(WAREHOUSE, STORAGE)),
        (record(entry={"id": ENTRY, "parent": 9}), Zone(WAREHOUSE, STORAGE)),
        # below it, or deeper
        (record(entry={"id": ENTRY, "parent": STORAGE}), Zone(WAREHOUSE, STORAGE, frozenset({ENTRY}))),
        (record(out={"id": OUT, "parent": 77}), Zone(WAREHOUSE, STORAGE, frozenset({OUT}))),
        # one location for all
        (record(entry={"id": STORAGE, "parent": 77}, out={"id": "4", "parent": STORAGE}), Zone(WAREHOUSE, STORAGE)),
    ],
)
def test_zones_that_may_lie_below_the_storage_location_are_kept_apart(row: Mapping[str, Any], zone: Zone) -> None:
    assert layout(row) == zone


def place(number: int, parent: int | None, kind: str = "storage") -> dict[str, Any]:
    return {"id": number, "parent": parent, "type": kind}


SHELVES = [
    place(STORAGE, WAREHOUSE),
    place(10, STORAGE, "view"),
    place(11, 10),
    place(12, 10, "lost_found"),
    place(13, 12),
    place(ENTRY, STORAGE),
    place(14, ENTRY),
]


def test_locations_below_the_storage_location_are_named_without_the_zones_and_what_is_below_them() -> None:
    zone = named(Zone(WAREHOUSE, STORAGE, frozenset({ENTRY})), SHELVES)
    assert sorted(zone.locations) == [STORAGE, 10, 11, 13]
    assert zone.context() == {"locations": list(zone.locations), "with_childs": False}


@pytest.mark.parametrize(
    "zone", [Zone(WAREHOUSE), Zone(WAREHOUSE, STORAGE), Zone(WAREHOUSE, STORAGE, frozenset({99}))], ids=str
)
def test_a_zone_with_nothing_to_leave_out_is_asked_as_a_whole(zone: Zone) -> None:
    assert named(zone, SHELVES) is zone
    assert zone.context() == {"locations": [WAREHOUSE], "stock_skip_warehouse": True}


@pytest.mark.parametrize(("code", "sku"), [("A-1", "A-1"), (" A-1 ", " A-1 "), ("  ", None), ("", None), (None, None)])
def test_a_product_without_a_code_has_no_sku(code: str | None, sku: str | None) -> None:
    row = {"id": 5, "code": code, "template.": {"name": "Tent", "type": "goods", "consumable": False}}
    assert tryton._product(row, ()).sku == sku


async def test_a_search_asks_in_the_order_of_trytons_arguments_and_counts_what_it_cannot_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    asked: list[tuple[Any, ...]] = []

    async def call(self: TrytonRpc, method: str, *arguments: Any) -> object:
        asked.append((method, *arguments))
        return [{"id": 1, "quantity": 5.0}, {"id": 2, "quantity": 7.0}, {"id": "x", "quantity": 1.0}]

    monkeypatch.setattr(TrytonRpc, "call", call)
    source = tryton.TrytonSource(Connection("WMS", "tryton", "http://127.0.0.1:9", "bot", "", {"database": "wms"}, 5))
    # when
    by_product, rejected, count = await source._quantities([["id", ">", 0]], {"locations": [1]}, 50)
    # then
    ((method, domain, offset, limit, order, names, context),) = asked
    assert (method, domain, offset, limit) == ("model.product.product.search_read", [["id", ">", 0]], 0, 50)
    assert (order, names, context["locations"]) == ([("id", "ASC")], ["quantity"], [1])
    assert by_product == {1: 5.0, 2: 7.0} and len(rejected) == 1 and count == 3
