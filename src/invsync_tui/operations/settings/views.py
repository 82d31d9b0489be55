"""Merchants and carts with their settings, as front ends are given them. Secrets appear as references only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.runs.last_status import push_status
from invsync_tui.operations.runs.views import views
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import fields
from invsync_tui.operations.views import RunRow
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import Frozen
from invsync_tui.store.runs import records, runs
from invsync_tui.store.settings import read as settings_read

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
    secrets: Mapping[str, str] = field(default_factory=dict)
    """References of the connector's further secrets, by the name of the part."""


@dataclass(frozen=True, slots=True)
class MerchantSetup:
    """A merchant's settings. Times are seconds."""

    id: int
    name: str
    values: Mapping[str, Any]
    """By the name of the setting, see `fields.MERCHANT`; of one without a WMS connection the connection's are None."""
    source: ConnectionSetup | None
    every: int | None
    """None: no schedule."""
    next_run_at: int | None
    """None also where there is a schedule and no service to keep it."""

    @property
    def sync_on(self) -> bool:
        """Synchronization With WMS - Inventory."""
        return bool(self.values["sync"])


@dataclass(frozen=True, slots=True)
class CartSetup:
    """A cart's Edit Setup."""

    id: int
    merchant_id: int
    merchant: str
    name: str
    values: Mapping[str, Any]
    """By the name of the setting, see `fields.CART`: as they are stored, `warehouses` by code ([] for all), `alias` by name."""
    connection: ConnectionSetup
    every: int | None
    """Seconds between pushes, instead of one after each scheduled inventory download; None: after these. On request always."""
    next_run_at: int | None
    """None also where there is a schedule and no service to keep it."""
    last_run: RunRow | None
    """The newest push; None for never."""
    merchant_on: bool
    """Synchronization With WMS - Inventory of its merchant."""
    last_push_at: int | None
    """When its last push ended; None for never."""
    status: str
    """How its last push went, in words; '' for never."""
    frozen: bool
    """Nothing is sent to it, by an operator's decision; the status says so too."""
    of_cart: int | None = None
    """The cart of which it is a further location; None for one with a connection of its own."""
    several: bool = False
    """It has, or is, a further location."""

    @property
    def location(self) -> str:
        """The location that it sets, as the option has it, where the cart has several; '' otherwise."""
        return self.connection.options.get("location", "") if self.several else ""

    @property
    def upload_on(self) -> bool:
        """Whether the Inventory Upload Service of the cart is on."""
        return bool(self.values["upload"])

    @property
    def warehouses(self) -> tuple[str, ...]:
        """Codes; empty is Combine All Locations."""
        return tuple(self.values["warehouses"])

    @property
    def alias(self) -> str:
        """What it pushes by: SKU, UPC, ..."""
        return str(self.values["alias"])


def merchants(session: Session) -> tuple[MerchantSetup, ...]:
    """All merchants by name."""
    keeps = workers.service(session).scheduled
    with as_operation_error(), session.store.reading() as cx:
        return tuple(_merchant(row, keeps) for row in settings_read.merchants(cx))


def carts(session: Session, merchant_id: int | None = None) -> tuple[CartSetup, ...]:
    """Carts by merchant and number, of one merchant or of all."""
    with as_operation_error(), session.store.reading() as cx:
        rows = settings_read.carts(cx, merchant_id)
        chosen = settings_read.chosen_warehouses(cx)
        pushes = [run for run in runs.newest_per_key(cx, merchant_id) if run.kind == "push"]
        ended = runs.last_ended(cx, "push")
        frozen = plans.all_frozen(cx)
    newest = {run.cart_id: run for run in views(session, pushes)}
    keeps = workers.service(session).scheduled
    mains = {row["of_cart"] for row in rows} - {None}
    return tuple(
        _cart(
            row,
            tuple(code for number, code in chosen if number == row["id"]),
            _Pushes(newest.get(row["id"]), ended.get(row["id"]), frozen.get(row["id"])),
            keeps,
            row["of_cart"] is not None or row["id"] in mains,
        )
        for row in rows
    )


class _Pushes(NamedTuple):
    """Of a cart: its newest push, the last one that ended, and what keeps others from being sent."""

    newest: RunRow | None
    ended: records.RunRow | None
    frozen: Frozen | None

    def status(self, on: bool, merchant_on: bool) -> str:
        newest = self.newest
        return push_status(
            on,
            merchant_on,
            newest.state.value if newest else None,
            newest.stall if newest else None,
            self.ended,
            held=newest.counts.held if newest else 0,
            frozen=f"{self.frozen.by}: {self.frozen.why}" if self.frozen else "",
        )


def _merchant(row: Mapping[str, Any], keeps: bool) -> MerchantSetup:
    return MerchantSetup(
        id=row["id"],
        name=row["name"],
        values={setting.name: row[setting.column] for setting in fields.MERCHANT},
        source=connection_of(row) if row["system"] is not None else None,
        every=row["every"],
        next_run_at=row["next_at"] if keeps and row["inventory_sync"] else None,
    )


def connection_of(row: Mapping[str, Any]) -> ConnectionSetup:
    """The connection in the columns of a cart or a source."""
    return ConnectionSetup(
        system=row["system"],
        url=row["url"],
        login=row["login"],
        secret=row["secret"],
        options=json.loads(row["options"]),
        deadline=row["deadline_ms"] / 1000,
        last_error=row["last_error"],
        secrets=json.loads(row["secrets"]),
    )


def _cart(
    row: Mapping[str, Any], warehouses: tuple[str, ...], pushes: _Pushes, keeps: bool, several: bool
) -> CartSetup:
    """`keeps`: a service is there to keep the schedule; `several`: the cart has further locations."""
    named = {
        fields.WAREHOUSES: () if row["combine_all"] else warehouses,
        fields.ALIAS: row["alias"] or (SKU if not row["push_kind"] else f"type {row['push_kind']}"),
    }
    on, merchant_on = bool(row["upload_enabled"]), bool(row["inventory_sync"])
    return CartSetup(
        id=row["id"],
        merchant_id=row["merchant_id"],
        merchant=row["merchant"],
        name=row["name"],
        values={setting.name: row[setting.column] for setting in fields.CART if not setting.resolved} | named,
        connection=connection_of(row),
        every=row["every"],
        next_run_at=row["next_at"] if keeps and on and merchant_on else None,
        last_run=pushes.newest,
        merchant_on=merchant_on,
        last_push_at=pushes.ended.ended_at if pushes.ended else None,
        status=pushes.status(on, merchant_on),
        frozen=pushes.frozen is not None,
        of_cart=row["of_cart"],
        several=several,
    )
