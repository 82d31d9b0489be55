"""The explanation of a SKU as text: arithmetic, state, causes, evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from invsync_tui import local_time
from invsync_tui.operations.diagnosis.evidence_text import (
    CartReadings,
    in_own_count,
    read_from_cart,
    record_lines,
    records_of,
    remarks,
    stock,
)
from invsync_tui.operations.diagnosis.why_table import HEAD, table_rows
from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.navigation.links import LinkedLines, of_cause, of_step
from invsync_tui.tui.text.advice import of_keys
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, line, packed

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.evidence import ExchangeView, SentView, SourceView
    from invsync_tui.operations.diagnosis.why import Why, WhyListing

NOBODY_ASKED: Mapping[int, CartReadings] = {}


def rests_on(listing: WhyListing, live: Mapping[int, CartReadings], *, records: bool = False) -> Iterator[Span]:
    """One listing's proofs, a span a paragraph; records and requests themselves only with `records`."""
    if (
        listing.cart_listing_id is not None
        and listing.cart_id is not None
        and (read := live.get(listing.cart_id)) is not None
    ):
        yield _now(listing.cart_listing_id, read)
    for row in listing.source:
        yield from _source(row, records)
    if listing.sent is not None:
        yield from _sent(listing.sent, records)


def _at(epoch: int) -> str:
    """Local time to the second, with its zone."""
    return local_time.stamp(epoch, seconds=True)


def _now(ref: str, read: CartReadings) -> Span:
    if read.error:
        return f"now: the cart could not be asked: {read.error}", Tone.BAD
    shown = read.shown.get(ref)
    if shown is None:
        return "now: the cart no longer has this listing", Tone.WARN
    return f"now: {read_from_cart(shown)}, asked at {_at(shown.at)}", Tone.ACCENT


def _source(row: SourceView, records: bool) -> Iterator[Span]:
    text = f"{stock(row)}; loaded {_at(row.loaded_at)}{remarks(row)}"
    yield f"source {row.warehouse}: {row.sku}: {text}", Tone.PLAIN
    if row.raw is not None and records:
        yield from _record(row.raw)


def _record(raw: str) -> Iterator[Span]:
    """A key and its value for each line."""
    for key, value in record_lines(raw):
        yield f"    {key}: {value}" if key else f"    {value}", Tone.FAINT


def _sent(sent: SentView, records: bool) -> Iterator[Span]:
    before = "unknown" if sent.before is None else grouped(sent.before)
    tries = f", {counted(sent.attempts, 'attempt')}" if sent.attempts > 1 else ""
    error = f": {sent.error}" if sent.error else ""
    asked = f" ({sent.asked_by})" if sent.asked_by else ""
    yield (
        f"sent {_at(sent.at)} by run {sent.run_id}{asked}: {before} to {grouped(sent.target)}, "
        f"{sent.state}{_until(sent)}{tries}{error}",
        Tone.PLAIN,
    )
    for attempt in sent.exchanges if records else ():
        yield from _attempt(attempt)


def _until(sent: SentView) -> str:
    """Of what the cart applies later: when that is asked about, and when the listing is read back instead."""
    if sent.look_after is None or sent.give_up_at is None:
        return ""
    return f", checked again at {_at(sent.look_after)}, read from the cart at {_at(sent.give_up_at)}"


def _attempt(attempt: ExchangeView) -> Iterator[Span]:
    came = f"{attempt.status} in {attempt.took_ms} ms" if attempt.status else f"no answer: {attempt.error}"
    named = f", their request id {attempt.vendor_id}" if attempt.vendor_id else ""
    yield f"  {attempt.method} {attempt.url}: {came}{named}", Tone.FAINT
    for name, text in (("request", attempt.request), ("answer", attempt.answer)):
        if text:
            yield f"  {name}", Tone.FAINT
            yield from _record(text)


RECORDS_KEY = "v"
LEAST_WIDTH = 16
"""Cells for a sentence beside numbers, however narrow the terminal."""
NO_LISTING = "No cart has a listing for it, as far as plans have looked."
UNKNOWN = "unknown"


def verdict(answer: Why, glyphs: Glyphs) -> Line:
    """How many causes there are."""
    causes = sum(len(listing.causes) for listing in answer.listings)
    if not answer.listings:
        return line(("no listing", Tone.WARN))
    if not causes:
        return line((f"{glyphs.check} nothing is wrong", Tone.GOOD))
    return line((f"{glyphs.warning} {counted(causes, 'cause')}", Tone.WARN))


def write(
    answer: Why,
    chosen: tuple[str, str] | None,
    width: int,
    glyphs: Glyphs,
    live: Mapping[int, CartReadings] = NOBODY_ASKED,
    *,
    records: bool = False,
) -> LinkedLines:
    """All of it; `chosen` is the cart and cart listing ID of the listing that comes first, `live` what carts say now."""
    rows = LinkedLines()
    text = f" ({answer.sku})" if answer.sku else ""
    rows.put([line(row) for row in wrap(clean(f"{answer.asked}: matched as {answer.matched_as}{text}"), width)])
    for entry in sorted(answer.listings, key=lambda listing: (listing.cart, listing.cart_listing_id) != chosen):
        rows.put([BLANK])
        _listing(rows, entry, width, glyphs, live, records)
    if not answer.listings:
        rows.put([BLANK, *(line((row, Tone.WARN)) for row in wrap(NO_LISTING, width))])
    return rows


