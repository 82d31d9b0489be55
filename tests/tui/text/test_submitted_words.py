"""What screens and commands say of a quantity that the cart took and applies later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Size

from invsync_tui.cli import run_text as command_words
from invsync_tui.cli.commands import why as command_why
from invsync_tui.operations.views import RunState
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.screens.base.listing_fields import explained
from invsync_tui.tui.screens.diagnosis.why_text import rests_on
from invsync_tui.tui.screens.runs.run_text import Page, sum_lines
from invsync_tui.tui.text.formatting import clock
from invsync_tui.tui.text.glyphs import ASCII
from invsync_tui.tui.text.outcomes import outcome_span
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import RenderContext
from tests.support.fakes.lists import listing
from tests.support.fakes.reports import SENT, why_of
from tests.support.fakes.store import NOW

WAITING = replace(SENT, state="submitted", look_after=NOW + 600, give_up_at=NOW + 3600)


def test_product_sync_says_when_it_is_looked_up() -> None:
    rendering = RenderContext(float(NOW), ASCII)
    line = listing(2, outcome="submitted", next_look_at=NOW + 600)
    text = " ".join(row.text for row in explained(line, 200, rendering))
    at = clock(NOW + 600, NOW)
    assert f"Submitted: the cart applies it later. What became of it is looked up after {at}." in text
    assert explained(listing(2), 200, rendering) == []
    assert outcome_span("submitted") == ("submitted", Tone.ACCENT)


def test_the_sum_of_a_run_counts_it() -> None:
    counts = Counts(total=10, set=4, submitted=6)
    (line,) = sum_lines(counts, RunState.DONE, Page(Size(100, 18), 0.0, ASCII, frozenset()))
    assert line.text.startswith("10 = 4 updated + 6 submitted")
    assert "adds up" in line.text
    assert command_words.outcome_sum(counts) == "10 = 4 updated + 6 submitted"


@pytest.mark.parametrize("where", ["screen", "command"])
def test_why_says_when_it_is_looked_at_again_and_when_it_is_read_back(where: str) -> None:
    known = next(one for one in why_of(listing(1).sku).listings if one.sent is not None)
    for sent, said in ((WAITING, True), (SENT, False)):
        known = replace(known, sent=sent)
        texts = [text for text, _ in rests_on(known, {})] if where == "screen" else list(command_why.lines(known, None))
        (line,) = [text for text in texts if "38" in text and "40" in text and sent.state in text]
        assert ("checked again" in line and "read from the cart" in line) is said
