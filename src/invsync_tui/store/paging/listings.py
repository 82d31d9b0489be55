"""Pages of listings: by tab, by a run's reason, and those that a run was kept from sending."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.rules.listing_filter import Condition
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store import named_rows
from invsync_tui.store.listings.plans import GROUP, SHOWS
from invsync_tui.store.paging.keyset import Chain, Pages, Paging, Part, Select, SortOrder
from invsync_tui.store.paging.listing_conditions import DIFFERENCE, MISMATCH, of_held, of_listings, part_of
from invsync_tui.store.paging.text_filter import HITS, SUBSTRING_LEAST, products, substring, upper

COLUMNS = (
    "l.id, l.cart_id, c.name, m.name, l.ref, l.sku, l.name, l.tracked, l.product_id, p.sku, l.desired, l.acked, l.observed, "
    "l.allocated, l.synced_at, l.outcome, coalesce(l.match_reason, l.reason), l.error, l.run_id, l.override, l.excluded, "
    "l.locked, coalesce(l.shown <> l.observed, 0) AND l.outcome IS NOT 'submitted', "
    "(SELECT b.look_after FROM push_batch AS b WHERE b.id = l.inflight AND b.state = 'submitted'), l.key"
)
_JOINS = (
    "CROSS JOIN cart AS c ON c.id = l.cart_id CROSS JOIN merchant AS m ON m.id = c.merchant_id "
    "LEFT JOIN product AS p ON p.id = l.product_id"
)
LEAST = -(2**62)
"""In the place of a difference that is unknown: in front of all others."""
MERGED_MOST = 100
"""Carts whose lists are merged for one page."""


class ListingRow(NamedTuple):
    """A listing with the names an operator knows it by."""

    id: int
    cart_id: int
    cart: str
    merchant: str
    ref: str
    sku: str
    name: str
    tracked: int | None
    product_id: int | None
    product_sku: str | None
    desired: int | None
    acked: int | None
    observed: int | None
    """In the cart's own basis."""
    allocated: int
    """Units of `observed` that the cart holds back for its own open orders."""
    synced_at: int | None
    outcome: str | None
    reason: str | None
    error: str
    run_id: int | None
    override: int | None
    excluded: int
    locked: int
    drift: int
    look_after: int | None
    """When what became of it is asked for, where the cart took it and applies it later."""
    key: str


class Sought(NamedTuple):
    """What is looked for in a list: rows of a tab that fulfill conditions, with a folded text in their SKU or in a code of
    their product."""

    tab: str
    text: str = ""
    conditions: Sequence[Condition] = ()
    synced: tuple[int | None, int | None] = (None, None)
    """From when and until when, both included, they were last synced, in epoch seconds; None where it is open."""


EVERYTHING = Sought("all")


class Tab(NamedTuple):
    """A tab: the index that holds its rows in the order of their SKU, or of their difference, and its condition."""

    held_by: str
    where: str


