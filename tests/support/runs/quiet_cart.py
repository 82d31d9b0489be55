"""A cart that answers nothing by itself, and the run that asks it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from invsync_tui import clock
from invsync_tui.connectors.base import (
    CartCapabilities,
    DoubtPolicy,
    ListingRow,
    QuantityBasis,
    RowAnswer,
    RowErrors,
)
from invsync_tui.store.runs import runs
from invsync_tui.sync.runs import leases
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.runs.run_progress import Phase, RunProgress
from invsync_tui.sync.settings import Settings, load_settings
from tests.support.stores.products_store import Shelf


def can(
    basis: QuantityBasis = QuantityBasis.AVAILABLE,
    doubt: DoubtPolicy = DoubtPolicy.READ_BACK,
    read_batch: int = 2,
    key_kept: float | None = None,
) -> CartCapabilities:
    return CartCapabilities(
        basis, 50, RowErrors.PER_ROW, doubt, returns_quantity=True, read_batch=read_batch, key_kept=key_kept
    )


@dataclass
class QuietCart:
    """A cart that answers with what a test gives it, and remembers what it was asked."""

    capabilities: CartCapabilities = field(default_factory=can)
    answer: Any = ()
    offset: float | None = None
    asked: list[Any] = field(default_factory=list)

    def budget(self) -> None:
        return None

    async def read(self, refs: Sequence[str]) -> list[ListingRow]:
        self.asked.append(list(refs))
        return [row for row in self.answer if row.ref in refs]

    async def send(self, number: str, body: bytes) -> Sequence[RowAnswer]:
        self.asked.append((number, body))
        raise self.answer

    def compose(self, batch_id: str, items: Sequence[Any]) -> bytes:
        return json.dumps([list(item[:2]) for item in items]).encode()

    async def clock_offset(self) -> float | None:
        self.asked.append("clock")
        return self.offset


def job_of(acme: Shelf, kind: str = "push") -> RunContext:
    """A run that this process has begun."""
    key = acme.merchant if kind == "pull" else acme.cart
    number = acme.bench.request(kind, key)
    lease = leases.acquire(acme.bench.store, acme.bench.run(number).lease_key, "test")
    assert lease is not None
    with acme.bench.store.transaction() as tx:
        run = runs.start(tx, number, lease.epoch, clock.seconds())
    return RunContext(acme.bench.store, run, lease, RunProgress(acme.bench.store, lease, number, [Phase("connect")]))


def settings_of(acme: Shelf) -> Settings:
    with acme.bench.store.reading() as cx:
        settings = load_settings(cx, acme.cart)
    assert settings is not None
    return settings
