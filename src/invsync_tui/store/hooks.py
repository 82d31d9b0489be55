"""Webhooks in the store: addresses, deliveries that came, and what is to be read again soon."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.runs.waiting_requests import LOOK

DELIVERIES_KEPT = 86400 * 2
"""Seconds for which a delivery is known again: Shopify repeats one for 4 hours."""
DELIVERIES_MOST = 5000
"""Deliveries of one cart that are kept."""
ORDERS = ""
"""In the place of a listing's reference: the cart's orders are to be read."""


class Address(NamedTuple):
    """The address of a cart's webhooks; times in epoch seconds, None for never."""

    cart_id: int
    token: str
    made_at: int
    heard_at: int | None
    refused_at: int | None


_ADDRESS = "SELECT cart_id, token, made_at, heard_at, refused_at FROM hook_address"


def addresses(cx: sqlite3.Connection) -> list[Address]:
    """All addresses, by cart."""
    return named_rows.filled(Address, cx.execute(f"{_ADDRESS} ORDER BY cart_id"))


def address(cx: sqlite3.Connection, cart_id: int) -> Address | None:
    """The address of a cart's connection; None where none was made."""
    sql = f"{_ADDRESS} WHERE cart_id = (SELECT coalesce(of_cart, id) FROM cart WHERE id = ?)"
    return named_rows.first(Address, cx.execute(sql, (cart_id,)))


def put_address(tx: sqlite3.Connection, cart_id: int, token: str, now: int) -> None:
    """Give a cart's connection an address, in the place of the one that it had."""
    tx.execute(
        "INSERT INTO hook_address (cart_id, token, made_at) VALUES (?, ?, ?) ON CONFLICT (cart_id) "
        "DO UPDATE SET token = excluded.token, made_at = excluded.made_at, heard_at = NULL, refused_at = NULL",
        (cart_id, token, now),
    )


class Notice(NamedTuple):
    """A delivery with a right signature. `cart_id` is the cart with the connection."""

    cart_id: int
    delivery: str
    """Digest of the id that the cart gave it; '' where it has none, and then it is never known again."""
    refs: Sequence[str]
    """References of listings; those that the cart is not known to have are left out."""
    orders: bool
    """The cart's orders have changed."""


def take(tx: sqlite3.Connection, notices: Iterable[Notice], refused: Iterable[int], now: int) -> None:
    """Note what came: notices, and the carts for which something with a wrong signature came."""
    heard: set[int] = set()
    for notice in notices:
        heard.add(notice.cart_id)
        if _is_new(tx, notice, now):
            _note(tx, notice, now)
    tx.executemany(
        "UPDATE hook_address SET heard_at = ? WHERE cart_id = ?", [(now, number) for number in sorted(heard)]
    )
    tx.executemany(
        "UPDATE hook_address SET refused_at = ? WHERE cart_id = ?", [(now, number) for number in sorted(set(refused))]
    )
    for number in sorted(heard):
        _forget_old(tx, number, now)


def _is_new(tx: sqlite3.Connection, notice: Notice, now: int) -> bool:
    if not notice.delivery:
        return True
    sql = "INSERT INTO hook_delivery (cart_id, delivery, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    return tx.execute(sql, (notice.cart_id, notice.delivery, now)).rowcount > 0


_AGAIN = "ON CONFLICT (cart_id, ref) DO UPDATE SET times = times + 1"


def _note(tx: sqlite3.Connection, notice: Notice, now: int) -> None:
    """For the cart with the connection, and for its further locations, whose listings have the same references."""
    tx.execute(
        "INSERT INTO hook_ref (cart_id, ref, at) SELECT l.cart_id, l.ref, ? FROM cart AS c "
        "CROSS JOIN json_each(?) AS r JOIN listing AS l ON l.cart_id = c.id AND l.ref = r.value "
        f"WHERE c.id = ? OR c.of_cart = ? {_AGAIN}",
        (now, json.dumps(list(dict.fromkeys(ref for ref in notice.refs if ref))), notice.cart_id, notice.cart_id),
    )
    if notice.orders:
        tx.execute(
            f"INSERT INTO hook_ref (cart_id, ref, at) SELECT id, ?, ? FROM cart WHERE id = ? OR of_cart = ? {_AGAIN}",
            (ORDERS, now, notice.cart_id, notice.cart_id),
        )


