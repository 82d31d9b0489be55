"""Lists that change while they are read, orders shared out over locations, answers to batches, rows that come twice."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.connectors import checked_results
from invsync_tui.connectors.base import CheckStep, Connection
from invsync_tui.connectors.carts import medusa
from invsync_tui.connectors.carts.vendure import CAPABILITIES as VENDURE
from invsync_tui.connectors.carts.vendure import Position, VendureCart
from invsync_tui.connectors.carts.vendure import orders as vendure_orders
from invsync_tui.connectors.carts.woocommerce import api as woo
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.http import Response
from invsync_tui.connectors.sources.feed.staging import Staging


def some(**values: Any) -> Any:
    """Something with these fields and no others."""
    return SimpleNamespace(**values)


# --- orders of Vendure -----------------------------------------------------------------------------------------------


def bought(
    ref: str, units: int, shipped: int, variant: str, allocated: Mapping[str, int], *, cancelled: int = 0
) -> dict[str, Any]:
    levels = [{"stockLocationId": at, "stockAllocated": held} for at, held in allocated.items()]
    parts = [
        {"quantity": shipped, "fulfillment": {"state": "Shipped"}},
        {"quantity": cancelled, "fulfillment": {"state": "Cancelled"}},
    ]
    line = {"quantity": units, "fulfillmentLines": parts, "productVariant": {"id": variant, "stockLevels": levels}}
    return {"id": ref, "code": f"T{ref}", "orderPlacedAt": "2026-01-01T00:00:00Z", "lines": [line]}


def read(*orders: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(line.order_ref, line.quantity, line.location) for line in vendure_orders.lines(orders)]


THREE = (("1", 2, 0), ("2", 3, 0), ("3", 4, 4))


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([bought("1", 3, 0, "v", {"a": 3})], [("1", 3, "a")]),
        ([bought("1", 3, 1, "v", {"a": 2, "b": 0})], [("1", 3, "a")]),
        ([bought("1", 3, 3, "v", {"a": 2})], [("1", 3, "")]),
        ([bought("1", 3, 0, "v", {"a": 2, "b": 1})], [("1", 2, "a"), ("1", 1, "b")]),
        ([bought("1", 3, 0, "v", {"a": 2, "b": 2})], [("1", 3, "")]),
        ([bought("1", 3, 0, "v", {})], [("1", 3, "")]),
        ([bought("1", 0, 0, "v", {"a": 3})], []),
        ([bought("1", 3, 1, "v", {"a": 1, "b": 1})], [("1", 2, "a"), ("1", 1, "b")]),
        ([bought("1", 3, 0, "v", {"a": 3}, cancelled=2)], [("1", 3, "a")]),
        (
            [bought(ref, units, shipped, "v", {"a": 1, "b": 4}) for ref, units, shipped in THREE],
            [("1", 1, "a"), ("1", 1, "b"), ("2", 3, "b"), ("3", 4, "")],
        ),
    ],
)  # fmt: skip
def test_where_orders_of_vendure_take_their_units(
    orders: list[dict[str, Any]], expected: list[tuple[str, int, str]]
) -> None:
    assert read(*orders) == expected


def test_what_is_allocated_is_shared_out_to_the_unit() -> None:
    dice = random.Random(4)
    for _ in range(200):
        orders = [(total, dice.randrange(total + 1)) for total in (dice.randrange(1, 5) for _ in range(3))]
        places = Counter(dice.choice("abc") for total, shipped in orders for _ in range(total - shipped))
        found = read(*(bought(str(n), total, shipped, "v", places) for n, (total, shipped) in enumerate(orders)))
        sums, at = Counter[str](), Counter[str]()
        for ref, quantity, place in found:
            sums[ref] += quantity
            at[place] += quantity
        assert sums == {str(n): total for n, (total, _) in enumerate(orders)}
        # Only what is shipped already may be more, at the places of the orders that are not.
        assert all(at[place] >= held for place, held in places.items())
        assert at[""] == sum(total for total, shipped in orders if total == shipped)


# --- lists that change while they are read ---------------------------------------------------------------------------


class _Vendure:
    """A list of records that other people change, a page of three at a time."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids
        self.asked: list[tuple[int, Any]] = []

    async def query(self, document: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        options = variables["options"]
        self.asked.append((options["skip"], options.get("filter")))
        assert options["sort"] == {"id": "ASC"}
        found = self.ids[options["skip"] : options["skip"] + options["take"]]
        return {"things": {"items": [{"id": str(number)} for number in found], "totalItems": len(self.ids)}}


@pytest.mark.parametrize("gone", [set(), {1}, {3}, {1, 2}, {2, 3, 4}, {1, 2, 3, 4}, {4, 5}])
async def test_records_of_vendure_that_others_delete_hide_no_others(
    monkeypatch: pytest.MonkeyPatch, gone: set[int]
) -> None:
    capabilities = some(**{name: getattr(VENDURE, name) for name in VENDURE.__slots__} | {"page_size": 3})
    monkeypatch.setattr("invsync_tui.connectors.carts.vendure.CAPABILITIES", capabilities)
    cart = VendureCart(Connection("Shop", "vendure", "http://127.0.0.1:9"))
    shop: Any = _Vendure(list(range(1, 11)))
    cart._api = shop
    place: Position | None = Position("things")
    seen: list[int] = []
    n = 0
    while place is not None:
        part = await cart._slice("query", "things", place, {"x": 1})
        seen += [int(str(item["id"])) for item in part.items]
        place = part.following
        if n == 0:
            shop.ids = [number for number in shop.ids if number not in gone]
        n += 1
        assert n < 20
    assert set(seen) >= set(range(1, 11)) - gone
    assert {where["x"] for _, where in shop.asked} == {1}
    if not gone:
        assert seen == list(range(1, 11))


async def test_listings_of_medusa_are_read_in_requests_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medusa, "CAPABILITIES", some(read_batch=2))
    asked: list[list[str]] = []

    async def read_some(refs: list[str]) -> list[Any]:
        asked.append(list(refs))
        return [some(ref=ref) for ref in refs]

    cart: Any = some(_read_some=read_some)
    rows = await medusa.MedusaCart.read(cart, ["a", "b", "c", "d", "e"])
    assert asked == [["a", "b"], ["c", "d"], ["e"]]
    assert [row.ref for row in rows] == ["a", "b", "c", "d", "e"]


