"""Fixtures for the tests of the control room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import textual.app
import textual.pilot

from tests.support.terminal.rest import count_all_questions, wait_for_idle


@pytest.fixture(autouse=True)
def _what_a_key_leads_to_is_waited_for_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (textual.pilot, textual.app):
        monkeypatch.setattr(module, "wait_for_idle", wait_for_idle)
    end = count_all_questions()
    yield
    end()