TABS = {
    "all": Tab("listing_key", "1"),
    MISMATCH: Tab("listing_mismatch", "l.observed - l.allocated <> l.desired"),
    "never": Tab("listing_never", "l.synced_at IS NULL"),
    "held": Tab("listing_held", "l.outcome = 'held'"),
    "failed": Tab("listing_failed", "l.outcome IN ('failed', 'in_doubt')"),
    "ambiguous": Tab("listing_unmatched", "l.match_reason = 'AMBIGUOUS_ALIAS'"),
    "not-in-wms": Tab("listing_unmatched", "l.match_reason = 'NOT_IN_WMS'"),
    "drift": Tab("listing_drift", "l.shown <> l.observed AND l.outcome IS NOT 'submitted'"),
    "overrides": Tab("listing_override", "l.override IS NOT NULL"),
    "excluded": Tab("listing_excluded", "l.excluded <> 0"),
    "locked": Tab("listing_locked", "l.locked <> 0"),
}
_FLAGS = {name: tab.where for name, tab in TABS.items()}
SKU = SortOrder("sku", ("l.key", "l.id"))
SYNCED = ("coalesce(l.synced_at, 0)", "l.id")
_SMALL_ORDERS = (
    SortOrder("outcome", ("coalesce(l.outcome, '')", "l.id"), indexed=False),
    SortOrder("reason", ("coalesce(l.match_reason, l.reason, '')", "l.id"), indexed=False),
    SortOrder("target", ("coalesce(l.desired, -1)", "l.id"), indexed=False),
    SortOrder("confirmed", ("coalesce(l.acked, -1)", "l.id"), indexed=False),
    SortOrder("in_cart", (f"coalesce(l.observed - l.allocated, {LEAST})", "l.id"), indexed=False),
    SortOrder("name", ("l.name", "l.id"), indexed=False),
    SortOrder("tracked", ("coalesce(l.tracked, -1)", "l.id"), indexed=False),
    SortOrder("cart", ("c.name", "l.id"), indexed=False),
    SortOrder("merchant", ("m.name", "l.id"), indexed=False),
)
_BY_DIFFERENCE = SortOrder("difference", (DIFFERENCE, "l.id"))
_BY_ANY_DIFFERENCE = SortOrder("difference", (f"coalesce({DIFFERENCE}, {LEAST})", "l.id"), indexed=False)


def orders(tab: str) -> tuple[SortOrder, ...]:
    """Orders of a tab, the default first. Only all listings together are indexed by the time of their sync, and only
    those that differ by their difference."""
    synced = SortOrder("synced_at", SYNCED, indexed=tab == "all")
    if tab == MISMATCH:
        return (_BY_DIFFERENCE, SortOrder(SKU.name, SKU.terms, indexed=False), synced, *_SMALL_ORDERS)
    return (SKU, synced, _BY_ANY_DIFFERENCE, *_SMALL_ORDERS)


def listings(
    cx: sqlite3.Connection, cart_id: int, sought: Sought, order: SortOrder, descending: bool
) -> Pages[ListingRow]:
    """Listings that the cart has."""
    origin, part = _narrowed(cx, (cart_id,), sought.tab, sought.text, order)
    select = _selected(f"{origin} {_JOINS}", sought, order, descending)
    return Pages(cx, select.narrowed(Part("l.cart_id = ?", (cart_id,))).narrowed(part[cart_id]))


def merged(
    cx: sqlite3.Connection, carts: Sequence[int], sought: Sought, order: SortOrder, descending: bool
) -> Pages[ListingRow]:
    """Listings of several carts, at most MERGED_MOST, in one order."""
    if not carts:
        return Pages(cx, Select(COLUMNS, f"listing AS l {_JOINS}", "0", (), order, descending, record=ListingRow._make))
    origin, parts = _narrowed(cx, carts, sought.tab, sought.text, order)
    select = _selected(f"{origin} {_JOINS}", sought, order, descending)
    of_carts = [Part(f"l.cart_id = ? AND {part.where}", (cart, *part.values)) for cart, part in parts.items()]
    return Pages(cx, select, of_carts)


def mismatches(cx: sqlite3.Connection, merchant_id: int | None, sought: Sought, descending: bool) -> Pages[ListingRow]:
    """Mismatches among what is looked for, of all carts however many there are, of one merchant or of all, by their
    difference."""
    origin = f"listing AS l INDEXED BY listing_mismatch_all {_JOINS}"
    select = _selected(origin, sought._replace(tab=MISMATCH), _BY_DIFFERENCE, descending)
    if merchant_id is not None:
        select = select.narrowed(Part("c.merchant_id = ?", (merchant_id,)))
    return Pages(cx, select.narrowed(_condition(sought.text)))


def carts_of(cx: sqlite3.Connection, merchant_id: int | None) -> list[int]:
    """The carts of a merchant, or all: up to one more than are merged."""
    sql = "SELECT id FROM cart WHERE merchant_id = coalesce(?, merchant_id) ORDER BY id LIMIT ?"
    return [row[0] for row in cx.execute(sql, (merchant_id, MERGED_MOST + 1))]


