"""Who did what, when and why, over everything: the audit as a list, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from invsync_tui.operations import names
from invsync_tui.operations.audit import audit_text
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.lists.listed_rows import Listed, chosen, few
from invsync_tui.operations.lists.rows import Ordering, PlaceKey, Rows
from invsync_tui.operations.session import Session
from invsync_tui.store.paging import audit as pages
from invsync_tui.store.paging.audit import Entry, EntryFilter
from invsync_tui.store.settings import read as settings_read

SUBJECTS = ("merchant", "cart", "run", "plan", "warehouse", "worker", "store")
_SUBJECT = re.compile(rf"({'|'.join(SUBJECTS)})(?::(.+))?")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry of the audit. `at` in epoch seconds; `who` is an operator's name, or the part of invsync that acted."""

    id: int
    at: int
    who: str
    action: str
    """As a person says it: "unfreeze"."""
    subject: str
    """merchant:1, cart:3, run:17 and so on."""
    about: str
    """The subject by its name: "cart Acme Shop"."""
    changes: tuple[audit_text.Changed, ...]
    """What was replaced by what: settings by their label, listings by their SKU."""
    text: str
    """The same in one line."""
    reason: str
    cart_id: int | None
    """The cart that it is about, where that is one that is still there."""
    run_id: int | None
    """The run that it is about, or that came of it."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; None does not narrow. `subject` as `cart:3`, `cart:Acme Shop`, `run:17` or `store`."""

    who: str | None = None
    action: str | None = None
    subject: str | None = None
    merchant: str | None = None
    cart: str | None = None
    since: int | None = None
    """Epoch seconds, included."""
    until: int | None = None


NEWEST = Ordering("at", descending=True)
_NUMBER = re.compile("[0-9]{1,18}")
"""What the store takes for the number of a subject: a worker is named by its machine, which may begin with one."""
_PLACES: Mapping[str, Callable[[AuditLine], PlaceKey]] = {
    "at": lambda line: (line.id,),
    "who": lambda line: (line.who, line.id),
    "action": lambda line: (line.action, line.id),
    "about": lambda line: (*_kind_and_number(line.subject), line.id),
    "reason": lambda line: (line.reason, line.id),
}


def _kind_and_number(subject: str) -> tuple[str, int]:
    kind, _, rest = subject.partition(":")
    number = _NUMBER.match(rest)
    return kind, int(number[0]) if number else 0


def entries(session: Session, wanted: AuditFilter = AuditFilter(), ordering: Ordering | None = None) -> Rows[AuditLine]:
    """Entries of the audit, newest first where no other order is asked for.

    OperationError for an action or a subject that there is none of.
    """
    merchant = names.merchant(session, wanted.merchant).id if wanted.merchant else None
    cart = names.cart(session, wanted.cart, merchant).id if wanted.cart else None
    subject = None if wanted.subject is None else _subject(session, wanted.subject)
    with as_operation_error(), session.store.reading() as cx:
        stored_actions = None if wanted.action is None else _actions(pages.actions(cx), wanted.action)
        narrowed = EntryFilter(
            wanted.who,
            stored_actions,
            subject,
            None if cart is not None else merchant,
            cart,
            wanted.since,
            wanted.until,
        )
        orders = pages.orders(audit_text.RENAMED)
        small = few(pages.entries(cx, narrowed))
        order, descending, sortable = chosen(orders, ordering or NEWEST, small=small)
        entry_pages = pages.entries(cx, narrowed, order, descending)

    def lines(rows: Sequence[Entry]) -> list[AuditLine]:
        return _lines(session, rows)

    return Listed(session, entry_pages, lines, _PLACES[order.name], sortable)


def actions(session: Session) -> tuple[str, ...]:
    """Actions that the audit has entries of, in words."""
    with as_operation_error(), session.store.reading() as cx:
        return tuple(sorted({audit_text.action(action) for action in pages.actions(cx)}))


def _actions(known: Sequence[str], word: str) -> tuple[str, ...]:
    """Stored actions that a word means: in words, as it is stored, or the first word of either."""
    wanted = word.strip().casefold()
    sort_keys = {stored: (audit_text.action(stored).casefold(), stored.casefold()) for stored in known}
    whole = tuple(stored for stored, forms in sort_keys.items() if wanted in forms)
    if whole:
        return whole
    begun = tuple(stored for stored, forms in sort_keys.items() if any(form.startswith(wanted) for form in forms))
    if begun:
        return begun
    listed = ", ".join(sorted({audit_text.action(stored) for stored in known})) or "none yet"
    raise OperationError(f"The audit has no action {word!r}. It has: {listed}.")


def _subject(session: Session, text: str) -> str:
    """The stored subject of a text: `cart:Acme Shop` is `cart:3`."""
    match = _SUBJECT.fullmatch(text.strip())
    if match is None:
        raise OperationError(
            f"{text!r} is not a subject. Give one as merchant:NAME, cart:NAME, run:NUMBER, plan:NUMBER or store."
        )
    kind, called = match[1], match[2]
    if called is None:
        return kind
    if called.isdecimal():
        return f"{kind}:{called}"  # of a cart that was removed the number is all that is left
    if kind == "merchant":
        return f"merchant:{names.merchant(session, called).id}"
    return f"cart:{names.cart(session, called).id}" if kind == "cart" else f"{kind}:{called}"


def _lines(session: Session, entries: Sequence[Entry]) -> list[AuditLine]:
    with as_operation_error(), session.store.reading() as cx:
        merchants = dict(settings_read.names(cx))
        carts = {number: name for number, _, name in settings_read.cart_names(cx)}
        codes = pages.warehouse_codes(cx)
        run_ids = [int(entry.subject[4:]) for entry in entries if re.fullmatch(r"run:\d+", entry.subject)]
        runs = pages.subject_of_runs(cx, run_ids)
    known = audit_text.Names(merchants, carts, codes, runs)
    return [_line(entry, known) for entry in entries]


def _line(entry: Entry, known: audit_text.Names) -> AuditLine:
    changes = audit_text.changes(entry, known)
    kind, _, number = entry.subject.partition(":")
    cart_id = int(number) if kind == "cart" and number.isdecimal() else None
    run = re.fullmatch(r"run:(\d+)", entry.subject) or re.fullmatch(r"run:(\d+)", entry.after)
    return AuditLine(
        id=entry.id,
        at=entry.at,
        who=entry.who,
        action=audit_text.action(entry.action),
        subject=entry.subject,
        about=audit_text.about(entry.subject, known),
        changes=changes,
        text=audit_text.sentence(entry, changes),
        reason=entry.reason,
        cart_id=cart_id if cart_id in known.carts else None,
        run_id=int(run[1]) if run else None,
    )
