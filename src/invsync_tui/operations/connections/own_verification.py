"""Checks a connector against the merchant's own system or cart, and tells it to the audit where it wrote to a listing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.secrets import resolve_part
from invsync_tui.kit import own_system
from invsync_tui.operations.connections import connections
from invsync_tui.operations.connections.cart_to_change import cart_to_change
from invsync_tui.operations.connections.connections import Target
from invsync_tui.operations.connections.connector_checks import CheckResult
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import values
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.redaction import Redacted
from invsync_tui.store import audit, hooks
from invsync_tui.store.listings import fixable
from invsync_tui.store.settings import read as settings_read
from invsync_tui.sync.runs import leases
from invsync_tui.sync.settings import load_settings


class WrittenListing(NamedTuple):
    """A listing that was written to: what it showed, what was sent, and what it shows now, in the cart's own basis."""

    sku: str
    before: int | None
    sent: int | None
    remaining: int | None


def connection_called(session: Session, system: str, against: str) -> Target:
    """The connection of that system that is called so: a merchant's name or number, a cart's, or the address itself."""
    targets = list(_of_system(session, system))
    named = [target for target in targets if against in (target.name, target.setup.url)]
    named = named or [target for target in targets if against == str(target.id)]
    if not named:
        known = ", ".join(f"{target.name!r}" for target in targets) or "none"
        raise NotFoundError(
            f"No merchant or cart of {system} is called {against!r}, and none is at this address. There are: {known}. "
            "Add one first: see invsync connections about SYSTEM."
        )
    if len(named) > 1:
        raise OperationError(f"Several connections of {system} are called {against!r}. Give the address instead.")
    return named[0]


def _of_system(session: Session, system: str) -> Iterator[Target]:
    with as_operation_error(), session.store.reading() as cx:
        merchants, carts = settings_read.names(cx), settings_read.cart_names(cx)
        sources = {number: settings_read.source_connection(cx, number) for number, _ in merchants}
    for number, _ in merchants:
        if (row := sources[number]) is not None and row.connection.system == system:
            yield connections.source_target(session, str(number))
    for cart in carts:
        target = connections.cart_target(session, str(cart.id))
        if target.setup.system == system:
            yield target


def reading(target: Target) -> Iterator[CheckResult]:
    """The checks that only read, as each ends."""
    connection = connections.connection_of(target)
    group = registry.SOURCES if target.kind == "wms" else registry.CARTS
    parts = registry.secret_parts(group, connection.system)

    async def texts() -> list[str]:
        known = []
        for part in parts:
            try:
                known.append(await resolve_part(connection, parts, part.name))
            except ConnectorError:
                continue  # the connection test says it
        return known

    async def checks() -> AsyncIterator[own_system.Finding]:
        secrets = await texts()
        async for finding in own_system.reading(lambda: connections.connector_of(target), secrets):
            yield finding

    with as_operation_error():
        yield from (_result(target, finding) for finding in _in_turn(checks()))


def _in_turn(findings: AsyncIterator[own_system.Finding]) -> Iterator[own_system.Finding]:
    """Each as it ends, out of a loop of its own."""
    with asyncio.Runner() as runner:
        while True:
            try:
                yield runner.run(_next(findings))
            except StopAsyncIteration:
                return


async def _next(findings: AsyncIterator[own_system.Finding]) -> own_system.Finding:
    return await anext(findings)


def _result(target: Target, finding: own_system.Finding) -> CheckResult:
    return CheckResult(target.setup.system, target.kind, finding.number, finding.title, finding.ended, finding.why)


def allow_writing(session: Session) -> None:
    """Refuse who may not change listings in the shop."""
    session.allow(Right.SHOP, "change listings in the shop")


def write_one(session: Session, target: Target, sku: str, reason: str) -> tuple[list[CheckResult], WrittenListing]:
    """Set the listing with this SKU to one less, look, and put its quantity back. Nothing else may run for the cart."""
    allow_writing(session)
    why = values.reason(reason)
    if target.kind != "cart":
        raise InvalidError("--sku", "a WMS is only read.")
    ref = _listing(session, target.id, sku)
    lease = leases.acquire(session.store, f"push:{target.id}", f"connector checks by {session.operator}")
    if lease is None:
        raise OperationError("A run of this cart is under way. Try again when it has ended; see: invsync runs")
    try:
        with as_operation_error():
            trial = asyncio.run(_trial(session, target.id, ref))
        written = WrittenListing(sku, trial.before, trial.wrote, trial.remaining)
        if trial.wrote is not None:
            _note(session, target.id, ref, written, why)
    finally:
        lease.release()
    return [_result(target, finding) for finding in trial.findings], written


def _listing(session: Session, cart_id: int, sku: str) -> str:
    with as_operation_error(), session.store.reading() as cx:
        rows = fixable.called(cx, cart_id, [normalize_key(sku)], 2)
    if not rows:
        raise NotFoundError(f"The cart has no listing {sku!r}. List them with: invsync listings CART.")
    if len(rows) > 1:
        raise OperationError(f"Several listings of the cart have the SKU {sku!r}. Take one that is there once.")
    return rows[0].ref


async def _trial(session: Session, cart_id: int, ref: str) -> own_system.Trial:
    with session.store.reading() as cx:
        settings = load_settings(cx, cart_id)
    if settings is None:
        raise OperationError("The cart's merchant has no WMS connection. See: invsync merchants set.")
    async with cart_to_change(session, settings) as cart:
        return await own_system.one_listing(cart, ref)


def _note(session: Session, cart_id: int, ref: str, written: WrittenListing, reason: Redacted) -> None:
    """The audit; the listing is read again by the next push."""
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        before = json.dumps({"sku": written.sku, "in_cart": written.before})
        after = json.dumps({"sent": written.sent, "in_cart": written.remaining})
        audit.record(
            tx, now, session.operator, "connector check in the shop", f"cart:{cart_id}", before=before, after=after,
            reason=reason,
        )  # fmt: skip
        hooks.read_soon(tx, settings_read.connected_through(tx, cart_id), [ref], now)


def left_out(results: Sequence[CheckResult]) -> str:
    """What the checks of the own system cannot say."""
    return (
        f"{len(results)} checks of the suite; the others need a server that makes faults or is changed by somebody else, such "
        "as the one that ships with a connector."
    )
