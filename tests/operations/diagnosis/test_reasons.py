"""What each reason counts as, on every list that treats reasons: a new one without a line here fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from invsync_tui.cli import main
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.rules.cart_checks import _TOPICS
from invsync_tui.rules.eligibility import SENDING_CAUSES, STOCK_CAUSES
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.navigation.links import Link, of_cause, of_group

# Outcome on the run's page; the sets it is in; the doctor's check that tells it; where Enter leads from one listing's
# cause, and from the cause of many.
TABLE = {
    "NOT_IN_WMS": ("skipped", "stock", "sku.known", "", "listings:not-in-wms"),
    "ALIAS_MISSING": ("skipped", "", "listing.code", "cart:alias", "cart:alias"),
    "WRONG_ALIAS_TYPE": ("skipped", "", "listing.code", "cart:alias", "cart:alias"),
    "AMBIGUOUS_ALIAS": ("skipped", "", "sku.unique", "", "listings:ambiguous"),
    "NOT_IN_CART": ("skipped", "", "listing.listed", "", "listings:all"),
    "DUPLICATE_IN_CART": ("skipped", "", "listing.once", "", "listings:all"),
    "CART_NOT_TRACKING": ("skipped", "", "listing.tracked", "fix:SKU", "listings:all"),
    "NOT_STOCKED_AT_LOCATION": ("skipped", "", "listing.tracked", "fix:SKU", "listings:all"),
    "BUNDLE_PARENT": ("skipped", "benign", "listing.tracked", "", "listings:all"),
    "FBA_MANAGED": ("skipped", "benign", "listing.tracked", "", "listings:all"),
    "LOCATION_UNMAPPED": ("skipped", "", "listing.tracked", "cart:options", "cart:options"),
    "WAREHOUSE_DISABLED": ("skipped", "", "", "cart:warehouses", "cart:warehouses"),
    "WAREHOUSE_GONE": ("skipped", "", "", "cart:warehouses", "cart:warehouses"),
    "WRONG_WAREHOUSE": ("skipped", "stock", "sku.warehouse", "cart:warehouses", "cart:warehouses"),
    "NO_LEVEL": ("skipped", "stock", "sku.recent", "", "listings:all"),
    "PRODUCT_INACTIVE": ("skipped", "stock", "sku.active", "cart:inactive-products", "cart:inactive-products"),
    "STOCK_NOT_COUNTED": ("skipped", "stock benign", "sku.counted", "", "listings:all"),
    "WMS_STALE": ("skipped", "stock", "sku.recent", "cart:stale-after", "listings:all"),
    "EXCLUDED": ("skipped", "wished", "listing.wished", "sku", "listings:excluded"),
    "LOCKED": ("skipped", "wished", "listing.wished", "sku", "listings:locked"),
    "OVERRIDDEN": ("note", "wished", "listing.wished", "sku", "listings:overrides"),
    "IN_SYNC": ("equal", "wished", "", "", "listings:all"),
    "CUT_OFF_APPLIED": ("note", "stock wished", "cart.minimum", "cart:minimum", "cart:minimum"),
    "CAS_CONFLICT": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "THROTTLED": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "SCOPE_MISSING": ("failed", "sending", "listing.sent", "cart:secret", "cart:secret"),
    "AUTH_FAILED": ("failed", "sending", "listing.sent", "cart:secret", "cart:secret"),
    "CART_UNAVAILABLE": ("failed", "sending", "listing.sent", "cart:url", "listings:failed"),
    "SOURCE_UNAVAILABLE": ("failed", "", "", "", "listings:all"),
    "NOT_CONFIGURED": ("failed", "sending", "listing.sent", "cart:options", "cart:options"),
    "UNEXPECTED_ANSWER": ("failed", "sending", "listing.sent", "cart:url", "listings:failed"),
    "STORE_FAILED": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "ACCOUNTING": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "INTERNAL_DEFECT": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "REJECTED_BY_CART": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "VERIFY_FAILED": ("failed", "sending", "listing.sent", "", "listings:failed"),
    "HELD_FOR_REVIEW": ("held", "sending wished", "listing.sent", "cart:zero-count", "cart:zero-count"),
    "SWITCH_OFF": ("skipped", "wished", "", "cart:upload", "cart:upload"),
    "FROZEN": ("skipped", "wished", "", "", "listings:all"),
    "CHANGED_SINCE": ("skipped", "", "", "", "listings:all"),
    "CANCELED": ("skipped", "wished", "", "", "listings:all"),
    "BAD_ROW": ("failed", "sending", "listing.sent", "", "listings:all"),
    "OVERSELL": ("skipped", "", "", "", "listings:all"),
    "UNDERSELL": ("skipped", "", "", "", "listings:all"),
    "EDITED_IN_CART": ("skipped", "", "", "", "listings:all"),
    "CART_LAGGING": ("skipped", "", "", "", "listings:all"),
}
TOLD_ELSEWHERE = {
    "WAREHOUSE_DISABLED": "cart.warehouses", "WAREHOUSE_GONE": "cart.warehouses", "SWITCH_OFF": "cart.switch",
    "FROZEN": "cart.frozen", "SOURCE_UNAVAILABLE": "connection.last_error", "IN_SYNC": "nothing is wrong",
    "CHANGED_SINCE": "the run's page", "CANCELED": "the run's page", "OVERSELL": "drift", "UNDERSELL": "drift",
    "EDITED_IN_CART": "drift", "CART_LAGGING": "drift",
}  # fmt: skip
"""Reasons that no check of the listings has, and who tells them."""
SETS = {
    "stock": STOCK_CAUSES,
    "sending": SENDING_CAUSES,
    "wished": {reason for reason, info in REASONS.items() if info.expected},
    "benign": {reason for reason, info in REASONS.items() if info.harmless},
}


def _at(jump: Link | None) -> str:
    return f"{jump.kind}:{jump.at}".rstrip(":") if jump else ""


def test_every_reason_has_its_line() -> None:
    assert TABLE.keys() == {reason.value for reason in Reason}
    assert all(REASONS[reason].text and REASONS[reason].advice for reason in Reason)


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_is_treated_alike_everywhere(reason: Reason) -> None:
    found = (
        REASONS[reason].outcome,
        " ".join(name for name, members in SETS.items() if reason in members),
        " ".join(topic.id for topic in _TOPICS if reason in topic.causes),
        _at(of_cause("Cart", "SKU", reason)),
        _at(of_group("Cart", reason)),
    )
    assert found == TABLE[reason.value]
    assert bool(found[2]) != (reason.value in TOLD_ELSEWHERE), "one check of the doctor, or somebody else, tells it"


def test_what_a_reason_leads_to_exists() -> None:
    assert REASONS.keys() == set(Reason)
    for reason, info in REASONS.items():
        assert info.listings in ("", *(one.value for one in ListingFilter)), reason
        filled = info.fix.format(sku="SKU", cart="Cart", merchant="Merchant")
        for command in re.findall(r"invsync (?!runs,).*?(?=, then|$)", filled):
            words = re.sub(r"\bRUN\b", "1", command).replace("invsync ", "").split()
            assert main.parser().parse_args(words).command == words[0], reason


def test_the_manual_explains_every_reason_in_the_programs_words() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "reasons.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|$", text, re.MULTILINE))
    assert told == {reason.value: REASONS[reason].text for reason in Reason}
