"""The filter of the audit: `who:`, `action:`, `cart:`, `merchant:`, `subject:`, `since:`, `until:`, and bare words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.tui.text.formatting import filter_words

ABOUT = ("who", "action", "cart", "merchant", "subject", "since", "until")


class Typed(NamedTuple):
    """What was typed, by what it is about; '' does not narrow."""

    who: str = ""
    action: str = ""
    cart: str = ""
    merchant: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""


def understand(text: str, actions: Sequence[str]) -> Typed:
    """The words of a filter. A bare one is an action that begins so, else an operator; quotes keep blanks together."""
    typed: dict[str, str] = {}
    for about, word in filter_words(text):
        if about.casefold() in ABOUT:
            typed[about.casefold()] = word
        elif not about:
            begun = any(action.casefold().startswith(word.casefold()) for action in actions)
            typed["action" if begun else "who"] = word
        else:  # a word with a colon of its own, such as run:17
            typed["subject"] = f"{about}:{word}"
    return Typed(**typed)


def offers(actions: Sequence[str]) -> list[str]:
    """What the prompt completes."""
    return [*(action for action in actions if " " not in action), *(f"{about}:" for about in ABOUT)]
