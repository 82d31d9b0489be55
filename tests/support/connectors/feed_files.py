"""Feeds whose files are known, and stores that read them."""

from __future__ import annotations

from pathlib import Path

from invsync_tui.connectors.base import Connection
from tests.support.stores.merchant_store import Bench

Levels = dict[tuple[str, str], int]


def bench_with(folder: Path, store: Path, **options: str) -> Bench:
    bench = Bench.make(store)
    bench.add_merchant(Connection("Demo", "feed", str(folder), options={"complete": "any", **options}, deadline=10))
    return bench


def known(bench: Bench) -> Levels:
    rows = bench.store.read(
        "SELECT w.code, p.sku, l.available FROM our_level l JOIN warehouse w ON w.id = l.warehouse_id "
        "JOIN product p ON p.id = l.product_id WHERE l.missing_since IS NULL"
    )
    return {(code, sku): available for code, sku, available in rows}
