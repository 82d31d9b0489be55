"""Plants faults in a sandbox's store at random, several on one SKU too, and tells what a diagnosis must find.

It reasons from what was broken, never from what the program makes of it: it shares nothing with the diagnosis but the
words of `rules.outcomes`.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from invsync_tui import clock
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import audit, change_sequence
from invsync_tui.store.catalog import levels, products
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.demo import plant_faults
from invsync_tui.store.demo.plant_faults import CartGround, ListingGround, ProductGround
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import ListingRecord

SPOILT_SHARE = 0.4
"""Of the healthy products; the others stay as they are."""
SPOILT_MOST = 60
DAY = 86400
_FAILURES = (
    Reason.REJECTED_BY_CART,
    Reason.THROTTLED,
    Reason.SCOPE_MISSING,
    Reason.CART_UNAVAILABLE,
    Reason.VERIFY_FAILED,
)


@dataclass(frozen=True, slots=True)
class Sown:
    """What a diagnosis must say of one listing, or of a product that a cart does not list (`ref` None)."""

    cart: str
    sku: str
    ref: str | None
    causes: frozenset[Reason]


@dataclass(frozen=True, slots=True)
class Planting:
    """Everything that was planted, and by cart the causes that all its listings have."""

    sown: tuple[Sown, ...]
    whole: dict[str, frozenset[Reason]]


@dataclass(frozen=True, slots=True)
class _Record:
    """A product as the WMS would send it."""

    ref: str
    sku: str
    name: str
    aliases: tuple[tuple[str, str], ...]
    components: tuple[tuple[str, int], ...] = ()
    active: bool = True
    counted: bool = True


@dataclass(slots=True)
class _Plot:
    """One merchant's ground while faults are planted in it."""

    tx: sqlite3.Connection
    rng: random.Random
    merchant: int
    carts: list[CartGround]
    places: dict[int, frozenset[int]]
    seq: int
    now: int
    off: set[int] = field(default_factory=set)
    stopped: dict[int, set[Reason]] = field(default_factory=dict)
    failed: list[tuple[int, Reason]] = field(default_factory=list)
    sown: list[Sown] = field(default_factory=list)

    def alone(self, cart: CartGround) -> bool:
        """No other cart pushes codes of its kind."""
        return sum(other.push_kind == cart.push_kind for other in self.carts) == 1

    def sow(self, cart: CartGround, sku: str, ref: str | None, causes: set[Reason]) -> None:
        """Note what must be found, whole-cart causes included."""
        expected = causes | self.stopped.get(cart.id, set())
        if Reason.WAREHOUSE_DISABLED in expected:
            # Which stock there is cannot be told without a warehouse.
            expected -= {Reason.WMS_STALE, Reason.NO_LEVEL, Reason.WRONG_WAREHOUSE, Reason.CUT_OFF_APPLIED}
        if expected:
            self.sown.append(Sown(cart.name, sku, ref, frozenset(expected)))


def plant(session: Session, seed: int) -> Planting:
    """Spoil part of what is healthy; the same seed spoils the same store the same way."""
    from invsync_tui.sync.plans.seed_push import rehearse

    session.allow(Right.SETTINGS, "plant faults")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        _only_sandboxes(tx)
        plots = [
            _spoil(tx, random.Random(f"{seed} {merchant}"), merchant, now) for merchant in plant_faults.merchants(tx)
        ]
        for plot in plots:
            for cart in plot.carts:
                rehearse(tx, cart.id, now)
            for listing_id, reason in plot.failed:
                plant_faults.fail(tx, listing_id, reason.value)
        audit.record(tx, now, session.operator, "plant", "store", after=f"seed {seed}")
    whole = {cart.name: frozenset(plot.stopped.get(cart.id, set())) for plot in plots for cart in plot.carts}
    return Planting(tuple(sown for plot in plots for sown in plot.sown), whole)


def _only_sandboxes(tx: sqlite3.Connection) -> None:
    foreign = plant_faults.foreign_systems(tx)
    if foreign:
        raise OperationError(f"This store is connected to {', '.join(foreign)}: faults are planted in sandboxes only.")


