"""What documents, options and screens call the codes of the store, which keeps the codes it began with.

A document and an option have the name (`in_sync`), a screen and a line for a person its words ("in sync").
"""

from __future__ import annotations

from collections.abc import Mapping

OUTCOMES = {"set": "updated", "equal": "in_sync", "in_doubt": "in_doubt", "submitted": "submitted"}
STATES = {"cancelling": "canceling", "cancelled": "canceled"}
ALL_LOCATIONS = "Combine All Locations"
"""A cart that names no warehouse."""
EDITED = "edited in cart"
"""Of a listing that drifted: the cart shows another quantity than the one it accepted."""
TRIGGERS = {
    "manual": "manual",
    "schedule": "schedule",
    "after pull": "after pull",
    "again": "again",
    "look again": "check again",
    "webhook": "webhook",
    "order": "order",
    "demo": "demo",
}
"""Why a run was requested. `check again`: to ask what became of a batch that the cart applies later."""
RUN_KINDS = {"radar": "drift_check"}
SAFETY_RULES = {"JUMP": "LARGE_CHANGES", "CATALOGUE_SHRUNK": "CATALOG_SHRUNK"}
COUNTED = {"pull": "products and stock levels", "push": "listings and unlisted products", "radar": "listings"}
GROUPS = {"zero": "to_zero", "jump": "large_changes", "rest": "other"}
PHASES = {
    "resolve": "check unanswered batches",
    "missing": "check removed products",
    "radar": "read from cart",
}
_LEVELS = "levels "


def named(names: Mapping[str, str], counts: Mapping[str, int]) -> dict[str, int]:
    """Numbers by stored code as a document has them: by name."""
    return {name(names, code): number for code, number in counts.items()}


def name(names: Mapping[str, str], code: str) -> str:
    """The name of a stored code."""
    return names.get(code, code)


def stored(names: Mapping[str, str], name: str) -> str:
    """The stored code of a name; a stored code is one too, as scripts of former versions give it."""
    return next((code for code, known in names.items() if known == name), name)


def run_kind(code: str) -> str:
    """The kind of a run: `radar` is "drift check"."""
    return _words(RUN_KINDS, code)


def outcome(code: str) -> str:
    """The outcome of a SKU: `set` is "updated"."""
    return _words(OUTCOMES, code)


def trigger(code: str) -> str:
    """Why a run was requested: `look again` is "check again"."""
    return name(TRIGGERS, code)


def state(code: str) -> str:
    """The state of a run: `cancelled` is "canceled"."""
    return _words(STATES, code)


def counted_in(code: str) -> str:
    """What the total of a run of a kind counts."""
    return COUNTED[code]


def group(code: str) -> str:
    """A group of held listings: `jump` is "large changes"."""
    return _words(GROUPS, code)


def phase(name: str) -> str:
    """A phase of a run: `levels EAST` is "stock levels: EAST"."""
    if name.startswith(_LEVELS):
        return f"stock levels: {name.removeprefix(_LEVELS)}"
    return PHASES.get(name, name)


def _words(names: Mapping[str, str], code: str) -> str:
    """A code that has no name, such as that of a reason in the same table, stays as it is."""
    return names[code].replace("_", " ") if code in names else code