def read_soon(tx: sqlite3.Connection, cart_id: int, refs: Sequence[str], now: int) -> None:
    """Listings of the cart with the connection are to be read again, as if a webhook had named them."""
    _note(tx, Notice(cart_id, "", refs, orders=False), now)


def _forget_old(tx: sqlite3.Connection, cart_id: int, now: int) -> None:
    """Deliveries that are not repeated any more, and the oldest beyond the number that is kept. A time to come was noted
    by a clock that was ahead."""
    tx.execute(
        "DELETE FROM hook_delivery WHERE cart_id = ? AND (at < ? OR at > ?)",
        (cart_id, now - DELIVERIES_KEPT, now + DELIVERIES_KEPT),
    )
    (count,) = tx.execute("SELECT count(*) FROM hook_delivery WHERE cart_id = ?", (cart_id,)).fetchone()
    if count > DELIVERIES_MOST:
        tx.execute(
            "DELETE FROM hook_delivery WHERE cart_id = ?1 AND delivery IN "
            "(SELECT delivery FROM hook_delivery WHERE cart_id = ?1 ORDER BY at LIMIT ?2)",
            (cart_id, count - DELIVERIES_MOST * 9 // 10),
        )


# --- what is to be read again ------------------------------------------------------------------------------------------


def waiting(cx: sqlite3.Connection, cart_id: int, most: int = -1) -> dict[str, int]:
    """By reference, how often it was announced since it was last read; orders first. At most so many, -1 for all."""
    sql = "SELECT ref, times FROM hook_ref WHERE cart_id = ? ORDER BY ref LIMIT ?"
    return dict(cx.execute(sql, (cart_id, most)).fetchall())


def listings(cx: sqlite3.Connection, cart_id: int, refs: Iterable[str]) -> list[tuple[int, str]]:
    """(number, reference) of those of some references that the cart is known to have, by number."""
    sql = "SELECT id, ref FROM listing WHERE cart_id = ? AND ref IN (SELECT value FROM json_each(?)) ORDER BY id"
    return cx.execute(sql, (cart_id, json.dumps(list(refs)))).fetchall()


def done(tx: sqlite3.Connection, cart_id: int, read: Mapping[str, int]) -> None:
    """What was waiting was read. What was announced again since then waits on."""
    tx.executemany(
        "DELETE FROM hook_ref WHERE cart_id = ? AND ref = ? AND times = ?",
        [(cart_id, ref, times) for ref, times in read.items()],
    )


class Due(NamedTuple):
    """A cart with something to be read again, and nothing that keeps a push of it from being asked for."""

    cart_id: int
    merchant_id: int
    first_at: int
    """When the first of it was announced."""
    ended_at: int | None
    """When the cart's last push ended; None where there was none."""
    ended_well: bool


_DUE = f"""
SELECT c.id, c.merchant_id, (SELECT min(h.at) FROM hook_ref AS h WHERE h.cart_id = c.id),
  r.ended_at, r.state IS NULL OR r.state <> 'failed'
FROM cart AS c JOIN merchant AS m ON m.id = c.merchant_id
  LEFT JOIN run AS r ON r.id = (SELECT max(n.id) FROM run AS n WHERE n.kind = 'push' AND n.key = c.id
    AND n.ended_at IS NOT NULL)
WHERE EXISTS (SELECT 1 FROM hook_ref AS h WHERE h.cart_id = c.id)
  AND c.upload_enabled = 1 AND m.inventory_sync = 1 AND c.frozen_at IS NULL AND m.frozen_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM run AS o WHERE o.kind = 'push' AND o.key = c.id
    AND (o.state IN ('running', 'cancelling', 'held') OR (o.state = 'requested' AND o.trigger <> '{LOOK}')))
ORDER BY c.id
"""
"""A run that only looks at what a cart applies later gives way to any other: it does not keep one from being asked for."""


def due(cx: sqlite3.Connection) -> list[Due]:
    """Carts that are switched on and not frozen, with something waiting, and no push asked for, under way or held."""
    return [due._replace(ended_well=bool(due.ended_well)) for due in map(Due._make, cx.execute(_DUE))]
