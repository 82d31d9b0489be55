"""What is wrong in the demo on purpose: one declarative list, planted in the data of the WMS and of the shops alike.

`planted` names each fault by cart and by the code under which the cart shows it (the product's SKU where the cart does
not list it), with exactly the causes a diagnosis must name. No product carries two faults, and every other listing and
product is healthy, given the rules:

* A product or listing is healthy in a cart if its code matches one product, the cart lists it once and tracks it, a
  warehouse of the cart has reported a fresh level, and no setting hides its stock. Sold out everywhere (levels of 0) is
  healthy. A kit has no levels of its own: it is as healthy as its components.
* `Demo Outdoor A` pushes by SKU, combines all locations, Minimum Inventory Level 3: healthy totals are 0 or >= 3.
* `Demo Outdoor B` pushes by alias UPC and syncs EAST only; it counts on hand, less its own allocations, and takes a
  batch whole or not at all.
* `Demo Outdoor C` has its upload service off, and applies batches a minute after it took them. `Demo Paused A` belongs to a
  merchant whose sync is off. In both every SKU has the one cause SWITCH_OFF; some are named in the list.
* A reading older than 24 hours is stale; a stale product is stale in all warehouses, so for A and for B.
* In B, a product without a UPC is ALIAS_MISSING, whether the cart does not list it or lists it by another code; a
  listing by another type's code of a product that has a UPC is WRONG_ALIAS_TYPE. Two products with one UPC are one
  fault, named by the UPC. The products behind a listing with a wrong code (`products`) are reached by it alone: they
  are not counted as NOT_IN_CART too.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from invsync_tui.rules.outcomes import Reason
from invsync_tui.sandbox.catalog import DEFAULT, EAST, Catalog, Level, Product, generate, upc
from invsync_tui.sandbox.demo import (
    CART_A,
    CART_B,
    CART_C,
    CART_PAUSED,
    CUSTOMER_PAUSED,
    MODES,
    PRODUCTS,
    SEED,
    DemoSetup,
    setup,
)
from invsync_tui.sandbox.shop import Listing, Shop

__all__ = ["PRODUCTS_LEAST", "SEED", "DemoSetup", "Planted", "customers", "planted", "setup", "shops"]

PRODUCTS_LEAST = 300
"""Fewer products could not carry every fault on a product of its own."""
WEST = "wh-2"
PAUSED_PRODUCTS = 40
LISTED_IN_C = 60
NAMED_IF_OFF = 6
"""SKUs named in the list for a cart whose switch is off."""
STALE_SECONDS = 3 * 86_400
DRIFTED_SHARE = 0.2
"""Listings that show something else than the stock when the demo starts."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault: where an operator meets it, and what a diagnosis must say."""

    cart: str
    sku: str
    causes: tuple[Reason, ...]
    products: tuple[str, ...] = ()
    """SKUs of the products it concerns; () for a listing without a product."""


@dataclass(slots=True)
class PlantedWorld:
    """The data in which faults are planted, and the products that carry none yet."""

    catalog: Catalog
    a: Shop
    b: Shop
    free: list[str]
    planted: list[Planted] = field(default_factory=list)

    def pick(self, count: int) -> list[Product]:
        """Healthy products with stock that from now on carry a fault."""
        picked, self.free = self.free[:count], self.free[count:]
        return [self.catalog.products[ref] for ref in picked]

    def plant(self, cart: str, sku: str, cause: Reason, *products: Product) -> None:
        """Record that a listing of a cart was spoiled so that `cause` is what stops it."""
        self.planted.append(Planted(cart, sku, (cause,), tuple(product.sku for product in products)))

    def set_product(self, product: Product) -> None:
        """The WMS knows a product otherwise."""
        self.catalog.products[product.ref] = product


def _ref(product: Product) -> str:
    return product.ref.replace("P", "L", 1)


def _without_upc(product: Product) -> Product:
    return replace(product, aliases=tuple(alias for alias in product.aliases if alias[0] != "UPC"))


# --- faults in the matching of codes


def _not_in_wms(ground: PlantedWorld) -> None:
    known = {code for product in ground.catalog.products.values() for _, code in product.aliases}
    unknown = (code for n in range(9_000_000_000, 10_000_000_000) if (code := upc(n)) not in known)
    for n in range(1, 5):
        ground.a.add(Listing(f"L90{n}", f"DEMO-OLD-{n:05d}", "Demo Retired Article", 5))
        ground.plant(CART_A, f"DEMO-OLD-{n:05d}", Reason.NOT_IN_WMS)
    for n in range(1, 3):
        ground.b.add(Listing(f"L90{n}", code := next(unknown), "Demo Retired Article", 5))
        ground.plant(CART_B, code, Reason.NOT_IN_WMS)


