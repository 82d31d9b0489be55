"""Merchants and carts with their settings, as front ends are given them. Secrets appear as references only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invsync_tui.operations import workers
from invsync_tui.operations.errors import in_words
from invsync_tui.operations.model import RunRow
from invsync_tui.operations.runs import views
from invsync_tui.operations.session import Session
from invsync_tui.store import runs, setups, stored

SKU = "SKU"
"""Push Inventory Using Alias: the product's own code."""


@dataclass(frozen=True, slots=True)
class ConnectionSetup:
    """Where a system is and how to log in."""

    system: str
    url: str
    login: str
    secret: str
    options: Mapping[str, str]
    deadline: float
    """Seconds."""
    last_error: str


@dataclass(frozen=True, slots=True)
class MerchantSetup:
    """A merchant's settings. Times are seconds; `every` None: no schedule; `stale_after` None: no limit."""

    id: int
    name: str
    sync_on: bool
    stale_after: int | None
    source: ConnectionSetup | None
    full_every: int | None
    orders_within: int | None
    """Seconds that an order needs to reach the WMS."""
    every: int | None
    next_run_at: int | None
    """None also where there is a schedule and no service to keep it."""


@dataclass(frozen=True, slots=True)
class Breakers:
    """The limits above which a push is held."""

    zero_count: int
    zero_percent: int
    shrink_percent: int
    jump_factor: int
    """A change by more than this factor is a jump; 0: nothing is."""
    jump_count: int
    jump_percent: int


@dataclass(frozen=True, slots=True)
class CartSetup:
    """A cart's Edit Setup."""

    id: int
    merchant_id: int
    merchant: str
    name: str
    connection: ConnectionSetup
    upload_on: bool
    warehouses: tuple[str, ...]
    """Codes; empty is Combine All Locations."""
    alias: str
    minimum: int
    end_at: int | None
    buffer: int
    share: int
    max: int | None
    stale_after: int | None
    """None takes the merchant's."""
    breakers: Breakers
    heal: str
    """What the drift radar puts right by itself: never, oversell or always."""
    inactive_products: str
    """What the cart shows of products that are deactivated in the WMS: keep or zero."""
    every: int | None
    """Seconds between pushes, instead of one after each scheduled inventory download; None: after these. On request always."""
    next_run_at: int | None
    """None also where there is a schedule and no service to keep it."""
    last_run: RunRow | None
    """The newest push; None for never."""


def merchants(session: Session) -> tuple[MerchantSetup, ...]:
    """All merchants by name."""
    keeps = workers.service(session).scheduled
    with in_words(), session.store.reading() as cx:
        return tuple(_merchant(row, keeps) for row in stored.merchants(cx))


def carts(session: Session, merchant_id: int | None = None) -> tuple[CartSetup, ...]:
    """Carts by merchant and number, of one merchant or of all."""
    with in_words(), session.store.reading() as cx:
        rows = stored.carts(cx, merchant_id)
        chosen = setups.chosen_warehouses(cx)
        pushes = [run for run in runs.newest_per_key(cx, merchant_id) if run.kind == "push"]
    newest = {run.cart_id: run for run in views(session, pushes)}
    keeps = workers.service(session).scheduled
    return tuple(
        _cart(row, tuple(c for n, c in chosen if n == row["id"]), newest.get(row["id"]), keeps) for row in rows
    )


def _merchant(row: Mapping[str, Any], keeps: bool) -> MerchantSetup:
    return MerchantSetup(
        id=row["id"],
        name=row["name"],
        sync_on=bool(row["inventory_sync"]),
        stale_after=row["stale_after"],
        source=_source(row),
        full_every=row["full_every"],
        orders_within=row["orders_within"],
        every=row["every"],
        next_run_at=row["next_at"] if keeps and row["inventory_sync"] else None,
    )


def _source(row: Mapping[str, Any]) -> ConnectionSetup | None:
    if row["system"] is None:
        return None
    return ConnectionSetup(
        system=row["system"],
        url=row["url"] or "",
        login=row["login"] or "",
        secret=row["secret"] or "",
        options=json.loads(row["options"] or "{}"),
        deadline=(row["deadline_ms"] or 0) / 1000,
        last_error=row["last_error"] or "",
    )


def _cart(row: Mapping[str, Any], warehouses: tuple[str, ...], last_run: RunRow | None, keeps: bool) -> CartSetup:
    """`keeps`: a service is there to keep the schedule."""
    return CartSetup(
        id=row["id"],
        merchant_id=row["merchant_id"],
        merchant=row["merchant"],
        name=row["name"],
        connection=ConnectionSetup(
            row["system"],
            row["url"],
            row["login"],
            row["secret"],
            json.loads(row["options"]),
            row["deadline_ms"] / 1000,
            row["last_error"],
        ),
        upload_on=bool(row["upload_enabled"]),
        warehouses=() if row["combine_all"] else warehouses,
        alias=row["alias"] or (SKU if not row["push_kind"] else f"type {row['push_kind']}"),
        minimum=row["cutoff_below"],
        end_at=row["end_at_or_below"],
        buffer=row["buffer"],
        share=row["share_percent"],
        max=row["max_quantity"],
        stale_after=row["stale_after"],
        breakers=Breakers(
            row["zero_count"],
            row["zero_percent"],
            row["shrink_percent"],
            row["jump_factor"],
            row["jump_count"],
            row["jump_percent"],
        ),
        heal=row["heal"],
        inactive_products=row["inactive_products"],
        every=row["every"],
        next_run_at=row["next_at"] if keeps and row["upload_enabled"] else None,
        last_run=last_run,
    )
