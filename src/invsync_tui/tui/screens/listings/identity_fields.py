"""The columns and words of the identity workbench. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from invsync_tui.operations.listings.identity import LinkLine, RenameLine, UnmatchedLine
from invsync_tui.plain_text import counted
from invsync_tui.rules.match_suggestions import AMBIGUOUS, FILED_UNDER, NONE, Kind
from invsync_tui.tui.text.formatting import moment_field
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Field, RenderContext

LINKED, RENAMED = "linked", "renames"
TABS = ("", *FILED_UNDER, LINKED, RENAMED)
"""'' is all listings without a product."""
ACCEPTABLE = frozenset(kind.value for kind in Kind)
_LABELS: Mapping[str, str] = {
    "": "All", Kind.SHARED: "Shared code", Kind.OTHER_KIND: "Other type", Kind.RENAMED: "Renamed", Kind.SPACE: "Space",
    Kind.CASE: "Case", Kind.DASH: "Dash", Kind.ZEROS: "Zeros", Kind.CHECK_DIGIT: "Check digit",
    AMBIGUOUS: "Ambiguous", NONE: "No suggestion", LINKED: "Links", RENAMED: "Renames",
}  # fmt: skip


def label(tab: str) -> str:
    """What a kind is called."""
    return _LABELS[tab]


def _suggested(unmatched: UnmatchedLine, rendering: RenderContext) -> Span:
    if unmatched.product_sku is not None:
        return unmatched.product_sku, Tone.GOOD
    return (f"{counted(len(unmatched.rivals), 'product')}", Tone.WARN) if unmatched.rivals else ("none", Tone.FAINT)


UNMATCHED: tuple[Field[Any], ...] = (
    Field("Listing", 18, lambda found: found.sku, lambda found, _: (found.sku, Tone.STRONG), flex=2, sort="sku"),
    Field("Suggestion", 18, lambda found: found.product_sku, _suggested, flex=2),
    Field("Why", 24, lambda found: found.words, flex=3),
    Field("Kind", 12, lambda found: label(found.kind), room=100),
    Field("Name", 20, lambda found: found.product_name, flex=2, room=120),
)
LINKS: tuple[Field[Any], ...] = (
    Field(
        "Listing",
        18,
        lambda found: found.sku or found.ref,
        lambda found, _: (found.sku or found.ref, Tone.STRONG),
        flex=2,
    ),
    Field("Product", 18, lambda found: found.product_sku, flex=2),
    Field("Kind", 12, lambda found: found.kind),
    Field("State", 14, lambda found: found.state or "holds", flex=2),
    Field("Cart listing ID", 12, lambda found: found.ref, sort="ref", room=100),
    Field("By", 10, lambda found: found.made_by, room=100),
    moment_field("Since", 16, lambda found: found.made_at, room=120),
)
RENAMES: tuple[Field[Any], ...] = (
    Field("Before", 18, lambda found: found.before, flex=2),
    Field("After", 18, lambda found: found.after, lambda found, _: (found.after, Tone.STRONG), flex=2),
    moment_field("When", 16, lambda found: found.at, sort="at"),
    Field("Means now", 14, lambda found: found.product_sku, flex=1, room=100),
    Field("Meant before", 14, lambda found: found.former_sku, flex=1, room=100),
)
FIELDS: Mapping[str, tuple[Field[Any], ...]] = {"": UNMATCHED, LINKED: LINKS, RENAMED: RENAMES}


def about(found: UnmatchedLine | LinkLine | RenameLine, width: int, rendering: RenderContext) -> Sequence[Line]:
    """A line in sentences."""
    return [line((row, Tone.PLAIN)) for text in _told(found) for row in wrap(clean(text), width)]


def _told(found: UnmatchedLine | LinkLine | RenameLine) -> Sequence[str]:
    if isinstance(found, LinkLine):
        return (
            f"{found.sku or 'listing'} (cart listing ID {found.cart_listing_id}) is linked to "
            f"{found.product_sku} {found.product_name}",
            f"by {found.made_by} ({found.kind}): {found.state or 'holds'}",
        )
    if isinstance(found, RenameLine):
        return (
            f"{found.before} was renamed {found.after} in the cart (cart listing ID {found.cart_listing_id})",
            f"means now: {found.product_sku or 'no product'}; the code before means: {found.former_sku or 'no product'}",
        )
    if found.product_sku is not None:
        return f"{found.sku}: {found.words}", f"{found.product_sku} {found.product_name}, by its code {found.code}"
    rivals = ", ".join(sku for _, sku in found.rivals)
    return (
        f"{found.sku} {found.name}: {found.words}",
        rivals or f"Say it by hand: invsync link CART {found.cart_listing_id} SKU",
    )
