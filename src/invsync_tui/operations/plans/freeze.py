"""Freezing a cart or all carts of a merchant: nothing is sent until it is unfrozen; what changes meanwhile goes on counting."""

from __future__ import annotations

import shlex
import sqlite3
from dataclasses import dataclass

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations import names
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.time_text import ago
from invsync_tui.store import audit
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import Frozen, KeptPlan
from invsync_tui.store.runs import runs
from invsync_tui.store.settings import freezes
from invsync_tui.store.settings import read as settings_read


@dataclass(frozen=True, slots=True)
class FreezeLine:
    """A cart and whether it is frozen, by itself or with its merchant; `since` None where it is not."""

    cart_id: int
    cart: str
    merchant_id: int
    since: int | None
    by: str
    why: str
    waiting: int
    """Listings that were to be set and wait."""


@dataclass(frozen=True, slots=True)
class FreezeResult:
    """The result of a freeze or unfreeze."""

    message: str
    carts: tuple[FreezeLine, ...]
    """The carts that it concerns, as they are now."""


def subject(session: Session, called: str, merchant: str | None = None) -> tuple[str, int, str]:
    """(cart or merchant, number, name) of what an operator calls it: a cart before a merchant of the same name."""
    owner = names.merchant(session, merchant).id if merchant else None
    try:
        row = names.cart(session, called, owner)
    except NotFoundError as error:
        if owner is not None:
            raise
        try:
            row = names.merchant(session, called)
        except NotFoundError:
            raise NotFoundError(names.unknown_cart_or_merchant(session, called)) from error
        return "merchant", row.id, row.name
    return "cart", row.id, row.name


def freeze(session: Session, table: str, number: int, reason: str) -> FreezeResult:
    """Freeze a `cart`, or a `merchant` with all its carts. A push that is sending now stops between two batches."""
    name = _name(session, table, number)
    session.allow(Right.DECIDE, f"freeze {name}")
    why, now = redacted(reason), clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        frozen = plans.frozen(tx, table, number)
        if frozen is not None:
            raise OperationError(f"{name} is frozen already. {_words(frozen)}")
        plans.freeze(tx, table, number, Frozen(now, session.operator, why))
        stopped = _stop(tx, session, table, number, now)
        audit.record(tx, now, session.operator, "freeze", f"{table}:{number}", after="frozen", reason=why)
    text = f"{name} is frozen: nothing is sent until: invsync unfreeze {shlex.quote(name)}"
    if stopped:
        text += f" Asked to stop: run {', '.join(map(str, stopped))}."
    return FreezeResult(text, _lines(session, table, number))


def unfreeze(session: Session, table: str, number: int, reason: str = "") -> FreezeResult:
    """Let the pushes of a cart or a merchant go on; the next one sends what waited."""
    name = _name(session, table, number)
    session.allow(Right.DECIDE, f"unfreeze {name}")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        frozen = plans.frozen(tx, table, number)
        if frozen is None:
            raise OperationError(f"{name} is not frozen{_but(tx, table, number)}.")
        plans.freeze(tx, table, number, None)
        why, subject = redacted(reason), f"{table}:{number}"
        audit.record(tx, now, session.operator, "thaw", subject, before=frozen.why, after="", reason=why)
    after = _lines(session, table, number)
    still = [line.cart for line in after if line.since is not None]
    text = f"{name} is unfrozen; the next push will send pending changes."
    if still:
        text += f" Still frozen: {', '.join(still)}."
    return FreezeResult(text, after)


def lines(session: Session, merchant_id: int | None = None) -> tuple[FreezeLine, ...]:
    """All carts, or those of a merchant, and whether they are frozen."""
    with as_operation_error(), session.store.reading() as cx:
        all_frozen = plans.all_frozen(cx)
        known = [row for row in settings_read.cart_names(cx) if merchant_id in (None, row.merchant_id)]
        return tuple(_line(cx, row, all_frozen.get(row.id)) for row in known)


def frozen_in_words(session: Session, cart_id: int) -> str:
    """Who froze a cart, when and why; '' where it is not frozen."""
    with as_operation_error(), session.store.reading() as cx:
        frozen = plans.all_frozen(cx).get(cart_id)
    return _words(frozen) if frozen else ""


def how_to_unfreeze(cx: sqlite3.Connection, cart_id: int) -> str:
    """The commands that unfreeze a cart: its merchant's freeze is lifted by the merchant's name; '' where nothing is frozen."""
    return ", then: ".join(
        f"invsync unfreeze {shlex.quote(freeze_row.name)}" for freeze_row in freezes.of_cart(cx, cart_id)
    )


def freeze_with(tx: sqlite3.Connection, session: Session, plan: KeptPlan, reason: str, now: int) -> bool:
    """Freeze a plan's cart, so that the settings do not take it back; False where it is frozen already."""
    if plan.cart_id in plans.all_frozen(tx):
        return False
    why = redacted(f"plan {plan.id} ({plan.kind}): {reason}")
    plans.freeze(tx, "cart", plan.cart_id, Frozen(now, session.operator, why))
    audit.record(tx, now, session.operator, "freeze", f"cart:{plan.cart_id}", after="frozen", reason=why)
    return True


def _line(cx: sqlite3.Connection, row: tuple[int, int, str], frozen: Frozen | None) -> FreezeLine:
    number, merchant, name = row
    how = frozen or Frozen(0, "", redacted(""))
    waits = plans.waiting(cx, [number]) if frozen else 0
    return FreezeLine(number, name, merchant, how.at if frozen else None, how.by, how.why, waits)


def _lines(session: Session, table: str, number: int) -> tuple[FreezeLine, ...]:
    return tuple(line for line in lines(session) if number == (line.cart_id if table == "cart" else line.merchant_id))


def _words(frozen: Frozen) -> str:
    return f"Frozen {ago(frozen.at, clock.seconds())} by {frozen.by}: {frozen.why or 'no reason given'}."


def _but(tx: sqlite3.Connection, table: str, number: int) -> str:
    """A cart may be frozen with its merchant."""
    if table == "cart" and number in plans.all_frozen(tx):
        return " by itself; its merchant is: unfreeze that"
    return ""


def _name(session: Session, table: str, number: int) -> str:
    with as_operation_error(), session.store.reading() as cx:
        known = (
            [(row_number, name) for row_number, _, name in settings_read.cart_names(cx)]
            if table == "cart"
            else settings_read.names(cx)
        )
    called = next((name for row_number, name in known if row_number == number), None)
    if called is None:
        raise NotFoundError(f"There is no {table} {number}. List them with: invsync {table}s.")
    return called


def _stop(tx: sqlite3.Connection, session: Session, table: str, number: int, now: int) -> list[int]:
    """Ask pushes that go by the settings to stop; returns them. What an operator applied goes on."""
    pushes = plans.by_settings(tx, table, number)
    for run_id in pushes:
        runs.cancel(tx, run_id, now)
        runs.add_event(tx, run_id, now, "info", redacted(f"{session.operator} froze it: the rest is not sent."))
    return pushes
