"""The filter of the runs list: words to a merchant, a cart, a state, a trigger, and who asked. Pure.

`held`, `vendure`, `ada` are enough; `state:`, `cart:`, `merchant:`, `trigger:` and `who:` tell what a word is about
where that could be mistaken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from invsync_tui.operations.views import RunState
from invsync_tui.rules import words
from invsync_tui.tui.navigation.names import Known, named

CODES: Mapping[str, Mapping[str, str]] = {
    "state": {words.name(words.STATES, state.value): state.value for state in RunState},
    "trigger": {name: code for code, name in words.TRIGGERS.items()},
}
"""By what they are about, the names that can be typed, each with its stored code, which can be typed too."""


class About(StrEnum):
    """What a word of the filter is about."""

    MERCHANT = "merchant"
    CART = "cart"
    STATE = "state"
    TRIGGER = "trigger"
    WHO = "who"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; None is all."""

    merchant_id: int | None = None
    cart_id: int | None = None
    state: str | None = None
    trigger: str | None = None
    who: str | None = None


def understand(text: str, base: RunFilter, known: Known) -> RunFilter | None:
    """The filter on top of what the list is about anyway; None where a word cannot match anything."""
    run_filter: RunFilter | None = base
    for word in text.split():
        if run_filter is None:
            return None
        about, _, rest = word.partition(":")
        if about.casefold() in set(About):
            run_filter = _with_word(run_filter, About(about.casefold()), rest, known) if rest else run_filter
        else:
            run_filter = _guessed(run_filter, word, known)
    return run_filter


def _with_word(run_filter: RunFilter, about: About, word: str, known: Known) -> RunFilter | None:
    if about is About.WHO:
        return replace(run_filter, who=word)
    word = word.casefold()
    if about in (About.STATE, About.TRIGGER):
        code = _code(CODES[about], word)
        if code is None:
            return None
        return replace(run_filter, state=code) if about is About.STATE else replace(run_filter, trigger=code)
    match = named(word, known.merchants if about is About.MERCHANT else known.carts)
    if match is None:
        return None
    return (
        replace(run_filter, merchant_id=match.id) if about is About.MERCHANT else replace(run_filter, cart_id=match.id)
    )


def _code(codes: Mapping[str, str], word: str) -> str | None:
    """The stored code of the first name that begins so, or else that begins so itself."""
    pairs = (*codes.items(), *((code, code) for code in codes.values()))
    return next((code for name, code in pairs if name.startswith(word)), None)


def _guessed(run_filter: RunFilter, word: str, known: Known) -> RunFilter | None:
    """What a bare word is about: the first thing that it fits, and who asked where it fits nothing."""
    for about in (About.STATE, About.TRIGGER, About.CART, About.MERCHANT):
        narrowed = _with_word(run_filter, about, word, known)
        if narrowed is not None:
            return narrowed
    return replace(run_filter, who=word)


def offers(known: Known) -> list[str]:
    """What the prompt completes."""
    states, triggers = CODES[About.STATE], CODES[About.TRIGGER]
    offered = [*states, *(f"{About.STATE}:{state}" for state in states)]
    offered += [f"{About.TRIGGER}:{trigger.split(' ', 1)[0]}" for trigger in triggers]
    offered += [f"{About.CART}:{cart.name.split(' ', 1)[0]}" for cart in known.carts]
    offered += [f"{About.MERCHANT}:{merchant.name.split(' ', 1)[0]}" for merchant in known.merchants]
    return [*offered, f"{About.WHO}:"]
