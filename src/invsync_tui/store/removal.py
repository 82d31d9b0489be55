"""Removes a merchant or a cart: at once out of sight, then all that belonged to it, a little at a time.

The first transaction takes away the row itself with its schedule and leaves a mark in `counter`; from then on no list and
no worker knows of it. What it leaves behind may be a million rows, so `step` deletes it in transactions of milliseconds: the
process that removed it calls it until nothing is left, and so does every worker. A kill at any moment leaves a mark, and the
rest goes later. The audit is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from invsync_tui.store import numbers

ROWS = 200
"""Rows deleted in one step where nothing else is said: a step takes milliseconds."""
_LEVELS_OF_A_PRODUCT = 4
"""A product goes with its levels, codes and records, so fewer of them are taken in one step."""
_CART_MARK, _MERCHANT_MARK = "removed cart ", "removed merchant "
"""In front of the number, in `counter.name`. Carts come first by name: products go when nothing refers to them any more."""

_Part = Callable[[sqlite3.Connection, int, int], int]
"""Takes a transaction, the number of the cart or merchant, and how many rows may go; returns how many went."""


def contents_of_carts(cx: sqlite3.Connection, cart_ids: Sequence[int]) -> dict[str, int]:
    """How many rows of each kind belong to these carts."""
    counts = dict.fromkeys(("listings", "runs", "history", "orders", "unanswered", "plans", "links"), 0)
    for cart_id in cart_ids:
        for name, sql in _COUNTS_OF_A_CART.items():
            counts[name] += int(cx.execute(sql, (cart_id,)).fetchone()[0])
    return counts


_COUNTS_OF_A_CART: Mapping[str, str] = {
    "listings": "SELECT count(*) FROM listing WHERE cart_id = ?",
    "runs": "SELECT count(*) FROM run WHERE kind IN ('push', 'radar') AND key = ?",
    "history": "SELECT (SELECT count(*) FROM listing AS l CROSS JOIN listing_history AS h ON h.listing_id = l.id "
    "WHERE l.cart_id = ?1) + (SELECT count(*) FROM listing_rename AS r CROSS JOIN listing AS l ON l.id = r.listing_id "
    "WHERE l.cart_id = ?1)",
    "orders": "SELECT count(DISTINCT ref) FROM pending_order WHERE cart_id = ? AND known_at IS NULL",
    "unanswered": "SELECT (SELECT count(*) FROM push_batch WHERE cart_id = ?1 AND state IN ('intent', 'in_doubt')) "
    "+ (SELECT count(*) FROM push_batch WHERE cart_id = ?1 AND state = 'submitted')",
    "plans": "SELECT count(*) FROM plan WHERE cart_id = ?",
    "links": "SELECT count(*) FROM link WHERE cart_id = ?",
}


def contents_of_merchant(cx: sqlite3.Connection, merchant_id: int) -> dict[str, int]:
    """How many rows of each kind belong to a merchant itself, without its carts."""
    return {name: int(cx.execute(sql, (merchant_id,)).fetchone()[0]) for name, sql in _COUNTS_OF_A_MERCHANT.items()}


_COUNTS_OF_A_MERCHANT: Mapping[str, str] = {
    "products": "SELECT count(*) FROM product WHERE merchant_id = ?",
    "warehouses": "SELECT count(*) FROM warehouse WHERE merchant_id = ?",
    "levels": "SELECT count(*) FROM warehouse AS w CROSS JOIN level AS v ON v.warehouse_id = w.id WHERE w.merchant_id = ?",
    "runs": "SELECT count(*) FROM run WHERE kind = 'pull' AND key = ?",
    "history": "SELECT count(*) FROM product AS p CROSS JOIN level_history AS h ON h.product_id = p.id "
    "WHERE p.merchant_id = ?",
}


def forget_cart(tx: sqlite3.Connection, cart_id: int, now: int) -> None:
    """Take a cart out of sight. Nothing may be under way for it."""
    numbers.keep_used(tx, "cart")
    _mark(tx, _CART_MARK, cart_id, now)
    tx.execute("DELETE FROM cart_warehouse WHERE cart_id = ?", (cart_id,))
    tx.execute("DELETE FROM finding WHERE cart_id = ?", (cart_id,))
    tx.execute("DELETE FROM hook_address WHERE cart_id = ?", (cart_id,))
    tx.execute("DELETE FROM schedule WHERE kind <> 'pull' AND key = ?", (cart_id,))
    tx.execute("DELETE FROM cart WHERE id = ?", (cart_id,))


def forget_merchant(tx: sqlite3.Connection, merchant_id: int, now: int) -> None:
    """Take a merchant without carts out of sight. Nothing may be under way for it."""
    numbers.keep_used(tx, "merchant")
    _mark(tx, _MERCHANT_MARK, merchant_id, now)
    tx.execute("DELETE FROM finding WHERE merchant_id = ?", (merchant_id,))
    tx.execute("DELETE FROM schedule WHERE kind = 'pull' AND key = ?", (merchant_id,))
    tx.execute("DELETE FROM source WHERE merchant_id = ?", (merchant_id,))
    tx.execute("DELETE FROM merchant WHERE id = ?", (merchant_id,))


def _mark(tx: sqlite3.Connection, mark: str, number: int, now: int) -> None:
    tx.execute("INSERT INTO counter (name, value) VALUES (?, ?)", (f"{mark}{number}", now))


def waiting(cx: sqlite3.Connection) -> bool:
    """Whether anything that was removed has left rows behind."""
    return _first_mark(cx) is not None


def step(tx: sqlite3.Connection, rows: int = ROWS) -> int | None:
    """Delete some rows of what was removed; how many, or None where nothing is left."""
    mark = _first_mark(tx)
    if mark is None:
        return None
    kind = _CART_MARK if mark.startswith(_CART_MARK) else _MERCHANT_MARK
    owner = int(mark.removeprefix(kind))
    left = rows
    for part in _OF_CART if kind == _CART_MARK else _OF_MERCHANT:
        left -= part(tx, owner, left)
        if left <= 0:
            return rows - left
    tx.execute("DELETE FROM counter WHERE name = ?", (mark,))
    return rows - left


def _first_mark(cx: sqlite3.Connection) -> str | None:
    row = cx.execute("SELECT name FROM counter WHERE name GLOB 'removed *' ORDER BY name LIMIT 1").fetchone()
    return str(row[0]) if row else None


# --- parts -----------------------------------------------------------------------------------------------------------


def _rows_of(table: str, owner: str, key: str) -> _Part:
    """Deletes the rows of a table by the column of their owner; `key` are the columns of its primary key."""
    sql = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {owner} = ? LIMIT ?)"

    def part(tx: sqlite3.Connection, number: int, rows: int) -> int:
        return tx.execute(sql, (number, rows)).rowcount

    return part


def _counted_rows(subject: str) -> _Part:
    """Deletes the kept counts of an owner; a handful."""

    def part(tx: sqlite3.Connection, number: int, rows: int) -> int:
        tx.execute("DELETE FROM census WHERE subject = ? AND owner = ?", (subject, number))
        return 0

    return part


def _lease(kind: str) -> _Part:
    """Deletes the lease of a key; one row."""

    def part(tx: sqlite3.Connection, number: int, rows: int) -> int:
        tx.execute("DELETE FROM lease WHERE key = ?", (f"{kind}:{number}",))
        return 0

    return part


def _with_parts(ids: str, children: Iterable[str], table: str, share: int) -> _Part:
    """Deletes rows together with the rows of other tables that belong to each. `ids` selects them by owner and limit,
    `children` are statements that take one id."""
    statements = (*children, f"DELETE FROM {table} WHERE id = ?")

    def part(tx: sqlite3.Connection, number: int, rows: int) -> int:
        most = max(1, rows // share)
        chosen = tx.execute(ids, (number, most)).fetchall()
        for sql in statements:
            tx.executemany(sql, chosen)
        # Where there may be more of them, nothing behind them goes yet.
        return rows if len(chosen) == most else len(chosen) * share

    return part


def _pages(tx: sqlite3.Connection, number: int, rows: int) -> int:
    """Deletes the pages of a merchant's downloads: a download may have thousands."""
    return tx.execute(
        "DELETE FROM pull_page WHERE (generation_id, stage, n) IN (SELECT p.generation_id, p.stage, p.n "
        "FROM pull_generation AS g CROSS JOIN pull_page AS p ON p.generation_id = g.id WHERE g.merchant_id = ? LIMIT ?)",
        (number, rows),
    ).rowcount


