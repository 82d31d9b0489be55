"""The explanation of a SKU as text: arithmetic, state, causes, evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from invsync_tui.operations.diagnosis.evidence_text import Read, in_own_count, read_from_cart, remarks, stock
from invsync_tui.plain_text import counted
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.rules.quantity import Step
from invsync_tui.tui.navigation.links import LinkedLines, of_cause, of_step
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right, width_of, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, line, packed

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.evidence import ExchangeView, SentView, SourceView
    from invsync_tui.operations.diagnosis.why import Why, WhyListing

NOBODY_ASKED: Mapping[int, Read] = {}


def rests_on(listing: WhyListing, live: Mapping[int, Read]) -> Iterator[Span]:
    """One listing's proofs, a span a paragraph."""
    if (
        listing.cart_listing_id is not None
        and listing.cart_id is not None
        and (read := live.get(listing.cart_id)) is not None
    ):
        yield _now(listing.cart_listing_id, read)
    for row in listing.source:
        yield from _source(row)
    if listing.sent is not None:
        yield from _sent(listing.sent)


def _at(epoch: int) -> str:
    """Local time, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch))


def _now(ref: str, read: Read) -> Span:
    if read.error:
        return f"now: the cart could not be asked: {read.error}", Tone.BAD
    shown = read.shown.get(ref)
    if shown is None:
        return "now: the cart no longer has this listing", Tone.WARN
    return f"now: {read_from_cart(shown)}, asked at {_at(shown.at)}", Tone.ACCENT


def _source(row: SourceView) -> Iterator[Span]:
    text = f"{stock(row)}; loaded {_at(row.loaded_at)}{remarks(row)}"
    yield f"source {row.warehouse}: {row.sku}: {text}", Tone.PLAIN
    if row.raw is not None:
        yield f"  {row.raw}", Tone.FAINT


def _sent(sent: SentView) -> Iterator[Span]:
    before = "unknown" if sent.before is None else sent.before
    tries = f", {sent.attempts} attempts" if sent.attempts > 1 else ""
    error = f": {sent.error}" if sent.error else ""
    asked = f" ({sent.asked_by})" if sent.asked_by else ""
    yield (
        f"sent {_at(sent.at)} by run {sent.run_id}{asked}: {before} to {sent.target}, {sent.state}{_until(sent)}{tries}{error}",
        Tone.PLAIN,
    )
    for attempt in sent.exchanges:
        yield from _attempt(attempt)


def _until(sent: SentView) -> str:
    """Of what the cart applies later: when that is asked about, and when the listing is read back instead."""
    if sent.look_after is None or sent.give_up_at is None:
        return ""
    return f", looked at again at {_at(sent.look_after)}, read back at {_at(sent.give_up_at)}"


def _attempt(attempt: ExchangeView) -> Iterator[Span]:
    came = f"{attempt.status} in {attempt.took_ms} ms" if attempt.status else f"no answer: {attempt.error}"
    named = f", their request id {attempt.vendor_id}" if attempt.vendor_id else ""
    yield f"  {attempt.method} {attempt.url}: {came}{named}", Tone.FAINT
    yield f"  request {attempt.request}", Tone.FAINT
    if attempt.answer:
        yield f"  answer {attempt.answer}", Tone.FAINT


STEP_WIDTH, NUMBER_WIDTH = 10, 7
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
    answer: Why, chosen: tuple[str, str] | None, width: int, glyphs: Glyphs, live: Mapping[int, Read] = NOBODY_ASKED
) -> LinkedLines:
    """All of it; `chosen` is the cart and cart listing ID of the listing that comes first, `live` what carts say now."""
    rows = LinkedLines()
    text = f" ({answer.sku})" if answer.sku else ""
    rows.put([line(row) for row in wrap(clean(f"{answer.asked}: matched as {answer.taken_as}{text}"), width)])
    for entry in sorted(answer.listings, key=lambda listing: (listing.cart, listing.cart_listing_id) != chosen):
        rows.put([BLANK])
        _listing(rows, entry, width, glyphs, live)
    if not answer.listings:
        rows.put([BLANK, *(line((row, Tone.WARN)) for row in wrap(NO_LISTING, width))])
    return rows


def _listing(rows: LinkedLines, listing: WhyListing, width: int, glyphs: Glyphs, live: Mapping[int, Read]) -> None:
    listed = listing.cart_listing_id is not None
    name = f"listing {listing.sku}, cart listing ID {listing.cart_listing_id}" if listed else "not listed"
    rows.put(packed([(clean(listing.cart), Tone.STRONG), (clean(f"  {name}"), Tone.FAINT)], width))
    rows.put([line("  ", (row, Tone.STRONG)) for row in wrap(clean(listing.linked), width - 2) if row])
    for step in listing.steps:
        rows.put(_step(step, width, glyphs), of_step(listing.cart, listing.sku, step.step, step.because))
    if listed:
        rows.put(_state(listing, width))
    for cause in listing.causes:
        set_by = next((change.text for change in listing.set_by if change.cause is cause), "")
        rows.put(_cause(cause, set_by, width, glyphs), of_cause(listing.cart, listing.sku, cause))
    if listing.drift is not None:
        lines = wrap(clean(f"{listing.drift.drift}: {listing.drift.text}"), width - 4)
        rows.put([line((f"  {glyphs.warning if i == 0 else ' '} ", Tone.WARN), row) for i, row in enumerate(lines)])
    if not listing.causes and not listing.drift:
        rows.put([line(f"  {glyphs.check} ", ("Nothing is wrong.", Tone.GOOD))])
    for text, tone in rests_on(listing, live):
        rows.put([line("  ", (row, tone)) for row in wrap(clean(text), width - 2)])


def _step(step: Step, width: int, glyphs: Glyphs) -> list[Line]:
    before, before_tone = _number(step.before)
    after, after_tone = _number(step.after)
    name = clean(step.step)
    head = line(
        f"  {fit(name, max(STEP_WIDTH, width_of(name)))}",
        (fit_right(before, max(NUMBER_WIDTH, len(before))), before_tone),
        (f" {glyphs.arrow} ", Tone.FAINT),
        (fit(after, max(NUMBER_WIDTH, len(after))), after_tone),
        "  ",
    )
    because = wrap(clean(step.because), max(width - head.width, LEAST_WIDTH))
    first, rest = because[:1], because[1:]
    return [
        line(*head.spans, *((row, Tone.FAINT) for row in first)),
        *(line(" " * head.width, (row, Tone.FAINT)) for row in rest),
    ]


def _number(value: int | None) -> Span:
    return (UNKNOWN, Tone.WARN) if value is None else (str(value), Tone.STRONG)


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
    advice = wrap(clean(info.advice), width - 6)
    return [
        *(line((f"  {glyphs.warning if i == 0 else ' '} ", Tone.WARN), row) for i, row in enumerate(rows)),
        *(line((f"    {glyphs.arrow if i == 0 else ' '} ", Tone.FAINT), row) for i, row in enumerate(advice)),
    ]
