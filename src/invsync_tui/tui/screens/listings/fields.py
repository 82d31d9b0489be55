"""A cart's listing as a line of a list: View Product Sync and the SKU screen."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.list_views import ListingLine
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.formatting import NEVER_SPAN, age_field
from invsync_tui.tui.text.outcomes import outcome_span
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, flowed, line
from invsync_tui.tui.widgets.columns import UNKNOWN, Align, Field, RenderContext, number

MARK: Field[ListingLine] = Field("", 1, lambda line: None, lambda line, _: (" ", Tone.PLAIN))
"""Where the check of a selected line stands."""


def _tracked(listing: ListingLine, rendering: RenderContext) -> Span:
    if listing.tracked is None:
        return UNKNOWN
    return ("yes", Tone.FAINT) if listing.tracked else ("no", Tone.WARN)


def _shown(listing: ListingLine, rendering: RenderContext) -> Span:
    text = "-" if listing.in_cart is None else str(listing.in_cart)
    return text, Tone.WARN if listing.drift else Tone.FAINT if listing.in_cart is None else Tone.PLAIN


def _synced(listing: ListingLine, rendering: RenderContext) -> Span:
    return (
        NEVER_SPAN if listing.synced_at is None else (formatting.moment(listing.synced_at, rendering.now), Tone.PLAIN)
    )


def _outcome(listing: ListingLine, rendering: RenderContext) -> Span:
    return outcome_span(listing.outcome)


def _reason(listing: ListingLine, rendering: RenderContext) -> Span:
    return reason_words(listing), Tone.PLAIN


def reason_words(listing: ListingLine) -> str:
    """The reason, after what an operator set for the listing."""
    marks = [word for word, held in (("excluded", listing.excluded), ("locked", listing.locked)) if held]
    if listing.override is not None:
        marks.append(f"override {listing.override}")
    return ", ".join([*marks, *([listing.reason] if listing.reason else [])])


SYNC_FIELDS: tuple[Field[ListingLine], ...] = (
    MARK,
    Field("Listing SKU", 15, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=2, sort="sku"),
    Field("Name", 18, lambda line: line.name, flex=2, sort="name", room=130),
    Field("Tracked", 7, lambda line: line.tracked, _tracked, room=112),
    number("Target", 9, lambda line: line.target, sort="target", room=100),
    number("Confirmed", 9, lambda line: line.confirmed, sort="confirmed", room=100),
    Field("In cart", 7, lambda line: line.in_cart, _shown, align=Align.RIGHT, sort="in_cart"),
    Field("Last synced", 18, lambda line: line.synced_at, _synced, sort="synced_at"),
    Field("Outcome", 9, lambda line: line.outcome, _outcome, sort="outcome"),
    Field("Reason", 16, lambda line: reason_words(line) or None, _reason, flex=2, sort="reason"),
)
CART_FIELDS: tuple[Field[ListingLine], ...] = (
    MARK,
    Field("Cart", 13, lambda line: line.cart, lambda line, _: (line.cart, Tone.STRONG), flex=2),
    Field("Listing SKU", 14, lambda line: line.sku, flex=2, room=100),
    number("Target", 6, lambda line: line.target),
    number("Confirmed", 9, lambda line: line.confirmed),
    Field("In cart", 7, lambda line: line.in_cart, _shown, align=Align.RIGHT),
    age_field("Last synced", 12, lambda line: line.synced_at, missing=NEVER_SPAN),
    Field("Outcome", 8, lambda line: line.outcome, _outcome),
    Field("Reason", 13, lambda line: reason_words(line) or None, _reason, flex=2),
)


def explained(listing: ListingLine, width: int, rendering: RenderContext) -> list[Line]:
    """What the reason means and what to do; the cart's own words for an error."""
    rows: list[Line] = []
    if listing.drift:
        rows.append(
            line((f"Drift: the cart shows {listing.in_cart}, but it confirmed {listing.confirmed}.", Tone.WARN))
        )
    if listing.next_look_at is not None:
        at = formatting.clock(listing.next_look_at, rendering.now)
        text = f"Submitted: the cart applies it later. What became of it is looked up after {at}."
        rows += [line((row, Tone.ACCENT)) for row in wrap(text, width)]
    if listing.error:
        rows += [line((row, Tone.BAD)) for row in wrap(clean(listing.error), width)]
    if listing.reason:
        info = REASONS[Reason(listing.reason)]
        rows += [line(row) for row in wrap(clean(info.text), width)]
        rows += [line((row, Tone.FAINT)) for row in wrap(clean(info.advice), width)]
    return rows


def quantities(listing: ListingLine, rendering: RenderContext, width: int) -> list[Line]:
    """Everything that is known of a listing but the reason, in as few rows as it takes."""
    pairs: Sequence[tuple[str, Span]] = (
        ("", (listing.sku, Tone.STRONG)),
        ("", (listing.name, Tone.PLAIN)),
        ("target", _number(listing.target)),
        ("confirmed", _number(listing.confirmed)),
        ("in cart", _shown(listing, rendering)),
        ("last synced", _synced(listing, rendering)),
        ("tracked", _tracked(listing, rendering)),
        ("product", (listing.product_sku or "none", Tone.PLAIN if listing.product_sku else Tone.WARN)),
        ("cart listing ID", (listing.cart_listing_id, Tone.FAINT)),
        ("run", ("-" if listing.run_id is None else str(listing.run_id), Tone.FAINT)),
    )
    named_spans = [(f"{title} " if title else "", span) for title, span in pairs if span[0]]
    return flowed((line((title, Tone.FAINT), span) for title, span in named_spans), width)


def _number(value: int | None) -> Span:
    return UNKNOWN if value is None else (str(value), Tone.PLAIN)
