"""Vendure's records: absurd ones end alone, deleted pages hide nothing, and where an order's units come from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from invsync_tui.connectors.base import OrderLine, QuantityBasis
from invsync_tui.connectors.carts import vendure as vendure_carts
from invsync_tui.connectors.carts.vendure import VendureCart, quantities
from invsync_tui.connectors.carts.vendure.orders import lines
from invsync_tui.rules.outcomes import Confirmation, Outcome, Reason, judge
from tests.support.servers.graphql_stub import Answer, Asked, graphql_stub
from tests.support.servers.vendure.stub import (
    LOGGED_IN,
    connection_to,
    secret,  # noqa: F401 (a fixture)
)

EAST, WEST = "1", "2"
SHOP = {"trackInventory": True, "outOfStockThreshold": 0}
RIGHTS = ["ReadCatalog", "UpdateCatalog", "ReadOrder"]


def variant(number: int, **fields: Any) -> dict[str, Any]:
    levels = [{"stockLocationId": EAST, "stockOnHand": 7, "stockAllocated": 1}]
    return {
        "id": str(number), "sku": f"S{number}", "name": "n", "trackInventory": "TRUE", "outOfStockThreshold": 0,
        "useGlobalOutOfStockThreshold": True, "updatedAt": "2026-01-01T00:00:00.000Z", "stockLevels": levels, **fields,
    }  # fmt: skip


def level(**fields: Any) -> dict[str, Any]:
    return {"stockLevels": [{"stockLocationId": EAST, "stockOnHand": 7, "stockAllocated": 1, **fields}]}


@contextmanager
def shop(variants: Callable[[dict[str, Any]], Any], orders: Any = None) -> Iterator[str]:
    """A stub with two locations; `variants` answers to the options of a list."""

    def answer(asked: Asked) -> Answer:
        options = json.loads(asked.body).get("variables", {}).get("options", {})
        channel = {"code": "__default_channel__", "token": "t", "permissions": RIGHTS}
        places = [{"id": EAST, "name": "East"}, {"id": WEST, "name": "West"}]
        match asked.operation:
            case "Login":
                return LOGGED_IN
            case "Me":
                return Answer({"data": {"me": {"channels": [channel]}}})
            case "Locations":
                return Answer({"data": {"stockLocations": {"items": places, "totalItems": 2}}})
            case "OrderLines":
                return Answer({"data": {"orders": {"items": orders, "totalItems": len(orders)}}})
        found = variants(options)
        return (
            found if isinstance(found, Answer) else Answer({"data": {"globalSettings": SHOP, "productVariants": found}})
        )

    with graphql_stub(answer) as stub:
        yield stub.url


async def opened(url: str) -> VendureCart:
    cart = VendureCart(connection_to(url, location="East"))
    await cart.open()
    return cart


ABSURD = [
    2**63, 2**63 - 1, -(2**63), 5.9, "5", True, None, [], {}, math.nan, math.inf,
]  # fmt: skip


@pytest.mark.parametrize("field", ["stockOnHand", "stockAllocated"])
@pytest.mark.parametrize("absurd", ABSURD, ids=lambda value: repr(value)[:12])
async def test_one_absurd_variant_is_named_and_the_others_are_read(field: str, absurd: Any) -> None:
    found = [variant(1), variant(2, **level(**{field: absurd})), variant(3)]
    with shop(lambda _: {"items": found, "totalItems": 3}) as url:
        cart = await opened(url)
        page = await cart.listings_page(None)
        rows = await cart.read(["1", "2", "3"])
        await cart.close()
    assert ([row.ref for row in page.rows], [ref for ref, _ in page.rejected]) == (["1", "3"], ["2"])
    # Absent would mean deleted.
    assert {row.ref: row.skip for row in rows} == {"1": None, "3": None, "2": Reason.BAD_ROW}


@pytest.mark.parametrize(
    "raw",
    [b'"sku":"\xff"', b'"sku":"S2","sku":"S3"', b'"sku":7', b'"sku":null', b'"sku":"S2","trackInventory":1'],
    ids=repr,
)
async def test_a_text_that_is_damaged_costs_its_own_record_only(raw: bytes) -> None:
    whole = json.dumps({"data": {"globalSettings": SHOP, "productVariants": {
        "items": [variant(1), variant(2), variant(3)], "totalItems": 3}}}, separators=(",", ":")).encode()  # fmt: skip
    with shop(lambda _: Answer(whole.replace(b'"sku":"S2"', raw))) as url:
        cart = await opened(url)
        page = await cart.listings_page(None)
        await cart.close()
    assert ([row.ref for row in page.rows], [ref for ref, _ in page.rejected]) == (["1", "3"], ["2"])


@pytest.mark.parametrize("total", [2**63, -1, "3", True, None, 1.5], ids=repr)
async def test_an_absurd_total_is_no_total_and_all_pages_are_read(monkeypatch: pytest.MonkeyPatch, total: Any) -> None:
    _small_pages(monkeypatch, 2)
    found = [variant(n) for n in range(1, 6)]

    def page(options: dict[str, Any]) -> Any:
        return {"items": found[options["skip"] : options["skip"] + options["take"]], "totalItems": total}

    with shop(page) as url:
        assert await _all(await opened(url)) == {"1", "2", "3", "4", "5"}


def _small_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    from dataclasses import replace

    monkeypatch.setattr(vendure_carts, "CAPABILITIES", replace(vendure_carts.CAPABILITIES, page_size=size))


async def _all(cart: VendureCart) -> set[str]:
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page = await cart.listings_page(cursor)
        seen |= {row.ref for row in page.rows}
        cursor = page.next_cursor
        if cursor is None:
            await cart.close()
            return seen


@pytest.mark.parametrize("deleted", [5, 12, 25, 29])
async def test_more_than_a_page_deleted_between_two_pages_hides_no_variant(
    monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    # given 60 variants in pages of 10, of which the first are deleted after the third page
    _small_pages(monkeypatch, 10)
    alive = [variant(n) for n in range(1, 61)]

    def page(options: dict[str, Any]) -> Any:
        if options["skip"] >= 29 and len(alive) == 60:
            del alive[:deleted]
        return {"items": alive[options["skip"] : options["skip"] + options["take"]], "totalItems": len(alive)}

    with shop(page) as url:
        seen = await _all(await opened(url))
    # then
    assert {one["id"] for one in alive} <= seen


def test_an_answer_to_a_write_confirms_whole_numbers_only() -> None:
    def said(quantity: Any) -> int | None:
        answer = {
            "updateProductVariants": [{"id": "1", "stockLevels": [{"stockLocationId": "9", "stockOnHand": quantity}]}]
        }
        return quantities(answer).get(("1", "9"))

    assert said(5) == 5
    for absurd in ABSURD:
        assert said(absurd) is None
    assert quantities({"updateProductVariants": [None, 7, {"id": "1"}, {"id": "1", "stockLevels": None}]}) == {}


@pytest.mark.parametrize("returned", [True, 1.0, 1.9])
def test_what_is_no_whole_number_confirms_nothing(returned: Any) -> None:
    assert judge(1, returned, None, None, Confirmation.ANSWER).outcome is Outcome.PLANNED


async def test_stock_at_other_locations_and_thresholds_are_read() -> None:
    levels = [
        {"stockLocationId": EAST, "stockOnHand": 7, "stockAllocated": 1},
        {"stockLocationId": WEST, "stockOnHand": 20, "stockAllocated": 4},
    ]
    own = {"outOfStockThreshold": -3, "useGlobalOutOfStockThreshold": False}
    found = [variant(1, stockLevels=levels, **own), variant(2)]
    with shop(lambda _: {"items": found, "totalItems": 2}) as url:
        cart = await opened(url)
        rows = (await cart.listings_page(None)).rows
        assert cart.capabilities.quantity_basis is QuantityBasis.ON_HAND
        assert cart.location_ref() == EAST
        await cart.close()
    assert [(r.quantity, r.allocated, r.elsewhere, r.elsewhere_allocated, r.threshold) for r in rows] == [
        (7, 1, 20, 4, -3),
        (7, 1, None, 0, 0),
    ]


# --- orders ----------------------------------------------------------------------------------------------------------

AT = 1_767_225_600


def order(number: int, units: int, shipped: int = 0, state: str = "Delivered", **allocated: int) -> dict[str, Any]:
    levels = [{"stockLocationId": at, "stockAllocated": n} for at, n in allocated.items()]
    done = [{"quantity": shipped, "fulfillment": {"state": state}}] if shipped else []
    line = {"quantity": units, "fulfillmentLines": done, "productVariant": {"id": "v", "stockLevels": levels}}
    return {"id": str(number), "code": f"C{number}", "orderPlacedAt": "2026-01-01T00:00:00.000Z", "lines": [line]}


def line_of(number: int, units: int, location: str = "") -> OrderLine:
    return OrderLine(str(number), "v", units, AT, location, f"C{number}")


def test_units_come_from_the_one_location_where_something_is_allocated() -> None:
    assert lines([order(1, 3, E=3, W=0)]) == [line_of(1, 3, "E")]
    # An older order that is not among these holds the rest.
    assert lines([order(1, 3, E=9)]) == [line_of(1, 3, "E")]


def test_orders_that_explain_all_that_is_allocated_are_shared_out_by_location() -> None:
    found = lines([order(1, 3, E=3, W=2), order(2, 2, E=3, W=2)])
    assert {at: sum(one.quantity for one in found if one.location == at) for at in "EW"} == {"E": 3, "W": 2}
    assert sum(one.quantity for one in found) == 5


def test_where_several_locations_may_be_meant_none_is_said() -> None:
    assert lines([order(1, 3, E=3, W=5)]) == [line_of(1, 3)]


def test_a_shipped_order_has_no_location_any_more() -> None:
    assert lines([order(1, 3, shipped=3, E=2)]) == [line_of(1, 3)]
    assert lines([order(1, 3, shipped=3, state="Cancelled", E=3)]) == [line_of(1, 3, "E")]


@pytest.mark.parametrize("absurd", [5.9, True, "3", 2**63, None, -1], ids=repr)
def test_one_absurd_order_is_named_and_the_others_count(absurd: Any) -> None:
    bad = order(2, 1)
    bad["lines"][0]["quantity"] = absurd
    found = lines([order(1, 3, E=3), bad])
    assert [one for one in found if not one.error] == [line_of(1, 3, "E")]
    assert [one.order_ref for one in found if one.error] == ["2"]
