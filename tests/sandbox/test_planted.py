"""The planted list is exact: the rules find every planted fault, with its causes only, and nothing else."""

from __future__ import annotations

import time
from collections import Counter, defaultdict

import pytest

from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.rules.matching import SKU_KIND, CodeHit, Match, match_code, normalize_key, trimmed
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.quantity import ChainRules, Component, Facts, Reading, decide
from invsync_tui.sandbox.catalog import Catalog, Level, Product, check_digit, generate
from invsync_tui.sandbox.data_faults import PRODUCTS_LEAST, Planted, customers, planted, setup, shops
from invsync_tui.sandbox.demo import CART_A, CART_B, CUSTOMER_PAUSED, MODES, DemoCart
from invsync_tui.sandbox.shop import Listing, Shop
from tests.support.servers.sandbox import sandbox_cart, sandbox_wms

KINDS = {"SKU": SKU_KIND, "UPC": 1, "ASIN": 2, "MPN": 3}
GUIDE_CAUSES = {
    Reason.SWITCH_OFF,
    Reason.WRONG_WAREHOUSE,
    Reason.ALIAS_MISSING,
    Reason.WRONG_ALIAS_TYPE,
    Reason.AMBIGUOUS_ALIAS,
    Reason.NOT_IN_WMS,
    Reason.NOT_IN_CART,
    Reason.DUPLICATE_IN_CART,
    Reason.WMS_STALE,
    Reason.CUT_OFF_APPLIED,
    Reason.CART_NOT_TRACKING,
    Reason.NO_LEVEL,
}


class Diagnosis:
    """A slow and simple reading of the rules for one cart of the demo, whole catalog in memory."""

    def __init__(self, catalog: Catalog, shop: Shop, cart: DemoCart) -> None:
        self.catalog, self.shop, self.cart = catalog, shop, cart
        self.kind = cart.alias_type or "SKU"
        self.ids = {ref: n for n, ref in enumerate(catalog.products)}
        self.products = list(catalog.products.values())
        self.hits: dict[str, list[CodeHit]] = defaultdict(list)
        for product in self.products:
            for kind, code in (("SKU", product.sku), *product.aliases):
                self.hits[normalize_key(code)].append(CodeHit(self.ids[product.ref], KINDS[kind], code))
        self.codes = Counter(trimmed(listing.sku) for listing in shop.listings.values())
        refs = {place.code: place.ref for place in catalog.places}
        self.places = [refs[code] for code in cart.warehouses] or list(refs.values())

    def match(self, listing: Listing) -> Match:
        hits = self.hits[normalize_key(listing.sku)]
        owners = frozenset(hit.product_id for hit in hits if self.products[hit.product_id].code(self.kind))
        return match_code(listing.sku, KINDS[self.kind], hits, owners)

    def readings(self, ref: str) -> tuple[Reading, ...]:
        found = ((p, self.catalog.levels[p].get(ref)) for p in self.places)
        now = int(time.time())
        return tuple(Reading(p, level.available, level.read_at or now) for p, level in found if level)

    def component(self, ref: str, needed: int) -> Component:
        readings = self.readings(ref)
        return Component(ref, needed, sum(r.available for r in readings) if readings else None)

    def stock(self, product: Product, listing: Listing) -> Reason | None:
        others = self.others(product.ref)
        facts = Facts(
            now=int(time.time()),
            readings=self.readings(product.ref),
            elsewhere=sum(level.available for level in others),
            has_level_elsewhere=bool(others),
            components=tuple(self.component(ref, needed) for ref, needed in product.components),
            shown=listing.quantity,
        )
        decision = decide(facts, ChainRules(cutoff_below=self.cart.cutoff_below, stale_after=24 * 3600))
        return None if decision.reason is Reason.IN_SYNC else decision.reason

    def others(self, ref: str) -> list[Level]:
        """Levels in the warehouses that the cart does not sync with."""
        levels = self.catalog.levels
        return [rows[ref] for place, rows in levels.items() if place not in self.places and ref in rows]

    def causes(self) -> set[tuple[str, Reason]]:
        found: set[tuple[str, Reason]] = set()
        reached: set[int] = set()
        for listing in self.shop.listings.values():
            match = self.match(listing)
            reached |= {hit.product_id for hit in match.near}
            if match.product_id is None:
                found.add((listing.sku, match.reason or Reason.NOT_IN_WMS))
                continue
            reached.add(match.product_id)
            found |= {(listing.sku, cause) for cause in self.listed(listing, self.products[match.product_id])}
        return found | {self.unlisted(p) for n, p in enumerate(self.products) if n not in reached}

    def listed(self, listing: Listing, product: Product) -> set[Reason]:
        causes = {self.stock(product, listing)}
        causes |= {Reason.DUPLICATE_IN_CART} if self.codes[trimmed(listing.sku)] > 1 else set()
        causes |= set() if listing.tracked else {Reason.CART_NOT_TRACKING}
        return {cause for cause in causes if cause}

    def unlisted(self, product: Product) -> tuple[str, Reason]:
        return product.sku, Reason.NOT_IN_CART if product.code(self.kind) else Reason.ALIAS_MISSING


