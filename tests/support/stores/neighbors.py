"""The neighbors: a store in which the merchant under test is one of three, and its cart one of five.

Two other merchants have the same SKUs under the same references in warehouses of the same codes, and two carts each with
listings of the same references. Numbers collide: the merchant under test gets the number of a neighbor's cart, its first
cart that of a neighbor. A statement that forgets `merchant_id = ?`, `cart_id = ?` or `kind = ?` changes or counts what
is theirs, and `Crowd.moved` tells.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from invsync_tui.connectors.base import ComponentRow, ProductRow
from invsync_tui.sandbox.catalog import KINDS, generate
from invsync_tui.store import change_sequence, models
from invsync_tui.store.catalog import levels, products
from invsync_tui.store.database import Store, create_store, open_store
from invsync_tui.store.listings import listings, matching
from invsync_tui.store.listings.listings import ListingRecord

NOWHERE = "http://127.0.0.1:10"
PRODUCTS = 12
OURS = 13
"""The number of the merchant under test, and of a neighbor's cart; its first cart is 14, as is a neighbor."""
_DAY = 86400


class Neighbor(NamedTuple):
    """A merchant, its carts by number, and what each of its levels is above ours."""

    number: int
    name: str
    carts: tuple[int, int]
    extra: int


NEIGHBORS = (Neighbor(5, "First Neighbor", (3, 4), 1000), Neighbor(14, "Second Neighbor", (9, OURS), 50_000))
_THEIR_CARTS = tuple(cart for neighbor in NEIGHBORS for cart in neighbor.carts)
_THEIR_MERCHANTS = tuple(neighbor.number for neighbor in NEIGHBORS)

NOT_THEIRS = frozenset({"counter", "alembic_version", "sqlite_stat1", "sqlite_stat4", "worker"})
"""Tables of the whole store."""


@cache
def crowded_store() -> bytes:
    """A store with the neighbors and nobody else."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store = create_store(path)
        for neighbor in NEIGHBORS:
            _move_in(store, neighbor)
        store.checkpoint()
        store.close()
        return path.read_bytes()


@cache
def empty_store() -> bytes:
    """A store with nobody in it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        create_store(path).close()
        return path.read_bytes()


def _move_in(store: Store, who: Neighbor) -> None:
    now = int(time.time())
    with store.session() as db:
        frozen = {"frozen_at": now - 60, "frozen_by": "neighbor", "frozen_why": "theirs"} if who.extra > 1000 else {}
        db.add(models.Merchant(id=who.number, name=who.name, inventory_sync=True, created_at=now - _DAY, **frozen))
        db.add(
            models.Source(
                merchant_id=who.number, system="sandbox", url=NOWHERE, mark="their mark", last_full_at=now - 600,
                confirmed_at=now - 600,
            )
        )  # fmt: skip
        for ref, code, off, gone in (
            ("", "Default", 0, 0), ("wh-1", "EAST", 0, 0), ("wh-2", "WEST", 1, 0), ("wh-3", "NORTH", 0, 1),
        ):  # fmt: skip
            db.add(
                models.Warehouse(
                    merchant_id=who.number, ref=ref, code=code, name=f"{code} of {who.name}", enabled=not off,
                    last_full_at=now - 600, vanished_at=now - 500 if gone else None,
                )
            )  # fmt: skip
        for cart in who.carts:
            db.add(
                models.Cart(
                    id=cart, merchant_id=who.number, name=f"Cart {cart}", system="sandbox", url=NOWHERE, created_at=now,
                    options=json.dumps({"shop": f"shop-{cart}"}), upload_enabled=True, combine_all=cart != 4, buffer=cart,
                    pushed_rules_rev=1, matched_rev=1, listed_at=now - 500, observed_at=now - 500, watermark=1,
                    match_mark=1, frozen_at=now - 90 if cart == 4 else None,
                )
            )  # fmt: skip
    with store.transaction() as tx:
        _stock(tx, who, now)
        for cart in who.carts:
            _shelves(tx, who, cart, now)
        _records(tx, who, now)


def _stock(tx: sqlite3.Connection, who: Neighbor, now: int) -> None:
    """The first products of the town under their own references, and a kit of two of them."""
    known = generate(PRODUCTS)
    records = [ProductRow(p.ref, p.sku, p.name, tuple(p.aliases), ()) for p in known.products.values()]
    parts = tuple(ComponentRow(record.ref, n + 1) for n, record in enumerate(records[:2]))
    records.append(
        ProductRow(f"P{PRODUCTS + 1:07d}", f"DEMO-{KINDS[(PRODUCTS + 1) % 10][0]}-{PRODUCTS + 1:05d}", "Kit", (), parts)
    )
    seq = change_sequence.upcoming(tx)
    written = products.upsert_products(tx, who.number, records, now - 600, seq)
    products.write_components(tx, who.number, records, written.ids, now - 600, seq)
    products.confirm_present(tx, who.number, set(written.ids), seq)
    places = tx.execute("SELECT id, ref FROM warehouse WHERE merchant_id = ? ORDER BY id", (who.number,)).fetchall()
    rows = [
        (place, product, n + who.extra, n + who.extra, 0, 0, None, now - 600, seq)
        for place, _ in places
        for n, product in enumerate(written.ids)
    ]
    levels.upsert(tx, rows)
    change_sequence.take(tx, seq)


