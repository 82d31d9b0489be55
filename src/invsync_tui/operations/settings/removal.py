"""Removes merchants and carts: says beforehand exactly what goes, and takes it away when its name is given.

What is removed is gone for everybody at once; its rows are deleted afterwards in small transactions (`clear`), so that nobody
who wants to write waits. The audit is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from invsync_tui import clock
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, StaleError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import merchants
from invsync_tui.operations.settings.transaction import Saving, saving
from invsync_tui.plain_text import counted
from invsync_tui.store import removal
from invsync_tui.store.runs import runs
from invsync_tui.store.settings import read as settings_read
from invsync_tui.sync import connections
from invsync_tui.sync.maintenance import Clearing
from invsync_tui.sync.runs import leases

CONFIRMED = "name"
"""What an error about the typed name is filed under."""
_HISTORY_SETTINGS = ("id", "rev", "watermark", "match_mark", "rules_rev", "matched_rev", "pushed_rules_rev")
"""Columns that are no settings: they are not kept in the audit."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A merchant or a cart that may be removed, and what would go with it."""

    subject: str
    """`merchant:1` or `cart:3`."""
    name: str
    merchant: str
    carts: tuple[str, ...]
    """Names of the carts of a merchant."""
    locations: tuple[str, ...]
    """Names of the further locations of a cart: they use its connection."""
    counts: Mapping[str, int]
    """How many of each kind, see `store.removal`."""
    under_way: tuple[int, ...]
    """Runs that are requested or under way: nothing is removed while there is one."""
    held: tuple[int, ...]
    """Runs that are held for review: they go too."""

    @property
    def kind(self) -> str:
        """merchant or cart."""
        return self.subject.partition(":")[0]

    @property
    def goes(self) -> tuple[str, ...]:
        """What goes, in a few lines."""
        lines = [f"{counted(len(self.carts), 'cart')}: {merchants.listed(self.carts)}"] if self.carts else []
        if self.locations:
            lines.append(f"{counted(len(self.locations), 'further location')}: {merchants.listed(self.locations)}")
        held = f", {len(self.held)} of them held for review" if self.held else ""
        for words, note in _LINES:
            parts = [
                _counted(self.counts[name], singular, more) for name, singular, more in words if self._is_named(name)
            ]
            if parts:
                lines.append(", ".join(parts) + (held if words is _RUNS else "") + note)
        return tuple(lines)

    def _is_named(self, name: str) -> bool:
        return bool(self.counts.get(name)) or (name in self.counts and name in _ALWAYS)

    @property
    def stays(self) -> str:
        """What does not go."""
        there = "Nothing is changed in the WMS or in the carts: they keep" if self.carts else "Nothing is changed in"
        if self.kind == "cart":
            return "The shop itself is not changed: it keeps the quantities that it shows. The audit is kept."
        rest = " the quantities that they show." if self.carts else " the WMS."
        return f"{there}{rest} The audit is kept."


_ALWAYS = frozenset({"listings", "products", "runs"})
"""Kinds that are named also where there are none."""
_RUNS = (("runs", "run", "runs"),)
_LINES: tuple[tuple[tuple[tuple[str, str, str], ...], str], ...] = (
    (
        (
            ("products", "product", "products"),
            ("levels", "stock level", "stock levels"),
            ("warehouses", "warehouse", "warehouses"),
        ),
        "",
    ),
    ((("listings", "listing", "listings"),), ", with exclusions, locks and overrides"),
    (_RUNS, ""),
    (
        (
            ("history", "entry of history", "entries of history"),
            ("plans", "stored plan", "stored plans"),
            ("links", "link of a listing to a product", "links of listings to products"),
        ),
        "",
    ),
    (
        (("orders", "pending order", "pending orders"),),
        ": other carts may sell these units until the WMS knows the orders",
    ),
    (
        (("unanswered", "batch without an answer", "batches without an answer"),),
        ": what the cart made of it stays unknown",
    ),
)
"""Lines of what goes: kinds with their nouns, and what follows."""


