"""How many products share a code is kept right by triggers, at a cost that grows with the products and no faster."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invsync_tui.store.catalog import products
from invsync_tui.store.database import Store, create_store
from tests.support.stores.products_store import Thing

RECOUNTED = """
SELECT c.merchant_id, c.kind, c.key, c.code, count(*) FROM product_code AS c JOIN product AS p ON p.id = c.product_id
WHERE p.missing_since IS NULL GROUP BY 1, 2, 3, 4 HAVING count(*) > 1 ORDER BY 1, 2, 3, 4
"""
KEPT = "SELECT merchant_id, kind, key, code, n FROM collision ORDER BY 1, 2, 3, 4"
NOW = 1_790_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = create_store(tmp_path / "store.db")
    yield made
    made.close()


def _thing(number: int, *codes: str) -> Thing:
    return Thing(f"P{number}", f"SKU {number}", aliases=[("EAN", code) for code in codes])


def _put(tx: sqlite3.Connection, merchant: int, things: list[Thing], seq: int) -> list[int]:
    return products.upsert_products(tx, merchant, things, NOW, seq).ids


@pytest.mark.parametrize("seed", range(6))
def test_the_kept_numbers_are_those_of_a_new_count(store: Store, seed: int) -> None:
    """Products of two merchants come, go, come back, change their codes and are deleted, in any order."""
    chance = random.Random(seed)
    ids: dict[tuple[int, int], int] = {}

    def change_codes(tx: sqlite3.Connection, seq: int) -> None:
        key = (chance.randint(1, 2), chance.randint(1, 5))
        codes = chance.sample(["4711", "x", "X"], chance.randint(1, 3))
        (ids[key],) = _put(tx, key[0], [_thing(key[1], *codes)], seq)

    def come_or_go(tx: sqlite3.Connection, seq: int) -> None:
        some = chance.sample(sorted(ids.values()), chance.randint(0, len(ids)))
        if chance.random() < 0.7:
            products.unmark(tx, some, seq)
        else:
            products.flag_missing(tx, some, NOW, seq)

    def delete(tx: sqlite3.Connection, seq: int) -> None:
        if ids and chance.random() < 0.3:
            number = ids.pop(chance.choice(sorted(ids)))
            tx.execute("DELETE FROM product_code WHERE product_id = ?", (number,))
            tx.execute("DELETE FROM product WHERE id = ?", (number,))

    most = 0
    for seq in range(1, 200):
        with store.transaction() as tx:
            chance.choice([change_codes, come_or_go, come_or_go, delete])(tx, seq)
            kept = tx.execute(KEPT).fetchall()
            assert kept == tx.execute(RECOUNTED).fetchall()
            most = max(most, *(n for *_, n in kept), 0)
    assert most >= 3


def _steps(store: Store, work: Callable[[sqlite3.Connection], object]) -> int:
    """How many steps of SQLite's machine it takes, in hundreds."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    with store.transaction() as tx:
        tx.set_progress_handler(tick, 100)
        work(tx)
        tx.set_progress_handler(None, 0)
    return count


def _costs(store: Store, merchant: int, size: int) -> dict[str, int]:
    things = [_thing(number, "4711") for number in range(size)]
    ids: list[int] = []
    others = [_thing(number, "0815") for number in range(size)]
    return {
        "new": _steps(store, lambda tx: ids.extend(_put(tx, merchant, things, 1))),
        "come": _steps(store, lambda tx: products.unmark(tx, ids, 2)),
        "other code": _steps(store, lambda tx: _put(tx, merchant, others, 3)),
        "go": _steps(store, lambda tx: products.flag_missing(tx, ids, NOW, 4)),
        "come back": _steps(store, lambda tx: products.unmark(tx, ids, 5)),
    }


def test_the_cost_of_a_code_that_all_products_share_grows_with_the_products(store: Store) -> None:
    few, many = _costs(store, 1, 50), _costs(store, 2, 400)
    assert {name: round(many[name] / few[name]) for name in few if many[name] > 12 * few[name]} == {}
