"""The audit on the screen: filtered by words, each entry with what it changed, and its run."""

from __future__ import annotations

import pytest

from invsync_tui.tui.screens.audit.audit import AuditScreen
from invsync_tui.tui.screens.audit.filter import Typed, understand
from invsync_tui.tui.screens.runs.run import RunScreen
from tests.support.screens.control_room import room

ACTIONS = ("cart settings", "freeze", "release")


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", Typed()),
        ("ada", Typed(who="ada")),
        ("freeze ada", Typed(who="ada", action="freeze")),
        ('action:"cart settings" since:-2d', Typed(action="cart settings", since="-2d")),
        ('cart:"Acme Shop" who:bo', Typed(cart="Acme Shop", who="bo")),
        ("run:17", Typed(subject="run:17")),
        ("until:2026-11-01T10:00", Typed(until="2026-11-01T10:00")),
    ],
)
def test_words_of_the_filter(text: str, typed: Typed) -> None:
    assert understand(text, ACTIONS) == typed


async def test_the_audit_is_filtered_and_leads_to_the_run() -> None:
    async with room(size=(120, 40)) as driver:
        # given
        await driver.press("colon", *"audit", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, AuditScreen))
        await driver.sees("300 entries")
        await driver.sees("Minimum Inventory Level: 0 to 300")
        assert not any("\x1b" in row for row in driver.lines())
        # when
        await driver.press("f", *"release", "enter")
        await driver.sees("100 entries")
        await driver.press("enter")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, RunScreen))
