"""What a Shopify's settings, versions and refusals mean to its connector, and answers of wrong shapes."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.base import CheckStep, Connection, PushItem
from invsync_tui.connectors.carts.shopify import ShopifyCart, checks
from invsync_tui.connectors.carts.shopify.about import ABOUT
from invsync_tui.connectors.carts.shopify.queries import VERSIONS
from invsync_tui.connectors.checks import CartFacts, interface
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    UnavailableError,
)
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason
from tests.support.connectors.wrong_shapes import mutated
from tests.support.runs.sandbox_world import hurry
from tests.support.servers.http_stub import Answer
from tests.support.servers.shopify.opened import opened
from tests.support.servers.shopify.server import CLIENT, SCOPES, ShopifyServer

BATCH = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


async def steps_of(server: ShopifyServer, **options: str) -> list[CheckStep]:
    given = server.connection(server.url)
    made = ShopifyCart(replace(given, options={**given.options, **options}))
    try:
        return [step async for step in made.check()]
    finally:
        await made.close()


# --- set-up ----------------------------------------------------------------------------------------------------------


async def test_a_missing_scope_is_named_with_what_to_click(server: ShopifyServer) -> None:
    server.scopes = tuple(name for name in SCOPES if name != "write_inventory")
    *_, last = await steps_of(server)
    assert not last.ok and last.name == "permission"
    assert "write_inventory" in last.detail and "Tick" in last.advice
    made = ShopifyCart(server.connection(server.url))
    with pytest.raises(PermissionDeniedError):
        await made.open()
    await made.close()


async def test_a_scope_to_write_includes_that_to_read(server: ShopifyServer) -> None:
    server.scopes = ("write_products", "write_inventory", "read_locations")
    cart = await opened(server)
    assert not cart.capabilities.reports_orders
    await cart.close()


async def test_several_locations_need_a_choice_by_id_number_or_name(server: ShopifyServer) -> None:
    other = server.shop.add_location("Other")
    *_, last = await steps_of(server)
    assert not last.ok and last.name == "location" and "Other" in last.detail
    for given in (other, other.rpartition("/")[2], "Other"):
        cart = await opened(server, location=given)
        assert cart.location_ref() == other
        await cart.close()


async def test_a_refused_token_is_not_tried_again(server: ShopifyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVSYNC_SHOPIFY_TOKEN", "shpat_wrong")
    cart = ShopifyCart(server.connection(server.url))
    for _ in range(2):
        with pytest.raises(AuthError):
            await cart.open()
    await cart.close()


@pytest.mark.parametrize(("lasts", "asked"), [(86399, 1), (200, 4)])
async def test_a_client_id_and_secret_get_a_token_that_is_renewed_before_it_ends(
    server: ShopifyServer, lasts: int, asked: int
) -> None:
    server.lasts = lasts
    cart = ShopifyCart(replace(server.connection(server.url), login=CLIENT))
    await cart.open()
    ref = next(iter(server.shown()))
    await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 5)]))
    assert [row.quantity for row in await cart.read([ref])] == [50]
    await cart.close()
    assert len(server.granted) == asked and server.violations == []


async def test_a_refused_client_is_told_and_not_tried_again(server: ShopifyServer) -> None:
    cart = ShopifyCart(replace(server.connection(server.url), login="another"))
    for _ in range(2):
        with pytest.raises(AuthError, match="client id or secret"):
            await cart.open()
    await cart.close()
    assert server.granted == []


async def test_the_address_of_the_admin_pages_is_told_with_the_right_one() -> None:
    cart = ShopifyCart(Connection("shop", "shopify", "https://admin.shopify.com/store/my-shop/products"))
    with pytest.raises(NotConfiguredError) as raised:
        await cart.open()
    assert "https://my-shop.myshopify.com" in raised.value.advice
    (step,) = [step async for step in cart.check()]
    assert not step.ok


async def test_the_shop_is_known_by_its_id(cart: ShopifyCart) -> None:
    assert await cart.identity() == {"shop": "gid://shopify/Shop/7"}


# --- versions --------------------------------------------------------------------------------------------------------


async def test_another_version_that_answers_is_told(server: ShopifyServer) -> None:
    server.oldest = "2026-07"
    steps = {step.name: step for step in await steps_of(server, version="2026-04")}
    assert steps["version"].ok and "2026-07 answers" in steps["version"].detail
    assert steps["shop"].ok


async def test_a_version_that_is_not_known_sets_nothing(server: ShopifyServer) -> None:
    cart = await opened(server)
    answer = {"data": {"nodes": []}}
    server.instead = [Answer(200, json.dumps(answer).encode(), {"X-Shopify-API-Version": "2027-04"})]
    with pytest.raises(NotConfiguredError, match="2027-04"):
        await cart.listings_page(None)
    await cart.close()


def _facts(**values: Any) -> CartFacts:
    connection = Connection(
        "shop", "shopify", values.pop("url", "https://x.myshopify.com"), options=values.pop("options", {})
    )
    return CartFacts(connection, "Demo", values.pop("last_error", ""), True, 10, **values)


def test_a_version_near_its_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    end = ABOUT.api_versions[1].ends_at
    for days, verdict in ((61, Verdict.PASS), (59, Verdict.FAIL), (-1, Verdict.FAIL)):
        monkeypatch.setattr(clock, "seconds", lambda at=end - days * 86400: at)
        (found,) = interface(_facts(options={"version": "2026-07"}))
        assert (found.id, found.verdict) == ("connection.version", verdict)
        assert "2027-07-01" in found.evidence
    assert "version=2026-10" in found.fix


def test_each_version_has_the_end_that_shopify_published() -> None:
    assert tuple(version.name for version in ABOUT.api_versions) == VERSIONS
    for version in ABOUT.api_versions:
        year, month = version.name.split("-")
        assert version.ends == f"{int(year) + 1}-{month}-01"


def test_the_doctor_tells_a_wrong_address_token_and_location(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {review.verdict for review in checks.review(_facts())} == {Verdict.PASS}

    def failing(**values: Any) -> set[str]:
        return {review.id for review in checks.review(_facts(**values)) if review.verdict is Verdict.FAIL}

    assert failing(url="https://www.shop.example") == {"shopify.address"}
    assert failing(last_error="The shop refused the access token (401).") == {"shopify.token"}
    assert failing(last_error="The shop refused the app's client id or secret (400).") == {"shopify.token"}
    assert failing(last_error="The cart has several locations and none is chosen.") == {"shopify.location"}
    assert failing(untracked=9) == {"shopify.tracking"}


def test_a_version_is_chosen_from_those_that_are_known() -> None:
    about = registry.connector(registry.CARTS, "shopify").about
    (version,) = [option for option in about.options if option.name == "version"]
    assert version.wrong("2026-07") == "" and "choose one of" in version.wrong("2025-10")


# --- answers of other shapes -----------------------------------------------------------------------------------------


def _user_error(code: str) -> Any:
    payload = {"inventoryAdjustmentGroup": None, "userErrors": [{"code": code, "message": "m", "field": None}]}
    return {"data": {"inventorySetQuantities": payload}}


def _error(code: str) -> Any:
    return {"errors": [{"message": "m", "extensions": {"code": code}}]}


@pytest.mark.parametrize(
    ("answer", "kind", "applied"),
    [
        (_user_error("IDEMPOTENCY_CONCURRENT_REQUEST"), UnavailableError, True),
        (_user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"), RowsRejectedError, None),
        (_user_error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH"), ContractError, None),
        (_user_error("INVALID_LOCATION"), NotConfiguredError, None),
        (_user_error("INVALID_REASON"), ContractError, None),
        (_error("ACCESS_DENIED"), PermissionDeniedError, None),
        (_error("INTERNAL_SERVER_ERROR"), UnavailableError, True),
        (_error("SHOP_INACTIVE"), UnavailableError, False),
        (_error("BAD_REQUEST"), ContractError, None),
        ({"errors": "text"}, ContractError, None),
        ({"data": None}, UnavailableError, True),
        ({"data": {"inventorySetQuantities": None}}, UnavailableError, True),
        ([], UnavailableError, True),
        (Answer(200, b"<html>"), UnavailableError, True),
        (Answer(502, b""), UnavailableError, True),
        (Answer(423, b"locked"), UnavailableError, False),
        (Answer(403, b""), PermissionDeniedError, None),
        (Answer(404, b""), ContractError, None),
    ],
)
async def test_what_an_answer_to_a_batch_means(
    cart: ShopifyCart, server: ShopifyServer, answer: Any, kind: type[Exception], applied: bool | None
) -> None:
    ref = next(iter(server.shown()))
    server.instead = [answer]
    with pytest.raises(kind) as raised:
        await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 5)]))
    assert getattr(raised.value, "may_have_applied", None) is applied


def _variants(*variants: Any, **info: Any) -> Any:
    page_info = {"hasNextPage": False, "endCursor": None, **info}
    return {"data": {"productVariants": {"nodes": list(variants), "pageInfo": page_info}}}


def _variant(**values: Any) -> dict[str, Any]:
    level = {
        "isActive": True,
        "updatedAt": "2026-11-26T12:00:00Z",
        "quantities": [{"name": "available", "quantity": 5}],
    }
    item = {"id": "gid://shopify/InventoryItem/1", "tracked": True, "inventoryLevel": level}
    return {
        "id": "gid://shopify/ProductVariant/1", "sku": "A", "displayName": "A", "inventoryQuantity": 5,
        "requiresComponents": False, "inventoryItem": item, **values,
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        _variant(sku=5),
        _variant(requiresComponents=None),
        _variant(inventoryItem=None),
        _variant(inventoryItem={"id": "gid://shopify/InventoryItem/1", "tracked": "yes", "inventoryLevel": None}),
        _variant(
            inventoryItem={
                "id": "gid://shopify/InventoryItem/1",
                "tracked": True,
                "inventoryLevel": {"isActive": True, "updatedAt": "2026-11-26T12:00:00Z", "quantities": []},
            }
        ),
    ],
)
async def test_a_variant_that_cannot_be_read_costs_itself(cart: ShopifyCart, server: ShopifyServer, bad: Any) -> None:
    server.instead = [_variants(bad, _variant(sku="GOOD"))]
    page = await cart.listings_page(None)
    assert [row.sku for row in page.rows] == ["GOOD"]
    assert len(page.rejected) == 1 and page.rejected[0][1]


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"productVariants": None}},
        {"data": {"productVariants": {"nodes": [], "pageInfo": None}}},
        _variants(hasNextPage=True, endCursor=None),
        _variants(hasNextPage=True, endCursor="same"),
        _variants(hasNextPage="no"),
        {"data": []},
        {},
        [],
        5,
    ],
)
async def test_a_page_of_another_shape_is_a_contract_error(
    cart: ShopifyCart, server: ShopifyServer, answer: Any
) -> None:
    server.instead = [answer]
    with pytest.raises(ContractError):
        await cart.listings_page("same")


async def test_an_item_that_cannot_be_read_again_is_not_taken_for_deleted(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    server.instead = [{"data": {"nodes": [{"id": "gid://shopify/InventoryItem/1"}, None]}}]
    (row,) = await cart.read(["gid://shopify/InventoryItem/1", "gid://shopify/InventoryItem/2"])
    assert (row.ref, row.skip) == ("gid://shopify/InventoryItem/1", Reason.BAD_ROW)
    server.instead = [{"data": {"nodes": []}}]
    with pytest.raises(ContractError):
        await cart.read(["gid://shopify/InventoryItem/1"])


@pytest.mark.parametrize("seed", range(15))
async def test_no_answer_of_shopify_is_a_defect_of_ours(
    seed: int, server: ShopifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real answers with one thing changed end well or in words, without the wrapper that catches what is left."""
    hurry(monkeypatch)
    dice = random.Random(seed)
    server.shop.add_location("Other")
    server.location = server.shop.main
    server.scopes = (*SCOPES, "read_merchant_managed_fulfillment_orders")
    ref = next(iter(server.shown()))
    server.shop.order({ref: 1})
    cart = await opened(server)
    server.changed = lambda answer: mutated(answer, dice) if dice.random() < 0.6 else answer
    calls: list[Callable[[], Awaitable[Any]]] = [
        cart.open, cart.identity, cart.locations, lambda: cart.listings_page(None), lambda: cart.read([ref]),
        lambda: cart.orders_since(0), lambda: cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 5, None)])),
        lambda: cart.send(OTHER, cart.compose(OTHER, [PushItem(ref, 6, 1)])),
    ]  # fmt: skip
    for call in calls * 3:
        cart._api.http.limiter.observe(20_000, limit=20_000, per_second=20_000)
        with contextlib.suppress(ConnectorError):
            await call()
    assert [step async for step in cart.check()]
    await cart.close()