def _counted(number: int, singular: str, more: str) -> str:
    return f"{number:,} {singular if number == 1 else more}"


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, and a sentence about it."""

    contents: Contents
    message: str


@dataclass(frozen=True, slots=True)
class _Group:
    """What is removed together, by number."""

    merchant_id: int
    carts: tuple[int, ...]
    whole_merchant: bool
    locked: tuple[int, ...]
    """Carts that nothing may be under way for: those of the group, and those that share a connection with one of them."""


def contents(session: Session, subject: str) -> Contents:
    """What would go with `merchant:1` or `cart:3`; NotFoundError if there is none."""
    with as_operation_error(), session.store.reading() as cx:
        return _contents(cx, subject)


def _contents(cx: Any, subject: str) -> Contents:
    group, row, merchant = _group(cx, subject)
    names = {number: name for number, _, name in settings_read.cart_names(cx)}
    counts = removal.contents_of_carts(cx, group.carts)
    if group.whole_merchant:
        for name, number in removal.contents_of_merchant(cx, group.merchant_id).items():
            counts[name] = counts.get(name, 0) + number
    active = runs.active_of(cx, group.merchant_id)
    further = () if group.whole_merchant else tuple(names[number] for number in group.carts if number != row["id"])
    return Contents(
        subject=subject,
        name=row["name"],
        merchant=merchant,
        carts=tuple(names[number] for number in group.carts) if group.whole_merchant else (),
        locations=further,
        counts=counts,
        under_way=_under_way(cx, group),
        held=tuple(run.id for run in active if run.state == "held" and run.kind != "pull" and run.key in group.carts),
    )


def _group(cx: Any, subject: str) -> tuple[_Group, Mapping[str, Any], str]:
    """What goes together, the row of the subject, and the merchant's name."""
    kind, _, number = subject.partition(":")
    read = {"merchant": settings_read.merchant, "cart": settings_read.cart}.get(kind)
    row = read(cx, int(number)) if read is not None and number.isdecimal() else None
    if row is None:
        raise NotFoundError(f"There is no {subject.replace(':', ' ')}. List them with: invsync {kind}s.")
    if kind == "merchant":
        carts = tuple(cart["id"] for cart in settings_read.carts(cx, row["id"]))
        return _Group(row["id"], carts, True, carts), row, row["name"]
    rows = settings_read.carts(cx, row["merchant_id"])
    first = row["of_cart"] or row["id"]
    shared = tuple(cart["id"] for cart in rows if first in (cart["id"], cart["of_cart"]))
    going = (row["id"], *(cart["id"] for cart in rows if cart["of_cart"] == row["id"]))
    return _Group(row["merchant_id"], going, False, shared), row, rows[0]["merchant"]


def _concerns(group: _Group, kind: str, key: int) -> bool:
    return group.whole_merchant if kind == "pull" else key in group.locked


def remove(session: Session, subject: str, typed: str, *, with_locations: bool = False, reason: str = "") -> Removed:
    """Remove `merchant:1` with its carts, or `cart:3`, if `typed` is its name. Nobody sees it from then on; its rows go
    with `clear`, or by a worker.

    A cart that has further locations goes `with_locations` only. OperationError while a run is requested or under way.
    """
    kind = subject.partition(":")[0]
    session.allow(Right.SETTINGS, f"remove a {kind}")
    # Counted before the transaction: that may take seconds, and nobody could write meanwhile.
    with as_operation_error(), session.store.reading() as cx:
        group, row, _ = _group(cx, subject)
        going = _contents(cx, subject)
        counts = {cart_id: removal.contents_of_carts(cx, [cart_id]) for cart_id in group.carts}
    if typed != going.name:
        raise InvalidError(CONFIRMED, f"{typed!r} is not the name of this {kind}; it is {going.name!r}.")
    with _nothing_starts(session, group, going.name), saving(session, f"remove the {kind} {going.name!r}") as saved:
        group_now, row, _ = _group(saved.tx, subject)
        if group_now != group or row["name"] != going.name:
            raise StaleError("Somebody changed it meanwhile; nothing was removed. Look at it again.")
        _refuse(replace(going, under_way=_under_way(saved.tx, group)), with_locations=with_locations)
        for cart_id in group.carts:
            _forget_cart(saved, cart_id, going.merchant, counts[cart_id], reason)
        if group.whole_merchant:
            _forget_merchant(saved, group.merchant_id, going, reason)
    _forget_tokens(session, group)
    return Removed(going, f"{'Cart' if kind == 'cart' else 'Merchant'} {going.name!r} is removed.")


