"""What stored codes are called in documents and on screens."""

from __future__ import annotations

import pytest

from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Outcome, Reason


@pytest.mark.parametrize(
    ("code", "name", "text"),
    [
        (Outcome.SET, "updated", "updated"),
        (Outcome.EQUAL, "in_sync", "in sync"),
        (Outcome.IN_DOUBT, "in_doubt", "in doubt"),
        (Outcome.SKIPPED, "skipped", "skipped"),
        (Reason.REJECTED_BY_CART, "REJECTED_BY_CART", "REJECTED_BY_CART"),
    ],
)
def test_an_outcome_has_a_name_and_words_and_a_reason_is_its_own(code: str, name: str, text: str) -> None:
    assert (words.name(words.OUTCOMES, code), words.outcome(code)) == (name, text)
    assert words.stored(words.OUTCOMES, name) == code


def test_runs_states_and_groups() -> None:
    assert [words.run_kind(code) for code in ("pull", "push", "radar")] == ["pull", "push", "drift check"]
    assert [words.state(code) for code in ("held", "cancelling", "cancelled")] == ["held", "canceling", "canceled"]
    assert [words.group(code) for code in ("zero", "jump", "rest")] == ["to zero", "large changes", "other"]
    assert words.named(words.GROUPS, {"zero": 2, "rest": 1}) == {"to_zero": 2, "other": 1}
    assert [words.stored(words.STATES, name) for name in ("canceled", "cancelled")] == ["cancelled", "cancelled"]
    assert [words.phase(name) for name in ("levels EAST", "resolve", "plan")] == [
        "stock levels: EAST",
        "check unanswered batches",
        "plan",
    ]
