"""A store and an operator with a role, for tests of what the role allows."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from invsync_tui.operations.plans import plans, undo
from invsync_tui.store.runs import runs as run_rows
from tests.support.stores.products_store import Shelf, Thing


class Scene:
    """A store in which each of these operations has something to do: HELD is a held push, ASKED a requested download."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.cart = shelf.cart
        shelf.put([Thing("a", "A"), Thing("b", "B")])
        self.listings = shelf.list(["A", "B"], shown=3)
        self.held = shelf.bench.request("push", shelf.cart)
        with shelf.bench.store.transaction() as tx:
            run_rows.hold(tx, self.held, [{"breaker": "zero", "measure": 1, "text": "too many"}], 1)
        self.asked = shelf.bench.request("pull", shelf.merchant)
        self.making = plans.build_plan(shelf.session, shelf.cart)
        safe_plan = undo.safe(shelf.session, shelf.cart, 1, "a test")
        self.plan = plans.find(shelf.session, safe_plan.plan)


def content(shelf: Shelf) -> str:
    with closing(sqlite3.connect(shelf.bench.store.path)) as connection:
        return "\n".join(connection.iterdump())
