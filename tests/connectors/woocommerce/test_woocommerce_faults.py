"""What a WooCommerce shop, its web server and its host do wrong, by the strict fake: each is told with what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from invsync_tui.connectors.base import CheckStep, Connection, OrderLine, PushItem
from invsync_tui.connectors.carts.woocommerce import WooCommerceCart, checks
from invsync_tui.connectors.checks import CartFacts
from invsync_tui.connectors.errors import ConnectorError, PermissionDeniedError, UnavailableError
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason
from tests.support.runs.sandbox_world import hurry
from tests.support.servers.woocommerce.server import NOTICE, SECRET, WooServer, woocommerce_server

BATCH = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WooServer]:
    hurry(monkeypatch)
    with woocommerce_server(products=3) as server:
        yield server


async def steps(connection: Connection) -> list[CheckStep]:
    cart = WooCommerceCart(connection)
    try:
        return [step async for step in cart.check()]
    finally:
        await cart.close()


@pytest.mark.parametrize(
    ("faults", "step", "detail", "advice"),
    [
        ({"secret": "cs_another"}, "login", "Consumer secret is invalid", "consumer secret"),
        ({"key": "ck_another"}, "login", "did not accept the key", "consumer key"),
        ({"https": "no"}, "login", "did not accept the key", "https"),
        ({"drops_authorization": True}, "login", "does not hand on", "the option auth to query"),
        ({"permissions": "read"}, "permission", "write permissions", "Read/Write"),
        ({"permissions": "write"}, "login", "read permissions", "Read/Write"),
        ({"firewall": 403}, "address", "Attention Required", "firewall"),
        ({"firewall": 406}, "address", "Attention Required", "firewall"),
        ({"firewall": 503}, "address", "Attention Required", "firewall"),
        ({"firewall": 403, "firewall_spares_reading": True}, "permission", "Attention Required", "firewall"),
        ({"redirect_to": "https://www.shop.example.com"}, "address", "www.shop.example.com", "--url"),
        ({"broken": True}, "address", "critical error", ""),
        ({"active": False}, "address", "is not there", "Activate"),
        ({"notice": NOTICE}, "address", "message of PHP into its answer: Notice: Undefined index", "WP_DEBUG_DISPLAY"),
        ({"plain_permalinks": True}, "address", "plain permalinks", "Settings, Permalinks"),
        ({"folder": "/elsewhere"}, "address", "no REST API", "address of the shop"),
    ],
)
async def test_what_is_wrong_is_told_at_its_step(
    server: WooServer, faults: dict[str, Any], step: str, detail: str, advice: str
) -> None:
    connection = server.connection()
    for name, value in faults.items():
        setattr(server.api if name == "plain_permalinks" else server, name, value)
    found = await steps(connection)
    assert (found[-1].name, found[-1].ok) == (step, False), found
    assert detail in found[-1].detail and advice in found[-1].advice, found[-1]
    assert not any(SECRET in f"{at.detail} {at.advice}" for at in found)


async def test_a_shop_in_a_folder_and_one_that_wants_the_key_in_the_address(server: WooServer) -> None:
    server.folder = "/shop"
    server.drops_authorization = True
    connection = replace(server.connection(f"{server.url}/shop"), options={"auth": "query"})
    found = await steps(connection)
    assert all(step.ok for step in found), found
    assert {seen.key_in for seen in server.requests if seen.route.startswith("/wc/")} == {"query"}
    assert server.violations == []


async def test_an_order_is_seen_where_the_shop_takes_times_for_its_own_time_zone(server: WooServer) -> None:
    server.api.ignores_dates_are_gmt = True
    server.advance(300)
    ref = next(iter(server.shown()))
    cart = WooCommerceCart(server.connection())
    await cart.open()
    offset = await cart.clock_offset() or 0
    since = int(time.time() + offset) - 30
    order = server.sell(ref, 2)
    server.sell(ref, 1, "pending")
    canceled = server.sell(ref, 1)
    server.turn(canceled, "cancelled")
    lines = await cart.orders_since(since)
    await cart.close()
    number = str(order.id)
    taken = int(order.created.timestamp())
    assert [line for line in lines if line.quantity] == [OrderLine(number, ref, 2, taken, "", number)]


@pytest.mark.parametrize("local", [False, True])
async def test_an_order_that_is_paid_days_later_takes_its_units_then(server: WooServer, local: bool) -> None:
    server.api.ignores_dates_are_gmt = local
    ref = next(iter(server.shown()))
    order = server.sell(ref, 2, "pending")
    server.sell(ref, 1)
    server.advance(3 * 86400)
    server.turn(order, "processing")
    now = server.shop.now()
    order.odd["date_paid_gmt"] = now.strftime("%Y-%m-%dT%H:%M:%S")
    cart = WooCommerceCart(server.connection())
    await cart.open()
    lines = await cart.orders_since(int(now.timestamp()) - 300)
    await cart.close()
    assert lines == [OrderLine(str(order.id), ref, 2, int(now.timestamp()), "", str(order.id))]


async def test_variations_that_share_a_stock_are_never_set(server: WooServer) -> None:
    shirt = server.add_product("SHIRT", 9, kind="variable")
    red, blue = server.add_variation(shirt, "RED", None), server.add_variation(shirt, "BLUE", 4)
    cart = WooCommerceCart(server.connection())
    await cart.open()
    rows = {row.ref: (row.quantity, row.tracked) for row in await cart.read([shirt, red, blue])}
    assert rows == {shirt: (9, True), red: (None, False), blue: (4, True)}
    items = [PushItem(shirt, 20), PushItem(red, 5), PushItem(blue, 6)]
    answers = {answer.ref: answer for answer in await cart.send(BATCH, cart.compose(BATCH, items))}
    server.sell(red, 1)
    lines = await cart.orders_since(int(time.time()) - 60)
    await cart.close()
    assert (answers[shirt].quantity, answers[blue].quantity) == (20, 6)
    assert answers[red].reason is Reason.CART_NOT_TRACKING and answers[red].quantity is None
    assert [line.listing_ref for line in lines] == [shirt], "the units come from the stock of the product"
    assert server.shown()[blue] == 6
    assert server.violations == []


async def test_an_answer_that_is_lost_in_the_middle_is_read_back(server: WooServer) -> None:
    first = next(iter(server.shown()))
    parent = server.add_product("", None, kind="variable")
    child = server.add_variation(parent, "RED", 1)
    cart = WooCommerceCart(server.connection())
    await cart.open()
    body = cart.compose(BATCH, [PushItem(first, 50), PushItem(child, 60)])
    server.lose_requests = 0
    for lost, shown in (("lose_answers", 50), ("lose_requests", 50)):
        server.set(first, 1)
        server.set(child, 1)
        setattr(server, lost, 1)
        with pytest.raises(UnavailableError) as raised:
            await cart.send(BATCH, body)
        assert raised.value.may_have_applied
        assert server.shown()[first] == (shown if lost == "lose_answers" else 1)
        assert server.shown()[child] == 1, "nothing is sent after an answer that is lost"
    await cart.close()


async def test_a_read_only_key_ends_a_push_with_its_reason(server: WooServer) -> None:
    server.permissions = "read"
    cart = WooCommerceCart(server.connection())
    await cart.open()
    with pytest.raises(PermissionDeniedError, match="write permissions"):
        await cart.send(BATCH, cart.compose(BATCH, [PushItem(next(iter(server.shown())), 1)]))
    await cart.close()


# --- the doctor ------------------------------------------------------------------------------------------------------


def reviewed(
    error: ConnectorError | None = None, url: str = "https://shop.example.com", **facts: Any
) -> dict[str, Any]:
    connection = Connection("Shop", "woocommerce", url, "ck", "env:X")
    known = CartFacts(connection, "Demo", error.text if error else "", True, **facts)
    return {review.id.partition(".")[2]: review for review in checks.review(known)}


def test_the_doctor_knows_what_goes_wrong_silently() -> None:
    good = reviewed(listings=10, untracked=5)
    assert {review.verdict for review in good.values()} == {Verdict.PASS}
    assert reviewed(listings=10, untracked=6)["tracking"].verdict is Verdict.FAIL
    assert reviewed(url="http://shop.example.com")["address"].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("faults", "check"),
    [
        ({"secret": "cs_another"}, "key"),
        ({"drops_authorization": True}, "key"),
        ({"permissions": "write"}, "permission"),
        ({"active": False}, "address"),
        ({"firewall": 403}, "answers"),
        ({"notice": NOTICE}, "answers"),
    ],
)
async def test_the_doctor_recognizes_the_errors_of_runs(server: WooServer, faults: dict[str, Any], check: str) -> None:
    connection = server.connection()
    for name, value in faults.items():
        setattr(server, name, value)
    cart = WooCommerceCart(connection)
    with pytest.raises(ConnectorError) as raised:
        await cart.open()
    await cart.close()
    failed = [name for name, review in reviewed(raised.value).items() if review.verdict is Verdict.FAIL]
    assert failed == [check]
