"""What is written about safety rules is complete, and each has one code that can be looked up."""

from __future__ import annotations

import json

from invsync_tui.operations.settings import fields
from invsync_tui.rules import safety_rules, words
from invsync_tui.rules.safety import SafetyRule
from invsync_tui.rules.safety_rules import RULES, TrippedRule


def test_every_rule_has_words_and_names_settings_that_exist() -> None:
    assert list(RULES) != [] and set(RULES) == set(SafetyRule)
    assert all(info.when.endswith(".") and info.advice.endswith(".") for info in RULES.values())
    assert {name for info in RULES.values() for name in info.settings} <= {setting.name for setting in fields.CART}


def test_a_rule_has_one_code_outside_of_the_store() -> None:
    codes = [safety_rules.code(rule) for rule in SafetyRule]
    assert len(set(codes)) == len(codes)
    assert [words.stored(words.SAFETY_RULES, code) for code in codes] == list(SafetyRule)
    assert {"LARGE_CHANGES", "CATALOG_SHRUNK"} <= set(codes)
    assert set(codes).isdisjoint(words.SAFETY_RULES)


def test_the_rules_of_a_record_come_with_their_codes() -> None:
    trips = [{"breaker": "JUMP", "measure": 30, "text": "30 of 90 listings"}]
    (rule,) = safety_rules.tripped_rules(json.dumps(trips))
    assert rule == TrippedRule("LARGE_CHANGES", "30 of 90 listings")
    assert str(rule) == "30 of 90 listings (LARGE_CHANGES)"
