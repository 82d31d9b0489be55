"""What connectors say of how they are proved is there, and makes the tier that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.connectors import quality, registry
from invsync_tui.connectors.quality import RULES, Tier

ROOT = Path(__file__).parent.parent.parent
OURS = [
    (group, system)
    for group in (registry.SOURCES, registry.CARTS)
    for system in registry.systems(group)
    if registry.connector(group, system).__module__.startswith("invsync_tui.") and system != "sandbox"
]


@pytest.mark.parametrize(("group", "system"), OURS)
def test_each_answers_every_rule_and_names_proofs_that_exist(group: str, system: str) -> None:
    rated = quality.of(registry.connector(group, system))
    assert [answer.rule for answer in rated.answers] == list(RULES)
    for answer in rated.answers:
        assert answer.text != "not said", answer.rule.name
        if answer.state == "done":
            assert (ROOT / answer.text).is_file(), f"{system}: {answer.rule.name} is proved by {answer.text}"


REAL = {"tryton", "odoo", "vendure", "medusa", "sql", "feed"}
"""Systems that are there in every run of the tests."""


@pytest.mark.parametrize(("group", "system"), OURS)
def test_none_is_called_proved_on_a_real_system_that_is_not_there(group: str, system: str) -> None:
    rated = quality.of(registry.connector(group, system))
    (real,) = [answer for answer in rated.answers if answer.rule.name == "real-system"]
    assert (real.state == "done") is (system in REAL)
    assert rated.tier is not Tier.GOLD or system in REAL


def _file(**changed: str) -> str:
    lines = {rule.name: '{ done = "x" }' for rule in RULES}
    return "\n".join(f"{name} = {entry}" for name, entry in {**lines, **changed}.items() if entry)


@pytest.mark.parametrize(
    ("changed", "tier"),
    [
        ({}, Tier.GOLD),
        ({"orders": '{ exempt = "none" }'}, Tier.GOLD),
        ({"real-system": '{ todo = "none" }'}, Tier.SILVER),
        ({"benchmark": ""}, Tier.SILVER),
        ({"thread": '{ todo = "none" }'}, Tier.BRONZE),
        ({"page": '{ todo = "none" }'}, Tier.NONE),
    ],
)
def test_a_tier_needs_all_its_rules_and_those_below(changed: dict[str, str], tier: Tier) -> None:
    assert quality.read(_file(**changed)).tier is tier


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('speed = { done = "x" }', "no rule speed"),
        ('suite = "yes"', "suite needs one of done, exempt, todo"),
        ('suite = { done = "" }', "with a text"),
        ('suite = { perhaps = "x" }', "with a text"),
        ('suite = { done = "x", todo = "y" }', "suite needs one of"),
        ("suite = ", "Invalid value"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        quality.read(text)
