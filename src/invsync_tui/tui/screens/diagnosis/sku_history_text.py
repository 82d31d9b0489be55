"""The history of a listing as text: one chart, the values at the selected event, and the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from invsync_tui import local_time
from invsync_tui.plain_text import grouped
from invsync_tui.tui.navigation.links import Link, LinkedLines
from invsync_tui.tui.text.charts import held_at
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.line_chart import TOGETHER, Series, column_of, framed, in_chart, in_seconds, sample
from invsync_tui.tui.text.sanitize import clean, fit, width_of, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, cut, flowed, line

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.sku_history import Happening, SkuHistory

WHEN_WIDTH = 12
LEAST_WIDTH = 16
"""Cells for a sentence, however narrow the terminal."""
UNKNOWN = "unknown"
CHART_LEAST, CHART_MOST = 3, 14
"""Rows of the chart."""
AROUND = 6
"""Rows beside legend, chart and events: name, axis, marks, times, values, and a blank one."""
NO_EVENTS = "No run and no change had to do with it in this time."


class SelectedEvent(NamedTuple):
    """The selected event by its number, the newest is 0, and the first one of those on the screen."""

    selected: int
    first: int = 0


def series_of(history: SkuHistory) -> tuple[Series, ...]:
    """The lines, those that cover others last."""
    return in_chart(history.source, history.target, history.in_cart, _last_read(history), history.end)


def _last_read(history: SkuHistory) -> int | None:
    return history.last_read.at if history.last_read else None


def chart_rows(height: int) -> int:
    """How many rows the chart itself has of a sheet without the legend."""
    return min(max((height - AROUND) * 3 // 5, CHART_LEAST), CHART_MOST)


def write(
    history: SkuHistory, others: int, width: int, height: int, place: SelectedEvent, glyphs: Glyphs
) -> LinkedLines:
    """The chart, what held at the selected event, and as many events as there is room for."""
    rows = LinkedLines()
    more = f"; [ and ] show {others} more" if others else ""
    named = clean(f"{history.cart}: listing {history.sku}")
    about = clean(f"{named}, cart listing ID {history.cart_listing_id}{more}")
    if width_of(about) > width:
        # Where one of the two has to be cut, it is not the keys that show the other carts.
        about = clean(f"{named} ({history.cart_listing_id}){more}")
    rows.put([cut(line((about, Tone.STRONG)), width, glyphs.more)])
    legend = _legend(history, width, glyphs)
    rows.put(legend)
    rows.put(_chart(history, width, chart_rows(height - len(legend)), place.selected, glyphs))
    if not history.happenings:
        rows.put([BLANK, line((NO_EVENTS, Tone.FAINT))])
        return rows
    rows.put([_values(history, history.happenings[place.selected].at, width, glyphs), BLANK])
    for number, block in shown_events(history, width, max(height - len(rows), 1), place, glyphs):
        if number == place.selected:
            run_id = history.happenings[number].run_id
            rows.select(block, None if run_id is None else Link("run", str(run_id)))
        else:
            rows.put(block)
    return rows


def shown_events(
    history: SkuHistory, width: int, room: int, place: SelectedEvent, glyphs: Glyphs
) -> list[tuple[int, list[Line]]]:
    """Events from the first one on, as many rows as there is room for."""
    blocks: list[tuple[int, list[Line]]] = []
    for number in range(place.first, len(history.happenings)):
        block = _event(history.happenings[number], history, width, glyphs, selected=number == place.selected)
        blocks.append((number, block[:room]))
        room -= len(block)
        if room <= 0:
            break
    return blocks


def first_shown(history: SkuHistory, width: int, height: int, place: SelectedEvent, glyphs: Glyphs) -> int:
    """The first event that is to be shown, so that the selected one is on the screen; the same as before if it is."""
    left = height - len(_legend(history, width, glyphs))
    room = left - chart_rows(left) - AROUND
    if place.selected <= place.first:
        return place.selected
    first = place.selected
    used = 0
    while first >= place.first:
        used += len(_event(history.happenings[first], history, width, glyphs, selected=False))
        if used > room:
            return min(first + 1, place.selected)
        first -= 1
    return place.first


def _legend(history: SkuHistory, width: int, glyphs: Glyphs) -> list[Line]:
    items = [_named(series, glyphs, _quantity(_now(series))) for series in series_of(history)]
    if history.last_read is not None:
        read = f", read {_when(history.last_read.at, history)}"
        items[-1] = _named(series_of(history)[-1], glyphs, _quantity(history.last_read.value), (read, Tone.FAINT))
    if glyphs.bar_full.isascii():
        items.append(line((f"{TOGETHER} together", Tone.FAINT)))
    return flowed(items, width)


def _named(series: Series, glyphs: Glyphs, *values: Span) -> Line:
    return Line(((f"{sample(series.pattern, glyphs)} ", series.tone), (f"{series.name} ", Tone.FAINT), *values))


def _now(series: Series) -> int | None:
    return series.points[-1].value if series.points else None


def _quantity(value: int | None) -> Span:
    return (UNKNOWN, Tone.WARN) if value is None else (grouped(value), Tone.STRONG)


def _chart(history: SkuHistory, width: int, rows: int, selected: int, glyphs: Glyphs) -> list[Line]:
    return framed(
        series_of(history),
        history.begin,
        history.end,
        width,
        rows,
        glyphs,
        lambda room: _marks(history, room, selected, glyphs),
    )


def _marks(history: SkuHistory, room: int, selected: int, glyphs: Glyphs) -> list[Span]:
    """A mark for each event below the axis; the selected one is a block, a change by an operator hides a run."""
    cells: list[Span] = [(" ", Tone.PLAIN)] * room
    for happening in sorted(history.happenings, key=lambda event: event.run_id is None):
        if history.begin <= happening.at <= history.end:
            column = column_of(happening.at, history.begin, history.end, room)
            cells[column] = (_mark(happening, glyphs), Tone.FAINT if happening.run_id else Tone.WARN)
    if selected < len(history.happenings):
        cells[column_of(history.happenings[selected].at, history.begin, history.end, room)] = (
            glyphs.bar_full,
            Tone.KEY,
        )
    return cells


def _mark(happening: Happening, glyphs: Glyphs) -> str:
    return glyphs.bullet if happening.run_id is None else glyphs.ascending


def _values(history: SkuHistory, at: int, width: int, glyphs: Glyphs) -> Line:
    """What each line was at the end of the second of an event; what the cart accepted where it showed something else.

    The zone is that of the axis above.
    """
    spans: list[Span] = [
        (f"{glyphs.bar_full} ", Tone.KEY),
        (f"{local_time.day(at)} {local_time.clock(at, seconds=True)}", Tone.STRONG),
    ]
    values = {series.name: held_at(series.points, at) for series in series_of(history)}
    confirmed = held_at(history.confirmed, at)
    if confirmed != values["in cart"]:
        values["confirmed"] = confirmed
    for name, value in values.items():
        spans += [(f"  {name} ", Tone.FAINT), _quantity(value)]
    return cut(Line(tuple(spans)), width, glyphs.more)


def _event(happening: Happening, history: SkuHistory, width: int, glyphs: Glyphs, *, selected: bool) -> list[Line]:
    """When, and beside it what, why and who."""
    head = (
        f"{fit(_when(happening.at, history), WHEN_WIDTH)} {glyphs.bar_full if selected else _mark(happening, glyphs)} "
    )
    why = f": {happening.reason}" if happening.reason else ""
    by = f" ({happening.who})" if happening.who else ""
    rows = wrap(clean(f"{happening.what}{why}{by}"), max(width - len(head), LEAST_WIDTH))
    tone = Tone.STRONG if happening.run_id is None else Tone.PLAIN
    return [line((head if row == 0 else " " * len(head), Tone.FAINT), (text, tone)) for row, text in enumerate(rows)]


def _when(at: int, history: SkuHistory) -> str:
    """The time of day, with seconds where those of the axis have them; of another day with its date."""
    if local_time.day_of(at) != local_time.day_of(history.end):
        return f"{local_time.day(at)} {local_time.clock(at)}"
    return local_time.clock(at, seconds=in_seconds(history.begin, history.end))


def moved(events: Sequence[Happening], place: SelectedEvent, by: int) -> int:
    """The number of the selected event after a move."""
    return min(max(place.selected + by, 0), max(len(events) - 1, 0))
