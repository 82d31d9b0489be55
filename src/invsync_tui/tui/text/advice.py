"""Advice of operations and reasons as screens give it: operations name commands, a screen names keys and words for `:`."""

from __future__ import annotations

import re

SHOWN = ("serve", "demo")
"""Commands that screens name: they start a process outside of the control room."""

_LISTS = {
    "runs": ":runs",
    "carts": ":carts",
    "merchants": ":merchants",
    "warehouses": ":warehouses",
    "listings": ":listings",
    "search": ":search",
    "events": ":events",
    "doctor": ":doctor",
    "drift": ":drift CART",
    "plan": ":plan CART",
    "links": ":identity CART",
}
"""By command, the word for `:` of the screen that shows the same."""

_BEFORE = r"(?:^|(?<=: )|(?<=\bwith )|(?<=\bsee )|(?<=\bthen )|(?<=\bor )|(?<=[(`']))"
"""What stands before a command; elsewhere "invsync" is the program."""
_COMMAND = re.compile(rf"{_BEFORE}invsync (?!(?:{'|'.join(SHOWN)})\b)(?P<name>[a-z]+)(?P<rest>(?: [^.,;()\s]+)*)")
_REPLACED = (
    (re.compile(r"until: invsync unfreeze .*?(?=\.? *$|\. )"), "until it is unfrozen: z in :carts"),
    (re.compile(r": invsync unfreeze [^.]*"), ": z in :carts"),
    (re.compile(r"\bwith invsync bundle\b"), "with a support bundle"),
    (re.compile(r" \(invsync [^()]*\)"), ""),
)
_ALTERNATIVE = re.compile(r"(?:, then|, or|; |: *$|,? +(?:then|or)) *:? *$", re.IGNORECASE)
_BY_LIST = re.compile(r"(?:with|see|in)[: ]*$", re.IGNORECASE)


def of_keys(text: str) -> str:
    """The same advice without commands: a list's command becomes its word for `:`, "X, then: COMMAND" becomes "X.", and a
    sentence that only leads to a command is left out. May be empty."""
    if "invsync " not in text:
        return text
    for pattern, instead in _REPLACED:
        text = pattern.sub(instead, text)
    return " ".join(filter(None, (_sentence(part) for part in re.split(r"(?<=[.?!]) +| {3}(?=then:)", text))))


def _sentence(text: str) -> str:
    command = _COMMAND.search(text)
    if command is None:
        return text
    before = text[: command.start()]
    screen = _LISTS.get(command["name"])
    if screen is not None and _BY_LIST.search(before) and not _COMMAND.search(text, command.end()):
        return f"{before.rstrip().removesuffix(':')} {screen}{'.' if text.endswith('.') else ''}"
    clause = _ALTERNATIVE.search(before)
    if clause is None or (before.rstrip().endswith(":") and clause.group().strip() == ":"):
        return ""
    return before[: clause.start()].rstrip(" :,;") + "."
