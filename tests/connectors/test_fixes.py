"""What connectors change in a shop on request, and what they leave alone: by the shop's own word, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from invsync_tui.connectors import on_request, registry
from invsync_tui.connectors.about import Fix
from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.carts.shopify import ShopifyCart
from invsync_tui.connectors.carts.woocommerce import WooCommerceCart
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.rules.outcomes import REASONS, Reason, ReasonKind
from tests.support.servers.shopify.server import shopify_server
from tests.support.servers.woocommerce.server import woocommerce_server

TRACK = Fix("track", Reason.CART_NOT_TRACKING, "Turns it on.", "It shows 0.")
STOCK = Fix("stock", Reason.NOT_STOCKED_AT_LOCATION, "Stocks it.", "It shows 0.")


def fix_of(connector: Any, name: str) -> Fix:
    found = on_request.fix_called(connector.about.fixes, name)
    assert found is not None
    return found


async def done(cart: Any, name: str, refs: Sequence[str]) -> dict[str, str]:
    await cart.open()
    try:
        rows, _ = await on_request.apply(cart, fix_of(cart, name), refs)
    finally:
        await cart.close()
    return {row.ref: row.why_not for row in rows}


async def test_shopify_says_what_it_cannot_change_and_changes_the_rest() -> None:
    with shopify_server() as server:
        shop = server.shop
        service = "gid://shopify/Location/900"
        shop.services[service] = "Acme Fulfillment"
        locked = shop.add("LOCKED", 4, tracked=False, locked="managed by an app")
        plain = shop.add("PLAIN", 4, tracked=False)
        away, absent = shop.add("AWAY", None), shop.add("ABSENT", None)
        shop.items[away].levels[service] = 7
        many = [shop.add(f"MANY-{n}", 1, tracked=False) for n in range(12)]
        told = await done(ShopifyCart(server.connection(server.url)), "track", [locked, plain, *many])
        assert told == {
            locked: "its tracking cannot be changed: managed by an app", plain: "", **dict.fromkeys(many, "")
        }  # fmt: skip
        assert (shop.items[locked].tracked, shop.items[plain].tracked) == (False, True)
        told = await done(ShopifyCart(server.connection(server.url)), "activate", [away, absent])
        assert told == {
            away: "it is stocked by the fulfillment service Acme Fulfillment, and can be nowhere else",
            absent: "",
        }
        assert (shop.items[away].levels.get(shop.main), shop.items[absent].levels[shop.main]) == (None, 0)
        assert server.violations == []


async def test_woocommerce_leaves_variations_that_share_a_stock_alone() -> None:
    with woocommerce_server() as server:
        simple, external = server.add_product("SIMPLE", None), server.add_product("OUT", None, kind="external")
        keeper = server.add_product("KEEPER", 9, kind="variable")
        plain = server.add_product("PLAIN", None, kind="variable")
        shared = server.add_variation(keeper, "SHARED", None)
        own = server.add_variation(plain, "OWN", None)
        told = await done(WooCommerceCart(server.connection()), "track", [simple, external, shared, own])
        assert told[simple] == told[own] == ""
        assert "shares its product's stock" in told[shared] and "external" in told[external]
        assert [server.item(ref).manage for ref in (simple, external, shared, own)] == [True, False, False, True]
        assert (server.shown()[simple], server.shown()[own], server.shown()[shared]) == (0, 0, 9)
        assert server.violations == []


class Shop:
    """A cart by what it shows before and after."""

    class capabilities:  # noqa: N801
        read_batch = 2

    def __init__(self, *rows: ListingRow, error: str = "", fails: bool = False, works: bool = True) -> None:
        self.rows = {row.ref: row for row in rows}
        self.error, self.fails, self.works = error, fails, works
        self.asked: list[str] = []

    async def read(self, refs: Sequence[str]) -> list[ListingRow]:
        assert len(refs) <= 2
        return [self.rows[ref] for ref in refs if ref in self.rows]

    async def fix(self, name: str, refs: Sequence[str]) -> list[FixAnswer]:
        self.asked += refs
        for number, ref in enumerate(refs):
            if self.fails and number:
                raise UnavailableError("It does not answer.", may_have_applied=True)
            if self.works:
                self.rows[ref] = self.rows[ref]._replace(tracked=True, skip=None)
        return [FixAnswer(ref, self.error) for ref in refs]


def untracked(ref: str) -> ListingRow:
    return ListingRow(ref, ref, tracked=False)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (untracked("A"), ""),
        (ListingRow("A", "A", tracked=True, quantity=3), "does not need it"),
        (ListingRow("A", "A", tracked=False, skip=Reason.BUNDLE_PARENT), REASONS[Reason.BUNDLE_PARENT].text),
        (ListingRow("A", "", "no id", skip=Reason.BAD_ROW), "cannot be read: no id"),
        (None, "no longer has this listing"),
    ],
)
async def test_what_a_listing_shows_decides_whether_it_is_changed(row: ListingRow | None, why: str) -> None:
    cart = Shop(*([row] if row else []))
    (planned,) = await on_request.plan(cart, TRACK, ["A"])
    assert bool(planned.why_not) is bool(why) and why in planned.why_not
    assert cart.asked == []
    await on_request.apply(cart, TRACK, ["A"])
    assert cart.asked == ([] if why else ["A"])


@pytest.mark.parametrize(
    ("cart", "told"),
    [
        (Shop(untracked("A"), untracked("B"), untracked("C")), ["", "", ""]),
        (Shop(untracked("A"), untracked("B"), untracked("C"), error="no"), ["", "", ""]),
        (Shop(untracked("A"), untracked("B"), untracked("C"), works=False), [on_request.STILL] * 3),
        (Shop(untracked("A"), untracked("B"), untracked("C"), works=False, error="no"), ["no"] * 3),
    ],
)
async def test_what_it_shows_afterwards_decides_whether_it_was_made(cart: Shop, told: list[str]) -> None:
    rows, renamed = await on_request.apply(cart, TRACK, ["A", "B", "C"])
    assert [row.why_not for row in rows] == told and renamed == set()


async def test_a_cart_that_fails_on_the_way_costs_what_was_not_made() -> None:
    rows, _ = await on_request.apply(Shop(untracked("A"), untracked("B"), fails=True), TRACK, ["A", "B"])
    assert rows[0].why_not == "" and "does not answer" in rows[1].why_not


def test_a_listing_that_is_not_stocked_is_another_than_one_that_is_not_tracked() -> None:
    row = ListingRow("A", "A", tracked=True, skip=Reason.NOT_STOCKED_AT_LOCATION)
    assert on_request.needs(row, STOCK.reason) and not on_request.needs(row, TRACK.reason)


def test_every_fix_is_for_a_reason_of_the_cart_and_says_what_it_does() -> None:
    found = {}
    for system in registry.systems(registry.CARTS):
        about = registry.about(registry.CARTS, system)
        assert about is not None
        found[system] = [fix.name for fix in about.fixes]
        assert all(REASONS[fix.reason].kind is ReasonKind.CART for fix in about.fixes)
    assert found == {
        "medusa": ["track", "stock"], "sandbox": ["track"], "shopify": ["track", "activate"], "vendure": ["track"],
        "woocommerce": ["track"],
    }  # fmt: skip