def _selected(origin: str, sought: Sought, order: SortOrder, descending: bool) -> Select[ListingRow]:
    select = Select(COLUMNS, origin, _present(sought.tab), (), order, descending, record=ListingRow._make)
    since, until = sought.synced
    if since is not None:
        select = select.narrowed(Part(f"{SYNCED[0]} >= ?", (since,)))
    if until is not None:
        select = select.narrowed(Part(f"{SYNCED[0]} BETWEEN 1 AND ?", (until,)))
    if not sought.conditions:
        return select
    return select.narrowed(part_of(sought.conditions, of_listings(_FLAGS)))


def _present(tab: str) -> str:
    return f"{TABS[tab].where} AND l.gone_at IS NULL"


def _narrowed(
    cx: sqlite3.Connection, carts: Sequence[int], tab: str, text: str, order: SortOrder
) -> tuple[str, dict[int, Part]]:
    """The table with its index, and by cart the condition of a text."""
    if len(text) >= SUBSTRING_LEAST and _few(cx, text):
        part = substring(cx, text)
        return "listing AS l NOT INDEXED", {cart: _hits(cart, text, part) for cart in carts}
    index = TABS[tab].held_by
    if order.name == "synced_at" and order.indexed:
        index = "listing_synced"
    return f"listing AS l INDEXED BY {index}", dict.fromkeys(carts, _condition(text))


def _condition(text: str) -> Part:
    if not text:
        return Part("1")
    if len(text) < SUBSTRING_LEAST:
        return Part("l.key >= ? AND l.key < ?", (text, upper(text)))
    return Part("(instr(l.key, ?) > 0 OR instr(p.codes_text, ?) > 0)", (text, text))


def _few(cx: sqlite3.Connection, text: str) -> bool:
    return products(cx, 0, text).few is not None


def _hits(cart_id: int, text: str, part: Part) -> Part:
    """Listings of the products that have the text in a code, and those without a product that have it themselves."""
    ids = (
        f"SELECT x.id FROM {HITS} CROSS JOIN listing AS x ON x.cart_id = ? AND x.product_id = p.id "
        f"WHERE {part.where} UNION ALL "
        "SELECT y.id FROM listing AS y INDEXED BY listing_unmatched "
        "WHERE y.cart_id = ? AND y.match_reason IS NOT NULL AND instr(y.key, ?) > 0 UNION ALL "
        "SELECT z.id FROM listing AS z INDEXED BY listing_key WHERE z.cart_id = ? AND z.key >= ? AND z.key < ?"
    )
    return Part(f"l.id IN ({ids})", (cart_id, *part.values, cart_id, text, cart_id, text, upper(text)))


def present_after(cx: sqlite3.Connection, cart_id: int, after: int, limit: int) -> list[int]:
    """The next listings that the cart has, by number."""
    sql = "SELECT id FROM listing NOT INDEXED WHERE cart_id = ? AND gone_at IS NULL AND id > ? ORDER BY id LIMIT ?"
    return [row[0] for row in cx.execute(sql, (cart_id, after, limit))]


def of_product(cx: sqlite3.Connection, merchant_id: int, product_id: int) -> list[ListingRow]:
    """Listings that mean a product, and those that carry one of its codes without meaning it for some reason."""
    rows = cx.execute(
        f"SELECT {COLUMNS} FROM listing AS l {_JOINS} WHERE l.id IN ("
        "SELECT x.id FROM cart AS k CROSS JOIN listing AS x ON x.cart_id = k.id AND x.product_id = ?2 "
        "WHERE k.merchant_id = ?1 UNION "
        "SELECT y.id FROM cart AS k CROSS JOIN product_code AS o ON o.product_id = ?2 "
        "CROSS JOIN listing AS y INDEXED BY listing_key ON y.cart_id = k.id AND y.key = o.key "
        "WHERE k.merchant_id = ?1) AND l.gone_at IS NULL ORDER BY l.cart_id, l.key, l.id",
        (merchant_id, product_id),
    )
    return named_rows.filled(ListingRow, rows)


