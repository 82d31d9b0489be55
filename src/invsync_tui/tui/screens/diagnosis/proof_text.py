"""What the numbers of `why` rest on, in words: source rows, the last request and answer, what the cart shows now."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from invsync_tui.operations.diagnosis.proof_words import Read, remarks, shown, stock
from invsync_tui.tui.text.styled import Span, Tone

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.evidence import ExchangeView, SentView, SourceView
    from invsync_tui.operations.diagnosis.why import WhyListing


NOBODY_ASKED: Mapping[int, Read] = {}


def rests_on(one: WhyListing, live: Mapping[int, Read]) -> Iterator[Span]:
    """One listing's proofs, a span a paragraph."""
    if one.remote_id is not None and one.cart_id is not None and (read := live.get(one.cart_id)) is not None:
        yield _now(one.remote_id, read)
    for row in one.source:
        yield from _source(row)
    if one.sent is not None:
        yield from _sent(one.sent)


def _at(epoch: int) -> str:
    """Local time, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch))


def _now(ref: str, read: Read) -> Span:
    if read.error:
        return f"now: the cart could not be asked: {read.error}", Tone.BAD
    found = read.shown.get(ref)
    if found is None:
        return "now: the cart no longer has this listing", Tone.WARN
    return f"now: {shown(found)}, asked at {_at(found.at)}", Tone.ACCENT


def _source(row: SourceView) -> Iterator[Span]:
    told = f"{stock(row)}; loaded {_at(row.loaded_at)}{remarks(row)}"
    yield f"source {row.warehouse}: {row.sku}: {told}", Tone.PLAIN
    if row.raw is not None:
        yield f"  {row.raw}", Tone.FAINT


def _sent(sent: SentView) -> Iterator[Span]:
    before = "unknown" if sent.before is None else sent.before
    tries = f", {sent.attempts} attempts" if sent.attempts > 1 else ""
    error = f": {sent.error}" if sent.error else ""
    yield f"sent {_at(sent.at)} by run {sent.run_id}: {before} to {sent.target}, {sent.state}{tries}{error}", Tone.PLAIN
    for attempt in sent.exchanges:
        yield from _attempt(attempt)


def _attempt(attempt: ExchangeView) -> Iterator[Span]:
    came = f"{attempt.status} in {attempt.took_ms} ms" if attempt.status else f"no answer: {attempt.error}"
    named = f", their request id {attempt.vendor_id}" if attempt.vendor_id else ""
    yield f"  {attempt.method} {attempt.url}: {came}{named}", Tone.FAINT
    yield f"  request {attempt.request}", Tone.FAINT
    if attempt.answer:
        yield f"  answer {attempt.answer}", Tone.FAINT
