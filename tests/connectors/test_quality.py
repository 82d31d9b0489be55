"""What connectors say of how they are proved is there, and makes the tier that is shown."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors import quality, registry
from invsync_tui.connectors.base import Connection
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
            path = answer.text.partition("::")[0]
            assert (ROOT / path).is_file(), f"{system}: {answer.rule.name} is proved by {answer.text}"


FAULTS = {
    registry.CARTS: {"throttled", "login", "5xx", "slow", "lost", "partial", "oversized", "deleted"},
    registry.SOURCES: {"unreadable", "cut", "empty"},
}
"""What a thread goes through, by the marker `drives` of its test."""


def wants(group: str, system: str, rule: str) -> set[str]:
    """What a proof of a rule has to drive; nothing for the rules that are proved otherwise."""
    if rule == "thread":
        several = group == registry.CARTS and _several_locations(system)
        return FAULTS[group] | ({"locations"} if several else set())
    return {"rate-limits": {"long wait"}, "orders": {"orders", "drift", "undo"}}.get(rule, set())


def _several_locations(system: str) -> bool:
    connection = Connection("shop", system, "https://shop.example.com")
    return bool(registry.connector(registry.CARTS, system)(connection).capabilities.has_locations)


@pytest.mark.parametrize(("group", "system"), OURS)
def test_a_thread_is_proved_by_a_test_that_drives_its_faults_with_that_system(group: str, system: str) -> None:
    for answer in quality.of(registry.connector(group, system)).answers:
        wanted = wants(group, system, answer.rule.name)
        if answer.state == "done" and wanted:
            test, variant = proof(answer.text)
            assert variant == system, f"{answer.text}: name the variant of {system}"
            assert variant in variants(test), f"{answer.text}: the test has no such variant"
            assert wanted <= driven(test), f"{answer.text}: it does not drive {wanted - driven(test)}"


@pytest.mark.parametrize(("group", "system"), OURS)
def test_a_suite_is_proved_by_the_kits_own_class_for_that_connector(group: str, system: str) -> None:
    connector = registry.connector(group, system)
    (answer,) = [answer for answer in quality.of(connector).answers if answer.rule.name == "suite"]
    suite, variant = proof(answer.text)
    assert variant == "" and issubclass(suite.connector, connector), answer.text


@pytest.mark.parametrize(("group", "system"), OURS)
def test_any_other_proof_by_a_test_speaks_of_that_system(group: str, system: str) -> None:
    for answer in quality.of(registry.connector(group, system)).answers:
        path = answer.text.partition("::")[0]
        if answer.state == "done":
            spoken = (ROOT / path).read_text("utf-8").lower()
            assert system in path or system in spoken, f"{answer.text} does not speak of {system}"


def proof(text: str) -> tuple[Any, str]:
    """The test or class of tests that is named, and the variant of it; `path.py::name[variant]`."""
    path, _, name = text.partition("::")
    name, _, variant = name.partition("[")
    assert path.endswith(".py") and name, f"{text}: name a test of the file"
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    return getattr(module, name), variant.rstrip("]")


def variants(test: Any) -> set[str]:
    """The systems that a test is run with."""
    values = [value for mark in test.pytestmark if mark.name == "parametrize" for value in mark.args[1]]
    return {value if isinstance(value, str) else value.values[0] for value in values}


def driven(test: Any) -> set[str]:
    """What a test says that it drives."""
    return {word for mark in test.pytestmark if mark.name == "drives" for word in mark.args}


def test_a_proof_that_is_none_is_found_out() -> None:
    """The checks above can fail."""
    thread, variant = proof(
        "tests/connectors/threads/test_cart_threads.py::test_the_thread_from_a_wms_to_the_cart[odoo]"
    )
    assert variant not in variants(thread)
    assert "undo" not in driven(thread)
    with pytest.raises(AssertionError, match="name a test"):
        proof("tests/connectors/threads/test_cart_threads.py")
    with pytest.raises(AttributeError):
        proof("tests/connectors/threads/test_cart_threads.py::test_nothing[medusa]")


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
