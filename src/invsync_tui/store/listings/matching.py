"""Which product each listing means, worked out again only for codes that moved, and which products a cart lacks."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.rules.matching import CodeHit, Match, match_barcode, match_code, trimmed
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.listings import links, listings
from invsync_tui.store.listings.links import Link

_TO_MATCH = """
SELECT id FROM listing INDEXED BY listing_seq WHERE cart_id = :cart AND seq > :mark AND gone_at IS NULL
UNION
SELECT l.id FROM (SELECT id FROM product INDEXED BY product_seq WHERE seq > :mark AND merchant_id = :merchant) AS s
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.product_id = s.id WHERE l.gone_at IS NULL
UNION
SELECT l.id FROM (SELECT id FROM product INDEXED BY product_seq WHERE seq > :mark AND merchant_id = :merchant) AS s
  CROSS JOIN product_code AS c ON c.product_id = s.id
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.key = c.key WHERE l.gone_at IS NULL
UNION
SELECT l.id FROM (SELECT id FROM product INDEXED BY product_seq WHERE seq > :mark AND merchant_id = :merchant) AS s
  CROSS JOIN link AS k ON k.product_id = s.id AND k.cart_id = :cart
  CROSS JOIN listing AS l ON l.cart_id = :cart AND l.ref = k.ref WHERE l.gone_at IS NULL
ORDER BY 1
"""


def to_match(cx: sqlite3.Connection, merchant_id: int, cart_id: int, mark: int) -> array[int]:
    """Ids of listings whose code, or a product's code like it, changed after `mark`; all of them for mark 0.

    The indexes are named, since statistics do not tell that little was written after the mark.
    """
    if mark == 0:
        return array("q", listings.present_ids(cx, cart_id))
    rows = cx.execute(_TO_MATCH, {"cart": cart_id, "merchant": merchant_id, "mark": mark})
    return array("q", (row[0] for row in rows))


def _hits(cx: sqlite3.Connection, merchant_id: int, keys: Sequence[str]) -> dict[str, list[CodeHit]]:
    rows = cx.execute(
        "SELECT c.key, c.product_id, c.kind, c.code, p.inactive FROM product_code c JOIN product p ON p.id = c.product_id "
        "WHERE c.merchant_id = ? AND c.key IN (SELECT value FROM json_each(?)) AND p.missing_since IS NULL",
        (merchant_id, json.dumps(list(keys))),
    )
    result: dict[str, list[CodeHit]] = defaultdict(list)
    for key, product, kind, code, inactive in rows:
        result[key].append(CodeHit(product, kind, code, bool(inactive)))
    return result


def _owners(cx: sqlite3.Connection, product_ids: Sequence[int], kind: int) -> frozenset[int]:
    rows = cx.execute(
        "SELECT DISTINCT product_id FROM product_code WHERE product_id IN (SELECT value FROM json_each(?)) AND kind = ?",
        (json.dumps(list(product_ids)), kind),
    )
    return frozenset(row[0] for row in rows)


def _shared(cx: sqlite3.Connection, cart_id: int, keys: Sequence[str]) -> set[str]:
    """Exact codes that several present listings of the cart carry."""
    rows = cx.execute(
        "SELECT sku FROM listing WHERE cart_id = ? AND gone_at IS NULL AND key IN (SELECT value FROM json_each(?))",
        (cart_id, json.dumps(list(keys))),
    )
    seen: set[str] = set()
    twice: set[str] = set()
    for (sku,) in rows:
        code = trimmed(sku)
        (twice if code in seen else seen).add(code)
    return twice


def namesakes(cx: sqlite3.Connection, cart_id: int, listing_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(number, reference) of the present listings that carry an exact code which one of some listings has as well."""
    rows = cx.execute(
        "SELECT id, ref, sku FROM listing WHERE cart_id = ?1 AND gone_at IS NULL AND key IN ("
        "SELECT key FROM listing WHERE id IN (SELECT value FROM json_each(?2))) ORDER BY id",
        (cart_id, json.dumps(list(listing_ids))),
    )
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, ref, sku in rows:
        groups[trimmed(sku)].append((number, ref))
    return [listing for group in groups.values() if len(group) > 1 for listing in group]


class MatchResult(NamedTuple):
    """What a listing was known to mean, and what its code means now."""

    id: int
    before: tuple[int | None, str | None]
    """(product, reason for none)."""
    now: tuple[int | None, str | None]


