"""Small writes of the store and what each of them changes: the world that they are tried in, and how a case is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.catalog.sync_marks import StoredWarehouse
from invsync_tui.store.listings.push_batches import Batch, Item
from tests.support.stores.changed_rows import changes
from tests.support.stores.products_store import Shelf, Thing, shelf

AT = 1_760_001_000
SEQ = 900


class World:
    """Acme with products A, B, C, D and the kit K of A and B, all of them listed in two carts under the same references."""

    def __init__(self, folder: Path) -> None:
        self.acme: Shelf = shelf(folder)
        things = [Thing(ref, f"SKU-{ref}", f"Thing {ref}") for ref in "ABCD"]
        self.ids = dict(
            zip("ABCDK", self.acme.put([*things, Thing("K", "SKU-K", "Kit", (), (("A", 1), ("B", 2)))]), strict=True)
        )
        self.first, self.second = self.acme.cart, self.acme.another_cart("Second Shop")
        self.acme.stock(self.acme.default, [(self.ids[ref], 10) for ref in "ABC"], AT - 500)
        self.acme.stock(self.acme.east, [(self.ids[ref], 20) for ref in "BCD"], AT - 500)
        self.shown = dict(zip("ABCDK", self.acme.list([f"SKU-{ref}" for ref in "ABCDK"], 5), strict=True))
        self.other = dict(zip("ABCDK", self.acme.list([f"SKU-{ref}" for ref in "ABCDK"], 6, self.second), strict=True))

        with self.acme.bench.store.transaction() as tx:
            tx.execute("UPDATE cart SET watermark = 7, match_mark = 6 WHERE merchant_id = ?", (self.merchant,))

    @property
    def merchant(self) -> int:
        return self.acme.merchant

    def refs(self, listing_ids: Iterable[int]) -> str:
        """Which listings of the first cart these are, by the letters of their products."""
        known = {number: ref for ref, number in self.shown.items()}
        return "".join(known.get(number, "?") for number in listing_ids)

    def place(self, tx: sqlite3.Connection, code: str) -> StoredWarehouse:
        return next(site for site in sync_marks.warehouses(tx, self.merchant) if site.code == code)


Step = Callable[[World, sqlite3.Connection], Any]
"""What is done; its answer is told where there is one."""
OURS = "WHERE merchant_id = :m"
EAST = f"{OURS} AND ref = 'e'"
IN_EAST = f"warehouse_id = (SELECT id FROM warehouse {EAST})"
BATCHES = "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms) VALUES"


def listed(values: str, ref: str) -> str:
    """A statement that gives columns of a listing of the first cart these values."""
    return f"UPDATE listing SET {values} WHERE cart_id = :c AND ref = 'L-SKU-{ref}'"


def batch(world: World, refs: str, run: int = 0) -> Batch:
    """The batch b-1 of the first cart, that sets each listing from 5 to 8."""
    items = tuple(Item(world.shown[ref], f"L-SKU-{ref}", 8, 9, 5) for ref in refs)
    return Batch("b-1", world.first, run, 3, items, b"body", "intent", 1, 77_000, 5000)


def waits(refs: str) -> tuple[str, ...]:
    """Listings of the first cart that wait for the batch b-1, and one that waits for another."""
    wait = "inflight = '{}', desired = 8, target = 9, outcome = 'planned', acked = 5"
    return *(listed(wait.format("b-1"), ref) for ref in refs), listed(wait.format("b-2"), "K")


Case = tuple[tuple[str, ...], Step, str]
"""What was before, as statements, what is done, and which columns of which rows are other then."""


def prepared(folder: Path, steps: tuple[str, ...]) -> World:
    """A world in which these statements were executed; `:m`, `:c`, `:d`, `:at`, `:A` to `:K` are its numbers."""
    world = World(folder)
    names = {"m": world.merchant, "c": world.first, "d": world.second, "at": AT} | world.ids
    with world.acme.bench.store.transaction() as tx:
        for sql in steps:
            tx.execute(sql, {key: value for key, value in names.items() if f":{key}" in sql})
    return world


def check(folder: Path, case: Case) -> None:
    """Try a case: exactly these columns of exactly these rows are other, in a store full of neighbors."""
    steps, step, expected = case
    world = prepared(folder, steps)
    with changes(world.acme.bench.store) as (tx, row_changes):
        answer = step(world, tx)
    world.acme.bench.store.close()
    lines = row_changes.lines if answer is None else [*row_changes.lines, f"-> {answer}"]
    assert lines == [line.strip() for line in expected.strip().splitlines()]