def _runs(kinds: str) -> _Part:
    """Deletes runs with what each left behind: a run may have thousands of requests, so these go first."""

    def part(tx: sqlite3.Connection, number: int, rows: int) -> int:
        left = rows
        while left > 0:
            run = tx.execute(f"SELECT id FROM run WHERE kind IN ({kinds}) AND key = ? LIMIT 1", (number,)).fetchone()
            if run is None:
                break
            for table, key in (("exchange", "id"), ("push_batch", "id"), ("run_event", "run_id, n")):
                sql = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE run_id = ? LIMIT ?)"
                left -= tx.execute(sql, (*run, max(left, 1))).rowcount
                if left <= 0:
                    return rows - left
            numbers.keep_used(tx, "run")
            tx.execute("DELETE FROM run WHERE id = ?", run)
            left -= 1
        return rows - left

    return part


_OF_CART: tuple[_Part, ...] = (
    _rows_of("pending_order", "cart_id", "cart_id, ref, product_id, location, part"),
    _rows_of("unlisted", "cart_id", "cart_id, product_id"),
    _rows_of("link", "cart_id", "cart_id, ref"),
    _rows_of("hook_ref", "cart_id", "cart_id, ref"),
    _rows_of("hook_delivery", "cart_id", "cart_id, delivery"),
    _rows_of("plan", "cart_id", "id"),
    _rows_of("decision_record", "cart_id", "id"),
    _with_parts(
        "SELECT id FROM listing WHERE cart_id = ? LIMIT ?",
        ("DELETE FROM listing_history WHERE listing_id = ?", "DELETE FROM listing_rename WHERE listing_id = ?"),
        "listing",
        1,
    ),
    # After the listings, which name the batch that they wait for.
    _runs("'push', 'radar'"),
    _counted_rows("listings"),
    _lease("push"),
)

