"""Stored codes of outcomes, states, groups and phases in words for a person. JSON documents keep the codes."""

from __future__ import annotations

OUTCOMES = {"set": "updated", "equal": "in sync", "in_doubt": "in doubt"}
STATES = {"cancelling": "canceling", "cancelled": "canceled"}
KINDS = {"pull": "inventory download", "push": "inventory upload", "radar": "drift check"}
GROUPS = {"zero": "to zero", "jump": "large changes", "rest": "other"}
RISKS = {"sells-out": "to zero", "jump": "large change", "fall": "decrease", "rise": "increase"}
PHASES = {
    "resolve": "check unanswered batches",
    "missing": "check removed products",
    "radar": "read from cart",
}
_LEVELS = "levels "


def outcome(code: str) -> str:
    """The outcome of a SKU: `set` is "updated"."""
    return OUTCOMES.get(code, code)


def state(code: str) -> str:
    """The state of a run: `cancelled` is "canceled"."""
    return STATES.get(code, code)


def group(code: str) -> str:
    """A group of held listings: `jump` is "large changes"."""
    return GROUPS.get(code, code)


def risk(code: str) -> str:
    """The risk of a change: `fall` is "decrease"."""
    return RISKS.get(code, code)


def phase(name: str) -> str:
    """A phase of a run: `levels EAST` is "stock levels: EAST"."""
    if name.startswith(_LEVELS):
        return f"stock levels: {name.removeprefix(_LEVELS)}"
    return PHASES.get(name, name)
