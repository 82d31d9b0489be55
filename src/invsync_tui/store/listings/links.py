"""Explicit links: an operator's word on which product a listing means. It goes before matching by code."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows


class Link(NamedTuple):
    """A link. `product_missing` is since when the WMS no longer has the product; None while it has."""

    cart_id: int
    ref: str
    product_id: int
    product_sku: str
    product_missing: int | None
    kind: str
    made_at: int
    made_by: str


class NewLink(NamedTuple):
    """A link to be made."""

    ref: str
    product_id: int
    kind: str


_LINKED = (
    "SELECT k.cart_id, k.ref, k.product_id, coalesce(nullif(p.sku, ''), p.ref), p.missing_since, k.kind, k.made_at, "
    "k.made_by "
)


def of_refs(cx: sqlite3.Connection, cart_id: int, refs: Sequence[str]) -> dict[str, Link]:
    """Links of some listings of a cart, by the cart's references."""
    rows = cx.execute(
        _LINKED + "FROM json_each(?) AS j CROSS JOIN link AS k ON k.cart_id = ? AND k.ref = j.value "
        "CROSS JOIN product AS p ON p.id = k.product_id",
        (json.dumps(list(refs)), cart_id),
    )
    return {link.ref: link for link in named_rows.filled(Link, rows)}


def refs_of_kind(cx: sqlite3.Connection, cart_id: int, kind: str, limit: int) -> list[str]:
    """The first listings of a cart that are linked by suggestions of a kind; '' for any kind."""
    sql = "SELECT ref FROM link WHERE cart_id = ? AND (? = '' OR kind = ?) ORDER BY ref LIMIT ?"
    return [row[0] for row in cx.execute(sql, (cart_id, kind, kind, limit))]


def count(cx: sqlite3.Connection, cart_id: int) -> int:
    """Links of a cart."""
    return int(cx.execute("SELECT count(*) FROM link WHERE cart_id = ?", (cart_id,)).fetchone()[0])


def put(tx: sqlite3.Connection, cart_id: int, links: Sequence[NewLink], who: str, now: int, seq: int) -> None:
    """Make links, in the place of those that the listings had; the next plan looks at them."""
    before = of_refs(tx, cart_id, [link.ref for link in links])
    tx.executemany(
        "INSERT INTO link (cart_id, ref, product_id, kind, made_at, made_by) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (cart_id, ref) DO UPDATE SET product_id = excluded.product_id, kind = excluded.kind, "
        "made_at = excluded.made_at, made_by = excluded.made_by",
        [(cart_id, link.ref, link.product_id, link.kind, now, who) for link in links],
    )
    _stamp(tx, cart_id, before, seq)
    _stamp(tx, cart_id, {link.ref: link for link in links}, seq)


def remove(tx: sqlite3.Connection, cart_id: int, refs: Sequence[str], seq: int) -> dict[str, Link]:
    """Take links back; returns those that there were. The listings are matched by their code again."""
    before = of_refs(tx, cart_id, refs)
    tx.executemany("DELETE FROM link WHERE cart_id = ? AND ref = ?", [(cart_id, ref) for ref in before])
    _stamp(tx, cart_id, before, seq)
    return before


def _stamp(tx: sqlite3.Connection, cart_id: int, links: Mapping[str, Link | NewLink], seq: int) -> None:
    """Both sides moved: the listing, and the product, which the cart may or may not list from now on."""
    tx.executemany("UPDATE listing SET seq = ? WHERE cart_id = ? AND ref = ?", [(seq, cart_id, ref) for ref in links])
    tx.executemany("UPDATE product SET seq = ? WHERE id = ?", [(seq, link.product_id) for link in links.values()])
