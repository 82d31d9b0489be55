"""Numbers against a small model of its own: readings at different times, orders in between, kits, one shop in two carts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules import quantity
from invsync_tui.store.listings import listings, pending_orders
from invsync_tui.store.listings.order_rows import Line, Terms
from invsync_tui.store.listings.pending_orders import Asked
from invsync_tui.sync.decide import StockSnapshot, chain_rules
from invsync_tui.sync.runs.clock_difference import CartClock
from invsync_tui.sync.settings import load_settings
from tests.support.stores.merchant_store import Bench

START = 1_800_000_000
EAST, WEST = 1, 2
P, Q, KIT = 1, 2, 3
"""Two products and a kit of both."""
CARTS = {
    1: ("shop", "e", frozenset({EAST})),
    2: ("shop", "w", frozenset({WEST})),
    3: ("else", "", frozenset({EAST, WEST})),
}
"""Shop, location and warehouses of each cart of ours."""
WHERE = {"e": frozenset({EAST}), "w": frozenset({WEST}), "": frozenset({EAST, WEST})}
"""By location of an order, the warehouses that its units can come from."""
minutes = st.integers(0, 20).map(lambda n: START + 60 * n)


@dataclass(frozen=True)
class Reading:
    units: int
    at: int
    missing: bool


@dataclass(frozen=True)
class Ordered:
    shop: str
    location: str
    taken: int
    lines: tuple[tuple[int, int], ...]
    """(product, units); a product may come twice."""


@st.composite
def towns(draw: st.DrawFn) -> tuple[Any, ...]:
    reading = st.builds(
        Reading, st.integers(-3, 40), minutes, st.booleans().map(lambda one: one and draw(st.booleans()))
    )
    levels = draw(st.dictionaries(st.tuples(st.sampled_from([EAST, WEST]), st.sampled_from([P, Q])), reading))
    line = st.tuples(st.sampled_from([P, Q, KIT]), st.integers(1, 4))
    lines = st.lists(line, min_size=1, max_size=3).map(tuple)
    at_shop = st.builds(Ordered, st.just("shop"), st.sampled_from(["e", "w", ""]), minutes, lines)
    at_other = st.builds(Ordered, st.just("else"), st.just(""), minutes, lines)
    taken = draw(st.lists(st.one_of(at_shop, at_other), max_size=6))
    needs = {P: draw(st.integers(1, 3)), Q: draw(st.integers(1, 3))}
    return levels, taken, needs, draw(st.sampled_from([0, 60, 300])), draw(st.sampled_from([-600, 0, 600]))


# --- the model -------------------------------------------------------------------------------------------------------


def expected(cart: int, product: int, town: tuple[Any, ...]) -> int | None:
    """What a cart should show, by counting on one's fingers. None: not known."""
    levels, taken, needs, within, _ = town
    mine = CARTS[cart][2]

    def known(part: int) -> dict[int, Reading]:
        return {w: levels[w, part] for w in sorted(mine) if (w, part) in levels and not levels[w, part].missing}

    def left(part: int, without_kit: bool) -> int:
        here = known(part)
        total = sum(level.units for level in here.values())
        for order in taken:
            drawn = WHERE[order.location]
            if not drawn & mine:
                continue
            times = [here[w].at for w in here if w in drawn] or [level.at for level in here.values()]
            if order.taken + within > min(times):
                total -= sum(n for what, n in order.lines if what == part)
                total -= 0 if without_kit else sum(n * needs[part] for what, n in order.lines if what == KIT)
        return total

    if product != KIT:
        return max(0, left(product, False)) if known(product) else None
    if not all(known(part) for part in needs):
        return None
    sets = min(max(0, left(part, True)) // needed for part, needed in needs.items())
    oldest = min(level.at for part in needs for level in known(part).values())
    for order in taken:
        if WHERE[order.location] & mine and order.taken + within > oldest:
            sets -= sum(n for what, n in order.lines if what == KIT)
    return max(0, sets)


# --- the program -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    our_bench = Bench.make(Path(tmp_path_factory.mktemp("numbers")), alone=True)
    with our_bench.store.transaction() as tx:
        tx.execute("INSERT INTO merchant (id, name, created_at) VALUES (1, 'M', 0)")
        tx.execute("INSERT INTO source (merchant_id, system, url, confirmed_at) VALUES (1, 'sandbox', 'http://h', 1)")
        tx.executemany(
            "INSERT INTO warehouse (id, merchant_id, ref, code, name) VALUES (?, 1, ?, ?, ?)",
            [(EAST, "e", "EAST", "East"), (WEST, "w", "WEST", "West")],
        )
        for number, (shop, location, mine) in CARTS.items():
            tx.execute(
                "INSERT INTO cart (id, merchant_id, name, system, url, created_at, combine_all, shop, location) "
                "VALUES (?, 1, ?, 'sandbox', 'http://h', 0, ?, ?, ?)",
                (number, str(number), len(mine) == 2, shop, location),
            )
            tx.executemany("INSERT INTO cart_warehouse VALUES (?, ?)", [(number, w) for w in mine])
            for product in (P, Q, KIT):
                tx.execute(
                    "INSERT INTO listing (cart_id, ref, sku, key, seq, product_id) VALUES (?1, ?2, ?2, ?2, 1, ?3)",
                    (number, f"L{product}", product),
                )
        for product in (P, Q, KIT):
            tx.execute(
                "INSERT INTO product (id, merchant_id, ref, sku, sku_key, name, codes_text, sig, seq, is_kit) "
                "VALUES (?1, 1, ?2, ?2, ?2, '', ?2, '', 1, ?3)",
                (product, f"L{product}", product == KIT),
            )
    yield our_bench
    our_bench.store.close()


class Undone(Exception):  # noqa: N818 (an end, not an error)
    """Takes an example back out of the store."""


def report(tx: sqlite3.Connection, cart: int, town: tuple[Any, ...]) -> None:
    """A cart is asked for its orders, which it dates by its own clock."""
    _, taken, _, within, ahead = town
    shop = CARTS[cart][0]
    clock = CartClock.__new__(CartClock)
    clock.offset = ahead
    lines = [
        Line(str(ref), f"L{what}", n, clock.ours(order.taken + ahead), order.location, f"N{ref}", order.taken + ahead)
        for ref, order in enumerate(taken)
        for what, n in order.lines
        if order.shop == shop
    ]
    peers = frozenset(number for number, facts in CARTS.items() if facts[0] == shop)
    terms = Terms(START + 3600, 1, within, False, 7 * 86400)
    asking = Asked(1, cart, shop, peers, peers)
    pending_orders.apply(tx, 1, pending_orders.change(tx, asking, lines, terms), 2)
    assert not any(pending_orders.change(tx, asking, lines, terms)), "told again, nothing changes"


def shown(tx: sqlite3.Connection, cart: int) -> dict[int, int | None]:
    settings = load_settings(tx, cart)
    assert settings is not None
    rows = listings.plan_rows(tx, [row[0] for row in tx.execute("SELECT id FROM listing WHERE cart_id = ?", (cart,))])
    stock, rules = (
        StockSnapshot.of(tx, rows, settings, START + 3600),
        replace(chain_rules(settings, QuantityBasis.AVAILABLE), stale_after=None),
    )
    return {row.product_id or 0: quantity.decide(stock.facts(row, START + 3600), rules).desired for row in rows}


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(town=towns(), order=st.permutations([1, 2, 3]), again=st.lists(st.sampled_from([1, 2, 3]), max_size=3))
def test_every_cart_shows_what_a_clerk_would_count(
    bench: Bench, town: tuple[Any, ...], order: Sequence[int], again: Sequence[int]
) -> None:
    levels, _, needs, _, _ = town
    with pytest.raises(Undone), bench.store.transaction() as tx:
        for (warehouse, product), level in levels.items():
            tx.execute(
                "INSERT INTO level (warehouse_id, product_id, available, read_at, loaded_at, seq, missing_since) "
                "VALUES (?, ?, ?, ?, 1, 1, ?)",
                (warehouse, product, level.units, level.at, 1 if level.missing else None),
            )
        tx.executemany("INSERT INTO kit_component VALUES (?, ?, ?)", [(KIT, part, n) for part, n in needs.items()])
        for cart in [*order, *again]:
            report(tx, cart, town)
        numbers = {cart: shown(tx, cart) for cart in CARTS}
        assert numbers == {cart: {product: expected(cart, product, town) for product in (P, Q, KIT)} for cart in CARTS}
        raise Undone
