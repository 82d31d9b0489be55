"""A database to try: a SQLite file with three tables, and the queries that read it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from invsync_tui.connectors.about import Example, ExampleLevel

DATABASE, QUERIES = "wms.db", "queries.toml"
TABLES = """
CREATE TABLE item (code TEXT PRIMARY KEY, title TEXT NOT NULL, barcode TEXT NOT NULL);
CREATE TABLE site (code TEXT PRIMARY KEY);
CREATE TABLE stock (
  item_code TEXT NOT NULL REFERENCES item (code), site_code TEXT NOT NULL REFERENCES site (code),
  quantity INTEGER NOT NULL, available INTEGER NOT NULL, changed TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (item_code, site_code)
);
"""
TEXT = '''\
[levels]
query = """
SELECT item_code AS id, site_code AS warehouse, quantity AS on_hand, available, changed AS changed_at FROM stock
"""
key = "id"
changed = "changed_at"

[products]
query = "SELECT code AS id, code AS sku, title AS name, barcode AS upc FROM item"
key = "id"

[warehouses]
query = "SELECT code AS warehouse FROM site"
'''


def example(folder: Path, stock: Sequence[ExampleLevel]) -> Example:
    """The file and the queries."""
    (folder / QUERIES).write_text(TEXT, encoding="utf-8")
    path = folder / DATABASE
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(TABLES)
        connection.executemany("INSERT INTO site VALUES (?)", sorted({(row.warehouse,) for row in stock}))
        items = {row.sku: (row.sku, row.name, row.upc) for row in stock}
        connection.executemany("INSERT INTO item VALUES (?, ?, ?)", items.values())
        levels = [(row.sku, row.warehouse, row.on_hand, row.available) for row in stock]
        sql = "INSERT INTO stock (item_code, site_code, quantity, available) VALUES (?, ?, ?, ?)"
        connection.executemany(sql, levels)
    return Example(f"sqlite://{quote(str(path))}", (QUERIES, DATABASE), {"queries": str(folder / QUERIES)})
