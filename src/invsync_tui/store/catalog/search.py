"""Finds products by code: exact, by how it begins, by what is in it; and by words of the name.

Texts come in folded. Every statement is served by an index and bounded, so that it can run at every keystroke.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.paging.keyset import Part
from invsync_tui.store.paging.text_filter import HITS, SUBSTRING_LEAST, phrase, substring, upper

COUNTED_MOST = 1000
NEAR_LOOKED_AT = 200
"""Products that are looked through for near misses."""
NEAR_MOST = 3
NEAR_LEAST = 4
"""Letters and digits from which near misses are looked for: below it, everything is near."""
PROBES_MOST = 6
_WORD = re.compile(r"\w+")
_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")


class CodeHit(NamedTuple):
    """A code of a product that was found."""

    product_id: int
    merchant_id: int
    kind: int
    kind_name: str
    code: str


class ProductHit(NamedTuple):
    """What a result shows of a product. `loaded_at` is its newest reading."""

    id: int
    merchant_id: int
    merchant: str
    sku: str
    name: str
    missing_since: int | None
    available: int | None
    loaded_at: int | None


def merchants(cx: sqlite3.Connection, merchant_id: int | None) -> list[int]:
    """The merchant that is meant, or all."""
    if merchant_id is not None:
        return [merchant_id]
    return [row[0] for row in cx.execute("SELECT id FROM merchant ORDER BY id")]


_HIT = (
    "SELECT c.product_id, c.merchant_id, c.kind, coalesce(a.name, 'SKU'), c.code FROM json_each(?) AS m "
    "CROSS JOIN product_code AS c ON c.merchant_id = m.value AND {condition} "
    "LEFT JOIN alias_type AS a ON a.id = c.kind "
)


def exact(cx: sqlite3.Connection, key: str, owners: Sequence[int], limit: int = COUNTED_MOST) -> list[CodeHit]:
    """Codes with this key, SKUs first."""
    sql = _HIT.format(condition="c.key = ?") + "LIMIT ?"
    hits = named_rows.filled(CodeHit, cx.execute(sql, (json.dumps(list(owners)), key, limit)))
    return sorted(hits, key=lambda hit: (hit.kind, hit.product_id))


def beginning(cx: sqlite3.Connection, key: str, owners: Sequence[int], limit: int) -> list[CodeHit]:
    """Codes that begin with a text, in their order, without those that are the text."""
    sql = _HIT.format(condition="c.key > ? AND c.key < ?") + "LIMIT ?"
    rows = cx.execute(sql, (json.dumps(list(owners)), key, upper(key), limit)).fetchall()
    return named_rows.filled(CodeHit, rows)


def containing(cx: sqlite3.Connection, key: str, merchant_id: int | None, limit: int) -> list[int]:
    """Numbers of products that have a text anywhere in a code; [] for a text that is too short."""
    if len(key) < SUBSTRING_LEAST:
        return []
    return _numbers(cx, _with_code(cx, key, merchant_id), limit)


def named(cx: sqlite3.Connection, key: str, merchant_id: int | None, limit: int) -> list[int]:
    """Numbers of products whose name has the words of a text; the last one may be only begun."""
    return next((numbers for part in _with_name(cx, key, merchant_id) if (numbers := _numbers(cx, part, limit))), [])


def _numbers(cx: sqlite3.Connection, part: Part, limit: int) -> list[int]:
    return [row[0] for row in cx.execute(f"{part.where} LIMIT ?", (*part.values, limit))]


def _with_code(cx: sqlite3.Connection, key: str, merchant_id: int | None) -> Part:
    """Products with a text in a code, as a statement."""
    part = substring(cx, key)
    if merchant_id is None:
        return Part(f"SELECT p.id FROM {HITS} WHERE {part.where}", part.values)
    return Part(f"SELECT p.id FROM {HITS} WHERE {part.where} AND p.merchant_id = ?", (*part.values, merchant_id))


def _with_name(cx: sqlite3.Connection, key: str, merchant_id: int | None) -> list[Part]:
    """Products with words in their name, as statements to be tried in turn.

    A word that stands in some name is taken as it is; another counts as the beginning of one from SUBSTRING_LEAST
    characters on, and is left out below: what a letter or two begin would have to be read as a whole first.
    """
    words = _WORD.findall(key)
    if not words or len(key) < SUBSTRING_LEAST:
        return []
    begun = [word for word in words if not _is_word(cx, phrase(word))]
    if _in_no_name(cx, begun):
        return []
    before = [term for word in words[:-1] for term in (_beginning(word) if word in begun else [phrase(word)])]
    tries = [[*before, phrase(words[-1])], [*before, *_beginning(words[-1])]]
    return [_name_part(" ".join(terms), merchant_id) for terms in tries if terms]


def _in_no_name(cx: sqlite3.Connection, begun: Sequence[str]) -> bool:
    """Whether one of several words that are only begun, if at all, begins none: the parts of a SKU, mostly.

    The short ones are not looked for: with them the index reads all that they begin, which is what this saves.
    """
    longest = sorted(begun, key=len, reverse=True)[:-1]
    return any(beginning and not _is_word(cx, beginning[0]) for beginning in map(_beginning, longest))


def _beginning(word: str) -> list[str]:
    return [f"{phrase(word)}*"] if len(word) >= SUBSTRING_LEAST else []


def _is_word(cx: sqlite3.Connection, word: str) -> bool:
    sql = "SELECT 1 FROM product_name_fts WHERE product_name_fts MATCH ? LIMIT 1"
    return cx.execute(sql, (word,)).fetchone() is not None


def _name_part(match: str, merchant_id: int | None) -> Part:
    sql = "SELECT p.id FROM product_name_fts AS f CROSS JOIN product AS p ON p.id = f.rowid WHERE product_name_fts MATCH ?"
    return Part(sql, (match,)) if merchant_id is None else Part(f"{sql} AND p.merchant_id = ?", (match, merchant_id))


def code_with(cx: sqlite3.Connection, product_ids: Sequence[int], key: str) -> dict[int, CodeHit]:
    """By product, its first code that has a text in it."""
    rows = cx.execute(
        "SELECT c.product_id, c.merchant_id, c.kind, coalesce(a.name, 'SKU'), c.code FROM json_each(?) AS j "
        "CROSS JOIN product_code AS c ON c.product_id = j.value LEFT JOIN alias_type AS a ON a.id = c.kind "
        "WHERE instr(c.key, ?) > 0 ORDER BY c.kind DESC",
        (json.dumps(list(product_ids)), key),
    )
    return {row[0]: row for row in named_rows.filled(CodeHit, rows)}


def count(cx: sqlite3.Connection, key: str, merchant_id: int | None, most: int | None = COUNTED_MOST + 1) -> int:
    """Products that a search would find, counted up to `most`; None counts all."""
    limit = -1 if most is None else most
    if len(key) < SUBSTRING_LEAST:
        return _counted(cx, [_begun(cx, key, merchant_id)], limit)
    by_code = _with_code(cx, key, merchant_id)
    total = _counted(cx, [by_code], limit)
    if most is not None and total >= most:
        return most
    names = next((part for part in _with_name(cx, key, merchant_id) if _numbers(cx, part, 1)), None)
    if names is None:
        return total
    total = _counted(cx, [by_code, names], limit)
    return total if most is None else min(total, most)


def _begun(cx: sqlite3.Connection, key: str, merchant_id: int | None) -> Part:
    sql = (
        "SELECT DISTINCT c.product_id FROM json_each(?) AS m CROSS JOIN product_code AS c "
        "ON c.merchant_id = m.value AND c.key >= ? AND c.key < ?"
    )
    return Part(sql, (json.dumps(merchants(cx, merchant_id)), key, upper(key)))


def _counted(cx: sqlite3.Connection, parts: Sequence[Part], limit: int) -> int:
    union = " UNION ".join(f"SELECT * FROM ({part.where} LIMIT ?)" for part in parts)
    values = tuple(value for part in parts for value in (*part.values, limit))
    return int(cx.execute(f"SELECT count(*) FROM ({union})", values).fetchone()[0])


def details(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, ProductHit]:
    """What results show, by product. A level that was not in the last full download counts as none."""
    rows = cx.execute(
        "SELECT p.id, p.merchant_id, m.name, p.sku, p.name, p.missing_since, "
        "(SELECT sum(v.available) FROM level AS v WHERE v.product_id = p.id AND v.missing_since IS NULL), "
        "(SELECT max(coalesce(v.read_at, max(v.loaded_at, CASE WHEN w.vanished_at IS NULL THEN coalesce(s.confirmed_at, 0) "
        "ELSE coalesce(w.last_full_at, 0) END))) FROM level AS v JOIN warehouse AS w ON w.id = v.warehouse_id "
        "LEFT JOIN source AS s ON s.merchant_id = w.merchant_id WHERE v.product_id = p.id AND v.missing_since IS NULL) "
        "FROM json_each(?) AS j CROSS JOIN product AS p ON p.id = j.value JOIN merchant AS m ON m.id = p.merchant_id",
        (json.dumps(list(product_ids)),),
    )
    return {row[0]: row for row in named_rows.filled(ProductHit, rows)}


def strip_separators(key: str) -> str:
    """A folded code without what is easily mistyped: zeros in front of its numbers, dashes, spaces and dots."""
    return "".join(part.lstrip("0") for part in _PARTS.findall(key))


def _probes(key: str) -> list[str]:
    """What to look for to find near misses of a text, the rarest first."""
    parts = sorted(_PARTS.findall(key), key=lambda part: (not part.isdigit(), -len(part)))
    tails = [part[-4:] for part in parts]
    candidates = (*parts, *(part.lstrip("0") for part in parts), strip_separators(key), *tails)
    return [probe for probe in dict.fromkeys(candidates) if len(probe) >= SUBSTRING_LEAST]


def near(cx: sqlite3.Connection, key: str, merchant_id: int | None) -> list[CodeHit]:
    """Codes that differ from a text by leading zeros, dashes or spaces only."""
    stripped = strip_separators(key)
    for probe in _probes(key)[:PROBES_MOST] if len(stripped) >= NEAR_LEAST else ():
        hits = [
            hit
            for hit, its in _codes(cx, containing(cx, probe, merchant_id, NEAR_LOOKED_AT))
            if strip_separators(its) == stripped
        ]
        if hits:
            return hits[:NEAR_MOST]
    return []


def _codes(cx: sqlite3.Connection, product_ids: Sequence[int]) -> list[tuple[CodeHit, str]]:
    """All codes of some products with their keys."""
    rows = cx.execute(
        "SELECT c.key, c.product_id, c.merchant_id, c.kind, coalesce(a.name, 'SKU'), c.code FROM json_each(?) AS j "
        "CROSS JOIN product_code AS c ON c.product_id = j.value LEFT JOIN alias_type AS a ON a.id = c.kind",
        (json.dumps(list(product_ids)),),
    )
    return [(hit, key) for key, hit in named_rows.keyed(CodeHit, rows)]
