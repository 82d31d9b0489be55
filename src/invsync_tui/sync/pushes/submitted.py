"""Batches that a cart applies later: when what became of them is asked for, and what follows from the answer.

A listing waits for its batch, whatever it should show meanwhile: a newer quantity that is sent beside an older one that
the cart has not applied yet could be applied before it. What is newer is sent once the older one has its outcome.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.connectors.base import AppliesLater, Cart, Pending, RowAnswer, Submitted
from invsync_tui.connectors.errors import (
    ContractError,
    DeferredError,
    PermissionDeniedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.plain_text import counted
from invsync_tui.rules.worker_health import span
from invsync_tui.store.listings import push_batches
from invsync_tui.store.listings.push_batches import Batch, Waits
from invsync_tui.store.runs import runs
from invsync_tui.sync.runs.run_context import RunContext

LOOK_LEAST = 5
"""Seconds between two looks at the same batch, whatever the cart says: each look is a run."""
ASK_AGAIN = 300
"""Seconds until the cart is asked again where it could not say anything about a ticket."""
GIVE_UP_MOST = 7 * 86400
"""Seconds after which a batch is given up, whatever the cart says: its listings get no newer quantity until then."""


class NoNews(NamedTuple):
    """Nothing is known of a batch yet. `why` is '' where the cart says that it is not done."""

    why: str
    waits: Waits


def waits_of(submitted: Submitted, now: float) -> Waits:
    """The times of a connector, in whole seconds and within reason."""
    give_up = math.ceil(min(max(submitted.give_up_at, now), now + GIVE_UP_MOST))
    return Waits(_between(submitted.look_after, now, give_up), give_up)


def _between(look_after: float, now: float, give_up: int) -> int:
    return min(math.ceil(max(look_after, now + LOOK_LEAST)), max(give_up, math.ceil(now)))


def not_yet(batch: Batch, now: float) -> bool:
    """The time to look at a batch has not come."""
    return batch.look_after is not None and now < batch.look_after


def is_over(batch: Batch, now: float) -> bool:
    """The cart had its time: the batch is given up unless the cart says now what became of it."""
    return batch.give_up_at is None or now >= batch.give_up_at


async def ask(cart: Cart, batch: Batch, now: float) -> Sequence[RowAnswer] | NoNews:
    """What the cart says of a batch. Raises where the connection as a whole cannot go on."""
    give_up = batch.give_up_at if batch.give_up_at is not None else math.ceil(now)
    if not isinstance(cart, AppliesLater):
        return NoNews("the cart does not say what becomes of it", Waits(give_up, give_up))
    try:
        answer = await cart.outcome(batch.ticket)
    except DeferredError:
        raise
    except (ThrottledError, UnavailableError, ContractError, PermissionDeniedError) as error:
        return NoNews(error.what, Waits(min(math.ceil(now) + ASK_AGAIN, max(give_up, math.ceil(now))), give_up))
    if not isinstance(answer, Pending):
        return answer
    if answer.give_up_at is not None:
        give_up = math.ceil(min(max(answer.give_up_at, now), now + GIVE_UP_MOST))
    return NoNews("", Waits(_between(answer.look_after, now, give_up), give_up))


def listings_of(batch: Batch) -> str:
    """How many listings a batch has, in words."""
    return counted(len(batch.items), "submitted listing")


def request_next_look(tx: sqlite3.Connection, job: RunContext, now: int) -> None:
    """At the end of a run: ask for the one that looks at what the cart has not applied yet, and say so."""
    if runs.login_refused(tx, job.run.kind, job.run.key):
        return  # to try it again by itself may lock the account out
    when = push_batches.next_look(tx, job.run.key, now)
    number = runs.look_again_at(tx, job.run, when, now) if when is not None else None
    if when is None or number is None:
        return
    wait = span(when - now)
    text = (
        f"Run {number} looks up what became of the submitted listings, in {wait} at the earliest, or the next run does."
    )
    runs.add_event(tx, job.run.id, now, "info", redacted(text))


def count_waits_anew(tx: sqlite3.Connection, cart_id: int) -> None:
    """Let waits that were noted by a clock that was ahead begin once more."""
    now = clock.seconds()
    push_batches.count_waits_anew(tx, cart_id, now, now + int(clock.TOLERANCE))
