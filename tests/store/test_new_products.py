"""New products are added together, and come out as those that are written one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from invsync_tui.connectors.base import AliasRow, ProductRow
from invsync_tui.store.catalog import products
from invsync_tui.store.database import create_store

TABLES = ("product", "product_code", "census", "collision", "alias_type")


def _record(number: int, **values: object) -> ProductRow:
    aliases = (AliasRow("UPC", f"40{number:04d}"), AliasRow("EAN", f"\u200b50{number % 3} "), AliasRow("UPC", " "))
    plain = ProductRow(f"P{number}", f" S-{number:03d}", f"Name {number}", aliases, ())
    return plain._replace(**values)  # type: ignore[arg-type]


PAGE = [
    _record(1), _record(2, sku=None), _record(3, sku=None, aliases=()), _record(4, aliases=(AliasRow("EAN", "S-001"),)),
    _record(1, name="the same reference again"), _record(5, active=False), _record(6, counted=False, name=""),
]  # fmt: skip
CHANGED = [_record(1, name="other"), _record(7), _record(2), _record(8), _record(8, sku="twice")]


def _content(folder: Path, write: Callable[[sqlite3.Connection, list[ProductRow]], None]) -> list[object]:
    folder.mkdir()
    store = create_store(folder / "store.db")
    with store.transaction() as tx:
        tx.execute("INSERT INTO merchant (name, inventory_sync, created_at) VALUES ('Acme', 1, 0)")
        for page in (PAGE, CHANGED):
            write(tx, page)
    with store.reading() as cx:
        found = [sorted(map(repr, map(tuple, cx.execute(f"SELECT * FROM {table}")))) for table in TABLES]
        found.append(
            [tuple(row) for row in cx.execute("SELECT rowid FROM product_fts WHERE product_fts MATCH '\"s-00\"'")]
        )
    store.close()
    return found


def test_a_page_is_written_as_its_products_one_by_one(tmp_path: Path) -> None:
    def at_once(tx: sqlite3.Connection, page: list[ProductRow]) -> None:
        products.upsert_products(tx, 1, page, 100, 7)

    def each(tx: sqlite3.Connection, page: list[ProductRow]) -> None:
        for record in page:
            products.upsert_products(tx, 1, [record], 100, 7)

    together, alone = _content(tmp_path / "a", at_once), _content(tmp_path / "b", each)
    assert together == alone
    assert len(together[0]) == 8 and any("twice" in row for row in together[0])  # type: ignore[arg-type]


def test_ids_are_in_the_order_of_the_page(tmp_path: Path) -> None:
    store = create_store(tmp_path / "store.db")
    with store.transaction() as tx:
        tx.execute("INSERT INTO merchant (name, inventory_sync, created_at) VALUES ('Acme', 1, 0)")
        first = products.upsert_products(tx, 1, PAGE, 100, 7)
        again = products.upsert_products(tx, 1, PAGE[:4], 100, 8)
        refs = dict(tx.execute("SELECT id, ref FROM product").fetchall())
    store.close()
    assert [refs[number] for number in first.ids] == [record.ref for record in PAGE]
    assert again.ids == first.ids[:4] and again.changed == 1
    assert first.changed == len(PAGE)