def _shelves(tx: sqlite3.Connection, who: Neighbor, cart: int, now: int) -> None:
    """Listings of the same references: in stock, waiting, in doubt, withheld, gone."""
    seq = change_sequence.upcoming(tx)
    skus = [row[0] for row in tx.execute("SELECT sku FROM product WHERE merchant_id = ? ORDER BY id", (who.number,))]
    records = [
        ListingRecord(f"L{n:07d}", sku, f"Theirs {sku}", True, None, 0, who.extra) for n, sku in enumerate(skus, 1)
    ]
    listings.upsert(tx, cart, records, now - 500, seq)
    matching.rematch(tx, who.number, cart, 0, listings.present_ids(tx, cart), seq)
    if cart == 4:
        tx.execute(
            "INSERT INTO cart_warehouse SELECT 4, id FROM warehouse WHERE merchant_id = ? AND code = 'EAST'",
            (who.number,),
        )
    tx.execute(
        "UPDATE listing SET desired = ?1, target = ?1, acked = ?1, shown = ?1, synced_at = ?2, outcome = 'equal', "
        "reason = 'UNCHANGED' WHERE cart_id = ?3",
        (who.extra, now - 400, cart),
    )
    odd = {
        1: "acked = NULL, synced_at = NULL, pending = 1",
        2: f"inflight = 'theirs-{cart}', outcome = 'in_doubt', pending = 1",
        3: "excluded = 1",
        4: "locked = 1",
        5: "override = 3",
        6: "observed = observed - 7, heal = 1",
        7: f"gone_at = {now - 450}",
        8: "outcome = 'failed', reason = 'REJECTED_BY_CART', error = 'theirs', pending = 1",
        9: "tracked = 0",
    }
    for n, change in odd.items():
        tx.execute(f"UPDATE listing SET {change} WHERE cart_id = ? AND ref = ?", (cart, f"L{n:07d}"))
    change_sequence.take(tx, seq)


def _insert(tx: sqlite3.Connection, table: str, **values: Any) -> int:
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    return int(tx.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())).lastrowid or 0)


def _records(tx: sqlite3.Connection, who: Neighbor, now: int) -> None:
    """What runs, schedules, plans and operators left behind."""
    product, place = tx.execute(
        "SELECT p.id, w.id FROM product AS p JOIN warehouse AS w ON w.merchant_id = p.merchant_id "
        "WHERE p.merchant_id = ? ORDER BY p.id, w.id LIMIT 1",
        (who.number,),
    ).fetchone()
    pull = _run(tx, "pull", who.number, who, "done", now)
    _insert(tx, "pull_generation", merchant_id=who.number, run_id=pull, kind="full", state="complete", products=PRODUCTS + 1,
            levels=10, started_at=now - 700, ended_at=now - 600)  # fmt: skip
    generation = _insert(tx, "pull_generation", merchant_id=who.number, run_id=pull, kind="full", state="open",
                         stage="products", cursor="theirs", started_at=now - 300)  # fmt: skip
    _insert(
        tx, "pull_page", generation_id=generation, stage="products", n=0, rows=3, changed=0, seen=zlib.compress(b"")
    )
    _insert(tx, "schedule", kind="pull", key=who.number, every=30 * _DAY, next_at=now + 30 * _DAY, failures=2)
    _insert(tx, "lease", key=f"pull:{who.number}", epoch=7, holder="neighbor", until=now - 60)
    _insert(tx, "source_record", product_id=product, warehouse_id=place, at=now - 600, body='{"theirs": 1}')
    _insert(tx, "finding", merchant_id=who.number, cart_id=0, cause="WMS_STALE", n=3, since=now - 900, run_id=pull)
    for cart in who.carts:
        _cart_records(tx, who, cart, product, now)