_OF_MERCHANT: tuple[_Part, ...] = (
    _runs("'pull'"),
    _pages,
    _rows_of("pull_generation", "merchant_id", "id"),
    _with_parts(
        "SELECT id FROM product WHERE merchant_id = ? LIMIT ?",
        (
            "DELETE FROM level_fraction WHERE product_id = ?1 "
            "AND warehouse_id IN (SELECT warehouse_id FROM level WHERE product_id = ?1)",
            "DELETE FROM level WHERE product_id = ?",
            "DELETE FROM level_history WHERE product_id = ?",
            "DELETE FROM source_record WHERE product_id = ?",
            "DELETE FROM kit_component WHERE kit_id = ?",
            "DELETE FROM product_code WHERE product_id = ?",
        ),
        "product",
        _LEVELS_OF_A_PRODUCT,
    ),
    _rows_of("order_known", "merchant_id", "merchant_id, shop, ref, product_id, location, until"),
    _rows_of("collision", "merchant_id", "merchant_id, kind, key, code"),
    _counted_rows("products"),
    # A warehouse keeps its number until its levels are gone: it may be given again.
    _with_parts(
        "SELECT id FROM warehouse WHERE merchant_id = ? LIMIT ?",
        ("DELETE FROM census WHERE subject = 'levels' AND owner = ?",),
        "warehouse",
        1,
    ),
    _rows_of("alias_type", "merchant_id", "id"),
    _lease("pull"),
)
