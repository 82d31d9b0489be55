"""Answers of `why` and `doctor` without a store, with hostile names in them."""

from __future__ import annotations

from invsync_tui.operations.diagnosis.doctor import Checkup
from invsync_tui.operations.diagnosis.evidence import ExchangeView, SentView, SourceView
from invsync_tui.operations.diagnosis.why import Why, WhyListing
from invsync_tui.rules.merchant_checks import Check, Group, Item, Section, Verdict
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.quantity import Step
from tests.support.fakes.lists import HOSTILE, listing

NUMBER = 42
DEAF = 99
"""A cart that cannot be asked."""
SOURCE = (
    SourceView("DEMO", "WH-1", True, 44, 40, 4, None, 1_760_000_000, None, False, 1_760_000_000, '{"available": 40}'),
    SourceView("DEMO", HOSTILE[1], False, None, 2, None, 5, 1_760_000_000, None, True, None, None),
)
SENT = SentView(
    "b1", 11, "answered", 2, 1_760_000_100, 1_760_000_101, 38, 40, "",
    (ExchangeView(1, 35, "POST", "https://cart.example/stock", 200, "req-77", f"[{HOSTILE[1]}]", "{}", ""),),
)  # fmt: skip


def why_of(asked: str) -> Why:
    """Two listings and a cart that has none; the one of `fake_lists` is not the first."""
    number = next((n for n in range(1, 100) if listing(n).sku == asked), NUMBER)
    known = WhyListing(
        cart="Demo Cart EU", sku=asked, cart_listing_id=listing(number).cart_listing_id,
        steps=(
            Step("sum", None, 42, "WH-1 40 + WH-2 2, and a sentence that is longer than one row of a small terminal"),
            Step("buffer", 42, 40, f"Buffer 2 of {HOSTILE[1]}"),
        ),
        target=40, confirmed=40, in_cart=40, outcome="set", causes=(), cart_id=7, source=SOURCE, sent=SENT,
    )  # fmt: skip
    unknown = WhyListing(
        cart=HOSTILE[1], sku=HOSTILE[0], cart_listing_id="R1", steps=(Step("sum", None, None, "never read"),),
        target=None, confirmed=3, in_cart=None, outcome=None,
        causes=(Reason.NO_LEVEL, Reason.AMBIGUOUS_ALIAS), cart_id=DEAF,
    )  # fmt: skip
    absent = WhyListing(HOSTILE[3], None, None, (), None, None, None, "skipped", (Reason.NOT_IN_CART,))
    return Why(asked, "SKU", asked, (unknown, absent, known))


def checkup(times: int) -> Checkup:
    """A check of every verdict; the first one tells how often was asked."""
    switch = Item("sync-switch", Section.SYNC_SWITCH, "Demo Outdoor")
    cart = Item("upload-switch", Section.UPLOAD_SWITCH, HOSTILE[1])
    checks: tuple[Check, ...] = (
        switch.passed(f"on, asked {times} times"),
        cart.failed("off", "Inventory Upload Service is off.", "Switch it on in Edit Setup of the cart."),
        cart.unknown("never planned", "Its listings were never read.", "Sync it once."),
        cart.skipped("no kit"),
    )
    assert {check.verdict for check in checks} == set(Verdict)
    return Checkup(checks, (Group(HOSTILE[1], Reason.SWITCH_OFF, 3, ("DEMO-00042", HOSTILE[0], HOSTILE[4])),))
