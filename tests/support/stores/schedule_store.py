"""A store with several merchants and carts that reaches no server: for tests of when runs take place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.database import Store
from invsync_tui.sync import executor
from invsync_tui.sync.runs.run_context import RunContext
from tests.support.stores.merchant_store import Bench


@dataclass
class Field:
    """`carts` are in order of their merchants."""

    bench: Bench
    merchants: list[int]
    carts: list[int]

    @property
    def store(self) -> Store:
        return self.bench.store

    def carts_of(self, merchant: int) -> list[int]:
        return [row[0] for row in self.store.read("SELECT id FROM cart WHERE merchant_id = ? ORDER BY id", (merchant,))]


def _nowhere(name: str) -> Connection:
    return Connection(name, "sandbox", "http://127.0.0.1:9")


def field(folder: Path, merchants: int, carts: int) -> Field:
    """So many merchants with so many carts each, all switched on."""
    bench = Bench.make(folder, alone=True)
    our_field = Field(bench, [], [])
    for n in range(merchants):
        our_field.merchants.append(bench.add_merchant(_nowhere("wms"), name=f"Merchant {n + 1}"))
        our_field.carts.extend(bench.add_cart(_nowhere("cart"), name=f"Cart {n + 1}.{m + 1}") for m in range(carts))
    return our_field


def runs_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run asks a server: each ends well as soon as it has begun."""

    async def at_once(job: RunContext) -> None:
        await asyncio.sleep(0)
        executor._end(job, "done", Outcome.FAILED, Reason.BAD_ROW, "")

    monkeypatch.setattr(executor, "_KINDS", dict.fromkeys(("pull", "push", "radar"), at_once))
