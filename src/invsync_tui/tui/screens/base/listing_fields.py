"""A cart's listing as a line of a list: View Product Sync and the SKU screen."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.diagnosis.evidence_text import in_own_count
from invsync_tui.operations.lists.list_views import ListingLine
from invsync_tui.plain_text import grouped, signed
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import REASONS, Outcome, Reason
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.advice import of_keys
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


def _in_cart_span(listing: ListingLine, rendering: RenderContext) -> Span:
    text = "-" if listing.in_cart is None else grouped(listing.in_cart)
    return text, Tone.WARN if listing.drift else Tone.FAINT if listing.in_cart is None else Tone.PLAIN


def reason_words(listing: ListingLine) -> str:
    """The reason, after what an operator set for the listing."""
    return ", ".join([*operator_words(listing), *([listing.reason] if listing.reason else [])])


def operator_words(listing: ListingLine) -> list[str]:
    """What an operator set for the listing."""
    marks = [word for word, held in (("excluded", listing.excluded), ("locked", listing.locked)) if held]
    if listing.override is not None:
        marks.append(f"override {grouped(listing.override)}")
    return marks


def _difference(listing: ListingLine, rendering: RenderContext) -> Span:
    """Above 0 the cart offers units that are not there to be sold: the graver side."""
    if listing.difference is None:
        return UNKNOWN
    tone = Tone.BAD if listing.difference > 0 else Tone.WARN if listing.difference else Tone.FAINT
    return signed(listing.difference), tone


def _state(listing: ListingLine, rendering: RenderContext) -> Span:
    tone = outcome_span(listing.outcome)[1]
    if not listing.drift:
        return state_words(listing), tone
    return f"{rendering.glyphs.warning} {state_words(listing)}", tone if tone is Tone.BAD else Tone.WARN


def state_words(listing: ListingLine) -> str:
    """That it was edited in the cart, where it was; then what `outcome_words` says, unless it is that all went well."""
    if not listing.drift:
        return outcome_words(listing)
    well = listing.outcome in (None, Outcome.SET, Outcome.EQUAL)
    return ", ".join([words.EDITED, *(operator_words(listing) if well else [outcome_words(listing)])])


def outcome_words(listing: ListingLine) -> str:
    """How the last run ended for it and why, after what an operator set for it; '-' where no run decided on it."""
    reason = reason_words(listing)
    if listing.outcome is None:
        return reason or "-"
    if listing.outcome == Outcome.HELD:
        return ", ".join([words.outcome(listing.outcome), *operator_words(listing)])
    # The reason of these says all that the outcome says.
    if listing.outcome in (Outcome.EQUAL, Outcome.SKIPPED) and listing.reason:
        return reason
    return f"{words.outcome(listing.outcome)} {reason}".strip()


NAME: Field[ListingLine] = Field("Name", 18, lambda line: line.name, flex=2, sort="name", room=120)
TRACKED: Field[ListingLine] = Field("Tracked", 7, lambda line: line.tracked, _tracked, room=130, sort="tracked")
STATE: Field[ListingLine] = Field("State", 17, state_words, _state, flex=2, sort="outcome")
CART: Field[ListingLine] = Field("Cart", 12, lambda line: line.cart, flex=1, sort="cart")
MERCHANT: Field[ListingLine] = Field("Merchant", 12, lambda line: line.merchant, flex=1, room=100, sort="merchant")
DIFFERENCE: Field[ListingLine] = Field(
    "Diff", 7, lambda line: line.difference, _difference, align=Align.RIGHT, sort="difference"
)
SYNC_FIELDS: tuple[Field[ListingLine], ...] = (
    MARK,
    Field("Listing SKU", 15, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=2, sort="sku"),
    NAME,
    TRACKED,
    number("Target", 8, lambda line: line.target, sort="target"),
    number("Confirmed", 9, lambda line: line.confirmed, sort="confirmed", room=100),
    Field("In cart", 9, lambda line: line.in_cart, _in_cart_span, align=Align.RIGHT, sort="in_cart"),
    DIFFERENCE,
    age_field("Synced", 10, lambda line: line.synced_at, sort="synced_at", missing=NEVER_SPAN),
    STATE,
)
ALL_CARTS_FIELDS: tuple[Field[ListingLine], ...] = (
    MARK, MERCHANT, CART, *(field._replace(room=140) if field is NAME else field for field in SYNC_FIELDS[1:])
)  # fmt: skip
"""Of listings of several carts."""
CART_FIELDS: tuple[Field[ListingLine], ...] = (
    MARK,
    Field("Cart", 13, lambda line: line.cart, lambda line, _: (line.cart, Tone.STRONG), flex=2),
    Field("Listing SKU", 14, lambda line: line.sku, flex=2, room=100),
    number("Target", 6, lambda line: line.target),
    number("Confirmed", 9, lambda line: line.confirmed, room=100),
    Field("In cart", 7, lambda line: line.in_cart, _in_cart_span, align=Align.RIGHT),
    DIFFERENCE._replace(sort=""),
    age_field("Last synced", 12, lambda line: line.synced_at, missing=NEVER_SPAN),
    Field("State", 17, state_words, _state, flex=2),
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
        rows += [line((row, Tone.FAINT)) for row in wrap(clean(of_keys(info.advice)), width)]
    return rows


def beyond_the_row(
    listing: ListingLine, left_out: Sequence[Field[ListingLine]], rendering: RenderContext, width: int
) -> list[Line]:
    """What is known of a listing and not in its row: the fields that are left out there, and its numbers in the cart.

    What the row shows is not repeated: each move of the cursor would send it once more.
    """
    explained_already = bool(listing.reason or listing.error)
    pairs = [
        (field.title, field.cell(listing, rendering))
        for field in left_out
        if field.title
        and not (field.title == STATE.title and explained_already)
        and not (field.title == TRACKED.title and listing.tracked)
    ]
    pairs += _in_cart_pairs(listing)
    return flowed((line((f"{title} ", Tone.FAINT), span) for title, span in pairs if span[0]), width)


def _in_cart_pairs(listing: ListingLine) -> list[tuple[str, Span]]:
    """The product where its SKU is another, the cart's number, the run, and the cart's own count where it has one."""
    pairs: list[tuple[str, Span]] = []
    if listing.product_sku is None:
        pairs.append(("product", ("none", Tone.WARN)))
    elif listing.product_sku != listing.sku:
        pairs.append(("product", (listing.product_sku, Tone.PLAIN)))
    pairs.append(("cart listing ID", (listing.cart_listing_id, Tone.FAINT)))
    pairs.append(("run", ("" if listing.run_id is None else str(listing.run_id), Tone.FAINT)))
    pairs.append(("In cart =", (in_own_count(listing.cart_count, listing.cart_orders), Tone.PLAIN)))
    return pairs
