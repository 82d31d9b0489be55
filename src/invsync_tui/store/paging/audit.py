"""The audit in pages, newest first: who did what, when and why, over everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Pages, Part, Select, SortOrder

BY_TIME = SortOrder("at", ("a.id",))
"""Entries are numbered as they are written."""
COLUMNS = "a.id, a.at, a.who, a.action, a.subject, a.before, a.after, a.reason"


class Entry(NamedTuple):
    """An entry. `at` in epoch seconds; `subject` is like `cart:3`; `before` and `after` are JSON, a word, or ''."""

    id: int
    at: int
    who: str
    action: str
    subject: str
    before: str
    after: str
    reason: str


class EntryFilter(NamedTuple):
    """Which entries; None does not narrow. Times in epoch seconds, both included.

    Of a cart and of a merchant: the entries about it, its runs and its plans, and of a merchant its carts' and warehouses'.
    """

    who: str | None = None
    actions: tuple[str, ...] | None = None
    subject: str | None = None
    merchant_id: int | None = None
    cart_id: int | None = None
    since: int | None = None
    until: int | None = None


_NUMBER = "CAST(substr(a.subject, instr(a.subject, ':') + 1) AS INTEGER)"
_KIND = "substr(a.subject, 1, instr(a.subject || ':', ':') - 1)"
_OF_CART = (
    "(a.subject = 'cart:' || ? OR a.subject GLOB 'run:*' AND EXISTS (SELECT 1 FROM run AS r WHERE r.id = "
    f"{_NUMBER} AND r.kind <> 'pull' AND r.key = ?) OR a.subject GLOB 'plan:*' AND EXISTS (SELECT 1 FROM plan AS p "
    f"WHERE p.id = {_NUMBER} AND p.cart_id = ?))"
)
_OF_MERCHANT = (
    "(a.subject = 'merchant:' || ?1 "
    f"OR a.subject GLOB 'run:*' AND EXISTS (SELECT 1 FROM run AS r WHERE r.id = {_NUMBER} AND r.merchant_id = ?1) "
    f"OR a.subject GLOB 'cart:*' AND EXISTS (SELECT 1 FROM cart AS c WHERE c.id = {_NUMBER} AND c.merchant_id = ?1) "
    f"OR a.subject GLOB 'warehouse:*' AND EXISTS (SELECT 1 FROM warehouse AS w WHERE w.id = {_NUMBER} AND w.merchant_id = ?1) "
    f"OR a.subject GLOB 'plan:*' AND EXISTS (SELECT 1 FROM plan AS p CROSS JOIN cart AS k ON k.id = p.cart_id "
    f"WHERE p.id = {_NUMBER} AND k.merchant_id = ?1))"
).replace("?1", "?")


def orders(actions: Mapping[str, str]) -> tuple[SortOrder, ...]:
    """By time, which is the order of their numbers; the others where they are few. `actions` says by which word an action
    is sorted; subjects are sorted by their kind, and within it by number."""
    return (
        BY_TIME,
        SortOrder("who", ("a.who", "a.id"), indexed=False),
        SortOrder("action", (_renamed("a.action", actions), "a.id"), indexed=False),
        SortOrder("about", (_KIND, _NUMBER, "a.id"), indexed=False),
        SortOrder("reason", ("a.reason", "a.id"), indexed=False),
    )


def _renamed(column: str, words: Mapping[str, str]) -> str:
    """A column by its words of today; both come from the program, and an apostrophe in them ends no text."""
    cases = " ".join(f"WHEN {_quoted(stored)} THEN {_quoted(word)}" for stored, word in words.items())
    return f"CASE {column} {cases} ELSE {column} END" if cases else column


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def entries(
    cx: sqlite3.Connection, wanted: EntryFilter, order: SortOrder = BY_TIME, descending: bool = True
) -> Pages[Entry]:
    """The entries that are wanted, newest first where no other order is given."""
    origin = "audit AS a INDEXED BY audit_subject" if wanted.subject is not None else "audit AS a NOT INDEXED"
    select = Select(COLUMNS, origin, "1", (), order, descending, record=Entry._make)
    for part in _parts(wanted):
        select = select.narrowed(part)
    return Pages(cx, select)


def _parts(wanted: EntryFilter) -> list[Part]:
    parts = []
    if wanted.who is not None:
        parts.append(Part("a.who = ?", (wanted.who,)))
    if wanted.actions is not None:
        marks = ", ".join("?" * len(wanted.actions))
        parts.append(Part(f"a.action IN ({marks})", wanted.actions))
    if wanted.subject is not None:
        parts.append(Part("a.subject = ?", (wanted.subject,)))
    if wanted.cart_id is not None:
        parts.append(Part(_OF_CART, (wanted.cart_id,) * _OF_CART.count("?")))
    if wanted.merchant_id is not None:
        parts.append(Part(_OF_MERCHANT, (wanted.merchant_id,) * _OF_MERCHANT.count("?")))
    if wanted.since is not None:
        parts.append(Part("a.at >= ?", (wanted.since,)))
    if wanted.until is not None:
        parts.append(Part("a.at <= ?", (wanted.until,)))
    return parts


def actions(cx: sqlite3.Connection) -> list[str]:
    """Actions that are recorded, in the order of the alphabet."""
    return [row[0] for row in cx.execute("SELECT DISTINCT action FROM audit ORDER BY action")]


def warehouse_codes(cx: sqlite3.Connection) -> dict[int, str]:
    """Codes of the warehouses of all merchants, by number."""
    return dict(cx.execute("SELECT id, code FROM warehouse").fetchall())


def subject_of_runs(cx: sqlite3.Connection, run_ids: list[int]) -> dict[int, tuple[int, int | None]]:
    """(merchant, cart or None for a download) of some runs."""
    marks = ", ".join("?" * len(run_ids))
    sql = f"SELECT id, merchant_id, iif(kind = 'pull', NULL, key) FROM run WHERE id IN ({marks})"
    return {number: (merchant, cart) for number, merchant, cart in cx.execute(sql, run_ids)}
