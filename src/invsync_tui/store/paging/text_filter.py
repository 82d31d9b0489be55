"""Filters a list of products by a text: products that have it in their SKU or in one of their codes.

Few hits are found by the substring index and sorted. Where there are many, the list is walked in its own order instead,
which then finds a page after few rows. Below three characters a code must begin with the text: that is what an index
can answer.
"""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Part

SUBSTRING_LEAST = 3
"""Characters from which codes are searched for the text anywhere in them."""
FEW = 5000
"""Hits that are sorted for each page."""
LAST = "\U0010ffff"

WINDOW = 4
"""Groups of three neighbouring characters that the index is asked for at most."""
RARE = 20
"""Occurrences in the sample up to which three characters narrow the search down."""
_SPREAD = 0x9E3779B1
SAMPLE = 400
"""Products that are looked at to find the rarest."""

PRODUCT = "product AS p"
HITS = "product_fts CROSS JOIN product AS p ON p.id = product_fts.rowid"


class IndexedProducts(NamedTuple):
    """Products by an index: an origin with the product `p`, and its condition."""

    origin: str
    part: Part


class Filter(NamedTuple):
    """A text as a condition. `few` finds the hits to be sorted, None where there are too many and `walk` is quicker."""

    walk: Part
    few: IndexedProducts | None
    any: IndexedProducts | None
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
        matches = IndexedProducts(PRODUCT, Part(f"p.id IN ({codes})", bounds))
        walk = Part("instr(char(10) || p.codes_text, char(10) || ?) > 0", (text,))
        return Filter(walk, matches if _few(cx, codes, bounds) else None, matches)
    matches = IndexedProducts(HITS, substring(cx, text))
    few = _few(cx, f"SELECT 1 FROM {HITS} WHERE {matches.part.where}", matches.part.values)
    return Filter(Part("instr(p.codes_text, ?) > 0", (text,)), matches if few else None, matches)


def substring(cx: sqlite3.Connection, text: str) -> Part:
    """The condition that HITS have a text in a code.

    The index is asked for the rarest few characters of a long text only, and the rest is compared: it would read the
    whole list of every three characters otherwise, and where all SKUs begin alike those are as long as the catalog.
    """
    window = _rarest(cx, text)
    if window == text:
        return Part("product_fts MATCH ?", (phrase(text),))
    return Part("product_fts MATCH ? AND instr(p.codes_text, ?) > 0", (phrase(window), text))


def _rarest(cx: sqlite3.Connection, text: str) -> str:
    """The part of a text that the fewest products of a sample have: three characters, and more beside them if rare too."""
    if len(text) <= SUBSTRING_LEAST:
        return text
    often = _occurrences(cx, text)
    begin = end = min(range(len(often)), key=often.__getitem__)
    rare = max(RARE, 4 * often[begin])
    while end - begin + 1 < WINDOW:
        beside = [at for at in (begin - 1, end + 1) if 0 <= at < len(often) and often[at] <= rare]
        if not beside:
            break
        nearest = min(beside, key=often.__getitem__)
        begin, end = min(begin, nearest), max(end, nearest)
    return text[begin : end + SUBSTRING_LEAST]


def _occurrences(cx: sqlite3.Connection, text: str) -> list[int]:
    """For each three characters of a text, how many codes of a sample have them."""
    last = cx.execute("SELECT coalesce(max(id), 0) FROM product").fetchone()[0]
    # Spread without a period: numbers that are all alike in a digit would have codes that are all alike.
    ids = json.dumps([number * _SPREAD % (last + 1) for number in range(1, SAMPLE + 1)])
    rows = cx.execute("SELECT p.codes_text FROM json_each(?) AS j CROSS JOIN product AS p ON p.id = j.value", (ids,))
    codes = "\n".join(row[0] for row in rows)
    return [codes.count(text[at : at + SUBSTRING_LEAST]) for at in range(len(text) - SUBSTRING_LEAST + 1)]


def _few(cx: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> bool:
    counted = cx.execute(f"SELECT count(*) FROM ({sql} LIMIT {FEW + 1})", values).fetchone()[0]
    return bool(counted <= FEW)