def _case_or_space(ground: PlantedWorld) -> None:
    """Two listings differ from the SKU by case, one by a doubled space, one by a character that cannot be seen."""
    lower, title, spaced, hidden = ground.pick(4)
    spaced = replace(spaced, sku=spaced.sku.replace("-", " "))
    ground.set_product(spaced)
    codes = {
        lower: lower.sku.lower(),
        title: title.sku.title(),
        spaced: spaced.sku.replace(" ", "  "),
        hidden: hidden.sku.replace("-", "\u200b-", 1),
    }
    for product, code in codes.items():
        ground.a.listings[_ref(product)].sku = code
        ground.plant(CART_A, code, Reason.NOT_IN_WMS, product)


def _alias_missing(ground: PlantedWorld) -> None:
    """Two of the products are not listed at all, two are listed by their SKU or ASIN."""
    for n, product in enumerate(ground.pick(4)):
        ground.set_product(_without_upc(product))
        code = (product.sku, product.sku, product.sku, product.code("ASIN"))[n]
        if n < 2:
            ground.b.remove(_ref(product))
        else:
            ground.b.listings[_ref(product)].sku = code
        ground.plant(CART_B, code, Reason.ALIAS_MISSING, product)


def _wrong_alias_type(ground: PlantedWorld) -> None:
    for n, product in enumerate(ground.pick(4)):
        code = product.code("ASIN" if n % 2 else "SKU")
        ground.b.listings[_ref(product)].sku = code
        ground.plant(CART_B, code, Reason.WRONG_ALIAS_TYPE, product)


def _ambiguous_alias(ground: PlantedWorld) -> None:
    for _ in range(3):
        first, other = ground.pick(2)
        shared = first.code("UPC")
        aliases = tuple((kind, shared if kind == "UPC" else code) for kind, code in other.aliases)
        ground.set_product(replace(other, aliases=aliases))
        ground.b.remove(_ref(other))
        ground.plant(CART_B, shared, Reason.AMBIGUOUS_ALIAS, first, other)


# --- faults in the shops


def _not_in_cart(ground: PlantedWorld) -> None:
    for cart, shop in ((CART_A, ground.a), (CART_B, ground.b)):
        for product in ground.pick(4):
            shop.remove(_ref(product))
            ground.plant(cart, product.sku, Reason.NOT_IN_CART, product)


def _duplicate_in_cart(ground: PlantedWorld) -> None:
    for cart, shop in ((CART_A, ground.a), (CART_B, ground.b)):
        for product in ground.pick(3):
            listing = shop.listings[_ref(product)]
            shop.add(replace(listing, ref=f"{listing.ref}-2", name=f"{listing.name} (copy)"))
            ground.plant(cart, listing.sku, Reason.DUPLICATE_IN_CART, product)


def _not_tracking(ground: PlantedWorld) -> None:
    for product in ground.pick(4):
        ground.a.listings[_ref(product)].tracked = False
        ground.plant(CART_A, product.sku, Reason.CART_NOT_TRACKING, product)


# --- faults in the stock


def _cut_off(ground: PlantedWorld) -> None:
    """One or two units, all in EAST: hidden by A's Minimum Inventory Level, shown by B."""
    for n, product in enumerate(ground.pick(5)):
        for levels in ground.catalog.levels.values():
            if product.ref in levels:
                levels[product.ref] = Level(0)
        ground.catalog.levels[EAST][product.ref] = Level(1 + n % 2)
        ground.plant(CART_A, product.sku, Reason.CUT_OFF_APPLIED, product)


def _wrong_warehouse(ground: PlantedWorld) -> None:
    for n, product in enumerate(ground.pick(5)):
        ground.catalog.levels[EAST].pop(product.ref)
        ground.catalog.levels[WEST][product.ref] = Level(20 + n)
        ground.plant(CART_B, product.code("UPC"), Reason.WRONG_WAREHOUSE, product)


def _stale(ground: PlantedWorld) -> None:
    read_at = int(time.time()) - STALE_SECONDS
    for product in ground.pick(4):
        for levels in ground.catalog.levels.values():
            if product.ref in levels:
                levels[product.ref] = replace(levels[product.ref], read_at=read_at)
        ground.plant(CART_A, product.sku, Reason.WMS_STALE, product)
        ground.plant(CART_B, product.code("UPC"), Reason.WMS_STALE, product)


