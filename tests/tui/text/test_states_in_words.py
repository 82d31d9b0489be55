"""No list tells a state by color alone: of each list, all kinds of lines are made, and two rows that read alike have the same
tones. So what a tone says stands in words or a mark beside it, at each width, with and without Unicode."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

import pytest

from invsync_tui.operations import events
from invsync_tui.operations.audit.audit import AuditLine
from invsync_tui.operations.listings.drift import DriftLine
from invsync_tui.operations.listings.identity import LinkLine, RenameLine, UnmatchedLine
from invsync_tui.operations.lists.list_views import (
    AliasTypeLine,
    CartLine,
    CollisionLine,
    LevelLine,
    ListingLine,
    SearchHit,
    SummaryLine,
    WarehouseLine,
)
from invsync_tui.operations.lists.rows import Count
from invsync_tui.operations.plans.rows import PlanLine
from invsync_tui.operations.runs.changes import ChangeLine
from invsync_tui.operations.runs.held import HeldLine
from invsync_tui.operations.views import CartRow, EndRow, MerchantRow, PastPush, Problem, RunRow, RunState, Stall
from invsync_tui.preferences import Bookmark
from invsync_tui.rules.match_suggestions import AMBIGUOUS, Kind
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui import screens
from invsync_tui.tui.screens.personal.filters import SavedFilter
from invsync_tui.tui.text.glyphs import ASCII, UNICODE
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Field, RenderContext, fields_that_fit

NOW = 1_760_000_000
WIDTHS = (80, 100, 120, 160)
LINES: Mapping[str, type] = {
    "audit.audit.FIELDS": AuditLine,
    "base.listing_fields.ALL_CARTS_FIELDS": ListingLine,
    "base.listing_fields.CART_FIELDS": ListingLine,
    "base.listing_fields.SYNC_FIELDS": ListingLine,
    "catalog.aliases.COLLISION_FIELDS": CollisionLine,
    "catalog.aliases.ALIAS_FIELDS": AliasTypeLine,
    "catalog.aliases.MISSING_FIELDS": SummaryLine,
    "catalog.search.FIELDS": SearchHit,
    "catalog.warehouses.LEVEL_FIELDS": LevelLine,
    "catalog.warehouses.WAREHOUSE_FIELDS": WarehouseLine,
    "events.events.FIELDS": events.EventLine,
    "listings.carts.FIELDS": CartLine,
    "listings.drift.FIELDS": DriftLine,
    "listings.identity_fields.LINKS": LinkLine,
    "listings.identity_fields.RENAMES": RenameLine,
    "listings.identity_fields.UNMATCHED": UnmatchedLine,
    "listings.plan.FIELDS": PlanLine,
    "merchants.fields.FIELDS": MerchantRow,
    "merchants.fields.WIDE_FIELDS": CartRow,  # with merchants between them, which have a mark of their own
    "personal.bookmarks.FIELDS": Bookmark,
    "personal.filters.FIELDS": SavedFilter,
    "runs.changes.FIELDS": ChangeLine,
    "runs.held.FIELDS": HeldLine,
    "runs.reasons.FIELDS": EndRow,
    "runs.runs.FIELDS": RunRow,
    "runs.runs.OUTCOMES": RunRow,
}
"""What the lines of each table are, by where its columns are written down."""
KNOWN: Mapping[str, tuple[object, ...]] = {
    "outcome": ("set",),
    "reason": ("REJECTED_BY_CART",),
    "result": ("set", "failed", "held", "in_doubt", "submitted"),
    "gone_why": ("", "denied"),
    "status": (
        "success",
        "",
        "failed: refused",
        "held: 3 listings",
        "running",
        "stalled: no worker",
        "off",
        "frozen by a: b",
    ),
    "group": ("zero", "jump", "rest"),
    "kind": (Kind.DASH.value, AMBIGUOUS),
    "problems": ((), (Problem("a", "b"),), (Problem("a", "b", urgent=False),)),
    "pushes": ((), *((PastPush(state, 3),) for state in RunState)),
    "counts": (Counts(), Counts(total=2, set=1, failed=1)),
    "stall": (None, Stall("gone", None, "Its worker is gone.", "x")),
    "mismatches": (Count(0, exact=True), Count(3, exact=True), None),
    "not_due": ("", "no service"),
    "error": ("", "refused"),
}
"""What a value may be, where its type does not say it."""
BY_TYPE: Mapping[object, tuple[object, ...]] = {bool: (False, True), int: (7, 0, -3), float: (7, 0, -3), str: ("x",)}
DRIFTS = ("oversell", "lagging", "edited")
ENDS = (
    ("set", None), (None, None), ("equal", "IN_SYNC"), ("skipped", "NOT_IN_WMS"), ("failed", "REJECTED_BY_CART"),
    ("held", "HELD_FOR_REVIEW"), ("in_doubt", None), ("submitted", None), ("equal", None), ("skipped", None),
)  # fmt: skip
"""How a run can end for a listing: the outcome and the reason go together."""


def tables() -> dict[str, tuple[Field[Any], ...]]:
    """All columns that are written down in modules of screens, by where they are; their type is written beside them."""
    found = {}
    for info in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        module = importlib.import_module(info.name)
        where = info.name.removeprefix(f"{screens.__name__}.")
        for name in vars(module).get("__annotations__", ()):
            value = getattr(module, name, None)
            if isinstance(value, tuple) and value and all(isinstance(one, Field) for one in value):
                found[f"{where}.{name}"] = value
    return found


def values_of(name: str, kind: Any) -> tuple[object, ...]:
    """What a field may have in it, the first of them the usual."""
    inner = next((arg for arg in typing.get_args(kind) if arg is not type(None)), kind)
    if name in KNOWN and not (isinstance(inner, type) and issubclass(inner, Enum)):
        return KNOWN[name]
    if name == "drift" and kind is str:
        values: tuple[object, ...] = DRIFTS
    elif isinstance(inner, type) and issubclass(inner, Enum):
        values = tuple(inner)
    else:
        values = BY_TYPE.get(inner, ((),))
    return (*values, None) if types.NoneType in typing.get_args(kind) else values


def lines(kind: type) -> Iterator[Any]:
    """Lines that differ from the usual one in one or two fields."""
    hints = typing.get_type_hints(kind)
    named = [field.name for field in fields_of(kind)] if is_dataclass(kind) else list(getattr(kind, "_fields", ()))
    may = {name: values_of(name, hints[name]) for name in named}
    usual = {name: values[0] for name, values in may.items()}
    changes: list[dict[str, object]] = [{name: value} for name, values in may.items() for value in values[1:]]
    if {"outcome", "reason"} <= set(named):
        changes += [{"outcome": outcome, "reason": reason} for outcome, reason in ENDS]
        usual |= {"outcome": ENDS[0][0], "reason": ENDS[0][1]}
    yield kind(**usual)
    for change in changes:
        yield kind(**usual | change)
    for one, other in itertools.combinations(changes, 2):
        if not one.keys() & other.keys():
            yield kind(**usual | one | other)


def told_by_color_alone(fields: Sequence[Field[Any]], made: Sequence[Any], rendering: RenderContext) -> list[str]:
    """Rows that read alike and look different, one for each."""
    seen: dict[tuple[str, ...], tuple[Tone, ...]] = {}
    wrong = []
    for line in made:
        cells = [field.cell(line, rendering) for field in fields]
        texts, tones = tuple(text for text, _ in cells), tuple(tone for _, tone in cells)
        if seen.setdefault(texts, tones) != tones:
            differing = [field.title for field, a, b in zip(fields, seen[texts], tones, strict=True) if a is not b]
            wrong.append(f"{differing}: {texts}")
    return wrong


def test_each_table_is_looked_at() -> None:
    assert set(tables()) == set(LINES)


@pytest.mark.parametrize("name", LINES)
def test_rows_that_read_alike_look_alike(name: str) -> None:
    fields, made = tables()[name], list(lines(LINES[name]))
    for shown, glyphs in itertools.product({fields_that_fit(fields, width) for width in WIDTHS}, (UNICODE, ASCII)):
        assert told_by_color_alone(shown, made, RenderContext(NOW, glyphs))[:3] == []
