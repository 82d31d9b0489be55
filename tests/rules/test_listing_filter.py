"""What the filter of lists of listings means, and what it says where it means nothing."""

from __future__ import annotations

import pytest

from invsync_tui.rules.listing_filter import Condition, FilterError, parse


@pytest.mark.parametrize(
    ("text", "conditions", "rest"),
    [
        ("", (), ""),
        ("boot 42", (), "boot 42"),
        ("  boot  42", (), "  boot  42"),
        ("diff>0", (Condition("diff", ">", 0),), ""),
        ("diff>=-3 boot", (Condition("diff", ">=", -3),), "boot"),
        ("target=none", (Condition("target", "=", None),), ""),
        ("TARGET:5", (Condition("target", "=", 5),), ""),
        ("in_cart<>5", (Condition("in-cart", "!=", 5),), ""),
        ("outcome:failed", (Condition("outcome", "=", "failed"),), ""),
        ("outcome:updated", (Condition("outcome", "=", "set"),), ""),
        ("outcome:in-sync", (Condition("outcome", "=", "equal"),), ""),
        ("reason:not_in_wms", (Condition("reason", "=", "NOT_IN_WMS"),), ""),
        ("-locked", (Condition("locked", negated=True),), ""),
        ("locked -target<5", (Condition("locked"), Condition("target", "<", 5, negated=True)), ""),
        ('"locked"', (), "locked"),
        ('"a:b" diff>0', (Condition("diff", ">", 0),), "a:b"),
        ('name:"blue boot"', (Condition("name", "=", "blue boot", contains=True),), ""),
        ("-0042", (), "-0042"),
        ("http", (), "http"),
    ],
)
def test_a_filter_is_conditions_and_a_text(text: str, conditions: tuple[Condition, ...], rest: str) -> None:
    parsed = parse(text)
    assert parsed.conditions == conditions
    assert parsed.text == rest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tarqet<5", "tarqet is nothing to filter by. Did you mean target? Known: target, confirmed, in-cart"),
        ("a:b", 'quote it: "a:b"'),
        ("diff>", "diff> compares with nothing. Type a value behind it, such as diff>0"),
        ("diff>many", "'many' is not a whole number"),
        ("target>none", "'none' is not a whole number"),
        ("outcome:broken", "'broken' is not an outcome. Known: updated, in_sync"),
        ("outcome>failed", "outcome is not a number: > does not go with it. Type outcome:failed"),
        ("reason:not_in_wmss", "Similar ones: NOT_IN_WMS"),
    ],
)
def test_a_wrong_filter_says_what_is_wrong_and_what_is_known(text: str, message: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(text)
    assert message in str(error.value)
