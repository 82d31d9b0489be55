"""A store with a merchant on a sandbox WMS and carts, and the words to work it in tests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from invsync_tui.connectors.base import Connection
from invsync_tui.operations.runs import runs as run_operations
from invsync_tui.operations.session import Session
from invsync_tui.store import models
from invsync_tui.store.database import Store
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.store.settings import write as settings_write
from invsync_tui.sync.worker import POLL, Worker
from tests.support.stores.neighbors import move_in, remember, take_our_number

NOW = 1_760_000_000
SOON = 0.01
"""Seconds between two looks of a worker of the tests."""


class EagerWorker(Worker):
    """Sees at once that a run has ended: a test of a run would wait for that longer than for the run."""

    async def _sleep(self, seconds: float) -> None:
        await super()._sleep(SOON if seconds == POLL else seconds)


@dataclass
class Bench:
    """A store under test. Merchants and carts are named by number, in order of creation."""

    store: Store
    carts: dict[str, int] = field(default_factory=dict)
    merchant: int = 0

    @classmethod
    def make(cls, folder: Path, *, alone: bool = False) -> Bench:
        """A new store with neighbors in it: a copy of one that was made once, since making it takes a second.

        `alone`, for a clock of a test's own, has none.
        """
        return cls(move_in(folder / "store.db", alone=alone))

    def add_merchant(
        self,
        source: Connection,
        *,
        sync: bool = True,
        name: str = "Demo",
        stale_after: int | None = None,
        orders_within: int = 900,
    ) -> int:
        row = models.Source(
            merchant_id=0, system=source.system, url=source.url, login=source.login, secret=source.secret,
            options=json.dumps(dict(source.options)), deadline_ms=int(source.deadline * 1000),
            orders_within=orders_within,
        )  # fmt: skip
        with self.store.session() as session:
            merchant = settings_write.add_merchant(session, name, row, inventory_sync=sync, stale_after=stale_after)
            added = settings_write.number(merchant)
        self.merchant = take_our_number(self.store, added)
        return self.merchant

    def add_cart(
        self, cart: Connection, *, name: str = "Demo Cart", warehouses: Sequence[str] = (), **values: Any
    ) -> int:
        with self.store.session() as session:
            kind = values.pop("alias", "")
            push_kind = settings_write.ensure_alias_type(session, self.merchant, kind) if kind else 0
            ids = [self._warehouse(session, code) for code in warehouses]
            row = models.Cart(
                merchant_id=self.merchant, name=name, system=cart.system, url=cart.url, login=cart.login, secret=cart.secret,
                options=json.dumps(dict(cart.options)), deadline_ms=int(cart.deadline * 1000), created_at=NOW,
                push_kind=push_kind, **{"upload_enabled": True, **values},
            )  # fmt: skip
            added = settings_write.number(settings_write.add_cart(session, row, ids))
        self.carts[name] = added
        return added

    def _warehouse(self, session: Any, code: str) -> int:
        return next(
            settings_write.number(w) for w in settings_write.warehouses(session, self.merchant) if w.code == code
        )

    def warehouse(self, code: str) -> int:
        with self.store.session() as session:
            return self._warehouse(session, code)

    def set_cart(self, cart_id: int, warehouses: Sequence[int] | None = None, **values: Any) -> None:
        with self.store.session() as session:
            cart = next(c for c in settings_write.carts(session) if c.id == cart_id)
            settings_write.change_cart(session, cart, values, warehouses)

    def request(self, kind: str, key: int, *, full: bool = False, after: int | None = None) -> int:
        with self.store.transaction() as tx:
            return runs.request(tx, RunRequest(kind, key, self.merchant, "test", "tester", after, full), NOW).run_id

    async def work(self) -> None:
        """Execute everything that is asked for."""
        await EagerWorker(self.store, scheduled=False).run_until_idle(0.0)

    async def pull(self, *, full: bool = False) -> RunRow:
        run_id = self.request("pull", self.merchant, full=full)
        await self.work()
        return self.run(run_id)

    async def push(self, cart_id: int, *, full: bool = False, release: bool = True) -> RunRow:
        """A push; a hold is released as an operator would, unless told otherwise."""
        run_id = self.request("push", cart_id, full=full)
        await self.work()
        if release and self.run(run_id).state == "held":
            self.release(run_id)
            await self.work()
        return self.run(run_id)

    def release(self, run_id: int) -> None:
        with self.store.transaction() as tx:
            assert runs.release(tx, run_id, NOW)

    def run(self, run_id: int) -> RunRow:
        with self.store.reading() as cx:
            row = runs.get(cx, run_id)
        assert row is not None
        return row

    def counts(self, run: RunRow) -> dict[str, int]:
        return dict(json.loads(run.counts))

    def reasons(self, run: RunRow) -> dict[str, int]:
        return dict(json.loads(run.reasons))

    def listings(self, cart_id: int) -> dict[str, Mapping[str, Any]]:
        """By SKU (the last of duplicates)."""
        names = (
            "sku",
            "ref",
            "desired",
            "acked",
            "shown",
            "observed",
            "outcome",
            "reason",
            "synced_at",
            "pending",
            "error",
            "inflight",
        )
        rows = self.store.read(f"SELECT {', '.join(names)} FROM listing WHERE cart_id = ?", (cart_id,))
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows}

    def session(self) -> Session:
        return Session(self.store, "tester", read_only=False)

    def detail(self, run_id: int) -> Any:
        return run_operations.detail(self.session(), run_id)

    def events(self, run_id: int) -> list[str]:
        with self.store.reading() as cx:
            return [text for _, _, _, text in runs.events(cx, run_id)]

    def set_merchant(self, **values: Any) -> None:
        with self.store.session() as session:
            merchant = settings_write.merchant(session, self.merchant)
            assert merchant is not None
            settings_write.change_merchant(session, merchant, values)

    @contextmanager
    def by_hand(self) -> Iterator[sqlite3.Connection]:
        """A transaction that changes something for everybody in the store, such as the time of all that happened."""
        with self.store.transaction() as tx:
            yield tx
        remember(self.store.path)

    def one(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        return self.store.one(sql, values)[0]

    def sums_hold(self) -> bool:
        """Every run that ended accounts for each of its SKUs once."""
        reasons = [
            dict(json.loads(row[0])) for row in self.store.read("SELECT counts FROM run WHERE ended_at IS NOT NULL")
        ]
        return all(counts.pop("total", 0) == sum(counts.values()) for counts in reasons)