def _listing(
    rows: LinkedLines, listing: WhyListing, width: int, glyphs: Glyphs, live: Mapping[int, CartReadings], records: bool
) -> None:
    listed = listing.cart_listing_id is not None
    name = f"listing {listing.sku}, cart listing ID {listing.cart_listing_id}" if listed else "not listed"
    rows.put(packed([(clean(listing.cart), Tone.STRONG), (clean(f"  {name}"), Tone.FAINT)], width))
    rows.put([line("  ", (row, Tone.STRONG)) for row in wrap(clean(listing.linked), width - 2) if row])
    if listed:
        rows.put(_state(listing, width))
    _table(rows, listing, width)
    for cause in listing.causes:
        set_by = next((change.text for change in listing.set_by if change.cause is cause), "")
        rows.put(_cause(cause, set_by, width, glyphs), of_cause(listing.cart, listing.sku, cause))
    if listing.drift is not None:
        lines = wrap(clean(f"{listing.drift.drift}: {listing.drift.text}"), width - 4)
        rows.put([line((f"  {glyphs.warning if i == 0 else ' '} ", Tone.WARN), row) for i, row in enumerate(lines)])
    if not listing.causes and not listing.drift:
        rows.put([line(f"  {glyphs.check} ", ("Nothing is wrong.", Tone.GOOD))])
    for text, tone in rests_on(listing, live, records=records):
        indent = " " * (2 + len(text) - len(text.lstrip()))
        rows.put([line(indent, (row, tone)) for row in wrap(clean(text.lstrip()), width - len(indent))])
    if (count := records_of(listing)) and not records:
        rows.put(
            [
                line(
                    f"  {glyphs.running} ",
                    (f"{count}: ", Tone.FAINT),
                    (RECORDS_KEY, Tone.KEY),
                    (" shows them", Tone.FAINT),
                )
            ]
        )


def _table(rows: LinkedLines, listing: WhyListing, width: int) -> None:
    """The chain: numbers below each other, and at their right the rule."""
    table = table_rows(listing.steps)
    if not table:
        return
    steps, numbers, totals = (max(map(len, column)) for column in list(zip(HEAD, *table, strict=False))[:3])
    margin = 2 + steps + 2 + numbers + 2 + totals + 2
    beside = width - margin >= LEAST_WIDTH
    rule_width = width - (margin if beside else 4)
    head = f"  {fit(HEAD[0], steps)}  {fit_right(HEAD[1], numbers)}  {fit_right(HEAD[2], totals)}"
    rows.put([line((f"{head}  {HEAD[3]}"[:width], Tone.FAINT))])
    for step, row in zip(listing.steps, table, strict=True):
        tone = Tone.STRONG if step.after is not None else Tone.WARN
        cells = (f"  {fit(row.step, steps)}  {fit_right(row.number, numbers)}  ", (fit_right(row.total, totals), tone))
        rules = wrap(clean(row.rule), rule_width)
        link = of_step(listing.cart, listing.sku, step.step, step.because)
        if beside:
            rest = [line(" " * margin, (text, Tone.FAINT)) for text in rules[1:]]
            rows.put([line(*cells, "  ", (rules[0] if rules else "", Tone.FAINT)), *rest], link)
        else:
            rows.put([line(*cells), *(line("    ", (text, Tone.FAINT)) for text in rules)], link)


def _number(value: int | None) -> Span:
    return (UNKNOWN, Tone.WARN) if value is None else (grouped(value), Tone.STRONG)


def _state(listing: WhyListing, width: int) -> list[Line]:
    outcome = words.outcome(listing.outcome or UNKNOWN)
    count = in_own_count(listing.cart_count, listing.cart_orders)
    spans: Sequence[Span] = (
        ("  target ", Tone.FAINT),
        _number(listing.target),
        (", confirmed ", Tone.FAINT),
        _number(listing.confirmed),
        (", in cart ", Tone.FAINT),
        _number(listing.in_cart),
        (f" ({count})" if count else "", Tone.FAINT),
        ("; outcome ", Tone.FAINT),
        (clean(outcome), Tone.WARN if listing.outcome is None else Tone.PLAIN),
    )
    return packed(spans, width)


def _cause(cause: Reason, set_by: str, width: int, glyphs: Glyphs) -> list[Line]:
    """A cause; who set it, when and why, where an operator did; what to do."""
    info = REASONS[cause]
    rows = wrap(clean(f"{cause.value}: {info.text}{f' Set {set_by}.' if set_by else ''}"), width - 4)
    advice = wrap(clean(of_keys(info.advice)), width - 6)
    return [
        *(line((f"  {glyphs.warning if i == 0 else ' '} ", Tone.WARN), row) for i, row in enumerate(rows)),
        *(line((f"    {glyphs.arrow if i == 0 else ' '} ", Tone.FAINT), row) for i, row in enumerate(advice)),
    ]