@pytest.mark.parametrize(("products", "seed"), [(PRODUCTS_LEAST, 7), (5000, 7), (1000, 1), (1000, 99)])
@pytest.mark.parametrize("name", [CART_A, CART_B])
def test_the_rules_find_the_planted_faults_and_no_others(products: int, seed: int, name: str) -> None:
    cart = setup().cart(name)
    found = Diagnosis(customers(products, seed)[""], shops(products, seed)[cart.shop], cart).causes()
    faults = [fault for fault in planted(products, seed) if fault.cart == name]
    assert found == {(fault.sku, cause) for fault in faults for cause in fault.causes}


def test_every_cause_of_the_guide_is_planted() -> None:
    assert {cause for fault in planted() for cause in fault.causes} == GUIDE_CAUSES
    per_cause = Counter((fault.cart, fault.causes) for fault in planted())
    assert all(2 <= count <= 8 for count in per_cause.values())


def test_no_product_carries_two_faults() -> None:
    by_sku: dict[str, set[tuple[Reason, ...]]] = defaultdict(set)
    for fault in planted():
        for sku in fault.products:
            by_sku[sku].add(fault.causes)
    assert all(len(causes) == 1 for causes in by_sku.values())
    assert len({(fault.cart, fault.sku) for fault in planted()}) == len(planted())


def test_the_list_and_the_data_are_the_same_each_time() -> None:
    assert planted(1000, 3) == planted(1000, 3) != planted(1000, 4)
    assert generate(500, seed=3) == generate(500, seed=3)
    quantities = [[(row.ref, row.quantity) for row in shops(600, 3)["outdoor-a"].listings.values()] for _ in range(2)]
    assert quantities[0] == quantities[1]


def test_too_small_a_demo_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        planted(PRODUCTS_LEAST - 1)


def test_codes_are_valid_and_unique() -> None:
    products = generate(3000).products.values()
    codes = [code for product in products for _, code in product.aliases] + [product.sku for product in products]
    assert len(codes) == len(set(codes))
    assert check_digit("03600029145") == "2"
    assert all(len(code := p.code("UPC")) == 12 and check_digit(code[:11]) == code[11] for p in products)


def test_the_switches_are_off_where_the_list_says_so() -> None:
    demo = setup()
    for fault in planted():
        off = not (demo.cart(fault.cart).upload_on and demo.merchant_of(fault.cart).sync_on)
        assert off == (fault.causes == (Reason.SWITCH_OFF,)), fault


async def test_both_processes_serve_the_demo_as_set_up() -> None:
    demo = setup()
    with sandbox_wms(400, profile="demo") as wms, sandbox_cart(400, profile="demo") as carts:
        for merchant in demo.merchants:
            source = SandboxSource(wms.connection(**merchant.source_options))
            await source.open()
            assert {row.code for row in await source.warehouses()} >= {"DEFAULT", "EAST"}
            await source.close()
        for cart in (cart for merchant in demo.merchants for cart in merchant.carts):
            assert carts.connection(cart.shop).options == cart.options
            opened = SandboxCart(carts.connection(cart.shop))
            await opened.open()
            assert (await opened.listings_page(None)).rows
            await opened.close()
        shown = {listing["sku"] for listing in carts.dump()["outdoor-a"]}
    assert set(MODES) == {cart.shop for merchant in demo.merchants for cart in merchant.carts}
    assert demo.merchants[1].source_options == {"customer": CUSTOMER_PAUSED}
    in_cart = {f.sku for f in planted(400) if f.cart == CART_A and f.causes != (Reason.NOT_IN_CART,)}
    assert in_cart <= shown


def test_a_fault_names_its_products() -> None:
    without = [fault for fault in planted() if not fault.products]
    assert {fault.causes for fault in without} == {(Reason.NOT_IN_WMS,)}
    assert all(isinstance(fault, Planted) for fault in without)
