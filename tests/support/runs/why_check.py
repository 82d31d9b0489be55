"""Whether `why` recomputes what a cart holds, and names what keeps it from holding it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from invsync_tui.connectors import registry
from invsync_tui.operations.diagnosis.why import WhyListing, why
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.sync import connections
from invsync_tui.sync.decide import traces
from invsync_tui.sync.settings import load_settings
from tests.support.stores.merchant_store import Bench

EXPLAINS = frozenset({Reason.CUT_OFF_APPLIED, Reason.OVERRIDDEN})
"""Causes that explain a number that was pushed; any other keeps a listing from being pushed."""
SETTLED = frozenset({Outcome.SET.value, Outcome.EQUAL.value})


class Held(NamedTuple):
    """A listing as its shop and as the last run left it. Quantities in the shop's basis."""

    ref: str
    quantity: int | None
    allocated: int
    outcome: str | None
    reason: str | None
    acked: int | None


def held(bench: Bench, cart_id: int, shop: list[dict[str, Any]]) -> Iterator[Held]:
    """The listings of a shop, as its own dump has them."""
    sql = "SELECT ref, outcome, reason, acked FROM listing WHERE cart_id = ? AND gone_at IS NULL"
    rows = {row[0]: row[1:] for row in bench.store.read(sql, (cart_id,))}
    for listing in shop:
        yield Held(listing["ref"], listing["quantity"], listing["allocated"], *rows[listing["ref"]])


def told(bench: Bench, cart_id: int, ref: str) -> WhyListing:
    """What `why` says of one listing, asked by its remote id."""
    lines = [line for line in why(bench.session(), ref, cart_id).listings if line.cart_listing_id == ref]
    assert len(lines) == 1, (ref, lines)
    return lines[0]


def disagreement(listing: Held, line: WhyListing, *, on_hand: bool) -> str:
    """What `why` says otherwise than shop and run; '' where all three agree."""
    blocking = set(line.causes) - EXPLAINS
    if listing.outcome != line.outcome:
        return "another outcome than the run's"
    if listing.outcome in SETTLED:
        return _settled(listing, line, blocking, on_hand)
    if listing.outcome != Outcome.SKIPPED.value:
        return "the run neither settled nor skipped it"
    return "" if listing.reason in line.causes and blocking else "skipped for a reason that why does not name"


def _settled(listing: Held, line: WhyListing, blocking: set[Reason], on_hand: bool) -> str:
    target = None if line.target is None else line.target + (listing.allocated if on_hand else 0)
    if blocking:
        return "settled, and yet something keeps it from being pushed"
    if (Reason.CUT_OFF_APPLIED in line.causes) != any(step.step == "cutoff" for step in line.steps):
        return "the cut-off's cause and its step disagree"
    if not chained(line):
        return "a step does not begin where the one before it ended"
    if listing.quantity == target:
        return ""
    # It accepted our number and shows another since: somebody edited it, or it took an order.
    shows_drift = line.drift is not None or any("but shows" in step.because for step in line.steps)
    return (
        "" if shows_drift and listing.acked == line.target else "the shop holds another number, and why does not say so"
    )


def chained(line: WhyListing) -> bool:
    """Each step begins where the one before it ended, up to the number that is pushed."""
    chain = [step for step in line.steps if step.step not in ("basis", "compare")]
    linked = all(step.after == other.before for step, other in pairwise(chain))
    return linked and bool(chain) and chain[-1].after == line.target


def disagreements(
    bench: Bench, cart_id: int, shop: list[dict[str, Any]], *, on_hand: bool
) -> Mapping[str, tuple[str, Held, WhyListing]]:
    """By remote id, all listings of a shop of which `why` says otherwise."""
    pairs = [(listing, told(bench, cart_id, listing.ref)) for listing in held(bench, cart_id, shop)]
    disagreements = [(disagreement(listing, line, on_hand=on_hand), listing, line) for listing, line in pairs]
    return {each[1].ref: each for each in disagreements if each[0]}


# --- at the end of every test in a town ------------------------------------------------------------------------------

_UNDISTURBED = """
SELECT c.id FROM cart AS c JOIN source AS s ON s.merchant_id = c.merchant_id JOIN run AS r
ON r.id = (SELECT max(id) FROM run WHERE kind = 'push' AND key = c.id)
WHERE r.state = 'done' AND c.rules_rev = c.matched_rev AND c.rules_rev = c.pushed_rules_rev AND c.frozen_at IS NULL
AND NOT EXISTS (SELECT 1 FROM run AS p WHERE p.kind = 'pull' AND p.key = c.merchant_id AND p.id > r.id)
AND NOT EXISTS (SELECT 1 FROM plan AS n WHERE n.cart_id = c.id)
"""
"""Carts that nothing happened to since their last push, as far as the store knows, and that show no plan but the rules'."""


def every_number_is_recomputed(bench: Bench) -> None:
    """What a cart accepted and the run settled comes out again, from the store alone."""
    for (cart_id,) in bench.store.read(_UNDISTURBED):
        with bench.store.reading() as cx:
            settings = load_settings(cx, cart_id)
            assert settings is not None
            basis = registry.cart(connections.cart_connection(settings.cart)).capabilities.quantity_basis
            sql = (
                "SELECT id, acked FROM listing WHERE cart_id = ? AND outcome IN ('set', 'equal') AND gone_at IS NULL "
                "AND pending = 0 AND seq <= (SELECT watermark FROM cart WHERE id = cart_id)"
            )
            acked = dict(cx.execute(sql, (cart_id,)).fetchall())
            # A test may have put the clock forward, and back before it ended.
            now = max(int(time.time()), settings.source.confirmed_at or 0)
            for trace in traces(cx, list(acked), settings, basis, now):
                assert trace.desired == acked[trace.row.id], (cart_id, trace)
