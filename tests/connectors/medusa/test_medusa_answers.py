"""What Medusa's answers mean that a real server cannot be made to give, and what the doctor tells from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import CartLocation, Connection, ListingRow, OrderLine, RowAnswer
from invsync_tui.connectors.carts.medusa import MedusaCart, api, checks, orders
from invsync_tui.connectors.carts.medusa.listings import of_variant, seller_of, units
from invsync_tui.connectors.checks import CartFacts, Review, reviews
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    PermissionDeniedError,
    RowsRejectedError,
    UnavailableError,
)
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.http_stub import Answer, Request, as_json, stub_server

BODY = api.compose_update([("iitem_1", 5), ("iitem_10", 6)], "sloc_1")
KEY = "sk_the-key-of-the-tests"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_KEY", KEY)
    monkeypatch.setattr(http, "BACKOFF_MOST", 0.001)


def connection_to(url: str) -> Connection:
    return Connection("shop", "medusa", url, "", "env:MEDUSA_KEY", {}, 5)


async def sent(answer: Answer, times: int = 1) -> tuple[ConnectorError | Sequence[RowAnswer], list[Request]]:
    """What a send ends with (the last of `times`), and the requests that the server got."""
    ended: ConnectorError | Sequence[RowAnswer] = ()
    with stub_server() as server:
        server.answering = lambda request: answer
        cart = MedusaCart(connection_to(server.url))
        for _ in range(times):
            try:
                ended = await cart.send("b", BODY)
            except ConnectorError as error:
                ended = error
        await cart.close()
        return ended, server.requests


async def test_what_is_not_in_the_answer_has_no_quantity() -> None:
    level = {"inventory_item_id": "iitem_1", "location_id": "sloc_1", "stocked_quantity": 5}
    for updated in ([level, {**level, "inventory_item_id": "iitem_10", "location_id": "sloc_2"}], [level, None, {}]):
        ended, (request,) = await sent(as_json({"created": [], "updated": updated}))
        assert ended == [RowAnswer("iitem_1", 5), RowAnswer("iitem_10", None)]
        assert request.path == api.LEVELS_BATCH and request.body == BODY


@pytest.mark.parametrize("status", [409, 500, 502, 503])
async def test_a_write_that_may_have_happened_is_in_doubt(status: int) -> None:
    ended, requests = await sent(as_json({"type": "unknown_error", "message": "later"}, status))
    assert isinstance(ended, UnavailableError) and ended.may_have_applied and len(requests) == 1


async def test_a_page_instead_of_json_is_in_doubt_too() -> None:
    ended, _ = await sent(Answer(200, b"<html>maintenance</html>"))
    assert isinstance(ended, UnavailableError) and ended.may_have_applied


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Item iitem_1 is not stocked at location sloc_1", ("iitem_1",)),
        ("Item iitem_10 is not stocked at location sloc_1", ("iitem_10",)),
        ("Invalid request: Value for field 'update, 1, stocked_quantity' too small", ("iitem_10",)),
    ],
)
async def test_the_row_that_a_refusal_names_is_found(message: str, named: tuple[str, ...]) -> None:
    ended, _ = await sent(as_json({"type": "invalid_data", "message": message}, 400))
    assert isinstance(ended, RowsRejectedError) and ended.refs == named


async def test_a_refusal_that_names_no_row_is_not_the_rows_fault() -> None:
    ended, _ = await sent(as_json({"type": "invalid_data", "message": "Unrecognized fields: 'update'"}, 400))
    assert isinstance(ended, ContractError)


async def test_a_refused_key_is_not_tried_again() -> None:
    ended, requests = await sent(as_json({"message": "Unauthorized"}, 401), times=3)
    assert isinstance(ended, AuthError) and len(requests) == 1
    assert KEY not in str(ended)


async def test_a_key_that_may_not_write_and_a_server_without_batches_are_told() -> None:
    ended, _ = await sent(as_json({"message": "Forbidden"}, 403))
    assert isinstance(ended, PermissionDeniedError)
    ended, _ = await sent(Answer(404, b"<pre>Cannot POST</pre>"))
    assert isinstance(ended, ContractError) and "Update it" in ended.advice


# --- values ----------------------------------------------------------------------------------------------------------


def test_fractions_are_rounded_down_and_what_is_no_number_is_refused() -> None:
    assert [units(value) for value in (5, 5.0, 2.999, -0.5)] == [5, 5, 2, -1]
    for wrong in (None, True, "5", float("nan"), float("inf"), 1e300, 10**18):
        with pytest.raises(ValueError, match="not"):
            units(wrong)


def test_the_seller_of_an_item() -> None:
    once, twice = [{"required_quantity": 1}], [{"required_quantity": 2}]

    def variant(ref: str, sku: str | None, links: list[dict[str, int]]) -> dict[str, object]:
        return {"id": ref, "sku": sku, "inventory_items": links}

    kit, old, new = variant("v1", "KIT", twice), variant("v2", None, once), variant("v3", "A", once)
    assert seller_of({"sku": "A", "variants": [kit, old, new]}) == "v3"
    assert seller_of({"sku": "B", "variants": [new, kit, old]}) == "v2"
    assert seller_of({"sku": None, "variants": [new, kit, old]}) == "v2"
    assert seller_of({"sku": "KIT", "variants": [kit, variant("v0", "KIT", once + once)]}) == ""


def test_lines_of_orders_that_are_odd() -> None:
    link = {"inventory_item_id": "i1", "required_quantity": 2}
    line = {"id": "l1", "quantity": 3, "variant": {"manage_inventory": True, "inventory_items": [link]}}
    good = {
        "id": "o1", "display_id": 7, "custom_display_id": None, "status": "pending",
        "created_at": "2026-11-23T12:00:00.000Z", "items": [line], "fulfillments": [],
    }  # fmt: skip
    placed = 1795435200
    reserved = {
        "line_item_id": "l1", "inventory_item_id": "i1", "location_id": "east", "quantity": 4,
        "created_at": "2026-11-23T13:00:00.000Z",
    }  # fmt: skip
    canceled_parcel = {"location_id": "west", "canceled_at": "2026-11-23T12:30:00.000Z", "items": []}
    assert orders.lines([good], {}) == [OrderLine("o1", "i1", 6, placed, "", "7")]
    assert orders.lines([{**good, "custom_display_id": "WEB-7"}], {"l1": [reserved]}) == [
        OrderLine("o1", "i1", 4, placed + 3600, "east", "WEB-7"),
        OrderLine("o1", "i1", 2, placed + 3600, "", "WEB-7"),
    ]
    assert orders.lines([{**good, "status": "canceled"}], {}) == []
    assert orders.lines([{**good, "items": [{**line, "variant": None}]}], {}) == []
    assert orders.lines([{**good, "fulfillments": [canceled_parcel]}], {}) == orders.lines([good], {})
    bad, *rest = orders.lines([{**good, "items": [{**line, "quantity": "3"}]}, good], {})
    assert (bad.order_ref, bad.listing_ref) == ("o1", "") and "not a whole number" in bad.error and len(rest) == 1
    (nameless,) = orders.lines([None], {})
    assert nameless.order_ref == "" and nameless.error


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("number", [0, 999, 1000, 1001, 2000])
async def test_a_list_without_its_number_is_read_to_its_end(number: int, counts: bool) -> None:
    """What is behind the first thousand orders would not be subtracted, without a word."""
    records = [{"id": f"order_{place:05}"} for place in range(number)]

    def answer(request: Request) -> Answer:
        query = parse_qs(urlsplit(request.path).query)
        part = records[int(query["offset"][0]) :][: int(query["limit"][0])]
        return as_json({"orders": part, **({"count": number} if counts else {})})

    with stub_server() as server:
        server.answering = answer
        cart = MedusaCart(connection_to(server.url))
        lines = await cart.orders_since(0)
        await cart.close()
    assert {line.order_ref for line in lines} == {record["id"] for record in records}


def test_reservations_below_0_are_read_as_they_are() -> None:
    """medusajs/medusa#12401: such a listing was left as it was, and the shop sold on."""
    level = {
        "location_id": "sloc_1", "stocked_quantity": 5, "reserved_quantity": -2, "stock_locations": [{"id": "sloc_1"}],
    }  # fmt: skip
    link: dict[str, object] = {"required_quantity": 1}
    variant = {
        "id": "v1", "sku": "A", "title": "A", "manage_inventory": True, "product": None, "inventory_items": [link],
    }  # fmt: skip
    seller = {"id": "v1", "sku": "A", "inventory_items": [{"required_quantity": 1}]}
    link["inventory"] = {"id": "iitem_1", "sku": "A", "location_levels": [level], "variants": [seller]}
    row = of_variant(variant, CartLocation("sloc_1", "East"), ())
    assert (row.ref, row.quantity, row.allocated, row.skip) == ("iitem_1", 5, -2, None)