# --- SKUs of a run ---------------------------------------------------------------------------------------------------

_UNLISTED = (
    "-u.product_id, u.cart_id, c.name, m.name, '', p.sku, p.name, NULL, u.product_id, p.sku, NULL, NULL, NULL, 0, NULL, "
    "'skipped', u.reason, '', u.run_id, NULL, 0, 0, 0, NULL, p.sku_key"
)
_AS_LISTING = (
    " CROSS JOIN (SELECT w.cart_id, w.product_id, w.reason, x.sku_key AS key, x.name, '' AS error, NULL AS desired, "
    "NULL AS acked, NULL AS observed, NULL AS shown, 0 AS allocated, NULL AS override, 0 AS excluded, 0 AS locked, "
    "NULL AS synced_at, 'skipped' AS outcome, NULL AS match_reason FROM unlisted AS w JOIN product AS x ON x.id = w.product_id"
    ") AS l ON l.cart_id = u.cart_id AND l.product_id = u.product_id"
)
"""A product that the cart lacks as the listing `l` that conditions are about: as it is shown, with nothing known of it."""
_OUTCOMES = ("failed", "in_doubt", "submitted", "held", "skipped", "set", "equal", "planned")
_BY_ID = SortOrder("id", ("l.id",))
_OF_RUN = COLUMNS.replace("coalesce(l.match_reason, l.reason)", "l.reason")


class RunSkus(NamedTuple):
    """SKUs of a run: pages, and the outcomes of their parts in order; '' is the products that the cart does not list."""

    pages: Paging[ListingRow]
    outcomes: tuple[str, ...]


def of_run(cx: sqlite3.Connection, run_id: int, reason: str, sought: Sought = EVERYTHING) -> RunSkus:
    """SKUs that a run ended with a reason, by outcome, then products that its cart lacks."""
    outcomes = [outcome for outcome in _OUTCOMES if _has(cx, run_id, outcome, reason)]
    parts: list[Paging[ListingRow]] = [Pages(cx, _ended(run_id, outcome, reason, sought)) for outcome in outcomes]
    parts.append(Pages(cx, _missing(run_id, reason, sought)))
    return RunSkus(Chain(parts), (*outcomes, ""))


class OutcomeSkus(NamedTuple):
    """SKUs of a run that ended alike: pages, and of each of their parts whether the cart lists them, and their reason."""

    pages: Paging[ListingRow]
    parts: tuple[tuple[bool, str | None], ...]


def of_outcome(cx: sqlite3.Connection, run_id: int, outcome: str, sought: Sought = EVERYTHING) -> OutcomeSkus:
    """SKUs that a run ended with an outcome, by reason, then, of the skipped ones, products that its cart lacks."""
    reasons = [reason.stored for reason in Reason]
    parts: list[tuple[bool, str | None]] = [(True, None)]
    parts += [(True, reason) for reason in reasons if _has(cx, run_id, outcome, reason)]
    pages: list[Paging[ListingRow]] = [Pages(cx, _ended(run_id, outcome, reason, sought)) for _, reason in parts]
    if outcome == Outcome.SKIPPED:
        sql = "SELECT 1 FROM unlisted WHERE run_id = ? AND reason = ? LIMIT 1"
        lacking = [reason for reason in reasons if cx.execute(sql, (run_id, reason)).fetchone() is not None]
        parts += [(False, reason) for reason in lacking]
        pages += [Pages(cx, _missing(run_id, reason, sought)) for reason in lacking]
    return OutcomeSkus(Chain(pages), tuple(parts))


def _has(cx: sqlite3.Connection, run_id: int, outcome: str, reason: str) -> bool:
    sql = "SELECT 1 FROM listing WHERE run_id = ? AND outcome = ? AND reason = ? LIMIT 1"
    return cx.execute(sql, (run_id, outcome, reason)).fetchone() is not None