def _spoil(tx: sqlite3.Connection, rng: random.Random, merchant: int, now: int) -> _Plot:
    carts = plant_faults.carts(tx, merchant)
    places = {cart.id: plant_faults.warehouses(tx, cart.id) for cart in carts}
    plot = _Plot(tx, rng, merchant, carts, places, change_sequence.upcoming(tx), now)
    free = plant_faults.free_products(tx, merchant, int(SPOILT_MOST / SPOILT_SHARE)) if carts else []
    rng.shuffle(free)
    spare = free[int(len(free) * SPOILT_SHARE) :]
    _stop_carts(plot)
    for product in free[: int(len(free) * SPOILT_SHARE)]:
        _spoil_product(plot, product, spare)
    change_sequence.take(tx, plot.seq)
    return plot


def _stop_carts(plot: _Plot) -> None:
    """Now and then a whole cart is off, or syncs with disabled warehouses only."""
    for cart in plot.carts:
        others = frozenset[int]().union(*(plot.places[other.id] for other in plot.carts if other.id != cart.id))
        if plot.rng.random() < 0.15:
            plant_faults.switch_off(plot.tx, cart.id)
            plot.off.add(cart.id)
            plot.stopped.setdefault(cart.id, set()).add(Reason.SWITCH_OFF)
        elif plot.rng.random() < 0.1 and not plot.places[cart.id] & others:
            plant_faults.disable_warehouses(plot.tx, sorted(plot.places[cart.id]))
            plot.stopped.setdefault(cart.id, set()).add(Reason.WAREHOUSE_DISABLED)


# --- the stock of a product --------------------------------------------------------------------------------------------

_ByCart = dict[int, Reason]


def _spoil_stock(plot: _Plot, product: ProductGround) -> _ByCart:
    """Perhaps break its levels; returns in which carts that shows, and as what."""
    ways: tuple[Callable[[_Plot, ProductGround], _ByCart], ...] = (
        _fine,
        _fine,
        _stale,
        _no_level,
        _low,
        _elsewhere,
        _lost,
    )
    return plot.rng.choice(ways)(plot, product)


def _fine(_plot: _Plot, _product: ProductGround) -> _ByCart:
    return {}


def _stale(plot: _Plot, product: ProductGround) -> _ByCart:
    limits = [cart.stale_after for cart in plot.carts if cart.stale_after is not None]
    if not limits:
        return {}
    plant_faults.age_levels(plot.tx, product.id, plot.now - max(limits) - DAY, plot.seq)
    return {cart.id: Reason.WMS_STALE for cart in plot.carts if cart.stale_after is not None}


def _no_level(plot: _Plot, product: ProductGround) -> _ByCart:
    plant_faults.keep_levels(plot.tx, product.id, [], plot.seq)
    return {cart.id: Reason.NO_LEVEL for cart in plot.carts}


def _low(plot: _Plot, product: ProductGround) -> _ByCart:
    """A few units in one warehouse: too few for carts with a higher Minimum Inventory Level."""
    most = max(cart.cutoff_below for cart in plot.carts)
    if most < 2 or not all(cart.plain for cart in plot.carts):
        return {}
    place, units = plot.rng.choice(plant_faults.stocked(plot.tx, product.id)), plot.rng.randrange(1, most)
    plant_faults.set_available(plot.tx, product.id, place, units, plot.seq)
    short = [cart for cart in plot.carts if place in plot.places[cart.id] and units < cart.cutoff_below]
    return {cart.id: Reason.CUT_OFF_APPLIED for cart in short}


def _elsewhere(plot: _Plot, product: ProductGround) -> _ByCart:
    """One warehouse keeps its level; carts that do not sync with it have none."""
    choice = plot.rng.choice(plant_faults.stocked(plot.tx, product.id))
    if not all(cart.plain and cart.cutoff_below == 0 for cart in plot.carts if choice in plot.places[cart.id]):
        plant_faults.set_available(plot.tx, product.id, choice, 500, plot.seq)
    plant_faults.keep_levels(plot.tx, product.id, [choice], plot.seq)
    return {cart.id: Reason.WRONG_WAREHOUSE for cart in plot.carts if choice not in plot.places[cart.id]}