async def test_what_is_no_item_of_medusa_is_asked_for_as_a_variant() -> None:
    asked: list[tuple[str, list[str]]] = []

    async def read_list(path: str, field: str, fields: str, refs: list[str], row_of: Any) -> list[Any]:
        asked.append((field, list(refs)))
        known = {"inventory_items": ["i1", "i9"], "variants": ["variant_1", "v2"]}[field]
        return [some(ref=ref) for ref in known]

    cart: Any = some(_read_list=read_list)
    rows = await medusa.MedusaCart._read_some(cart, ["i1", "variant_1", "v2"])
    assert asked == [("inventory_items", ["i1", "v2"]), ("variants", ["variant_1", "v2"])]
    assert [row.ref for row in rows] == ["i1", "variant_1", "v2"]


async def test_reservations_of_medusa_are_asked_for_in_portions_and_kept_by_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(medusa, "CAPABILITIES", some(read_batch=2))
    asked: list[list[str]] = []

    async def everything(path: str, field: str, query: Any) -> list[Any]:
        asked.append([value for name, value in query if name == "line_item_id[]"])
        return [{"line_item_id": ref, "n": n} for ref in asked[-1] for n in (1, 2)] + [{"line_item_id": 5}, "x", {}]

    cart: Any = some(_all=everything)
    found = await medusa.MedusaCart._reservations(cart, ["a", "b", "c"])
    assert asked == [["a", "b"], ["c"]]
    assert {ref: [row["n"] for row in rows] for ref, rows in found.items()} == {ref: [1, 2] for ref in "abc"}


# --- answers to a batch of WooCommerce -------------------------------------------------------------------------------

PAGE = b"<!DOCTYPE html><title>Blocked</title>"


