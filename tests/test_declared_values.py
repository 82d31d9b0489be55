"""Limits, sizes, capabilities, tables and defaults are those that `tests/declared` lists, which people review."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.support.repository import declared

LISTED = Path(__file__).parent / "declared"


@pytest.mark.parametrize("room", declared.ROOMS)
def test_what_a_room_declares_is_what_is_listed(room: str) -> None:
    listed = (LISTED / f"{room}.txt").read_text(encoding="utf-8").splitlines()
    changed = [line for line in difflib.unified_diff(listed, declared.lines(room), n=0, lineterm="") if line[0] in "+-"]
    assert not changed, "python -m tests.generated writes the lists anew; look at what it changes"
