"""Alias types of a merchant, and codes that several products share."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Pages, Part, Select, SortOrder
from invsync_tui.store.paging.text_filter import ALL, Filter

BY_CODE = SortOrder("code", ("x.key", "x.code"))


class KindRow(NamedTuple):
    """An alias type, or the SKU as kind 0."""

    kind: int
    name: str
    carts: tuple[str, ...]


def kinds(cx: sqlite3.Connection, merchant_id: int) -> list[KindRow]:
    """The SKU and the alias types of a merchant, with the carts that push with them."""
    users: dict[int, list[str]] = defaultdict(list)
    for kind, cart in cx.execute("SELECT push_kind, name FROM cart WHERE merchant_id = ? ORDER BY id", (merchant_id,)):
        users[kind].append(cart)
    rows = cx.execute("SELECT id, name FROM alias_type WHERE merchant_id = ? ORDER BY name", (merchant_id,))
    return [KindRow(kind, name, tuple(users[kind])) for kind, name in [(0, "SKU"), *rows]]


def kind_name(cx: sqlite3.Connection, kind: int) -> str:
    """What a kind is called."""
    row = cx.execute("SELECT name FROM alias_type WHERE id = ?", (kind,)).fetchone()
    return "SKU" if row is None else str(row[0])


class SharedCode(NamedTuple):
    """A code that several products have; `key` is it folded."""

    kind: int
    key: str
    code: str


def collisions(
    cx: sqlite3.Connection, merchant_id: int, kind: int, descending: bool, text: Filter = ALL
) -> Pages[SharedCode]:
    """Codes of a kind that several present products have.

    A filter keeps those of which a product has the text in any code, so in the shared code itself or in its SKU.
    """
    where = "x.merchant_id = ? AND x.kind = ?"
    columns, values = "x.kind, x.key, x.code", (merchant_id, kind)
    select = Select(columns, "collision AS x", where, values, BY_CODE, descending, record=SharedCode._make)
    return Pages(cx, select if text is ALL else select.narrowed(_of_products(kind, text)))


def _of_products(kind: int, text: Filter) -> Part:
    if text.few is not None:
        message = (
            f"SELECT c.key, c.code FROM {text.few.origin} CROSS JOIN product_code AS c ON c.product_id = p.id AND c.kind = ? "
            f"WHERE {text.few.part.where}"
        )
        return Part(f"(x.key, x.code) IN ({message})", (kind, *text.few.part.values))
    having = (
        "SELECT 1 FROM product_code AS c CROSS JOIN product AS p ON p.id = c.product_id WHERE c.merchant_id = x.merchant_id "
        f"AND c.key = x.key AND c.kind = x.kind AND c.code = x.code AND {text.walk.where}"
    )
    return Part(f"EXISTS ({having})", text.walk.values)


def sharers(
    cx: sqlite3.Connection, merchant_id: int, codes: Sequence[SharedCode], most: int
) -> dict[tuple[int, str], list[tuple[int, str]]]:
    """By (kind, code), the present products that have it: (number, SKU), at most `most` of each."""
    rows = cx.execute(
        "SELECT c.kind, c.code, p.id, p.sku FROM json_each(?) AS j CROSS JOIN product_code AS c "
        "ON c.merchant_id = ? AND c.key = json_extract(j.value, '$[1]') AND c.kind = json_extract(j.value, '$[0]') "
        "AND c.code = json_extract(j.value, '$[2]') CROSS JOIN product AS p ON p.id = c.product_id "
        "WHERE p.missing_since IS NULL ORDER BY p.id",
        (json.dumps(list(codes)), merchant_id),
    )
    result: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for kind, code, product, sku in rows:
        if len(result[kind, code]) < most:
            result[kind, code].append((product, sku))
    return result
