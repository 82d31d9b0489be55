"""What a number rests on, in words and as JSON: source rows, the last request and answer, and what the cart shows now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.plain import clean, moment

if TYPE_CHECKING:
    from invsync_tui.operations.evidence import ExchangeView, SentView, SourceView
    from invsync_tui.operations.readback import Shown
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.why import WhyListing


@dataclass(frozen=True, slots=True)
class Live:
    """What a cart said just now of its listings by remote id, or why it could not be asked."""

    shown: Mapping[str, Shown | None]
    error: str = ""


def ask(session: Session, listings: Sequence[WhyListing]) -> dict[int, Live]:
    """Read the listings back from their carts, each cart once; a cart that does not answer is told as such."""
    from invsync_tui.operations.errors import OperationError
    from invsync_tui.operations.readback import read_back

    refs: dict[int, list[str]] = {}
    for one in listings:
        if one.cart_id is not None and one.remote_id is not None:
            refs.setdefault(one.cart_id, []).append(one.remote_id)
    found: dict[int, Live] = {}
    for cart_id, mine in refs.items():
        try:
            found[cart_id] = Live(read_back(session, cart_id, mine))
        except OperationError as error:
            found[cart_id] = Live({}, str(error))
    return found


def document(one: WhyListing, live: Mapping[int, Live] | None) -> dict[str, Any]:
    """The keys that evidence adds to a listing of `why --json`; `live` only with --live."""
    told: dict[str, Any] = {
        "source": [asdict(row) for row in one.source],
        "sent": asdict(one.sent) if one.sent is not None else None,
    }
    if live is not None:
        told["live"] = _live_document(one, live.get(one.cart_id or 0))
    return told


def _live_document(one: WhyListing, live: Live | None) -> dict[str, Any] | None:
    if live is None or one.remote_id is None:
        return None
    shown = live.shown.get(one.remote_id)
    return {
        "quantity": shown.quantity if shown else None,
        "allocated": shown.allocated if shown else None,
        "tracked": shown.tracked if shown else None,
        "at": shown.at if shown else None,
        "in_cart": None if live.error else shown is not None,
        "error": live.error or None,
    }


def lines(one: WhyListing, live: Mapping[int, Live] | None) -> Iterator[str]:
    """As text."""
    for row in one.source:
        yield from _source(row)
    if one.sent is not None:
        yield from _sent(one.sent)
    if live is not None and one.remote_id is not None:
        yield f"  now       {_now(one.remote_id, live.get(one.cart_id or 0))}"


def _source(row: SourceView) -> Iterator[str]:
    known = (
        ("on hand", row.on_hand),
        ("available", row.available),
        ("committed", row.committed),
        ("incoming", row.incoming),
    )
    told = ", ".join(f"{name} {'unknown' if value is None else value}" for name, value in known)
    gone = "; absent from the last complete load" if row.missing else ""
    apart = "" if row.counts else "; not a warehouse of this cart"
    yield clean(f"  source    {row.warehouse}: {row.sku}: {told}; loaded {moment(row.loaded_at)}{gone}{apart}")
    if row.raw is not None:
        yield clean(f"            {row.raw}")


def _sent(sent: SentView) -> Iterator[str]:
    before = "unknown" if sent.before is None else sent.before
    yield clean(
        f"  sent      run {sent.run_id}, {moment(sent.at)}: {before} -> {sent.target} in the cart's count, {sent.state}"
        + (f", {sent.attempts} attempts" if sent.attempts > 1 else "")
        + (f": {sent.error}" if sent.error else "")
    )
    for attempt in sent.exchanges:
        yield from _attempt(attempt)


def _attempt(attempt: ExchangeView) -> Iterator[str]:
    came = f"answered {attempt.status} in {attempt.took_ms} ms" if attempt.status else f"no answer: {attempt.error}"
    named = f", its id there {attempt.vendor_id}" if attempt.vendor_id else ""
    yield clean(f"            {attempt.method} {attempt.url} {came}{named}")
    yield clean(f"            request {attempt.request}")
    if attempt.answer:
        yield clean(f"            answer  {attempt.answer}")


def _now(ref: str, live: Live | None) -> str:
    if live is None or live.error:
        return clean(f"the cart could not be asked: {live.error if live else 'it was not named'}")
    shown = live.shown.get(ref)
    if shown is None:
        return "the cart no longer has this listing"
    quantity = "no quantity" if shown.quantity is None else str(shown.quantity)
    held = f", {shown.allocated} of it held for its own orders" if shown.allocated else ""
    return f"the cart shows {quantity} in its own count{held} (asked {moment(shown.at)})"
