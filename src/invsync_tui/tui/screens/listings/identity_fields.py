"""The columns and words of the identity workbench. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
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
    return (
        (f"{counted(len(unmatched.candidates), 'product')}", Tone.WARN)
        if unmatched.candidates
        else ("none", Tone.FAINT)
    )


UNMATCHED: tuple[Field[UnmatchedLine], ...] = (
    Field(
        "Listing",
        18,
        lambda unmatched: unmatched.sku,
        lambda unmatched, _: (unmatched.sku, Tone.STRONG),
        flex=2,
        sort="sku",
    ),
    Field("Suggestion", 18, lambda unmatched: unmatched.product_sku, _suggested, flex=2, sort="suggestion"),
    Field("Why", 24, lambda unmatched: unmatched.words, flex=3, sort="why"),
    Field("Kind", 12, lambda unmatched: label(unmatched.kind), sort="kind", room=100),
    Field("Name", 20, lambda unmatched: unmatched.product_name, flex=2, sort="name", room=120),
)
LINKS: tuple[Field[LinkLine], ...] = (
    Field(
        "Listing",
        18,
        lambda link: link.sku or link.cart_listing_id,
        lambda link, _: (link.sku or link.cart_listing_id, Tone.STRONG),
        flex=2,
        sort="listing",
    ),
    Field("Product", 18, lambda link: link.product_sku, flex=2, sort="product"),
    Field("Kind", 12, lambda link: link.kind, sort="kind"),
    Field("State", 14, lambda link: link.state or "holds", flex=2, sort="state"),
    Field("Cart listing ID", 12, lambda link: link.cart_listing_id, sort="ref", room=100),
    Field("By", 10, lambda link: link.made_by, sort="by", room=100),
    moment_field("Since", 16, lambda link: link.made_at, sort="made_at", room=120),
)
RENAMES: tuple[Field[RenameLine], ...] = (
    Field("Before", 18, lambda rename: rename.before, flex=2, sort="before"),
    Field(
        "After", 18, lambda rename: rename.after, lambda rename, _: (rename.after, Tone.STRONG), flex=2, sort="after"
    ),
    moment_field("When", 16, lambda rename: rename.at, sort="at"),
    Field("Means now", 14, lambda rename: rename.product_sku, flex=1, sort="means", room=100),
    Field("Meant before", 14, lambda rename: rename.former_sku, flex=1, sort="meant", room=100),
)
FIELDS: Mapping[str, tuple[Field[Any], ...]] = {"": UNMATCHED, LINKED: LINKS, RENAMED: RENAMES}


def about(record: UnmatchedLine | LinkLine | RenameLine, width: int, left_out: Set[str]) -> Sequence[Line]:
    """A line in sentences; `left_out` are the columns that the row does not show, or not whole."""
    return [line((row, Tone.PLAIN)) for text in _record_lines(record, left_out) for row in wrap(clean(text), width)]


def _record_lines(record: UnmatchedLine | LinkLine | RenameLine, left_out: Set[str]) -> Sequence[str]:
    if isinstance(record, LinkLine):
        return (
            f"{record.sku or 'listing'} (cart listing ID {record.cart_listing_id}) is linked to "
            f"{record.product_sku} {record.product_name}",
            f"by {record.made_by} ({record.kind}): {record.state or 'holds'}",
        )
    if isinstance(record, RenameLine):
        return (
            f"{record.before} was renamed {record.after} in the cart (cart listing ID {record.cart_listing_id})",
            f"means now: {record.product_sku or 'no product'}; the code before means: {record.former_sku or 'no product'}",
        )
    return [text for text in _suggestion(record, left_out) if text]


def _suggestion(record: UnmatchedLine, left_out: Set[str]) -> Iterator[str]:
    """What the row shows whole is not repeated: each move of the cursor would send it once more."""
    code = record.sku if "Listing" in left_out else ""
    words = record.words if "Why" in left_out else ""
    if record.product_sku is None:
        yield ": ".join(filter(None, (f"{code} {record.name}".strip(), words)))
        candidates = ", ".join(sku for _, sku in record.candidates)
        yield candidates or "Correct its code in the cart or the WMS, or link it to a SKU on the command line."
        return
    yield ": ".join(filter(None, (code, words)))
    if left_out & {"Suggestion", "Name"}:
        yield f"{record.product_sku} {record.product_name}".rstrip()
    if record.code != record.product_sku:
        yield f"Suggested by the product's code {record.code}."
