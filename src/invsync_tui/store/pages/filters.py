"""Filters a list of products by a text: products that have it in their SKU or in one of their codes.

Few hits are found by the substring index and sorted. Where there are many, the list is walked in its own order instead,
which then finds a page after few rows. Below three characters a code must begin with the text: that is what an index
can answer.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store.pages.keyset import Part

SUBSTRING_LEAST = 3
"""Characters from which codes are searched for the text anywhere in them."""
FEW = 5000
"""Hits that are sorted for each page."""
LAST = "\U0010ffff"

PRODUCT = "product AS p"
HITS = "product_fts CROSS JOIN product AS p ON p.id = product_fts.rowid"


class Found(NamedTuple):
    """Products by an index: an origin with the product `p`, and its condition."""

    origin: str
    part: Part


class Filter(NamedTuple):
    """A text as a condition. `few` finds the hits to be sorted, None where there are too many and `walk` is quicker."""

    walk: Part
    few: Found | None
    any: Found | None
    """Finds hits in no order, for counts; None for a filter that lets everything through."""


ALL = Filter(Part("1"), None, None)


def phrase(text: str) -> str:
    """A text as one phrase of the full-text index, whatever characters it has."""
    return '"' + text.replace('"', '""').replace("\0", "") + '"'


def upper(text: str) -> str:
    """What is behind every text that begins with `text`."""
    return text + LAST


def products(cx: sqlite3.Connection, merchant_id: int, text: str) -> Filter:
    """The filter for a folded text; ALL for ''."""
    if not text:
        return ALL
    if len(text) < SUBSTRING_LEAST:
        bounds = (merchant_id, text, upper(text))
        codes = "SELECT product_id FROM product_code WHERE merchant_id = ? AND key >= ? AND key < ?"
        found = Found(PRODUCT, Part(f"p.id IN ({codes})", bounds))
        walk = Part("instr(char(10) || p.codes_text, char(10) || ?) > 0", (text,))
        return Filter(walk, found if _few(cx, codes, bounds) else None, found)
    match = (phrase(text),)
    found = Found(HITS, Part("product_fts MATCH ?", match))
    few = _few(cx, "SELECT 1 FROM product_fts WHERE product_fts MATCH ?", match)
    return Filter(Part("instr(p.codes_text, ?) > 0", (text,)), found if few else None, found)


def _few(cx: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> bool:
    counted = cx.execute(f"SELECT count(*) FROM ({sql} LIMIT {FEW + 1})", values).fetchone()[0]
    return bool(counted <= FEW)
