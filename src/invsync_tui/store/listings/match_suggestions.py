"""Products that listings without one may mean: found under the keys that `rules.match_suggestions` tries, by index only."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from invsync_tui.rules import match_suggestions
from invsync_tui.rules.match_suggestions import ListingCodes, Suggestion
from invsync_tui.rules.matching import CodeHit, normalize_key, trimmed
from invsync_tui.store import named_rows

FORMER_MOST = 5
"""Codes that a listing had before, the latest first."""
SAME_KEY_MOST = 50
"""Products under one key that are compared."""


class Without(NamedTuple):
    """A listing without a product."""

    id: int
    sku: str


_LOOK_UP = """
SELECT c.key, c.product_id, c.kind, c.code FROM json_each(?) AS j
  CROSS JOIN product_code AS c ON c.merchant_id = ? AND c.key = j.value
  CROSS JOIN product AS p ON p.id = c.product_id WHERE p.missing_since IS NULL
"""


def suggestions(
    cx: sqlite3.Connection, merchant_id: int, push_kind: int, listings: Sequence[Without]
) -> dict[int, Suggestion]:
    """By listing, what it may mean in a cart that pushes with codes of `push_kind`."""
    former = former_codes(cx, [listing.id for listing in listings])
    keys = {listing.id: _keys(listing.sku, former.get(listing.id, ())) for listing in listings}
    hits = _look_up(cx, merchant_id, sorted({key for listing_keys in keys.values() for key in listing_keys}))
    return {
        listing.id: match_suggestions.suggest(
            ListingCodes(listing.sku, tuple(former.get(listing.id, ()))),
            push_kind,
            [hit for key in keys[listing.id] for hit in hits.get(key, ())],
        )
        for listing in listings
    }


def _keys(sku: str, former: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*match_suggestions.variants(sku), *map(normalize_key, former))))


def _look_up(cx: sqlite3.Connection, merchant_id: int, keys: Sequence[str]) -> Mapping[str, list[CodeHit]]:
    result: dict[str, list[CodeHit]] = defaultdict(list)
    for key, product, kind, code in cx.execute(_LOOK_UP, (json.dumps(keys), merchant_id)):
        if len(result[key]) < SAME_KEY_MOST:
            result[key].append(CodeHit(product, kind, code))
    return result


def former_codes(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> dict[int, list[str]]:
    """By listing, the codes that it had in the cart before, the latest first."""
    rows = cx.execute(
        "SELECT r.listing_id, r.before FROM json_each(?) AS j CROSS JOIN listing_rename AS r ON r.listing_id = j.value "
        "ORDER BY r.listing_id, r.at DESC",
        (json.dumps(list(listing_ids)),),
    )
    result: dict[int, list[str]] = defaultdict(list)
    for listing, before in rows:
        if len(result[listing]) < FORMER_MOST:
            result[listing].append(before)
    return result


def products(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """(SKU or the WMS's reference, name) of some products."""
    rows = cx.execute(
        "SELECT p.id, coalesce(nullif(p.sku, ''), p.ref), p.name FROM json_each(?) AS j "
        "CROSS JOIN product AS p ON p.id = j.value",
        (json.dumps(list(product_ids)),),
    )
    return {number: (sku, name) for number, sku, name in rows}


class Unmatched(NamedTuple):
    """A listing that has neither a product nor a link."""

    id: int
    ref: str
    sku: str


def without(cx: sqlite3.Connection, cart_id: int, refs: Sequence[str]) -> list[Unmatched]:
    """Those of some listings that have neither a product nor a link."""
    rows = cx.execute(
        "SELECT l.id, l.ref, l.sku FROM json_each(?) AS j CROSS JOIN listing AS l ON l.cart_id = ? AND l.ref = j.value "
        "WHERE l.gone_at IS NULL AND l.match_reason IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM link AS k WHERE k.cart_id = l.cart_id AND k.ref = l.ref)",
        (json.dumps(list(refs)), cart_id),
    )
    return named_rows.filled(Unmatched, rows)


def owners(cx: sqlite3.Connection, merchant_id: int, kind: int, codes: Sequence[str]) -> dict[str, int]:
    """By trimmed code, the one present product that has it as a code of a kind; none where several have."""
    trimmed_codes = {trimmed(code) for code in codes}
    having: dict[str, set[int]] = defaultdict(set)
    for hits in _look_up(cx, merchant_id, sorted({normalize_key(code) for code in trimmed_codes})).values():
        for hit in hits:
            if hit.kind == kind and trimmed(hit.code) in trimmed_codes:
                having[trimmed(hit.code)].add(hit.product_id)
    return {code: next(iter(product_ids)) for code, product_ids in having.items() if len(product_ids) == 1}


def refs(cx: sqlite3.Connection, cart_id: int, ref: str, key: str) -> list[tuple[str, str]]:
    """(ref, SKU) of listings that a cart has under a reference or a folded code."""
    return cx.execute(
        "SELECT ref, sku FROM listing WHERE cart_id = ?1 AND ref = ?2 AND gone_at IS NULL UNION "
        "SELECT ref, sku FROM listing WHERE cart_id = ?1 AND key = ?3 AND gone_at IS NULL",
        (cart_id, ref, key),
    ).fetchall()


def by_sku(cx: sqlite3.Connection, merchant_id: int, key: str) -> list[tuple[int, str]]:
    """(number, SKU) of present products under a folded SKU."""
    return cx.execute(
        "SELECT c.product_id, c.code FROM product_code AS c CROSS JOIN product AS p ON p.id = c.product_id "
        "WHERE c.merchant_id = ? AND c.key = ? AND c.kind = 0 AND p.missing_since IS NULL",
        (merchant_id, key),
    ).fetchall()


def merchant_of(cx: sqlite3.Connection, product_id: int) -> int | None:
    """Whose a product is; None where there is none of this number."""
    row = cx.execute("SELECT merchant_id FROM product WHERE id = ?", (product_id,)).fetchone()
    return None if row is None else int(row[0])
