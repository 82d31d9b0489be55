"""What is asked of one cart, or of what changed in it, costs neither the other carts nor all that is stored.

Every statement of the store's own functions is planned as SQLite would run it, on a large store with full statistics, with
those of a quick look, and with none: a query that is good by luck alone is found here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.rules.outcomes import Outcome
from invsync_tui.store.catalog import (
    levels,  # fmt: skip
    lookup,  # fmt: skip
    products,  # fmt: skip
    sync_marks,  # fmt: skip
)
from invsync_tui.store.demo import generate  # fmt: skip
from invsync_tui.store.demo.generated_rows import SEQ, Scale
from invsync_tui.store.diagnosis import (
    cause_counts,  # fmt: skip
    checkup,  # fmt: skip
)
from invsync_tui.store.listings import drift, links, listings, match_suggestions, matching, pending_orders, plans
from invsync_tui.store.listings import plans as listings_plans
from invsync_tui.store.listings.order_rows import Kept
from invsync_tui.store.listings.pending_orders import Change

PRODUCTS = 12_000
MERCHANT, CART, RUN = 1, 2, 3
SOME, REFS, CODES = [1, 2, 3], ["L1", "L2"], ["demo-1", "demo-2"]
LARGE = ("listing", "level", "product", "product_code", "unlisted", "l", "p", "v")
"""Tables and their short names; `c` is a cart where it is walked."""
STATISTICS = {
    "full statistics": ["ANALYZE"],
    "statistics of a quick look": ["PRAGMA analysis_limit=1000", "ANALYZE"],
    "no statistics": ["DELETE FROM sqlite_stat1"],
}


class Planned(sqlite3.Connection):
    """A connection that notes the plan of everything it runs."""

    steps: list[str]

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql):
            self._plan(sql, values)
        return super().execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        listed = list(rows)
        if listed:
            self._plan(sql, listed[0])
        return super().executemany(sql, listed)

    def _plan(self, sql: str, values: Any) -> None:
        self.steps += [row[3] for row in super().execute(f"EXPLAIN QUERY PLAN {sql}", values)]


Asked = Callable[[sqlite3.Connection], Any]
WHOLE_CART: dict[str, Asked] = {
    "present listings": lambda cx: listings.present_ids(cx, CART),
    "listings to match after other rules": lambda cx: matching.to_match(cx, MERCHANT, CART, 0),
    "listings that a switch stopped": lambda cx: cause_counts.switched_off(cx, CART),
    "listings that show stock": lambda cx: plans.in_stock(cx, CART, -1),
    "what all listings show": lambda cx: list(plans.shown_quantities(cx, CART)),
    "what a plan would do to the shop": lambda cx: listings_plans.facts(cx, CART, RUN, 10),
}
"""Meant to read a cart, but not the others."""
PARTS: dict[str, Asked] = {
    "doubts": partial(products.doubt, listing_ids=SOME),
    "listings that changed": lambda cx: listings.changed_since(cx, CART, SEQ),
    "listings to match": lambda cx: matching.to_match(cx, MERCHANT, CART, SEQ),
    "products that moved": lambda cx: matching.moved_products(cx, MERCHANT, CART, SEQ),
    "listings as a plan reads them": lambda cx: listings.plan_rows(cx, SOME),
    "listings by reference": lambda cx: listings.ids_of_refs(cx, CART, REFS),
    "matching": lambda cx: matching.look_up(cx, MERCHANT, CART, 0, SOME),
    "what a cart lacks": lambda cx: matching.record_unlisted(cx, CART, 0, RUN, SOME),
    "a page of listings": lambda cx: listings.upsert(
        cx, CART, [listings.ListingRecord("new", "new", "", True, None, 0, 1)], 1, SEQ + 1
    ),
    "gone listings": lambda cx: listings.flag_gone(cx, CART, SOME, 1, SEQ + 1),
    "planned listings": lambda cx: listings.planned(cx, RUN, [1, 2]),
    "planned changes": lambda cx: listings.planned_changes(cx, RUN, 0, 10),
    "the end of planned listings": lambda cx: listings.end_planned(cx, RUN, Outcome.HELD, "BREAKER_TRIPPED"),
    "SKUs of a reason": lambda cx: listings.samples(cx, RUN, "UNCHANGED"),
    "outcomes of a run": lambda cx: listings.outcomes(cx, RUN),
    "groups of a run": lambda cx: listings_plans.counts(cx, RUN, Outcome.SET, 10),
    "groups kept back": lambda cx: listings_plans.keep_back(cx, RUN, ["rest"], 10),
    "an emptied warehouse": lambda cx: listings_plans.emptied(cx, 2, 1, SEQ),
    "what a run sends": lambda cx: plans.sending(cx, RUN),
    "what is shown by code": lambda cx: plans.shown_quantities_of(cx, CART, CODES),
    "what a freeze keeps waiting": lambda cx: plans.waiting(cx, [CART]),
    "a push that is through": lambda cx: sync_marks.record_pushed(cx, CART, SEQ, 1),
    "never synced": lambda cx: checkup.never_synced(cx, CART, 1000),
    "first listings": lambda cx: checkup.listed_skus(cx, CART, 5),
    "who has a code": lambda cx: (checkup.by_key(cx, MERCHANT, "demo"), checkup.owners_listing(cx, "demo")),
    "troubled listings": lambda cx: cause_counts.groups(cx, CART),
    "wishes": lambda cx: (
        products.wished(cx, SOME),
        products.wish(cx, SOME, "locked", 1, SEQ + 1),
    ),
    "what a code is": lambda cx: (lookup.by_key(cx, "demo"), lookup.by_ref(cx, "L1"), lookup.by_products(cx, SOME)),
    "listings by a product's codes": lambda cx: (lookup.by_codes_of(cx, SOME), lookup.lacking(cx, SOME)),
    "listings to link": lambda cx: (
        match_suggestions.without(cx, CART, REFS),
        match_suggestions.refs(cx, CART, "L1", "demo"),
    ),
    "links": lambda cx: links.of_refs(cx, CART, REFS),
    "drift": lambda cx: (drift.rows(cx, SOME, 1), drift.mark(cx, SOME), drift.by_sku(cx, CART, "demo")),
    "what a drift check reads next": lambda cx: drift.oldest_seen(cx, CART, 1, 10),
    "orders of a cart": lambda cx: (pending_orders._products_of(cx, {CART}, REFS), pending_orders.pending(cx, SOME)),
    "listings of products": lambda cx: pending_orders.listings_of_products(cx, CART, SOME),
    "an order that is over": lambda cx: pending_orders.apply(
        cx,
        MERCHANT,
        Change(frozenset(), frozenset({Kept(CART, "o", 1, "", 1, 1, "shop", "o", 1, 1, None, 0)})),
        SEQ + 1,
    ),
    "what the cart showed after an order": lambda cx: pending_orders.observe(cx, CART, [("L1", 1, 0)], 1, SEQ + 1),
    "levels of products": lambda cx: (levels.of_products(cx, SOME, 1, 1), levels.components(cx, SOME)),
    "levels that are gone": lambda cx: levels.flag_missing(cx, 2, SOME, 1, SEQ + 1),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plans") / "store.db"
    generate.generate(made, Scale(PRODUCTS, 3, 2, 7, 1_795_000_000), lambda _: None)
    return made


@pytest.fixture(scope="module", params=STATISTICS)
def store(path: Path, request: pytest.FixtureRequest) -> Iterator[Planned]:
    with sqlite3.connect(path) as cx:
        for statement in STATISTICS[request.param]:
            cx.execute(statement)
    cx.close()
    opened = sqlite3.connect(path, factory=Planned, isolation_level=None)
    yield opened
    opened.close()


def _steps(store: Planned, ask: Asked) -> list[str]:
    store.steps = []
    super(Planned, store).execute("BEGIN")
    # Of a run that plans one listing, and has decided on all of them.
    super(Planned, store).execute("UPDATE listing SET run_id = ? WHERE cart_id = ?", (RUN, CART))
    super(Planned, store).execute(
        "UPDATE listing SET outcome = 'planned' WHERE id IN (SELECT id FROM listing WHERE cart_id = 2 LIMIT 1)"
    )
    try:
        ask(store)
    finally:
        super(Planned, store).execute("ROLLBACK")
    assert store.steps
    return store.steps


def _reads_all(step: str) -> bool:
    return bool(re.match(rf"SCAN ({'|'.join(LARGE)})\b", step)) or "AUTOMATIC" in step


def _reads_a_cart(step: str) -> bool:
    """An index that knows no more than whose row it is; partial ones, and a beginning of an ordered one, are few rows."""
    found = re.search(r"USING (?:COVERING )?INDEX (\w+) \((cart_id|merchant_id|warehouse_id)=\?\)$", step)
    few = {"listing_pending", "listing_troubled", "listing_never", "sqlite_autoindex_cart_1"}
    return found is not None and found[1] not in few


@pytest.mark.parametrize("name", PARTS)
def test_what_is_asked_of_a_part_reads_no_more_than_that(store: Planned, name: str) -> None:
    limited = {"what a drift check reads next": "listing_observed", "first listings": "listing_key"}
    for step in _steps(store, PARTS[name]):
        assert not _reads_all(step), step
        assert not _reads_a_cart(step) or limited.get(name, " ") in step, step


@pytest.mark.parametrize("name", WHOLE_CART)
def test_a_whole_cart_is_read_without_the_others(store: Planned, name: str) -> None:
    steps = _steps(store, WHOLE_CART[name])
    assert any("INDEX listing_observed (cart_id=?)" in step for step in steps), steps
    assert not any(_reads_all(step) for step in steps), steps