# --- the doctor ------------------------------------------------------------------------------------------------------


def review(check: str, error: str = "", **more: object) -> Review:
    facts = CartFacts(connection_to("https://shop.example.com"), "Acme", error, listed=True, listings=100, untracked=1)
    return next(review for review in reviews(replace(facts, **more)) if review.id == check)  # type: ignore[arg-type]


def test_the_doctor_passes_a_shop_that_works() -> None:
    for check in ("medusa.key", "medusa.location", "medusa.tracking"):
        assert review(check).verdict is Verdict.PASS
        assert review(check, listed=False, listings=0).verdict is Verdict.SKIPPED


async def test_the_doctor_knows_the_connectors_own_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Answer:
        if "stock-locations" in request.path:
            return as_json({"stock_locations": [{"id": "1", "name": "East"}, {"id": "2", "name": "West"}], "count": 2})
        return as_json({"message": "Unauthorized"}, 401)

    texts = []
    for key, ask in ((KEY, "open"), (KEY, "identity"), ("pk_0123456789", "open")):
        monkeypatch.setenv("MEDUSA_KEY", key)
        with stub_server() as server:
            server.answering = answer
            cart = MedusaCart(connection_to(server.url))
            with pytest.raises(ConnectorError) as error:
                await getattr(cart, ask)()
            await cart.close()
            texts.append(str(error.value))
    assert review("medusa.location", texts[0]).verdict is Verdict.FAIL
    assert "--option location=" in review("medusa.location", texts[0]).fix
    for text in texts[1:]:
        assert review("medusa.key", text).verdict is Verdict.FAIL and "--secret" in review("medusa.key", text).fix


def test_the_doctor_names_a_shop_that_does_not_count() -> None:
    found = review("medusa.tracking", untracked=90)
    assert found.verdict is Verdict.FAIL and "Manage inventory" in found.cause


def test_what_keeps_listings_from_being_set_is_told() -> None:
    rows = [
        ListingRow("1", "A", tracked=False),
        ListingRow("2", "B", tracked=True, skip=Reason.NOT_STOCKED_AT_LOCATION),
        ListingRow("3", "C", tracked=True, skip=Reason.BUNDLE_PARENT),
        ListingRow("4", "D", tracked=True, quantity=4),
    ]
    told = checks.told_of_listings(rows, 9, 0)
    assert told.startswith(
        "Of the first 4 variants, without inventory management: 1; without a level at the location: 1;"
    )
    assert checks.told_of_listings(rows[3:], 1, 0) == "Of 1 variant, all can be set."
    assert "backorders: 1." in checks.told_of_listings(rows[3:], 1, 1)
