"""Fixtures for the tests of the control room."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import textual.app
import textual.pilot

from tests.support.fakes.operations import connected
from tests.support.terminal.rest import count_all_questions, wait_for_idle

CLOSES_WITHIN = 5.0
"""Seconds: its thread may still be answering."""


@pytest.fixture(autouse=True)
def _what_a_key_leads_to_is_waited_for_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (textual.pilot, textual.app):
        monkeypatch.setattr(module, "wait_for_idle", wait_for_idle)
    end = count_all_questions()
    yield
    end()


@pytest.fixture(autouse=True)
def _no_control_room_is_left_open() -> Iterator[None]:
    """What one leaves in the place of the operations would answer the next test."""
    before = connected()
    yield
    until = time.monotonic() + CLOSES_WITHIN
    while connected() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert connected() <= before, "this test leaves a control room open: close its store"
