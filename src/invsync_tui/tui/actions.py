"""What an operator can order for listings, as data: sync now, exclude, lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invsync_tui.operations.list_views import ListingLine
from invsync_tui.tui.verbs import Ask

if TYPE_CHECKING:
    from invsync_tui.tui.gateway import Gateway

Give = Callable[["Gateway", Sequence[int], bool, str], str]
Held = Callable[[ListingLine], bool]


@dataclass(frozen=True, slots=True)
class ListingOrder:
    """One order. Where all the listings already have what it sets (`held`), it takes that back."""

    name: str
    key: str
    label: str
    help: str
    ask: Ask
    back: Ask
    held: Held
    give: Give

    def sets(self, found: Sequence[ListingLine]) -> bool:
        return not all(map(self.held, found))

    def question(self, found: Sequence[ListingLine]) -> Ask:
        return self.ask if self.sets(found) else self.back


def _sync(gateway: Gateway, ids: Sequence[int], on: bool, reason: str) -> str:
    requested = gateway.sync_listings(ids)
    return f"{requested.message} Started a worker of its own." if requested.worker_started else requested.message


def _exclude(gateway: Gateway, ids: Sequence[int], on: bool, reason: str) -> str:
    return gateway.set_excluded(ids, on, reason)


def _lock(gateway: Gateway, ids: Sequence[int], on: bool, reason: str) -> str:
    return gateway.set_locked(ids, on, reason)


FIX = "listing-fix"
"""The prompt for a fixed quantity."""
FIX_KEY = "v"
FIXED = Ask(
    "Fix the quantity?", "The cart gets it with the next push, whatever the stock is, until it is let go.", "Fix", True
)
LET_GO = Ask("Let the stock decide again?", "The next push sends what the rules say.", "Let go", True)


def fixed_quantity(typed: str) -> int | None:
    """What an operator typed for a fixed quantity: None for nothing or `off`; OperationError for what is no quantity."""
    from invsync_tui.operations.settings import values

    word = typed.strip()
    return None if word.lower() in ("", values.OFF, values.NONE) else values.whole("quantity", word)


SYNC = Ask("Sync now?", "Their quantities are decided anew and sent to the cart.", "Sync now", needs_reason=False)
ORDERS: tuple[ListingOrder, ...] = (
    ListingOrder(
        "sync", "s", "Sync", "Sync the selected listings now", SYNC, SYNC, lambda _: False, _sync,
    ),
    ListingOrder(
        "exclude", "x", "Exclude", "Leave the selected listings out of every sync, or take them back in",
        Ask("Exclude from the sync?", "Nothing is sent for them any more; the cart keeps what it shows.", "Exclude", True),
        Ask("Take back into the sync?", "The next push sends what the rules say.", "Take back in", True),
        lambda line: line.excluded, _exclude,
    ),
    ListingOrder(
        "lock", "l", "Lock", "Keep the selected listings at what their cart shows, or unlock them",
        Ask("Lock at what the cart shows?", "Nothing is sent for them until they are unlocked.", "Lock", True),
        Ask("Unlock?", "The next push sends what the rules say.", "Unlock", True),
        lambda line: line.locked, _lock,
    ),
)  # fmt: skip


def subject(found: Sequence[ListingLine]) -> str:
    """The listings in words: the one, or how many and the first."""
    first = f"{found[0].sku} in {found[0].cart}"
    return first if len(found) == 1 else f"{len(found)} listings: {first} and others"
