"""Screens speak of keys: the commands that operations advise are left to the command line."""

from __future__ import annotations

import re

import pytest

from invsync_tui.rules.outcomes import REASONS
from invsync_tui.tui.text.advice import SHOWN, of_keys

COMMAND = re.compile(rf"\binvsync (?!(?:{'|'.join(SHOWN)})\b)[a-z]+")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("There is no cart 5. List them with: invsync carts.", "There is no cart 5. List them with :carts."),
        ("There is no warehouse 5. List them with: invsync warehouses MERCHANT.",
         "There is no warehouse 5. List them with :warehouses."),
        ("Run 5 is a pull: it decided nothing. Replay a push; see: invsync runs.",
         "Run 5 is a pull: it decided nothing. Replay a push; see :runs."),
        ("Run 5 is working on EU now. Wait for it, or: invsync cancel 5", "Run 5 is working on EU now. Wait for it."),
        ("Check the WMS feed, then: invsync sync 'Demo Outdoor' --full", "Check the WMS feed."),
        ("EU is frozen: nothing is sent until: invsync unfreeze 'Demo EU'",
         "EU is frozen: nothing is sent until it is unfrozen: z in :carts"),
        ("Nothing is sent until: invsync unfreeze A, then: invsync unfreeze B. Or wait.",
         "Nothing is sent until it is unfrozen: z in :carts. Or wait."),
        ("Unfreeze it when the reason is gone: invsync unfreeze NAME.", "Unfreeze it when the reason is gone: z in :carts."),
        ("Run again; report it with invsync bundle.", "Run again; report it with a support bundle."),
        ("Correct it (invsync correct), or leave it.", "Correct it, or leave it."),
        ("No service. Start one with: invsync serve", "No service. Start one with: invsync serve"),
        ("The upgrade of invsync failed.", "The upgrade of invsync failed."),
        ("Make a new one: invsync plan 'Demo Cart EU'", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_list_becomes_its_word_and_other_commands_are_left_out(text: str, shown: str) -> None:
    assert of_keys(text) == shown


@pytest.mark.parametrize("reason", REASONS, ids=str)
def test_the_advice_of_no_reason_names_a_command_on_a_screen(reason: str) -> None:
    advice = of_keys(REASONS[reason].advice)
    assert advice
    assert not COMMAND.search(advice)
