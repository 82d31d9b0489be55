"""An entry of the audit in words: what it is about, and what was replaced by what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from invsync_tui.operations.settings import fields
from invsync_tui.operations.settings.setting import Setting
from invsync_tui.rules import words
from invsync_tui.store.paging.audit import Entry

RENAMED = {
    "thaw": "unfreeze",
    "radar": "drift check",
    "heal": "correct",
    "radar set": "drift check schedule",
    "cart set": "cart settings",
    "merchant set": "merchant settings",
    "audit.removed": "audit shortened",
    "plant": "demo faults",
}
"""Stored actions that are called something else today."""
_COLUMNS: Mapping[str, Setting] = {
    setting.column: setting for setting in (*fields.MERCHANT, *fields.CART)
}  # fmt: skip
_LABELS = {
    "every": "Schedule",
    "warehouses": "Sync Inventory With Warehouse",
    "push_kind": "Push Inventory Using Alias",
}
"""Settings that are kept elsewhere, or whose value means something only beside other rows."""
MOST = 5
"""SKUs that one line names."""


class Names(NamedTuple):
    """Names of today by number. `runs`: (merchant, cart or None) by run."""

    merchants: Mapping[int, str]
    carts: Mapping[int, str]
    warehouses: Mapping[int, str]
    runs: Mapping[int, tuple[int, int | None]]


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that was replaced: of a setting by its label, of a listing by its SKU. '' before or after: nothing there."""

    what: str
    before: str
    after: str


def action(stored: str) -> str:
    """An action as a person says it."""
    return RENAMED.get(stored, stored)


def about(subject: str, known: Names) -> str:
    """A subject by its name; what was removed since has its number alone."""
    kind, _, number = subject.partition(":")
    if not number.isdecimal():
        return subject.replace(":", " ")
    by_kind = {"merchant": known.merchants, "cart": known.carts, "warehouse": known.warehouses}
    if kind in by_kind:
        name = by_kind[kind].get(int(number))
        return f"{kind} {name}" if name is not None else f"{kind} {number}, removed"
    if kind == "run" and int(number) in known.runs:
        merchant, cart = known.runs[int(number)]
        name = known.merchants.get(merchant) if cart is None else known.carts.get(cart)
        return f"run {number}, {name}" if name else f"run {number}"
    return f"{kind} {number}"


def changes(entry: Entry, known: Names) -> tuple[Changed, ...]:
    """What was replaced by what, one for each setting or listing that is named; () where the entry says nothing of it."""
    before, after = _read(entry.before), _read(entry.after)
    for content in (before, after):
        if isinstance(content, dict) and isinstance(content.get("listings"), list):
            return tuple(_listings(content, before, after))
        if isinstance(content, dict) and isinstance(content.get("links"), list):
            return tuple(_links(content, linked=content is after))
    if isinstance(before, dict) or isinstance(after, dict):
        return tuple(_settings(before or {}, after or {}, known))
    return ()


def sentence(entry: Entry, changed: tuple[Changed, ...]) -> str:
    """The entry in one line: its changes, the safety rules of a released run, or the words it has."""
    if changed:
        parts = [_change_text(change) for change in changed[:MOST]]
        more = _total(entry, changed) - len(parts)
        return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
    rules = _read(entry.before)
    if isinstance(rules, list):
        texts = [str(rule.get("text", "")) for rule in rules if isinstance(rule, dict)]
        if entry.action == "release":
            texts = [*map(_released, texts), _groups(entry.after)]
        return "; ".join(text for text in texts if text)
    before, after = (_word(text) for text in (entry.before, entry.after))
    return f"{before} to {after}" if before and after else after or before


def _released(text: str) -> str:
    """A rule's words when the run was held, as what was released."""
    return text.replace(" would be updated", " released")


def _groups(after: str) -> str:
    """The groups that were released alone; '' for all of them."""
    return f"only {_word(after)}" if after else ""


def _word(text: str) -> str:
    """A stored word in today's words: states of runs, numbers of runs, lists of groups."""
    content = _read(text)
    if isinstance(content, list):
        return ", ".join(words.group(str(item)) for item in content)
    return words.state(text).replace("run:", "run ")


def _change_text(change: Changed) -> str:
    if change.before and change.after:
        return f"{change.what}: {change.before} to {change.after}"
    value = change.after or change.before
    return f"{change.what}: {value}" if value else change.what


def _total(entry: Entry, changed: tuple[Changed, ...]) -> int:
    """How many listings, links or settings an entry is about, of which it may name only the first."""
    for text in (entry.before, entry.after):
        content = _read(text)
        if isinstance(content, dict):
            for name in ("listings", "links"):
                if isinstance(content.get(name), list):
                    return int(content.get("total", len(content[name])))
    return len(changed)


def _read(text: str) -> Any:
    """The JSON of a text; None for what is no JSON, such as a word."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _listings(named: Mapping[str, Any], before: Any, after: Any) -> Iterator[Changed]:
    """Listings by SKU, with what an operator set for them: of `before` each has its own value."""
    common = after if isinstance(after, dict) and "listings" not in after else {}
    for listing in named["listings"]:
        sku = str(listing.get("sku") or listing.get("id"))
        if common:
            was = [_plain(listing[name]) for name in common if name in listing]
            yield Changed(sku, ", ".join(was), ", ".join(map(_plain, common.values())))
        else:
            yield Changed(sku, "", "")


def _links(named: Mapping[str, Any], *, linked: bool) -> Iterator[Changed]:
    for link in named["links"]:
        product = f"product {link.get('product')}"
        yield Changed(str(link.get("ref")), "" if linked else product, product if linked else "")


def _settings(before: Mapping[str, Any], after: Mapping[str, Any], known: Names) -> Iterator[Changed]:
    """Settings by their label; the values of a thing that was added or removed stand on their own."""
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if name in before and name in after and was == now:
            continue
        texts = [_value(name, values[name], known) if name in values else "" for values in (before, after)]
        yield Changed(_label(name), *texts)


def _label(name: str) -> str:
    if name in _LABELS:
        return _LABELS[name]
    setting = _COLUMNS.get(name)
    return setting.label if setting is not None else name.replace("_", " ").capitalize()


def _value(name: str, value: Any, known: Names) -> str:
    if name == "warehouses" and isinstance(value, list):
        return ", ".join(_warehouse(number, known) for number in value) or "all"
    if name == "every":
        return _value_text(_COLUMNS.get("stale_after"), value) if value is not None else "off"
    return _value_text(_COLUMNS.get(name) if name not in _LABELS else None, value)


def _warehouse(number: Any, known: Names) -> str:
    return known.warehouses.get(number, f"warehouse {number}") if isinstance(number, int) else str(number)


def _value_text(setting: Setting | None, value: Any) -> str:
    """A stored value as the form shows it; one that it does not understand, of a former version, as it is."""
    if setting is not None:
        try:
            return setting.show(value) or "none"
        except (TypeError, ValueError, AttributeError, KeyError):
            return _plain(value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items()) or "none"
    return "none" if value is None or value == "" else str(value)
