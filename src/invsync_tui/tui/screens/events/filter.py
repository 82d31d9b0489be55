"""The filter of the event log: `merchant:`, `cart:`, `severity:`, `since:`, `until:`, and bare words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from invsync_tui.tui.navigation.names import Known, named
from invsync_tui.tui.text.formatting import filter_words

ABOUT = ("merchant", "cart", "severity", "since", "until")
SEVERITIES = ("info", "warning", "error")


class Typed(NamedTuple):
    """What was typed, by what it is about; '' does not narrow."""

    merchant: str = ""
    cart: str = ""
    severity: str = ""
    since: str = ""
    until: str = ""


def understand(text: str, known: Known) -> Typed | None:
    """The words of a filter; None where one of them can match nothing. A bare one is a severity, a cart or a merchant."""
    typed: dict[str, str] = {}
    for prefix, word in filter_words(text):
        about = prefix.casefold()
        if about and about not in ABOUT:
            return None
        severity = next((each for each in SEVERITIES if each.startswith(word.casefold())), None)
        if about == "severity" or (not about and severity):
            if severity is None:
                return None
            typed["severity"] = severity
        elif about:
            typed[about] = word
        elif cart := named(word, known.carts):
            typed["cart"] = cart.name
        elif merchant := named(word, known.merchants):
            typed["merchant"] = merchant.name
        else:
            return None
    return Typed(**typed)


def offers(known: Known) -> list[str]:
    """What the prompt completes."""
    words = [*SEVERITIES, "since:", "until:"]
    words += [f'cart:"{cart.name}"' for cart in known.carts]
    return [*words, *(f'merchant:"{merchant.name}"' for merchant in known.merchants)]