def look_up(
    cx: sqlite3.Connection, merchant_id: int, cart_id: int, push_kind: int, listing_ids: Sequence[int]
) -> list[MatchResult]:
    """Match some listings for a cart that pushes with codes of `push_kind`; what an operator linked is not matched."""
    rows = cx.execute(
        "SELECT id, sku, key, product_id, match_reason, ref, by_barcode FROM listing "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(listing_ids)),),
    ).fetchall()
    linked = links.of_refs(cx, cart_id, [ref for _, _, _, _, _, ref, _ in rows])
    keys = sorted({key for _, _, key, _, _, _, _ in rows})
    hits = _hits(cx, merchant_id, keys)
    owners = _owners(cx, sorted({hit.product_id for key_hits in hits.values() for hit in key_hits}), push_kind)
    shared = _shared(cx, cart_id, keys)
    results = []
    for number, sku, key, product, reason, ref, by_barcode in rows:
        if ref in linked:
            results.append(MatchResult(number, (product, reason), _as_linked(linked[ref])))
            continue
        key_hits = hits.get(key, ())
        match = match_barcode(sku, key_hits) if by_barcode else match_code(sku, push_kind, key_hits, owners)
        if trimmed(sku) in shared:
            match = Match(None, Reason.DUPLICATE_IN_CART)
        results.append(
            MatchResult(number, (product, reason), (match.product_id, match.reason.value if match.reason else None))
        )
    return results


def _as_linked(link: Link) -> tuple[int | None, str | None]:
    """A product that the WMS no longer has is no product, whoever meant it."""
    return (link.product_id, None) if link.product_missing is None else (None, Reason.NOT_IN_WMS.value)


def rematch(
    tx: sqlite3.Connection, merchant_id: int, cart_id: int, push_kind: int, listing_ids: Sequence[int], seq: int
) -> int:
    """Match some listings; returns how many mean another product, or lack one for another reason, than before."""
    results = look_up(tx, merchant_id, cart_id, push_kind, listing_ids)
    changes = [(*result.now, seq, result.id) for result in results if result.now != result.before]
    tx.executemany("UPDATE listing SET product_id = ?, match_reason = ?, seq = ? WHERE id = ?", changes)
    return len(changes)


_MOVED_PRODUCTS = """
SELECT id FROM product INDEXED BY product_seq WHERE merchant_id = :merchant AND seq > :mark
UNION
SELECT product_id FROM listing INDEXED BY listing_seq
  WHERE cart_id = :cart AND seq > :mark AND gone_at IS NOT NULL AND product_id IS NOT NULL
UNION
SELECT c.product_id FROM listing AS l INDEXED BY listing_seq
  CROSS JOIN product_code AS c ON c.merchant_id = :merchant AND c.key = l.key
  WHERE l.cart_id = :cart AND l.seq > :mark
UNION
SELECT k.product_id FROM listing AS l INDEXED BY listing_seq CROSS JOIN link AS k
  ON k.cart_id = l.cart_id AND k.ref = l.ref WHERE l.cart_id = :cart AND l.seq > :mark
ORDER BY 1
"""


def moved_products(cx: sqlite3.Connection, merchant_id: int, cart_id: int, mark: int) -> array[int]:
    """Products to look at for whether the cart lists them: all for mark 0."""
    if mark == 0:
        rows = cx.execute("SELECT id FROM product WHERE merchant_id = ? ORDER BY id", (merchant_id,))
    else:
        rows = cx.execute(_MOVED_PRODUCTS, {"cart": cart_id, "merchant": merchant_id, "mark": mark})
    return array("q", (row[0] for row in rows))


_UNLISTED = """
INSERT INTO unlisted (cart_id, product_id, reason, run_id)
SELECT :cart, p.id, CASE WHEN EXISTS (SELECT 1 FROM product_code AS c WHERE c.product_id = p.id AND c.kind = :kind)
  THEN 'NOT_IN_CART' ELSE 'ALIAS_MISSING' END, :run
FROM json_each(:ids) AS j CROSS JOIN product AS p ON p.id = j.value
WHERE p.missing_since IS NULL AND p.inactive = 0 AND NOT EXISTS (
  SELECT 1 FROM product_code AS c CROSS JOIN listing AS l ON l.cart_id = :cart AND l.key = c.key AND l.gone_at IS NULL
  WHERE c.product_id = p.id AND NOT EXISTS (
    SELECT 1 FROM link AS o WHERE o.cart_id = l.cart_id AND o.ref = l.ref AND o.product_id <> p.id)
) AND NOT EXISTS (
  SELECT 1 FROM link AS k CROSS JOIN listing AS l ON l.cart_id = k.cart_id AND l.ref = k.ref AND l.gone_at IS NULL
  WHERE k.product_id = p.id AND k.cart_id = :cart)
"""


def record_unlisted(
    tx: sqlite3.Connection, cart_id: int, push_kind: int, run_id: int, product_ids: Sequence[int]
) -> int:
    """Record which of some products the cart lists under none of their codes, nor by a link; returns how many.

    A listing that is linked to another product does not list the one whose code it has.
    """
    ids = json.dumps(list(product_ids))
    tx.execute(
        "DELETE FROM unlisted WHERE cart_id = ? AND product_id IN (SELECT value FROM json_each(?))", (cart_id, ids)
    )
    cursor = tx.execute(_UNLISTED, {"cart": cart_id, "kind": push_kind, "run": run_id, "ids": ids})
    return max(0, cursor.rowcount)
