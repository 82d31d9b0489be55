"""Stores of earlier schemas, made by the migrations of then, with rows in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from invsync_tui.store import connection, migrate

ROWS = (
    "INSERT INTO merchant (id, name, created_at) VALUES (1, 'North', 1), (2, 'South', 2)",
    "INSERT INTO source (merchant_id, system, url) VALUES (1, 'sandbox', 'http://n'), (2, 'sandbox', 'http://s')",
    "INSERT INTO warehouse (id, merchant_id, ref, code, name) VALUES (1, 1, '', 'Default', ''), (2, 2, '', 'Default', '')",
    "INSERT INTO cart (id, merchant_id, name, system, url, created_at) VALUES (1, 1, 'Shop', 'sandbox', 'http://c', 3)",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
    "INSERT INTO product (id, merchant_id, ref, sku, sku_key, codes_text, name, sig, seq) "
    "SELECT i, 1 + i % 2, 'r' || i, 'SKU-' || i, 'SKU-' || i, 'SKU-' || i, 'Lamp ' || i, '', i FROM n",
    "INSERT INTO product_code (merchant_id, key, kind, product_id, code) SELECT merchant_id, 'E' || id / 4, 1, id, "
    "'E' || id / 4 FROM product",
    "INSERT INTO level (warehouse_id, product_id, available, loaded_at, seq) SELECT merchant_id, id, id, 5, 1 FROM product",
    "INSERT INTO listing (cart_id, ref, sku, key, seq, product_id) SELECT 1, ref, sku, sku_key, 1, id FROM product "
    "WHERE merchant_id = 1",
    "UPDATE level SET available = available + 1, loaded_at = 7200 WHERE product_id % 3 = 0",
    "INSERT INTO audit (at, who, action, subject) VALUES (9, 'ann', 'cart.set', 'cart:1')",
)


def make(path: Path, version: int) -> Path:
    """A store of a schema, with a few rows."""
    with closing(connection.connect(path, "rwc", "FULL")) as cx:
        with migrate.one_transaction(cx) as bound:
            migrate.run_migrations(bound, f"{version:04}")
        for statement in ROWS:
            cx.execute(statement)
        cx.execute("PRAGMA journal_mode=WAL")
    return path


def dump(path: Path) -> list[str]:
    """Everything that a store says, whatever its log and file look like. Raises where it is damaged."""
    with closing(sqlite3.connect(path)) as cx:
        assert cx.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [str(cx.execute("PRAGMA user_version").fetchone()), *cx.iterdump()]