def _cart_records(tx: sqlite3.Connection, who: Neighbor, cart: int, product: int, now: int) -> None:
    done = _run(tx, "push", cart, who, "done", now)
    _run(tx, "radar", cart, who, "done", now)
    held = _run(tx, "push", cart, who, "held", now)
    first, last = tx.execute("SELECT min(id), max(id) FROM listing WHERE cart_id = ?", (cart,)).fetchone()
    tx.execute("UPDATE listing SET run_id = ? WHERE cart_id = ?", (done, cart))
    tx.execute("UPDATE listing SET run_id = ?, outcome = 'planned' WHERE cart_id = ? AND id = ?", (held, cart, last))
    _insert(tx, "schedule", kind="push", key=cart, every=30 * _DAY, next_at=now + 30 * _DAY, failures=1)
    _insert(tx, "schedule", kind="radar", key=cart, every=30 * _DAY, next_at=now + 30 * _DAY)
    _insert(tx, "lease", key=f"push:{cart}", epoch=7, holder="neighbor", until=now - 60)
    _insert(tx, "push_batch", id=f"theirs-{cart}", cart_id=cart, run_id=done, epoch=7, state="in_doubt", body=b"",
            items=json.dumps([[first + 1, "L0000002", 5, 5, 4]]), attempts=1, created_at=now - 400,
            answer_by_ms=(now - 380) * 1000)  # fmt: skip
    _insert(
        tx, "pending_order", cart_id=cart, ref="O-1", product_id=product, location="", quantity=2, taken_at=now - 30,
        shop=f"{NOWHERE} {cart}", name="O-1", reported_at=now - 30, seen_at=now - 30,
    )  # fmt: skip
    _insert(
        tx, "order_known", merchant_id=who.number, shop=f"{NOWHERE} {cart}", ref="O-0", product_id=product, location="",
        until=now - 300, quantity=1,
    )  # fmt: skip
    _insert(
        tx,
        "plan",
        cart_id=cart,
        kind="rules",
        made_at=now - 100,
        made_by="neighbor",
        rules_rev=1,
        seq=1,
        n=0,
        rows=zlib.compress(b""),
    )
    _insert(tx, "decision_record", cart_id=cart, run_id=done, first_id=first, last_id=last, at=now - 400,
            body=_decided(range(first, last + 1), now - 400))  # fmt: skip
    _insert(tx, "exchange", run_id=done, batch_id=f"theirs-{cart}", at_ms=(now - 400) * 1000, took_ms=3, method="POST",
            url=f"{NOWHERE}/stock", status=200, request=zlib.compress(b""), answer=zlib.compress(b"{}"))  # fmt: skip
    _insert(tx, "run_event", run_id=done, n=1, at=now - 400, level="info", text="theirs")
    _insert(tx, "finding", merchant_id=who.number, cart_id=cart, cause="NOT_IN_CART", n=2, since=now - 900, run_id=done)
    _insert(
        tx,
        "link",
        cart_id=cart,
        ref="L0000010",
        product_id=product,
        kind="manual",
        made_at=now - 800,
        made_by="neighbor",
    )
    _insert(tx, "unlisted", cart_id=cart, product_id=product, reason="NOT_IN_CART", run_id=done)
    _insert(tx, "listing_rename", listing_id=first, at=now - 800, before="OLD", after="NEW")
    _insert(tx, "audit", at=now - 800, who="neighbor", action="cart changed", subject=f"cart:{cart}")


def _decided(listing_ids: Sequence[int], now: int) -> bytes:
    """What a run of theirs knew when it decided, as `sync.records` keeps it."""
    ids = list(listing_ids)
    levels_made = {
        "outcome": ["equal"] * len(ids),
        "reason": ["UNCHANGED"] * len(ids),
        "desired": [5] * len(ids),
        "target": [5] * len(ids),
    }
    body = {"plan": 0, "now": now, "rows": {"id": ids}, "levels": {}, "kits": [], "orders": {}, "made": levels_made}
    return zlib.compress(json.dumps(body).encode())


def _run(tx: sqlite3.Connection, kind: str, key: int, who: Neighbor, state: str, now: int) -> int:
    trips = [{"breaker": "MASS_ZERO", "measure": 3, "text": "theirs"}] if state == "held" else []
    return _insert(
        tx, "run", kind=kind, key=key, merchant_id=who.number, state=state, trigger="test", requested_by="neighbor",
        requested_at=now - 500, started_at=now - 490, ended_at=now - 480, trips=json.dumps(trips),
    )  # fmt: skip


def take_our_number(store: Store, merchant_id: int) -> int:
    """Give the merchant under test the number of a neighbor's cart; returns it. The first that is added gets it."""
    if store.one("SELECT 1 FROM merchant WHERE id = ?", (OURS,)) or not store.one(
        "SELECT 1 FROM cart WHERE id = ?", (OURS,)
    ):
        return merchant_id
    with store.transaction() as tx:
        tx.execute("UPDATE merchant SET id = ? WHERE id = ?", (OURS, merchant_id))
        for table in ("source", "warehouse", "alias_type"):
            tx.execute(f"UPDATE {table} SET merchant_id = ? WHERE merchant_id = ?", (OURS, merchant_id))
    return OURS


