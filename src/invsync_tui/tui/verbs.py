"""What an operator can order from a run screen, as data: key, words, danger, and what must be asked first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from invsync_tui.operations.views import Action


@dataclass(frozen=True, slots=True)
class Ask:
    """The question before an order is given. The safe answer has the focus."""

    question: str
    consequence: str
    confirm: str
    needs_reason: bool


@dataclass(frozen=True, slots=True)
class Verb:
    """One order. `dangerous` ones change the store or a cart: hidden and refused in read-only."""

    action: Action
    key: str
    label: str
    help: str
    dangerous: bool = True
    ask: Ask | None = None


VERBS: Mapping[Action, Verb] = {
    verb.action: verb
    for verb in (
        Verb(Action.START, "s", "Start", "Start this sync again now"),
        Verb(
            Action.CANCEL,
            "c",
            "Cancel run",
            "Stop this run after the request in flight; the next run continues",
            ask=Ask(
                "Cancel this run?",
                "What the cart has accepted stays. The rest waits for the next run.",
                "Cancel the run",
                needs_reason=False,
            ),
        ),
        Verb(
            Action.RELEASE,
            "r",
            "Release",
            "Let a held run send what a safety rule stopped",
            ask=Ask(
                "Release this held run?",
                "It sends what the safety rules stopped. This cannot be taken back.",
                "Release and send",
                needs_reason=True,
            ),
        ),
        Verb(
            Action.DISCARD,
            "x",
            "Discard",
            "Throw a held run's plan away; nothing is sent",
            ask=Ask(
                "Discard this held run?",
                "Nothing is sent. The next run plans anew and may be held again.",
                "Discard the plan",
                needs_reason=True,
            ),
        ),
    )
}
READ_ONLY = "Read-only: this control room was started to look, not to act. Start it without --read-only to give orders."


def offered(allowed: frozenset[Action], *, read_only: bool) -> frozenset[Action]:
    """The actions that may be shown and given."""
    return frozenset(action for action in allowed if not (read_only and VERBS[action].dangerous))
