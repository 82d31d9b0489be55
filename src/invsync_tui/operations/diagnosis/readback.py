"""Asks a cart what it shows right now. Nothing is written: what a push decides by is what runs have read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from invsync_tui import clock
from invsync_tui.operations.errors import OperationError, in_words
from invsync_tui.operations.session import Session
from invsync_tui.sync import connections
from invsync_tui.sync.settings import Settings, load_settings

READ_MOST = 100
"""Listings of one question."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the cart shows of a listing. `quantity` is in its own basis, None where it shows none."""

    quantity: int | None
    allocated: int
    tracked: bool | None
    at: int


def read_back(session: Session, cart_id: int, refs: Sequence[str]) -> Mapping[str, Shown | None]:
    """By remote id, None where the cart no longer has the listing; OperationError where it cannot be asked."""
    with in_words(), session.store.reading() as cx:
        settings = load_settings(cx, cart_id)
    if settings is None:
        raise OperationError("The cart's merchant has no WMS connection. See: invsync merchants set.")
    with in_words():
        return asyncio.run(_read(settings, list(refs)[:READ_MOST]))


async def _read(settings: Settings, refs: Sequence[str]) -> Mapping[str, Shown | None]:
    cart = connections.cart(settings.cart)
    try:
        await cart.open()
        step, now = cart.capabilities.read_batch, clock.seconds()
        rows = [row for start in range(0, len(refs), step) for row in await cart.read(refs[start : start + step])]
    finally:
        await cart.close()
    found = {row.ref: Shown(row.quantity, row.allocated, row.tracked, now) for row in rows}
    return {ref: found.get(ref) for ref in refs}
