"""What operators set for listings (excluded, locked, overridden): who, when and why, as the audit has it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invsync_tui import local_time
from invsync_tui.plain_text import counted
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.runs import timeline
from invsync_tui.store.runs.timeline import AuditedChange

ACTIONS: Mapping[Reason, str] = {
    Reason.EXCLUDED: "exclude",
    Reason.LOCKED: "lock",
    Reason.OVERRIDDEN: "override",
}
"""The action of the audit that leads to a cause."""


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """An entry of the audit by which a cause came about. `at` in epoch seconds."""

    cause: Reason
    who: str
    at: int
    reason: str
    certain: bool
    """False: it was for more listings than the entry names, and this one may not be among them."""

    @property
    def text(self) -> str:
        """Who, when and why, in words."""
        doubt = "" if self.certain else " (perhaps: the entry does not name all of its listings)"
        return f"by {self.who} at {local_time.stamp(self.at)}: {self.reason}{doubt}"


def of_listing(
    cx: sqlite3.Connection, cart_id: int, listing_id: int, causes: tuple[Reason, ...]
) -> tuple[OperatorChange, ...]:
    """The newest entry for each of a listing's causes that an operator set; those that are not kept are left out."""
    result = []
    for cause in causes:
        if cause in ACTIONS:
            entries = timeline.changes(cx, f"cart:{cart_id}", ACTIONS[cause])
            changes = (_change(entry, cause, listing_id) for entry in entries)
            result += [change for change in changes if change is not None][:1]
    return tuple(result)


def newest(cx: sqlite3.Connection, cart_id: int, cause: Reason) -> str:
    """Who set a cause last for a listing of a cart, when and why; '' where the audit does not tell."""
    if cause not in ACTIONS:
        return ""
    for entry in timeline.changes(cx, f"cart:{cart_id}", ACTIONS[cause]):
        if _sets(entry):
            named = _named(entry)
            change = OperatorChange(cause, entry.who, entry.at, entry.reason, certain=True)
            return f"last for {counted(int(named.get('total', 1)), 'listing')} {change.text}"
    return ""


def _change(entry: AuditedChange, cause: Reason, listing_id: int) -> OperatorChange | None:
    named = _named(entry)
    listed = named.get("listings", ())
    mine = any(listing.get("id") == listing_id for listing in listed)
    if not _sets(entry) or not (mine or int(named.get("total", 0)) > len(listed)):
        return None
    return OperatorChange(cause, entry.who, entry.at, entry.reason, certain=mine)


def _named(entry: AuditedChange) -> dict[str, Any]:
    before = json.loads(entry.before) if entry.before else {}
    return before if isinstance(before, dict) else {}


def _sets(entry: AuditedChange) -> bool:
    """An override is removed under the same action."""
    after = json.loads(entry.after) if entry.after else {}
    return not (isinstance(after, dict) and "override" in after and after["override"] is None)
