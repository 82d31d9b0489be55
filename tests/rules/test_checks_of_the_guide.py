"""The guide's checks from facts alone: which verdict, and what stands as its cause and what as its fix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from invsync_tui.rules.cart_checks import CartFacts, cart_checks
from invsync_tui.rules.eligibility import Recorded, recorded_causes
from invsync_tui.rules.merchant_checks import Check, SkuFacts, Verdict, connection_check, run_check, sku_checks
from invsync_tui.rules.outcomes import REASONS, Reason

READ = "2 minutes ago"


def facts_of_cart(**changed: object) -> CartFacts:
    """A cart that nothing is wrong with."""
    sound: dict[str, object] = {
        "name": "Shop", "merchant": "Acme", "switched_on": True, "merchant_on": True, "combines": True, "warehouses": (),
        "alias": "SKU", "alias_loaded": True, "products": 3, "lacking": 0, "collisions": 0, "minimum": 0, "listings": 3,
        "never": 0, "never_exact": True, "listed": READ, "unplanned": "",
    }  # fmt: skip
    return CartFacts(**{**sound, **changed})  # type: ignore[arg-type]


def one(facts: CartFacts, name: str) -> Check:
    return next(check for check in cart_checks(facts) if check.id == name)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"never": 2}, Verdict.FAIL),
        ({"never": 2, "listed": ""}, Verdict.SKIPPED),
        ({"never": 2, "switched_on": False}, Verdict.SKIPPED),
        ({"never": 2, "merchant_on": False}, Verdict.SKIPPED),
    ],
)
def test_listings_that_were_never_synced_are_a_fault_only_of_a_cart_that_is_pushed_to(
    changed: dict[str, object], verdict: Verdict
) -> None:
    assert one(facts_of_cart(**changed), "cart.never_synced").verdict is verdict


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"listings": 0}, Verdict.FAIL),
        ({"listed": ""}, Verdict.UNKNOWN),
        ({"listed": "", "switched_on": False}, Verdict.SKIPPED),
        ({"listed": "", "merchant_on": False}, Verdict.SKIPPED),
    ],
)
def test_a_cart_that_lists_nothing_is_a_fault_only_once_it_was_read(
    changed: dict[str, object], verdict: Verdict
) -> None:
    assert one(facts_of_cart(**changed), "cart.listings").verdict is verdict


@pytest.mark.parametrize(
    ("products", "reason"), [((), Reason.NOT_IN_WMS), (("A-1", "a-1"), Reason.AMBIGUOUS_ALIAS)], ids=["none", "two"]
)
def test_what_is_wrong_with_a_code_is_the_cause_and_what_mends_it_the_fix(
    products: tuple[str, ...], reason: Reason
) -> None:
    found = next(iter(sku_checks(SkuFacts("Acme", "A-1", products, (), READ, stale=False, kit=False))))
    assert (found.verdict, found.cause, found.fix) == (Verdict.FAIL, REASONS[reason].text, REASONS[reason].advice)


@pytest.mark.parametrize(
    ("change", "verdict", "cause"),
    [
        ({}, Verdict.PASS, None),
        ({"stale": True}, Verdict.FAIL, Reason.WMS_STALE),
        ({"read": ""}, Verdict.FAIL, Reason.NO_LEVEL),
        ({"read": "", "stale": True}, Verdict.FAIL, Reason.NO_LEVEL),
        ({"kit": True, "stale": True}, Verdict.SKIPPED, None),
        ({"products": ()}, Verdict.SKIPPED, None),
        ({"products": ("A-1", "a-1"), "stale": True}, Verdict.SKIPPED, None),
    ],
)
def test_whether_a_code_was_updated_is_asked_of_exactly_one_product(
    change: dict[str, Any], verdict: Verdict, cause: Reason | None
) -> None:
    facts = SkuFacts("Acme", "A-1", ("A-1",), (), READ, stale=False, kit=False)
    _, found = sku_checks(replace(facts, **change))
    assert found.verdict is verdict
    assert found.cause == ("" if cause is None else REASONS[cause].text)


def test_a_listing_without_anything_against_it_has_no_causes() -> None:
    assert recorded_causes(Recorded(None, None, "acked", None, 1, 0, 0)) == ()


def test_the_causes_of_a_row_are_its_own_and_none_of_its_cart() -> None:
    found = recorded_causes(Recorded(None, None, "acked", None, 1, 1, 1))
    assert set(found) == {Reason.EXCLUDED, Reason.LOCKED}


@pytest.mark.parametrize(
    ("changed", "alias", "lacking"),
    [
        ({}, Verdict.PASS, Verdict.PASS),
        ({"lacking": 1}, Verdict.PASS, Verdict.FAIL),
        ({"alias_loaded": False, "lacking": 3}, Verdict.FAIL, Verdict.FAIL),
        ({"products": 0}, Verdict.SKIPPED, Verdict.SKIPPED),
        ({"products": 0, "alias_loaded": False}, Verdict.SKIPPED, Verdict.SKIPPED),
    ],
)
def test_an_alias_is_a_fault_only_where_there_are_products_without_it(
    changed: dict[str, object], alias: Verdict, lacking: Verdict
) -> None:
    facts = facts_of_cart(**{"alias": "UPC", **changed})
    assert (one(facts, "cart.alias").verdict, one(facts, "cart.alias_lacking").verdict) == (alias, lacking)
    if changed == {"lacking": 1}:
        assert one(facts, "cart.alias").evidence.endswith("2 of 3 products have it")
        assert one(facts, "cart.alias_lacking").evidence.startswith("1 of 3 products")
        assert "--missing" in one(facts, "cart.alias_lacking").fix


@pytest.mark.parametrize(
    ("held", "failed", "verdict", "words"),
    [
        (None, None, Verdict.PASS, ""),
        (7, None, Verdict.FAIL, "invsync release 7 --reason"),
        (None, 8, Verdict.FAIL, "invsync runs 8"),
        (7, 8, Verdict.FAIL, "invsync release 7 --reason"),
    ],
)
def test_the_newest_run_is_a_fault_where_it_is_held_or_failed(
    held: int | None, failed: int | None, verdict: Verdict, words: str
) -> None:
    check = run_check("Acme Shop", held, failed, "no route")
    assert check.verdict is verdict and words in check.fix
    assert ("no route" in check.evidence) is (held is None and failed is not None)


@pytest.mark.parametrize(
    ("error", "reason", "cause"),
    [
        ("", Reason.CART_UNAVAILABLE, ""),
        ("no route", Reason.CART_UNAVAILABLE, REASONS[Reason.CART_UNAVAILABLE].text),
        ("no route", None, "The last run ended with an error."),
    ],
)
def test_the_last_error_of_a_connection_is_told_with_what_its_class_stands_for(
    error: str, reason: Reason | None, cause: str
) -> None:
    check = connection_check("Acme", error, reason, "invsync connections test Acme")
    assert (check.verdict is Verdict.PASS, check.cause) == (not error, cause)
    assert check.fix == ("invsync connections test Acme" if error else "")


def test_what_an_operator_ordered_and_what_is_in_sync_is_expected_and_all_else_is_a_finding() -> None:
    assert {reason.value for reason, info in REASONS.items() if info.expected} == {
        "CANCELED", "CUT_OFF_APPLIED", "EXCLUDED", "FROZEN", "HELD_FOR_REVIEW", "IN_SYNC", "LOCKED", "OVERRIDDEN", "SWITCH_OFF",
    }  # fmt: skip
