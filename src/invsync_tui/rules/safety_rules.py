"""What people and scripts read about safety rules: the code, when each holds, its limits, and what to do then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from invsync_tui.rules import words
from invsync_tui.rules.safety import SafetyRule


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """Two sentences for the operator, and the names of the cart's settings that are its limits."""

    when: str
    advice: str
    settings: tuple[str, ...] = ()


_LIMIT = "Look at the listings with invsync held RUN; release them, or correct the WMS and discard the run."

RULES: Mapping[SafetyRule, RuleInfo] = {
    SafetyRule.FIRST_PUSH: RuleInfo(
        "The cart was never pushed to, and listings would be updated.",
        "Compare some of the quantities with the WMS, then release the run.",
    ),
    SafetyRule.RULES_CHANGED: RuleInfo(
        "Settings that decide quantities, or the warehouses that count, changed since the last push.",
        "Look at the listings; release the run, or change the settings back and discard it.",
    ),
    SafetyRule.MASS_ZERO: RuleInfo(
        "More listings in stock would go to 0 than both limits allow.", _LIMIT, ("zero-count", "zero-percent")
    ),
    SafetyRule.JUMP: RuleInfo(
        "More listings in stock would change by more than the factor than both limits allow.",
        _LIMIT,
        ("large-change-factor", "large-change-count", "large-change-percent"),
    ),
    SafetyRule.CATALOG_SHRUNK: RuleInfo(
        "The last full download has fewer products than the one before it, by more than the limit.",
        "Check in the WMS that the products were removed on purpose; release the run, or download again and discard it.",
        ("shrink-percent",),
    ),
    SafetyRule.WAREHOUSE_VANISHED: RuleInfo(
        "The WMS no longer reports a warehouse of the cart, reports nothing in it, or refuses to let it be read.",
        "Restore it in the WMS and download again; a release counts its stock as 0.",
    ),
    SafetyRule.WAREHOUSE_INACTIVE: RuleInfo(
        "A warehouse of the cart was switched off in the WMS.",
        "Switch it on in the WMS and download again; a release counts its stock as 0.",
    ),
    SafetyRule.WAREHOUSE_EMPTIED: RuleInfo(
        "A warehouse of the cart lost all its stock since the last push: three SKUs of it, or more.",
        "Check the stock of the warehouse in the WMS; release the run if it is empty, else download again and discard it.",
    ),
    SafetyRule.STALE_READING: RuleInfo(
        "The stock data is older than the limit, or is dated ahead of the clock.",
        "Download again with invsync sync MERCHANT: its push is planned from the new data.",
        ("stale-after",),
    ),
    SafetyRule.PLAN_CHANGED: RuleInfo(
        "The push was to send exactly a plan that was shown, and that plan would be another one now.",
        "Look at the new plan with invsync plan CART and apply that one, or release the run to send it as it is now.",
    ),
    SafetyRule.SOURCE_CHANGED: RuleInfo(
        "A download would read another company, database or file than before.",
        "Correct the connection and sync again; release the run only if the change was intended.",
    ),
    SafetyRule.CART_CHANGED: RuleInfo(
        "A push or a verification would be of another shop or account than before, or which one it is can no longer be read.",
        "Correct the connection and sync again; release the run only if the change was intended.",
    ),
}


@dataclass(frozen=True, slots=True)
class TrippedRule:
    """A safety rule that holds a push: its code, as documents and the manual have it, and a sentence with its numbers."""

    code: str
    text: str

    def __str__(self) -> str:
        """The sentence with the code behind it, by which the manual explains it."""
        return f"{self.text} ({self.code})"


def tripped_rules(trips: str) -> tuple[TrippedRule, ...]:
    """The rules of a run or a plan from the JSON list that the store has of them."""
    return tuple(TrippedRule(code(trip["breaker"]), trip["text"]) for trip in json.loads(trips))


def code(stored: str) -> str:
    """What documents, screens and the manual call a rule that the store knows by this code."""
    return words.name(words.SAFETY_RULES, stored)