def _no_level(ground: PlantedWorld) -> None:
    for product in ground.pick(4):
        for levels in ground.catalog.levels.values():
            levels.pop(product.ref, None)
        ground.plant(CART_A, product.sku, Reason.NO_LEVEL, product)
        ground.plant(CART_B, product.code("UPC"), Reason.NO_LEVEL, product)


PLANTERS: tuple[Callable[[PlantedWorld], None], ...] = (
    _not_in_wms,
    _case_or_space,
    _alias_missing,
    _wrong_alias_type,
    _ambiguous_alias,
    _not_in_cart,
    _duplicate_in_cart,
    _not_tracking,
    _cut_off,
    _wrong_warehouse,
    _stale,
    _no_level,
)


# --- the whole


def _shop(name: str, catalog: Catalog, refs: list[str], kind: str, places: tuple[str, ...], seed: int) -> Shop:
    """A shop that lists products by their code of a type; most show the stock, some have drifted away from it."""
    rng = random.Random(f"{seed} {name}")
    on_hand = MODES[name].basis == "on_hand"
    listings: dict[str, Listing] = {}
    for ref in refs:
        product, stock = catalog.products[ref], catalog.available(ref, places)
        allocated = rng.randint(1, 4) if on_hand and rng.random() < 0.25 else 0
        quantity = max(0, stock + rng.randint(-5, 9)) if rng.random() < DRIFTED_SHARE else stock
        listing = Listing(_ref(product), product.code(kind), product.name, quantity + allocated, True, allocated)
        listings[listing.ref] = listing
    return Shop(name, MODES[name], listings)


def _free(catalog: Catalog, seed: int) -> list[str]:
    """Products that may carry a fault: in stock, neither kit nor part of one, in an order of their own."""
    parts = {part for product in catalog.products.values() for part, _ in product.components}
    east = catalog.levels[EAST]
    free = [ref for ref, level in east.items() if level.available > 0 and ref not in parts]
    random.Random(f"{seed} faults").shuffle(free)
    return free


@dataclass(frozen=True, slots=True)
class _World:
    customers: dict[str, Catalog]
    shops: dict[str, Shop]
    planted: list[Planted]


def _build(products: int, seed: int) -> _World:
    if products < PRODUCTS_LEAST:
        raise ValueError(f"The demo needs at least {PRODUCTS_LEAST} products.")
    catalog = generate(products, seed=seed)
    everything = list(catalog.products)
    a = _shop("outdoor-a", catalog, everything, "SKU", (), seed)
    b = _shop("outdoor-b", catalog, everything, "UPC", (EAST,), seed)
    ground = PlantedWorld(catalog, a, b, _free(catalog, seed))
    for plant in PLANTERS:
        plant(ground)
    c = _switched_off(ground, seed)
    second, paused = _paused(ground, seed)
    named = {shop.name: shop for shop in (a, b, c, paused)}
    return _World({DEFAULT: catalog, CUSTOMER_PAUSED: second}, named, ground.planted)


def _switched_off(ground: PlantedWorld, seed: int) -> Shop:
    listed = ground.pick(LISTED_IN_C)
    for product in listed[:NAMED_IF_OFF]:
        ground.plant(CART_C, product.sku, Reason.SWITCH_OFF, product)
    return _shop("outdoor-c", ground.catalog, sorted(product.ref for product in listed), "SKU", (), seed)


def _paused(ground: PlantedWorld, seed: int) -> tuple[Catalog, Shop]:
    catalog = generate(PAUSED_PRODUCTS, warehouses=2, seed=seed + 1, prefix="PAUSE")
    for product in list(catalog.products.values())[:NAMED_IF_OFF]:
        ground.plant(CART_PAUSED, product.sku, Reason.SWITCH_OFF, product)
    return catalog, _shop("paused-a", catalog, list(catalog.products), "SKU", (), seed)


def customers(products: int = PRODUCTS, seed: int = SEED) -> dict[str, Catalog]:
    """What the WMS serves, by customer."""
    return _build(products, seed).customers


def shops(products: int = PRODUCTS, seed: int = SEED) -> dict[str, Shop]:
    """What the cart process serves, by shop."""
    return _build(products, seed).shops


def planted(products: int = PRODUCTS, seed: int = SEED) -> list[Planted]:
    """Every fault of the demo with these arguments, always the same."""
    return _build(products, seed).planted
