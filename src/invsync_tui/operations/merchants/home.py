"""What the merchants screen shows: merchants with their carts beneath them, a page at a time, and the pulse of the store.

What one page shows is read for its merchants alone; the pulse is counted by indexes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from heapq import nlargest
from typing import NamedTuple

from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.lists.listed_rows import Listed
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey, Rows
from invsync_tui.operations.merchants.overview import (
    Facts,
    freeze_problem,
    problems,
    read_facts,
    read_pulse,
    run_problems,
    upload_off,
)
from invsync_tui.operations.runs.last_status import ACTIVE, push_status
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import CartRow, MerchantRow, PastPush, Problem, Pulse, RunState
from invsync_tui.rules.outcomes import Counts
from invsync_tui.store import numbers as stored_numbers
from invsync_tui.store.paging import counts
from invsync_tui.store.paging.keyset import BOUND
from invsync_tui.store.paging.merchants import MerchantTree, TreeRow, size
from invsync_tui.store.runs import newest
from invsync_tui.store.runs.newest import PushRow
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.settings.read import CartHead, cart_heads

HomeLine = MerchantRow | CartRow
FEW = 1000
"""Merchants, and merchants with their carts a fifth of it, that are read together: they have every order and are filtered
by everything that they show. More are read in pages by name."""
FEW_WITH_CARTS = FEW // 5
PUSHES = 8
"""Last pushes of a cart or merchant that are shown."""
NAMED_RUNS = 50
"""Newest runs whose numbers are offered where a run's number is typed."""
BY_NAME = "name"


class Head(NamedTuple):
    """The pulse, and the numbers of the newest runs, newest first."""

    pulse: Pulse
    newest_runs: tuple[int, ...]


def head(session: Session) -> Head:
    """What stands above the list."""
    with as_operation_error(), session.store.reading() as cx:
        return Head(read_pulse(session, cx), tuple(stored_numbers.newest_runs(cx, NAMED_RUNS)))


def few(session: Session, *, carts: bool) -> tuple[HomeLine, ...] | None:
    """All merchants by name, with `carts` each cart beneath its merchant; None where they are too many to be read
    together."""
    with as_operation_error(), session.store.reading() as cx:
        merchants, all_carts = size(cx)
        if merchants > FEW or (carts and merchants + all_carts > FEW_WITH_CARTS):
            return None
        return tuple(_lines(session, carts, MerchantTree(cx, carts=carts).after(None, merchants + all_carts)))


def paged(session: Session, text: str = "", ordering: Ordering | None = None, *, carts: bool) -> Rows[HomeLine]:
    """The same in pages, by name. `text`: every word is in a name or system of a merchant or of one of its carts.

    OperationError: another order than by name was asked for.
    """
    if ordering is not None and ordering.column != BY_NAME:
        raise OperationError(f"So many merchants cannot be sorted by {ordering.column!r}, but by {BY_NAME!r}.")
    descending = ordering is not None and ordering.descending
    with as_operation_error(), session.store.reading() as cx:
        tree = MerchantTree(cx, text.split(), carts, descending)
        return Listed(session, tree, partial(_lines, session, carts), _place, (BY_NAME,), tree.count(None))


def _place(line: HomeLine) -> PlaceKey:
    return (line.merchant, line.name) if isinstance(line, CartRow) else (line.name, "")


def _lines(session: Session, carts: bool, places: Sequence[TreeRow]) -> list[HomeLine]:
    """The lines of some rows of the tree, in their order."""
    with as_operation_error(), session.store.reading() as cx:
        page = _read_page(session, cx, sorted({place.merchant_id for place in places}), carts)
    return [
        page.merchants[place.merchant_id] if place.cart_id is None else page.carts[place.cart_id] for place in places
    ]


class _Page(NamedTuple):
    """Merchants and carts, by number."""

    merchants: Mapping[int, MerchantRow]
    carts: Mapping[int, CartRow]