def _lost(plot: _Plot, product: ProductGround) -> _ByCart:
    """The last full download had none of its levels any more."""
    for place in plant_faults.stocked(plot.tx, product.id):
        levels.flag_missing(plot.tx, place, [product.id], plot.now, plot.seq)
    return {cart.id: Reason.NOT_IN_WMS for cart in plot.carts}


# --- its listings -----------------------------------------------------------------------------------------------------


def _spoil_product(plot: _Plot, product: ProductGround, spare: list[ProductGround]) -> None:
    hurt = _spoil_stock(plot, product)
    for cart in plot.carts:
        listing = plant_faults.listing(plot.tx, cart.id, product.id)
        own = _wishes(plot, listing) | _untracked(plot, listing)
        identity = plot.rng.choice(_IDENTITIES)
        if not identity(plot, cart, product, listing, own, spare):
            _keep(plot, cart, listing, own, hurt)


def _keep(plot: _Plot, cart: CartGround, listing: ListingGround, own: set[Reason], hurt: _ByCart) -> None:
    """The listing means its product still. The last push of one that nothing stood against may have failed."""
    causes = set(own)
    if cart.id in hurt and not (hurt[cart.id] is Reason.NOT_IN_WMS and _closed(plot, cart)):
        causes.add(hurt[cart.id])
    sent = not own and hurt.get(cart.id) in (None, Reason.CUT_OFF_APPLIED) and cart.id not in plot.stopped
    if sent and plot.rng.random() < 0.3:
        failure = plot.rng.choice(_FAILURES)
        plot.failed.append((listing.id, failure))
        causes.add(failure)
    plot.sow(cart, listing.sku, listing.ref, causes)


def _closed(plot: _Plot, cart: CartGround) -> bool:
    return Reason.WAREHOUSE_DISABLED in plot.stopped.get(cart.id, set())


def _wishes(plot: _Plot, listing: ListingGround) -> set[Reason]:
    causes = set()
    for column, reason in (("excluded", Reason.EXCLUDED), ("locked", Reason.LOCKED)):
        if plot.rng.random() < 0.2:
            products.wish(plot.tx, [listing.id], column, 1, plot.seq)
            causes.add(reason)
    return causes


def _untracked(plot: _Plot, listing: ListingGround) -> set[Reason]:
    if plot.rng.random() >= 0.2:
        return set()
    _put(plot, listing, listing.ref, listing.sku, tracked=False)
    return {Reason.CART_NOT_TRACKING}


def _put(plot: _Plot, listing: ListingGround, ref: str, sku: str, *, tracked: bool) -> None:
    record = ListingRecord(ref, sku, listing.name, tracked, None, listing.allocated, listing.observed)
    listings.upsert(plot.tx, listing.cart_id, [record], plot.now, plot.seq)


_Identity = Callable[[_Plot, CartGround, ProductGround, ListingGround, set[Reason], list[ProductGround]], bool]
"""Breaks what a listing means and notes what must be found; False where it does not apply."""


def _same(*_: object) -> bool:
    return False


def _renamed(plot: _Plot, listing: ListingGround, sku: str, own: set[Reason]) -> None:
    _put(plot, listing, listing.ref, sku, tracked=Reason.CART_NOT_TRACKING not in own)


def _unknown_code(
    plot: _Plot,
    cart: CartGround,
    product: ProductGround,
    listing: ListingGround,
    own: set[Reason],
    _: list[ProductGround],
) -> bool:
    """A code that nobody knows; the product is then not listed."""
    if cart.id in plot.off:
        return False
    code = f"GONE-{plot.rng.randrange(10**9):09d}-{listing.id}"
    _renamed(plot, listing, code, own)
    plot.sow(cart, code, listing.ref, own | {Reason.NOT_IN_WMS})
    _sow_absent(plot, cart, product, Reason.NOT_IN_CART)
    return True


def _sow_absent(plot: _Plot, cart: CartGround, product: ProductGround, reason: Reason) -> None:
    plot.sown.append(Sown(cart.name, product.sku, None, frozenset({reason})))


