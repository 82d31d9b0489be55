"""One SKU in words: levels, aliases, carts that do not list it, and its history. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invsync_tui.operations.lists.list_views import AliasLine, ListingLine, SkuView, StockLine, Track
from invsync_tui.plain_text import grouped
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.screens.base.listing_fields import TRACKED, beyond_the_row, explained
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.formatting import quantity_span
from invsync_tui.tui.text.line_chart import framed, in_chart, sample
from invsync_tui.tui.text.sanitize import clean, fit, fit_right, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, flowed, line
from invsync_tui.tui.widgets.columns import Field, RenderContext

HISTORY = "History (h shows it with its events)"


@dataclass(frozen=True, slots=True)
class LinkedSheet:
    """How wide a SKU is written down, and when."""

    width: int
    rendering: RenderContext


def head(view: SkuView, sheet: LinkedSheet) -> list[Line]:
    """Name, and what is wrong with the product as a whole."""
    rows = [line(row) for row in wrap(clean(view.name), sheet.width)]
    if view.missing_since is not None:
        since = formatting.moment(view.missing_since, sheet.rendering.now)
        rows.append(line((f"The WMS no longer lists it since {since}.", Tone.WARN)))
    if view.components:
        parts = ", ".join(f"{grouped(needed)} x {sku}" for sku, needed in view.components)
        rows += [line((row, Tone.FAINT)) for row in wrap(clean(f"A kit of {parts}"), sheet.width)]
    return rows


def write(
    view: SkuView, listing: ListingLine | None, sheet: LinkedSheet, left_out: Sequence[Field[ListingLine]] = ()
) -> list[Line]:
    """Everything but the table of listings; of the selected one what its row does not show, which are `left_out` and more."""
    return [
        *_listing(listing, sheet, left_out),
        *_titled("Levels", _levels(view.levels, sheet)),
        *_titled("Aliases", _aliases(view.aliases, sheet)),
        *_titled("Not listed in", _lacking(view.not_listed, sheet)),
        *_titled(HISTORY, _history(view.history, listing, sheet)),
    ]


def _titled(title: str, rows: Sequence[Line]) -> list[Line]:
    return [BLANK, line((title, Tone.STRONG)), *rows] if rows else []


def _listing(listing: ListingLine | None, sheet: LinkedSheet, left_out: Sequence[Field[ListingLine]]) -> list[Line]:
    if listing is None:
        return [line(("No cart lists this product.", Tone.WARN))]
    known = beyond_the_row(listing, (*left_out, TRACKED), sheet.rendering, sheet.width)
    return [*known, *explained(listing, sheet.width, sheet.rendering)]


# -- levels -----------------------------------------------------------------------------------------------------------

_NUMBERS = (("On hand", 9), ("Available", 11), ("Committed", 11), ("Incoming", 10))


def _levels(levels: Sequence[StockLine], sheet: LinkedSheet) -> list[Line]:
    if not levels:
        return [line(("No warehouse has a level of it. Check that the WMS has it loaded.", Tone.WARN))]
    room = max(sheet.width - sum(width for _, width in _NUMBERS) - 22, 8)
    titles = "".join(fit_right(title, width) for title, width in _NUMBERS)
    rows = [line((f"{fit('Warehouse', room)}{titles}  Loaded at", Tone.FAINT))]
    return [*rows, *(row for level in levels for row in _level(level, room, sheet))]


def _level(level: StockLine, room: int, sheet: LinkedSheet) -> list[Line]:
    more, now = sheet.rendering.glyphs.more, sheet.rendering.now
    spans: list[Span] = [(fit(clean(level.warehouse), room, more), Tone.PLAIN)]
    values = (level.on_hand, level.available, level.committed, level.incoming)
    for value, (title, width) in zip(values, _NUMBERS, strict=True):
        text, tone = quantity_span(value)
        spans.append((fit_right(text, width), Tone.STRONG if title == "Available" else tone))
    spans.append((f"  {formatting.moment(level.loaded_at, now)}", Tone.PLAIN))
    rows = [line(*spans)]
    if level.missing_since is not None:
        rows.append(
            line((f"  absent from this warehouse since {formatting.moment(level.missing_since, now)}", Tone.WARN))
        )
    return rows


# -- aliases ----------------------------------------------------------------------------------------------------------


def _aliases(aliases: Sequence[AliasLine], sheet: LinkedSheet) -> list[Line]:
    if not aliases:
        return [line(("None. A cart that pushes with an alias skips it.", Tone.FAINT))]
    width = max(len(clean(alias.kind)) for alias in aliases) + 2
    return [row for alias in aliases for row in _alias(alias, min(width, 16), sheet)]


def _alias(alias: AliasLine, room: int, sheet: LinkedSheet) -> list[Line]:
    kind = fit(clean(alias.kind), room, sheet.rendering.glyphs.more)
    codes = wrap(clean(alias.code), sheet.width - room)
    rows = [line((kind if i == 0 else " " * room, Tone.FAINT), code) for i, code in enumerate(codes)]
    if alias.shared_with:
        others = f"also the code of {', '.join(alias.shared_with)}: an alias must name one product"
        rows += [line(" " * room, (row, Tone.BAD)) for row in wrap(clean(others), sheet.width - room)]
    return rows


def _lacking(carts: Sequence[tuple[str, str]], sheet: LinkedSheet) -> list[Line]:
    rows: list[Line] = []
    for cart, reason in carts:
        text = f"{cart}: {_reason_text(reason)}"
        rows += [line(row) for row in wrap(clean(text), sheet.width)]
    return rows


def _reason_text(name: str) -> str:
    """A reason in a sentence, or by its name where this program does not know it."""
    reason = Reason(name)
    return REASONS[reason].text if reason in REASONS else name


# -- history ----------------------------------------------------------------------------------------------------------

CHART_ROWS = 5


def _history(tracks: Sequence[Track], listing: ListingLine | None, sheet: LinkedSheet) -> list[Line]:
    """The product's stock and the listing's quantities as lines in one chart, as on the screen that `h` opens."""
    end, glyphs = int(sheet.rendering.now), sheet.rendering.glyphs
    mine = {track.quantity: track for track in tracks if track.listing_id in (None, listing.id if listing else None)}
    available, target, in_cart = (mine.get(name) for name in ("available", "target", "in cart"))
    series = in_chart(
        available.points if available else (),
        target.points if target else (),
        in_cart.points if in_cart else (),
        in_cart.until if in_cart else None,
        end,
    )
    known = [point.at for each in series for point in each.points if point.value is not None]
    if not known:
        return []
    names = [
        line((f"{sample(each.pattern, glyphs)} ", each.tone), (each.name, Tone.FAINT)) for each in series if each.points
    ]
    return [*flowed(names, sheet.width), *framed(series, min(known), end, sheet.width, CHART_ROWS, glyphs)]