# --- whether they were left alone ---------------------------------------------------------------------------------------

_OWNERS = {"merchant_id": _THEIR_MERCHANTS, "cart_id": _THEIR_CARTS}
"""Columns that say whose a row is."""
_THROUGH = {
    "product_id": ("product", _THEIR_MERCHANTS, "merchant_id"),
    "warehouse_id": ("warehouse", _THEIR_MERCHANTS, "merchant_id"),
    "listing_id": ("listing", _THEIR_CARTS, "cart_id"),
    "run_id": ("run", _THEIR_MERCHANTS, "merchant_id"),
    "kit_id": ("product", _THEIR_MERCHANTS, "merchant_id"),
    "generation_id": ("pull_generation", _THEIR_MERCHANTS, "merchant_id"),
}
"""Columns that say it through another table."""


_LEASES = (*(f"pull:{n}" for n in _THEIR_MERCHANTS), *(f"push:{n}" for n in _THEIR_CARTS))
_BY_KEY = {
    "merchant": f"id IN {_THEIR_MERCHANTS}",
    "schedule": f"(kind = 'pull' AND key IN {_THEIR_MERCHANTS}) OR (kind <> 'pull' AND key IN {_THEIR_CARTS})",
    "audit": "who = 'neighbor'",
    "lease": f"key IN {_LEASES}",
}
"""Tables that say it in a way of their own."""


def _theirs(table: str, columns: Sequence[str]) -> str:
    """The condition for rows of theirs, '' where a table's rows belong to nobody."""
    for column, numbers in _OWNERS.items():
        if column in columns:
            return f"{column} IN {numbers}"
    if table in _BY_KEY:
        return _BY_KEY[table]
    for column, (other, numbers, owner) in _THROUGH.items():
        if column in columns:
            return f"{column} IN (SELECT id FROM {other} WHERE {owner} IN {numbers})"
    return ""


Rows = dict[str, set[tuple[Any, ...]]]


def name_ours(cx: sqlite3.Connection, *, alone: bool = False) -> None:
    """Give the connection of a test a view `our_<table>` of each table: what is there without the neighbors."""
    for (table,) in cx.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%'"
    ).fetchall():
        columns = [row[1] for row in cx.execute(f"PRAGMA table_info({table})")]
        where = "" if alone else _theirs(table, columns)
        cx.execute(
            f"CREATE TEMP VIEW our_{table} AS SELECT * FROM {table}" + (f" WHERE NOT ({where})" if where else "")
        )


def their_rows(cx: sqlite3.Connection) -> Rows:
    """All rows of the neighbors, by table."""
    rows: Rows = {}
    names = cx.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%'").fetchall()
    for (table,) in names:
        if table in NOT_THEIRS:
            continue
        columns = [row[1] for row in cx.execute(f"PRAGMA table_info({table})")]
        where = _theirs(table, columns)
        if where:
            rows[table] = set(cx.execute(f"SELECT * FROM {table} WHERE {where}").fetchall())
    return rows


@dataclass
class Crowd:
    """Watches the neighbors of one store. `excused` are tables that a test changes for everybody, with its reason."""

    path: Path
    before: Rows = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)

    def remember(self) -> None:
        """Take what is there now for what they have."""
        with self._reading() as cx:
            self.before = their_rows(cx)

    def moved(self) -> list[str]:
        """What is theirs and is not as it was."""
        if not self.path.exists():
            return []
        with self._reading() as cx:
            after = their_rows(cx)
        return [
            f"{table}: {sorted(map(str, rows ^ after.get(table, set())))[:4]}"
            for table, rows in self.before.items()
            if rows != after.get(table, set()) and table not in self.excused
        ]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        cx = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)
        try:
            yield cx
        finally:
            cx.close()


@cache
def _as_made() -> Rows:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        path.write_bytes(crowded_store())
        crowd = Crowd(path)
        crowd.remember()
        return crowd.before


WATCHED: list[Crowd] = []
"""The crowds of the test that runs now; tests/conftest.py looks at them after it."""


def move_in(path: Path, *, alone: bool = False) -> Store:
    """A new store with the neighbors in it, watched until the test has ended; `alone` has none."""
    path.touch(0o600)
    path.write_bytes(empty_store() if alone else crowded_store())
    if not alone:
        WATCHED.append(Crowd(path, _as_made()))
    store = open_store(path)
    with store.reading() as cx:
        name_ours(cx, alone=alone)
    return store


def remember(path: Path) -> None:
    """A test changed something for everybody by hand: from here on that is what the neighbors have."""
    for crowd in WATCHED:
        if crowd.path == path:
            crowd.remember()