def _read_page(session: Session, cx: sqlite3.Connection, merchants: Sequence[int], carts: bool) -> _Page:
    """Some merchants with all of their carts. Without carts it is known of mismatches only whether there are any."""
    facts = read_facts(session, cx, merchants)
    heads = cart_heads(cx, merchants)
    mismatches = {cart.id: _mismatches(cx, cart, BOUND + 1 if carts else 1) for cart in heads}
    pushes = {cart.id: newest.last_pushes(cx, cart.id, PUSHES) if carts else [] for cart in heads}
    ended = newest.last_ended_of(cx, "push", [cart.id for cart in heads] if carts else [])
    of_merchant: dict[int, list[CartHead]] = {}
    for cart in heads:
        of_merchant.setdefault(cart.merchant_id, []).append(cart)
    return _Page(
        {
            row.id: replace(
                row,
                mismatches=_sum(
                    # What is off and was never read will show nothing wrong.
                    [
                        mismatches[cart.id]
                        for cart in of_merchant.get(row.id, ())
                        if cart.upload_enabled or mismatches[cart.id] is not None
                    ],
                    BOUND if carts else 0,
                ),
                mismatched=tuple(cart.name for cart in of_merchant.get(row.id, ()) if mismatches[cart.id]),
                pushes=_past([push for cart in of_merchant.get(row.id, ()) for push in pushes[cart.id]]),
            )
            for row in facts.rows()
        },
        {
            cart.id: _cart(cart, facts, ended.get(cart.id), _sum([mismatches[cart.id]], BOUND), _past(pushes[cart.id]))
            for cart in heads
            if carts
        },
    )


def _mismatches(cx: sqlite3.Connection, cart: CartHead, most: int) -> int | None:
    """Listings that do not show their target, counted up to `most`; None where nobody knows which there are."""
    number = counts.mismatches(cx, cart.id, most)
    return None if not number and cart.listed_at is None else number


def _sum(numbers: Sequence[int | None], bound: int) -> Count | None:
    """The sum of counts that stop one above `bound`; at least so many where one is unknown, None where all are."""
    known = [number for number in numbers if number is not None]
    if not known:
        return None
    if all(number <= bound for number in known):
        return Count(sum(known), exact=len(known) == len(numbers))
    return Count(max(sum(min(number, bound) for number in known), 1), exact=False)


def _past(pushes: Sequence[PushRow]) -> tuple[PastPush, ...]:
    """The last of some pushes, oldest first."""
    last = nlargest(PUSHES, pushes, key=lambda push: push.id)[::-1]
    return tuple(PastPush(RunState(push.state), Counts.from_dict(json.loads(push.counts)).set) for push in last)


def _cart(
    cart: CartHead, facts: Facts, ended: RunRow | None, mismatches: Count | None, pushes: tuple[PastPush, ...]
) -> CartRow:
    runs = [run for run in facts.runs.get(cart.merchant_id, ()) if run.kind in ("push", "radar") and run.key == cart.id]
    push = next((run for run in runs if run.kind == "push"), None)
    held = [push] if push is not None and push.state == "held" else []
    frozen = [
        freeze
        for freeze in facts.frozen.get(cart.merchant_id, ())
        if freeze.subject == "merchant" or freeze.number == cart.id
    ]
    on, merchant_on = bool(cart.upload_enabled), bool(cart.inventory_sync)
    own_schedule = cart.every is not None and on and merchant_on
    return CartRow(
        id=cart.id,
        merchant_id=cart.merchant_id,
        merchant=cart.merchant,
        name=cart.name,
        system=cart.system,
        upload_on=on,
        last_push_at=ended.ended_at if ended else None,
        status=push_status(
            on,
            merchant_on,
            push.state if push else None,
            facts.stalled.get(push.id) if push else None,
            ended,
            held=sum(Counts.from_dict(json.loads(run.counts)).held for run in held),
            frozen=f"{frozen[-1].by}: {frozen[-1].why}" if frozen else "",
        ),
        next_run_at=cart.next_at if own_schedule and facts.service.scheduled else None,
        not_due=facts.service.not_due if own_schedule else "",
        active_run=push.id if push is not None and push.state in ACTIVE else None,
        latest_run=push.id if push is not None else None,
        held=len(held),
        mismatches=mismatches,
        pushes=pushes,
        problems=tuple(_cart_problems(cart, runs, facts)),
    )


def _cart_problems(cart: CartHead, runs: Sequence[RunRow], facts: Facts) -> list[Problem]:
    result = run_problems(runs, facts)
    result += [] if cart.upload_enabled else [upload_off(cart.name)]
    result += problems([finding for finding in facts.findings.get(cart.merchant_id, ()) if finding.cart_id == cart.id])
    result += [
        freeze_problem(freeze)
        for freeze in facts.frozen.get(cart.merchant_id, ())
        if freeze.subject == "cart" and freeze.number == cart.id
    ]
    return result