def refusal(code: str, message: str = "no") -> bytes:
    return json.dumps({"code": code, "message": message}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "doubt"),
    [
        (200, b'{"update": []}', "", False),
        (201, b'{"update": []}', "", False),
        (200, b"{half", "UnavailableError", True),
        (200, PAGE, "UnavailableError", True),
        (400, refusal("rest_invalid_param"), "RowsRejectedError", False),
        (404, refusal("rest_x"), "RowsRejectedError", False),
        (404, refusal(f"woocommerce_rest_product{woo.INVALID_ID}"), "ProductGoneError", False),
        (400, refusal(f"woocommerce_rest_product{woo.INVALID_ID}"), "RowsRejectedError", False),
        (404, refusal("rest_no_route"), "ContractError", False),
        (404, b"{}", "ContractError", False),
        (413, refusal("woocommerce_rest_request_entity_too_large", "at most 100"), "BatchTooLargeError", False),
        (413, PAGE, "BatchTooLargeError", False),
        (400, PAGE, "ContractError", False),
        (401, refusal("woocommerce_rest_cannot_edit", "Invalid signature"), "AuthError", False),
        (401, refusal("x", "Sorry, no permissions"), "PermissionDeniedError", False),
        (403, refusal("x"), "PermissionDeniedError", False),
        (500, refusal("x"), "UnavailableError", True),
        (503, PAGE, "UnavailableError", True),
        (403, PAGE, "UnavailableError", False),
        (302, b"", "ContractError", False),
    ],
)
async def test_what_an_answer_to_a_batch_means(status: int, body: bytes, kind: str, doubt: bool) -> None:
    shop = woo.WooApi(Connection("Shop", "woocommerce", "https://a.test", "ck_1", "env:X"))

    async def signed(path: str, query: Any) -> tuple[str, Mapping[str, str]]:
        return path, {"a": "b"}

    async def write(method: str, path: str, **given: Any) -> Response:
        assert (method, given) == ("POST", {"content": b"body", "headers": {"a": "b"}})
        return Response(status, {}, body, "demo")

    shop._signed = signed  # type: ignore[method-assign]
    shop.http = some(write=write)
    try:
        assert await shop.update("products/batch", b"body") == {"update": []}
        assert not kind
    except ConnectorError as error:
        assert type(error).__name__ == kind
        assert getattr(error, "may_have_applied", False) is doubt
    assert (shop._refused is not None) == (kind == "AuthError")


# --- rows of files that come twice -----------------------------------------------------------------------------------


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    made = Staging(tmp_path / "rows.db")
    made.files += ["a.csv", "b.csv"]
    yield made
    made.close()


def staged(staging: Staging, *rows: tuple[str, str, int, int, int | None, int]) -> None:
    """(reference, warehouse, file, line, on hand, available)."""
    names = ("ref", "sku", "warehouse", "file", "line", "on_hand", "available")
    values = [(ref, ref, warehouse, *place_and_numbers) for ref, warehouse, *place_and_numbers in rows]
    staging.add_simple_rows(names, values, [row[0] for row in rows])


def test_rows_that_say_the_same_twice_are_one(staging: Staging) -> None:
    staged(staging, ("A", "", 0, 2, 5, 4), ("A", "", 0, 9, 5, 4), ("A", "E", 0, 3, 1, 1), ("B", "", 0, 4, 5, 4))
    staging.settle(all_products=False, by_warehouse=False)
    assert staging.counts() == (3, 0)
    assert list(staging.rejects()) == []


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("A", "", 0, 2, 5, 4), ("A", "", 0, 9, 5, 3)], "line 2 and line 9 give different quantities"),
        ([("A", "", 0, 2, 5, 4), ("A", "", 0, 9, None, 4)], "line 2 and line 9 give different quantities"),
        ([("A", "", 0, 2, 5, 4), ("A", "", 1, 2, 5, 3)], "line 2 and line 2 of b.csv give different quantities"),
        (
            [("A", "", 0, n, 5, n) for n in range(2, 7)],
            "line 2 and line 3 and line 4 and line 5 and line 6 give different quantities",
        ),
        (
            [("A", "", 0, n, 5, n) for n in range(2, 8)],
            "line 2 and line 3 and line 4 and line 5 and line 6 and 1 more give different quantities",
        ),
        (
            [("A", "", 0, n, 5, n) for n in range(2, 9)],
            "line 2 and line 3 and line 4 and line 5 and line 6 and 2 more give different quantities",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_all_rejected(staging: Staging, rows: Any, why: str) -> None:
    staged(staging, *rows, ("B", "", 0, 50, 5, 4))
    staging.settle(all_products=False, by_warehouse=True)
    assert staging.counts() == (1, 1)
    rejects = [tuple(row) for row in staging.rejects()]
    assert [(row[1], row[2]) for row in rejects] == [(row[3], why) for row in rows]


# --- connection tests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oks", [[True, True], [True, False, True], []])
async def test_a_connection_test_is_closed_at_its_end_however_far_it_came(oks: list[bool]) -> None:
    closed: list[bool] = []

    async def check() -> AsyncIterator[CheckStep]:
        try:
            for ok in oks:
                yield CheckStep("step", ok, "")
        finally:
            closed.append(True)

    until = oks.index(False) + 1 if False in oks else len(oks)
    assert [step.ok async for step in checked_results._checked_steps(check, "demo")()] == oks[:until]
    assert closed == [True]
