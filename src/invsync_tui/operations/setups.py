"""Merchants and carts with their settings, as front ends are given them. Secrets appear as references only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from invsync_tui.operations import workers
from invsync_tui.operations.errors import in_words
from invsync_tui.operations.model import RunRow
from invsync_tui.operations.runs import views
from invsync_tui.operations.session import Session
from invsync_tui.store import runs, setups

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
        return tuple(_merchant(site, keeps) for site in setups.merchants(cx))


def carts(session: Session, merchant_id: int | None = None) -> tuple[CartSetup, ...]:
    """Carts by merchant and number, of one merchant or of all."""
    with in_words(), session.store.reading() as cx:
        sites = [site for site in setups.carts(cx) if merchant_id in (None, site.merchant_id)]
        chosen = setups.chosen_warehouses(cx)
        pushes = [run for run in runs.newest_per_key(cx, merchant_id) if run.kind == "push"]
    newest = {run.cart_id: run for run in views(session, pushes)}
    keeps = workers.service(session).scheduled
    return tuple(_cart(site, tuple(c for n, c in chosen if n == site.id), newest.get(site.id), keeps) for site in sites)


def _merchant(site: setups.MerchantSite, keeps: bool) -> MerchantSetup:
    return MerchantSetup(
        id=site.id,
        name=site.name,
        sync_on=bool(site.inventory_sync),
        stale_after=site.stale_after,
        source=_source(site),
        full_every=site.full_every,
        orders_within=site.orders_within,
        every=site.every,
        next_run_at=site.next_at if keeps and site.inventory_sync else None,
    )


def _source(site: setups.MerchantSite) -> ConnectionSetup | None:
    if site.system is None:
        return None
    return ConnectionSetup(
        system=site.system,
        url=site.url or "",
        login=site.login or "",
        secret=site.secret or "",
        options=json.loads(site.options or "{}"),
        deadline=(site.deadline_ms or 0) / 1000,
        last_error=site.last_error or "",
    )


def _cart(site: setups.CartSite, warehouses: tuple[str, ...], last_run: RunRow | None, keeps: bool) -> CartSetup:
    """`keeps`: a service is there to keep the schedule."""
    return CartSetup(
        id=site.id,
        merchant_id=site.merchant_id,
        merchant=site.merchant,
        name=site.name,
        connection=ConnectionSetup(
            site.system,
            site.url,
            site.login,
            site.secret,
            json.loads(site.options),
            site.deadline_ms / 1000,
            site.last_error,
        ),
        upload_on=bool(site.upload_enabled),
        warehouses=() if site.combine_all else warehouses,
        alias=site.alias or (SKU if not site.push_kind else f"type {site.push_kind}"),
        minimum=site.cutoff_below,
        end_at=site.end_at_or_below,
        buffer=site.buffer,
        share=site.share_percent,
        max=site.max_quantity,
        stale_after=site.stale_after,
        breakers=Breakers(
            site.zero_count,
            site.zero_percent,
            site.shrink_percent,
            site.jump_factor,
            site.jump_count,
            site.jump_percent,
        ),
        heal=site.heal,
        inactive_products=site.inactive_products,
        every=site.every,
        next_run_at=site.next_at if keeps and site.upload_enabled else None,
        last_run=last_run,
    )
