"""What the filter of lists of listings means, and what it says where it means nothing."""

from __future__ import annotations

import pytest

from invsync_tui.rules.listing_filter import (
    CHANGES,
    DRIFT,
    HELD,
    LISTINGS,
    PLAN,
    Condition,
    FilterError,
    Language,
    LineFilter,
    parse,
)


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


@pytest.mark.parametrize(
    ("language", "text", "condition"),
    [
        (HELD, "change<-20", Condition("change", "<", -20)),
        (HELD, "group:to-zero", Condition("group", "=", "zero")),
        (HELD, "group:jump", Condition("group", "=", "jump")),
        (CHANGES, "set_to=0", Condition("set-to", "=", 0)),
        (CHANGES, "-result:updated", Condition("result", "=", "set", negated=True)),
        (CHANGES, "result:sent", Condition("result", "=", "sent")),
        (DRIFT, "class:oversell", Condition("class", "=", "oversell")),
        (DRIFT, "-correct", Condition("correct", negated=True)),
        (PLAN, "risk:to_zero", Condition("risk", "=", "to_zero")),
    ],
)
def test_each_list_knows_its_own_columns(language: Language, text: str, condition: Condition) -> None:
    assert parse(text, language).conditions == (condition,)


@pytest.mark.parametrize(
    ("language", "text", "message"),
    [
        (
            HELD,
            "outcome:failed",
            "outcome is nothing to filter by. Known: in-cart, target, change, diff, group, sku, name.",
        ),
        (CHANGES, "result:bad", "'bad' is not a result. Known: updated"),
        (CHANGES, "result>1", "Type result:failed"),
        (DRIFT, "expsure>3", "Did you mean exposure?"),
        (DRIFT, "class:gone", "'gone' is not a class of drift. Known: "),
        (HELD, "group:some", "Known: to_zero, large_changes, other"),
    ],
)
def test_what_a_list_does_not_know_is_answered_by_what_it_knows(language: Language, text: str, message: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(text, language)
    assert message in str(error.value)


LINES = (
    {"sku": "Boot-1", "name": "A Boot", "target": 5, "in-cart": 7, "diff": 2, "locked": True},
    {"sku": "boot-2", "name": "Other", "target": None, "in-cart": 7, "diff": None, "locked": False},
    {"sku": "LAMP", "name": "", "target": 0, "in-cart": 0, "diff": 0, "outcome": "failed", "error": None},
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", [0, 1, 2]), ("boot", [0, 1]), ("BOOT-2", [1]), ("diff>0", [0]), ("-diff>0", [1, 2]), ("diff=none", [1]),
        ("diff!=none", [0, 2]), ("-diff=0", [0, 1]), ("target<=5 in-cart>=7", [0]), ("target<6 lamp", [2]), ("locked", [0]),
        ("-locked", [1, 2]), ("name:boot", [0]), ("name=other", [1]), ("-name:o", [2]), ("sku:BOOT", [0, 1]),
        ("sku!=lamp", [0, 1]), ("outcome:failed", [2]), ("outcome!=failed", [0, 1]),
        ("error:x", []), ("diff>0 diff<0", []), ('"locked"', []),
    ],
)  # fmt: skip
def test_a_line_in_memory_fulfils_a_filter_or_not(text: str, kept: list[int]) -> None:
    def column(name: str):  # type: ignore[no-untyped-def]
        return lambda line: line.get(name)

    values = {name: column(name) for name in (*LISTINGS.known, *LISTINGS.flags)}
    fulfills = LineFilter(text, LISTINGS, values, lambda line: (line["sku"],))
    assert [n for n, line in enumerate(LINES) if fulfills(line)] == kept
    assert bool(fulfills) == bool(text)
