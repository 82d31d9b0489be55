"""An entry of the audit in a few words, as far as it concerns a listing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from invsync_tui.store.runs.timeline import AuditedChange


def describe(entry: AuditedChange, listing_id: int) -> str | None:
    """What was changed, in words; None where it was for other listings only."""
    before, after = _read(entry.before), _read(entry.after)
    named = next((content for content in (before, after) if isinstance(content, dict) and "listings" in content), None)
    if named is not None:
        return _of_listing(entry, named, after, listing_id)
    subject = entry.subject.replace(":", " ") if entry.subject.startswith("run:") else entry.subject.partition(":")[0]
    if isinstance(before, dict) and isinstance(after, dict):
        return _of_settings(subject, entry.action, before, after)
    # `cart set` names its subject already.
    return entry.action if subject in entry.action.split() else f"{entry.action} {subject}"


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _of_listing(entry: AuditedChange, named: Mapping[str, Any], after: Any, listing_id: int) -> str | None:
    listed = named["listings"]
    mine = [listing for listing in listed if listing.get("id") == listing_id]
    if mine:
        values = after if isinstance(after, dict) and "listings" not in after else {}
        return " ".join([entry.action, *(f"{name} {_value(value)}" for name, value in values.items())])
    # An entry names the first listings of many only; whether this one was among the rest is not known.
    unnamed = int(named.get("total", len(listed))) - len(listed)
    return f"{entry.action}, perhaps: one of {unnamed} that are not named" if unnamed > 0 else None


def _of_settings(subject: str, action: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [name for name in after if after.get(name) != before.get(name)]
    changes = ", ".join(f"{name} {_value(before.get(name))} to {_value(after[name])}" for name in names)
    return f"{action}: {changes}" if subject in action.split() else f"{action} {subject}: {changes}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return "+".join(map(str, value)) or "all"
    return "none" if value is None else str(value)
