"""A small healthy store with three warehouses and two carts, made through the store's own functions without servers."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from invsync_tui.operations.session import Session
from invsync_tui.store import change_sequence, models
from invsync_tui.store.catalog import levels, products, sync_marks
from invsync_tui.store.database import open_store
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import ListingRecord
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import write as settings_write
from invsync_tui.sync.plans.seed_push import rehearse
from tests.support.stores.merchant_store import Bench
from tests.support.stores.products_store import Thing

PRODUCTS = 48
NOWHERE = "http://127.0.0.1:9"
CHOICES = ((), ("Default", "WEST"))
"""What the first cart syncs with: everything, or what the second does not."""


def things() -> list[Thing]:
    codes = (("UPC", f"4000000{n:05d}") for n in range(PRODUCTS))
    return [
        Thing(f"p{n}", f"FIELD-{n:03d}", f"Thing {n}", (code, ("ASIN", f"B0{n:05d}"))) for n, code in enumerate(codes)
    ]


def _settings(bench: Bench, choice: tuple[str, ...]) -> list[int]:
    """A merchant, its warehouses and its carts."""
    with bench.store.session() as db:
        source = models.Source(merchant_id=0, system="sandbox", url=NOWHERE)
        merchant = settings_write.add_merchant(db, "Field", source, inventory_sync=True, stale_after=86400)
        bench.merchant = settings_write.number(merchant)
        for code in ("EAST", "WEST"):
            db.add(models.Warehouse(merchant_id=bench.merchant, ref=code, code=code, name=code))
        db.flush()
        places = {place.code: settings_write.number(place) for place in settings_write.warehouses(db, bench.merchant)}
        kind = settings_write.ensure_alias_type(db, bench.merchant, "UPC")
        common = {
            "merchant_id": bench.merchant,
            "system": "sandbox",
            "url": NOWHERE,
            "options": '{"shop": "field"}',
            "upload_enabled": True,
            "created_at": 1,
        }
        first = models.Cart(name="First", cutoff_below=3, **common)
        second = models.Cart(name="Second", push_kind=kind, **common)
        chosen = [[places[code] for code in codes] for codes in (choice, ("EAST",))]
        return [
            settings_write.number(settings_write.add_cart(db, *pair))
            for pair in zip((first, second), chosen, strict=True)
        ]


def _fill(bench: Bench, carts: list[int]) -> None:
    now, records = int(time.time()), things()
    with bench.store.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        ids = products.upsert_products(tx, bench.merchant, records, now, seq).ids
        products.confirm_present(tx, bench.merchant, set(ids), seq)
        for place in sync_marks.warehouses(tx, bench.merchant):
            levels.upsert(tx, [(place.id, number, 9, 9, 0, 0, None, now, seq) for number in ids])
            sync_marks.record_loaded(tx, place.id, now)
        for cart, codes in zip(carts, ([t.sku for t in records], [t.aliases[0][1] for t in records]), strict=True):
            listings.upsert(tx, cart, [ListingRecord(f"L-{c}", c, "", True, None, 0, None) for c in codes], now, seq)
        change_sequence.take(tx, seq)
        sync_marks.record_pulled(tx, bench.merchant, "", now, full=True)
        run = runs.request(tx, RunRequest("pull", bench.merchant, bench.merchant, "test", "tester"), now).run_id
        runs.start(tx, run, 1, now)
        runs.finish(tx, run, "done", "", now)
        for cart in carts:
            rehearse(tx, cart, now)


@cache
def _healthy(choice: tuple[str, ...]) -> bytes:
    with TemporaryDirectory() as folder:
        bench = Bench.make(Path(folder), alone=True)
        _fill(bench, _settings(bench, choice))
        bench.store.checkpoint()
        bench.store.close()
        return (Path(folder) / "store.db").read_bytes()


def field(path: Path, choice: tuple[str, ...] = ()) -> Session:
    """A fresh copy of it, opened."""
    path.touch(0o600)
    path.write_bytes(_healthy(choice))
    return Session(open_store(path), "tester", read_only=False)
