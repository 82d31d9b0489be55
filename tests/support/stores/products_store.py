"""A store with products, levels and listings written straight into it, for tests of lists and orders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from invsync_tui.operations.roles import Role
from invsync_tui.operations.session import Session
from invsync_tui.rules.matching import normalize_key
from invsync_tui.store import change_sequence, models
from invsync_tui.store.catalog import levels, products
from invsync_tui.store.listings import listings, matching
from invsync_tui.store.listings.listings import ListingRecord
from invsync_tui.store.settings import write as settings_write
from tests.support.stores.merchant_store import NOW, Bench
from tests.support.stores.neighbors import take_our_number


class Thing(NamedTuple):
    """A product as a WMS reports it."""

    ref: str
    sku: str
    name: str = ""
    aliases: Sequence[tuple[str, str]] = ()
    components: Sequence[tuple[str, int]] = ()
    active: bool = True
    counted: bool = True


@dataclass
class Shelf:
    """A merchant with warehouses Default and EAST and a cart, all written without a WMS or a cart behind them."""

    bench: Bench
    session: Session
    cart: int
    default: int
    """The warehouse Default."""
    east: int
    """The warehouse EAST."""

    @property
    def merchant(self) -> int:
        return self.bench.merchant

    def put(self, things: Iterable[Thing], *, present: bool = True) -> list[int]:
        """Products of a page, present as after a full download."""
        records = list(things)
        with self.bench.store.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            written = products.upsert_products(tx, self.merchant, records, NOW, seq)
            products.write_components(tx, self.merchant, records, written.ids, NOW, seq)
            if present:
                products.confirm_present(tx, self.merchant, set(written.ids), seq)
            change_sequence.take(tx, seq)
        return written.ids

    def stock(self, warehouse: int, pairs: Iterable[tuple[int, int]], now: int = NOW) -> None:
        """(product, available)."""
        with self.bench.store.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            levels.upsert(tx, [(warehouse, number, units, units, 0, 0, None, now, seq) for number, units in pairs])
            change_sequence.take(tx, seq)

    def another_cart(self, name: str) -> int:
        """A further cart of the merchant, with settings of its own."""
        with self.bench.store.session() as db:
            row = models.Cart(
                merchant_id=self.bench.merchant, name=name, system="sandbox", url="http://127.0.0.1:9", created_at=NOW
            )
            return settings_write.number(settings_write.add_cart(db, row, []))

    def list(self, skus: Iterable[str], shown: int | None = None, cart: int | None = None) -> list[int]:
        """Listings of a cart, matched; without one those of the first."""
        shop = self.cart if cart is None else cart
        with self.bench.store.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            records = [ListingRecord(f"L-{sku}", sku, "", True, None, 0, shown) for sku in skus]
            listings.upsert(tx, shop, records, NOW, seq)
            ids = listings.ids_of_refs(tx, shop, [record.ref for record in records])
            kind = tx.execute("SELECT push_kind FROM cart WHERE id = ?", (shop,)).fetchone()[0]
            matching.rematch(tx, self.merchant, shop, kind, ids, seq)
            change_sequence.take(tx, seq)
            named = dict(tx.execute("SELECT ref, id FROM listing WHERE cart_id = ?", (shop,)).fetchall())
        return [named[record.ref] for record in records]

    def set(self, listing: int, **values: Any) -> None:
        """Columns of a listing."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self.bench.store.transaction() as tx:
            tx.execute(f"UPDATE listing SET {names} WHERE id = ?", (*values.values(), listing))

    def viewer(self, role: Role = Role.VIEWER, *, read_only: bool = False) -> Session:
        """Somebody else at the same store."""
        return Session(self.bench.store, role.value, read_only, role)

    def audited(self) -> list[tuple[str, str, str]]:
        """(action, subject, reason) of everything that was ordered."""
        return self.bench.store.read("SELECT action, subject, reason FROM audit WHERE who <> 'neighbor' ORDER BY id")


def shelf(folder: Path, **cart: Any) -> Shelf:
    """A new one; `cart` are settings of its cart."""
    bench = Bench.make(folder)
    with bench.store.session() as db:
        source = models.Source(merchant_id=0, system="sandbox", url="http://127.0.0.1:9", confirmed_at=NOW)
        merchant = settings_write.add_merchant(db, "Acme", source, inventory_sync=True, stale_after=None)
        added = settings_write.number(merchant)
    bench.merchant = take_our_number(bench.store, added)
    with bench.store.session() as db:
        db.add(models.Warehouse(merchant_id=bench.merchant, ref="e", code="EAST", name="East Demo Hall"))
        db.flush()
        kind = cart.pop("alias", "")
        push_kind = settings_write.ensure_alias_type(db, bench.merchant, kind) if kind else 0
        row = models.Cart(
            merchant_id=bench.merchant, name="Acme Shop", system="sandbox", url="http://127.0.0.1:9", created_at=NOW,
            options=json.dumps({"shop": "main"}), upload_enabled=True, push_kind=push_kind, **cart,
        )  # fmt: skip
        number = settings_write.number(settings_write.add_cart(db, row, []))
    return Shelf(bench, bench.session(), number, bench.warehouse("Default"), bench.warehouse("EAST"))


def by_key(texts: Iterable[str]) -> list[str]:
    """Texts in the order of a list of listings."""
    return sorted(texts, key=normalize_key)