@contextmanager
def _nothing_starts(session: Session, group: _Group, name: str) -> Iterator[None]:
    """Hold the keys under which a worker would execute runs for it."""
    keys = [f"push:{number}" for number in group.locked]
    keys += [f"pull:{group.merchant_id}"] if group.whole_merchant else []
    with ExitStack() as held:
        for key in keys:
            with as_operation_error():
                lease = leases.acquire(session.store, key, "removal")
            if lease is None:
                raise OperationError(
                    f"{name!r} was not removed: a worker is executing a run for it. Wait until it ends."
                )
            held.callback(lease.release)
        yield


def _under_way(cx: Any, group: _Group) -> tuple[int, ...]:
    """Numbers of the runs that are requested or executed for it."""
    active = runs.active_of(cx, group.merchant_id)
    return tuple(run.id for run in active if run.state != "held" and _concerns(group, run.kind, run.key))


def _refuse(going: Contents, *, with_locations: bool) -> None:
    if going.under_way:
        several = len(going.under_way) > 1
        listed = f"runs {', '.join(map(str, going.under_way))} are" if several else f"run {going.under_way[0]} is"
        raise OperationError(
            f"{going.name!r} was not removed: {listed} requested or under way. "
            f"Wait for the end, or cancel: invsync cancel {going.under_way[0]}."
        )
    if going.locations and not with_locations:
        listed = ", ".join(going.locations)
        raise OperationError(
            f"{going.name!r} was not removed: further locations use its connection: {listed}. "
            "Remove them first, or with it: --with-locations."
        )


def _forget_cart(saved: Saving, cart_id: int, merchant: str, counts: Mapping[str, int], reason: str) -> None:
    row = settings_read.cart(saved.tx, cart_id) or {}
    removal.forget_cart(saved.tx, cart_id, clock.seconds())
    saved.audit("cart remove", f"cart:{cart_id}", {"merchant": merchant, **_settings(row)}, counts, reason)


def _forget_merchant(saved: Saving, merchant_id: int, going: Contents, reason: str) -> None:
    row = settings_read.merchant(saved.tx, merchant_id) or {}
    removal.forget_merchant(saved.tx, merchant_id, clock.seconds())
    saved.audit("merchant remove", f"merchant:{merchant_id}", _settings(row), going.counts, reason)


def _settings(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row was set up with; secrets are references."""
    return {name: value for name, value in row.items() if name not in _HISTORY_SETTINGS}


def _forget_tokens(session: Session, group: _Group) -> None:
    for cart_id in group.carts:
        connections.forget_tokens(session.path, connections.cart_key(cart_id))
    if group.whole_merchant:
        connections.forget_tokens(session.path, connections.source_key(group.merchant_id))


def clear(session: Session, seconds: float) -> int | None:
    """Delete what was left behind for so long; how many rows went, or None where nothing is left.

    Between two transactions it waits as long as one took: others who write get their turn.
    """
    session.allow(Right.SETTINGS, "delete what was removed")
    deadline = clock.elapsed() + seconds
    deleted: int | None = None
    with as_operation_error():
        clearing = Clearing(session.store)
        while (began := clock.elapsed()) < deadline:
            number = clearing.step()
            if number is None:
                return deleted
            deleted = (deleted or 0) + number
            time.sleep(min(clock.elapsed() - began, seconds))
    return deleted or 0