def _ended(run_id: int, outcome: str, reason: str | None, sought: Sought) -> Select[ListingRow]:
    origin = f"listing AS l INDEXED BY listing_run {_JOINS}"
    where = "l.run_id = ? AND l.outcome = ?"
    select = Select(_OF_RUN, origin, where, (run_id, outcome), _BY_ID, record=ListingRow._make)
    select = select.narrowed(Part("l.reason IS NULL") if reason is None else Part("l.reason = ?", (reason,)))
    return _narrowed_to(select, sought)


def _narrowed_to(select: Select[ListingRow], sought: Sought) -> Select[ListingRow]:
    """The rows of a run that are looked for: nothing but the run's own index helps, so each of them is looked at."""
    if sought.conditions:
        select = select.narrowed(part_of(sought.conditions, of_listings(_FLAGS, "coalesce(l.reason, '')")))
    return select.narrowed(_holding(sought.text)) if sought.text else select


def _holding(text: str) -> Part:
    """A text anywhere in the SKU, or in a code of the product."""
    return Part("(instr(l.key, ?) > 0 OR instr(coalesce(p.codes_text, ''), ?) > 0)", (text, text))


def _missing(run_id: int, reason: str, sought: Sought) -> Select[ListingRow]:
    origin = (
        "unlisted AS u INDEXED BY unlisted_run JOIN cart AS c ON c.id = u.cart_id JOIN merchant AS m ON m.id = c.merchant_id "
        f"JOIN product AS p ON p.id = u.product_id{_AS_LISTING if sought.text or sought.conditions else ''}"
    )
    where = "u.run_id = ? AND u.reason = ? AND u.cart_id = (SELECT key FROM run WHERE id = u.run_id)"
    select = Select(
        _UNLISTED, origin, where, (run_id, reason), SortOrder("product", ("u.product_id",)), record=ListingRow._make
    )
    return _narrowed_to(select, sought)


class HeldRow(NamedTuple):
    """A held listing: sellable units that it shows and would show, and its group."""

    id: int
    ref: str
    sku: str
    name: str
    shows: int | None
    would_show: int
    group: str


HELD_ORDER = SortOrder("", ("l.id",))


def held_orders(factor: int) -> tuple[SortOrder, ...]:
    """Orders of held listings: that of their numbers, which is the run's own and has no name; the others where they are
    few. `factor`: beyond it a change is a jump."""
    return (
        HELD_ORDER,
        SortOrder("sku", SKU.terms, indexed=False),
        SortOrder("name", ("l.name", "l.id"), indexed=False),
        SortOrder("in_cart", (f"coalesce({SHOWS}, {LEAST})", "l.id"), indexed=False),
        SortOrder("target", ("l.desired", "l.id"), indexed=False),
        SortOrder("change", (f"coalesce(l.desired - {SHOWS}, {LEAST})", "l.id"), indexed=False),
        SortOrder("group", (_group(factor), "l.id"), indexed=False),
    )


def _group(factor: int) -> str:
    return GROUP.replace(":factor", str(int(factor)))


def held(
    cx: sqlite3.Connection,
    run_id: int,
    group: str | None,
    factor: int,
    order: SortOrder = HELD_ORDER,
    descending: bool = False,
    sought: Sought = EVERYTHING,
) -> Pages[HeldRow]:
    """Held listings of a run, of one group or of all, that fulfill conditions."""
    of = _group(factor)
    select = Select(
        f"l.id, l.ref, l.sku, l.name, {SHOWS}, l.desired, {of}",
        "listing AS l INDEXED BY listing_run LEFT JOIN product AS p ON p.id = l.product_id",
        "l.run_id = ? AND l.outcome = ? AND l.reason = ?",
        (run_id, Outcome.HELD.value, Reason.HELD_FOR_REVIEW.stored),
        order,
        descending,
        record=HeldRow._make,
    )
    if sought.conditions:
        select = select.narrowed(part_of(sought.conditions, of_held(SHOWS, of)))
    if sought.text:
        select = select.narrowed(_holding(sought.text))
    return Pages(cx, select if group is None else select.narrowed(Part(f"{of} = ?", (group,))))
