"""What an operator can change from a screen, as data: key, words, danger, right, confirmation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from invsync_tui.operations.views import Action
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import ListingLine
    from invsync_tui.operations.session import Session


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The question before a change is made. The safe answer has the focus."""

    question: str
    consequence: str
    confirm: str
    needs_reason: bool
    leave: str = "Cancel"
    """The button that changes nothing."""
    several: str = ""
    """The question about several; `{}` says how many of how many."""

    def about(self, listings: str) -> Confirmation:
        """The same about several listings, such as "4 of 892 listings"."""
        return replace(self, question=self.several.format(listings)) if self.several else self


@dataclass(frozen=True, slots=True)
class RunAction:
    """One change of a run. `dangerous` ones change the store or a cart: hidden and refused in read-only."""

    action: Action
    key: str
    label: str
    help: str
    dangerous: bool = True
    ask: Confirmation | None = None


VERBS: Mapping[Action, RunAction] = {
    verb.action: verb
    for verb in (
        RunAction(Action.START, "s", "Start", "Start this sync again now"),
        RunAction(Action.RESUME, "s", "Resume", "Start a worker that continues this run"),
        RunAction(
            Action.CANCEL,
            "c",
            "Stop run",
            "Stop this run after the request in flight; the next run continues",
            ask=Confirmation(
                "Stop this run?",
                "What the cart has confirmed stays. The rest waits for the next run.",
                "Stop run",
                needs_reason=False,
                leave="Keep running",
            ),
        ),
        RunAction(
            Action.RELEASE,
            "r",
            "Release",
            "Send the held updates",
            ask=Confirmation(
                "Release this held run?",
                "The held updates are sent to the cart. Undo of the run, afterwards, plans to put back what they replaced.",
                "Release and send",
                needs_reason=True,
            ),
        ),
        RunAction(
            Action.DISCARD,
            "x",
            "Discard",
            "Discard without sending",
            ask=Confirmation(
                "Discard this held run?",
                "Nothing is sent. The next run makes a new plan and may be held again.",
                "Discard without sending",
                needs_reason=True,
            ),
        ),
    )
}


def offered(allowed: frozenset[Action], *, read_only: bool) -> frozenset[Action]:
    """The actions that may be shown and started."""
    return frozenset(action for action in allowed if not (read_only and VERBS[action].dangerous))


Make = Callable[["Session", Sequence[int], bool, str], str]
"""Makes the change: session, numbers of listings, set it or take it back, reason; what follows, in words."""
Held = Callable[["ListingLine"], bool]


@dataclass(frozen=True, slots=True)
class ListingChange:
    """One change of listings. Where all of them already have what it sets (`held`), it takes that back."""

    name: str
    key: str
    label: str
    help: str
    ask: Confirmation
    back: Confirmation
    held: Held
    make: Make

    def sets(self, listings: Sequence[ListingLine]) -> bool:
        return not all(map(self.held, listings))

    def question(self, listings: Sequence[ListingLine]) -> Confirmation:
        return self.ask if self.sets(listings) else self.back


def _sync(session: Session, ids: Sequence[int], on: bool, reason: str) -> str:
    from invsync_tui.operations.catalog import sku

    requested = sku.sync_now(session, ids)
    return f"{requested.message} Started a worker of its own." if requested.worker_started else requested.message


def _exclude(session: Session, ids: Sequence[int], on: bool, reason: str) -> str:
    from invsync_tui.operations.catalog import sku

    return sku.set_excluded(session, ids, on, reason)


def _lock(session: Session, ids: Sequence[int], on: bool, reason: str) -> str:
    from invsync_tui.operations.catalog import sku

    return sku.set_locked(session, ids, on, reason)


FIX = "listing-fix"
"""The prompt for a fixed quantity."""
FIX_KEY = "v"
FIXED = Confirmation(
    "Override the quantity?",
    "The cart gets it with the next push, whatever the stock is, until the override is removed.",
    "Override",
    True,
    several="Override the quantity of {}?",
)
LET_GO = Confirmation(
    "Remove the override?", "The next push sends what the settings say.", "Remove override", True,
    several="Remove the override of {}?",
)  # fmt: skip


def fixed_quantity(typed: str) -> int | None:
    """What an operator typed for a fixed quantity: None for nothing or `off`; OperationError for what is no quantity."""
    from invsync_tui.operations.settings import values

    word = typed.strip()
    return None if word.lower() in ("", values.OFF, values.NONE) else values.whole("quantity", word)


SYNC = Confirmation(
    "Sync now?",
    "Their quantities are recalculated and sent to the cart.",
    "Sync now",
    needs_reason=False,
    several="Sync {} now?",
)
LISTING_CHANGES: tuple[ListingChange, ...] = (
    ListingChange(
        "sync", "s", "Sync", "Sync the selected listings now", SYNC, SYNC, lambda _: False, _sync,
    ),
    ListingChange(
        "exclude", "x", "Exclude", "Exclude the selected listings from every sync, or include them again",
        Confirmation("Exclude from the sync?",
            "Nothing is sent for them any more; the cart keeps what it shows.", "Exclude", True,
            several="Exclude {} from the sync?"),
        Confirmation("Include in the sync?", "The next push sends what the settings say.", "Include", True,
            several="Include {} in the sync?"),
        lambda line: line.excluded, _exclude,
    ),
    ListingChange(
        "lock", "l", "Lock", "Keep the selected listings at what their cart shows, or unlock them",
        Confirmation("Lock at what the cart shows?", "Nothing is sent for them until they are unlocked.", "Lock", True,
            several="Lock {} at what the cart shows?"),
        Confirmation("Unlock?", "The next push sends what the settings say.", "Unlock", True, several="Unlock {}?"),
        lambda line: line.locked, _lock,
    ),
)  # fmt: skip


def subject(listings: Sequence[ListingLine]) -> str:
    """The listings in words: the one, or how many and the first."""
    first = f"{listings[0].sku} in {listings[0].cart}"
    return first if len(listings) == 1 else f"{counted(len(listings), 'listing')}: {first} and others"
