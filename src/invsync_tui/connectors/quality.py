"""How well a connector is proved: a file `quality.toml` beside its code, with one line for each rule.

    suite                = { done = "tests/connectors/woocommerce/test_woocommerce_thread.py::TestProducts" }
    real-system          = { todo = "no shop was at hand" }
    orders               = { exempt = "a database has no orders" }

`done` names what proves it, a test as `path::name[variant]`, `exempt` says why the rule cannot apply, `todo` what is missing.
A rule that is not named is missing. A tier is reached with all its rules and those of the tiers below it done or exempt.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from invsync_tui.connectors.errors import ContractError

FILE = "quality.toml"


class Tier(StrEnum):
    """How far a connector may be trusted."""

    NONE = "not rated"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Rule(NamedTuple):
    """One rule: its tier, its name in the file, and what it asks for."""

    tier: Tier
    name: str
    text: str


RULES = (
    Rule(Tier.BRONZE, "suite", "the suite of the kit passes against a server of its own"),
    Rule(Tier.BRONZE, "page", "its page says what to set up, which permissions it needs and what it cannot do"),
    Rule(Tier.BRONZE, "doctor", "the doctor has checks of its own for it"),
    Rule(
        Tier.SILVER,
        "other-hand",
        "the server that it is tried on is real, or was written by somebody who has not read it",
    ),
    Rule(
        Tier.SILVER,
        "contract",
        "requests and answers are checked against what the vendor publishes, where there is such",
    ),
    Rule(Tier.SILVER, "thread", "the whole way from the WMS to the cart was driven with faults on it"),
    Rule(Tier.SILVER, "rate-limits", "a long wait that the system asks for outlives the process"),
    Rule(Tier.GOLD, "real-system", "it is tried on the real system in every run of the tests"),
    Rule(Tier.GOLD, "orders", "orders, drift checks and undo work with it"),
    Rule(Tier.GOLD, "benchmark", "what it costs is in the table of figures"),
)
STATES = ("done", "exempt", "todo")


class Answer(NamedTuple):
    """What a connector says to a rule. `state`: done, exempt or todo."""

    rule: Rule
    state: str
    text: str


class Quality(NamedTuple):
    """The answers to all rules, in their order, and the tier that they make."""

    tier: Tier
    answers: tuple[Answer, ...]


def of(connector: type) -> Quality:
    """What the file beside a connector says; not rated where there is none. ContractError for one that cannot be read."""
    module = sys.modules[connector.__module__]
    path = Path(module.__file__ or "").with_name(FILE)
    if not path.is_file():
        return Quality(Tier.NONE, ())
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{path.parent.name}/{FILE} cannot be read: {error}.") from error


def read(text: str) -> Quality:
    """The answers of a file. ValueError for an unknown rule or state."""
    entries = tomllib.loads(text)
    unknown = sorted(entries.keys() - {rule.name for rule in RULES})
    if unknown:
        raise ValueError(f"it has no rule {', '.join(unknown)}; there are: {', '.join(rule.name for rule in RULES)}")
    answers = tuple(_answer(rule, entries.get(rule.name, {"todo": "not said"})) for rule in RULES)
    return Quality(_tier(answers), answers)


def _answer(rule: Rule, entry: object) -> Answer:
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise ValueError(f"{rule.name} needs one of {', '.join(STATES)}")
    ((state, text),) = entry.items()
    if state not in STATES or not isinstance(text, str) or not text.strip():
        raise ValueError(f"{rule.name} needs one of {', '.join(STATES)} with a text")
    return Answer(rule, state, text.strip())


def _tier(answers: tuple[Answer, ...]) -> Tier:
    reached = Tier.NONE
    for tier in (Tier.BRONZE, Tier.SILVER, Tier.GOLD):
        if any(answer.state == "todo" for answer in answers if answer.rule.tier is tier):
            break
        reached = tier
    return reached
