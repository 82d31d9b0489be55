"""Batches that a shop takes under a ticket and applies later, as feeds and bulk jobs of marketplaces do.

Not here: what applying a row does (`shop`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[str, int]


@dataclass(slots=True)
class TakenBatch:
    """A batch under its ticket. `answers` None: it is not applied yet."""

    ticket: str
    key: str
    rows: Sequence[Row]
    place: str
    rejects: Mapping[str, str]
    """Listings whose rows are refused when it is applied, with the message."""
    due: float | None
    """Epoch seconds when it is applied by itself; None for never."""
    answers: list[dict[str, object]] | None = None
    dropped: bool = False
    """It is never applied."""


@dataclass(slots=True)
class Tickets:
    """The batches that one shop has taken, oldest first."""

    batches: dict[str, TakenBatch] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    """Tickets that the shop does not know any more, whatever becomes of their batches."""

    def take(self, key: str, rows: Sequence[Row], place: str, rejects: Mapping[str, str], after: float) -> TakenBatch:
        """Take a batch, to be applied `after` so many seconds; below 0 only when that is ordered."""
        ticket = f"T{len(self.batches) + 1:06}"
        due = time.time() + after if after >= 0 else None
        self.batches[ticket] = TakenBatch(ticket, key, rows, place, dict(rejects), due)
        return self.batches[ticket]

    def waiting(self) -> list[TakenBatch]:
        """What is still to be applied."""
        return [batch for batch in self.batches.values() if batch.answers is None and not batch.dropped]

    def due(self) -> list[TakenBatch]:
        """What is to be applied by now."""
        now = time.time()
        return [batch for batch in self.waiting() if batch.due is not None and batch.due <= now]

    def known(self, ticket: str) -> TakenBatch | None:
        """The batch of a ticket; None where the shop does not know it (any more)."""
        return None if ticket in self.forgotten else self.batches.get(ticket)

    def forget(self, tickets: Sequence[str], *, drop: bool) -> None:
        """Lose tickets; with `drop` their batches are never applied either."""
        self.forgotten.update(tickets)
        for ticket in tickets:
            self.batches[ticket].dropped |= drop