def _case(
    plot: _Plot,
    cart: CartGround,
    product: ProductGround,
    listing: ListingGround,
    own: set[Reason],
    _: list[ProductGround],
) -> bool:
    """The SKU in small letters."""
    _renamed(plot, listing, product.sku.lower(), own)
    plot.sow(cart, product.sku.lower(), listing.ref, own | {Reason.NOT_IN_WMS})
    return True


def _delisted(
    plot: _Plot,
    cart: CartGround,
    product: ProductGround,
    listing: ListingGround,
    _own: set[Reason],
    _: list[ProductGround],
) -> bool:
    if cart.id in plot.off:
        return False
    listings.flag_gone(plot.tx, cart.id, [listing.id], plot.now, plot.seq)
    _sow_absent(plot, cart, product, Reason.NOT_IN_CART)
    return True


def _doubled(
    plot: _Plot, cart: CartGround, _p: ProductGround, listing: ListingGround, own: set[Reason], _: list[ProductGround]
) -> bool:
    """A copy with the same code, which nobody wished anything for."""
    copy = f"{listing.ref}-copy"
    _put(plot, listing, copy, listing.sku, tracked=True)
    plot.sow(cart, listing.sku, listing.ref, own | {Reason.DUPLICATE_IN_CART})
    plot.sow(cart, listing.sku, copy, {Reason.DUPLICATE_IN_CART})
    return True


def _other_type(
    plot: _Plot,
    cart: CartGround,
    product: ProductGround,
    listing: ListingGround,
    own: set[Reason],
    _: list[ProductGround],
) -> bool:
    """Listed by a code of another type than the cart pushes."""
    codes = [(0, product.sku), *((kind, code) for kind, _, code in plant_faults.aliases(plot.tx, product.id))]
    others = [code for kind, code in codes if kind != cart.push_kind]
    if not others or cart.push_kind not in {kind for kind, _ in codes}:
        return False
    code = plot.rng.choice(others)
    _renamed(plot, listing, code, own)
    plot.sow(cart, code, listing.ref, own | {Reason.WRONG_ALIAS_TYPE})
    return True


def _no_alias(
    plot: _Plot,
    cart: CartGround,
    product: ProductGround,
    listing: ListingGround,
    own: set[Reason],
    _: list[ProductGround],
) -> bool:
    """The WMS has no such code of the product; the cart lists it by its SKU."""
    known = plant_faults.aliases(plot.tx, product.id)
    lost = {code for kind, _, code in known if kind == cart.push_kind}
    elsewhere = {sown.sku for sown in plot.sown if sown.cart != cart.name}
    if cart.push_kind == 0 or not plot.alone(cart) or lost & elsewhere:
        return False
    _write(plot, product, [alias for alias in known if alias[0] != cart.push_kind])
    _renamed(plot, listing, product.sku, own)
    plot.sow(cart, product.sku, listing.ref, own | {Reason.ALIAS_MISSING})
    return True


def _shared(
    plot: _Plot,
    cart: CartGround,
    product: ProductGround,
    listing: ListingGround,
    own: set[Reason],
    spare: list[ProductGround],
) -> bool:
    """Another product has got the same code; the cart lists it no more."""
    if cart.push_kind == 0 or not plot.alone(cart) or not spare:
        return False
    other = spare.pop()
    known = plant_faults.aliases(plot.tx, other.id)
    _write(plot, other, [(k, name, listing.sku if k == cart.push_kind else code) for k, name, code in known])
    gone = plant_faults.listing(plot.tx, cart.id, other.id)
    listings.flag_gone(plot.tx, cart.id, [gone.id], plot.now, plot.seq)
    plot.sow(cart, listing.sku, listing.ref, own | {Reason.AMBIGUOUS_ALIAS})
    return True


def _write(plot: _Plot, product: ProductGround, aliases: list[tuple[int, str, str]]) -> None:
    codes = tuple((name, code) for _, name, code in aliases)
    record = _Record(product.ref, product.sku, product.name, codes)
    catalog_products.upsert_products(plot.tx, plot.merchant, [record], plot.now, plot.seq)


_IDENTITIES: tuple[_Identity, ...] = (
    _same, _same, _same, _same, _unknown_code, _case, _delisted, _doubled, _other_type, _no_alias, _shared,
)  # fmt: skip
