"""What the run screen says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Size

from invsync_tui.operations.views import Action, RunState, Stall
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.actions import VERBS, offered
from invsync_tui.tui.screens.runs.run_text import Page, sum_lines, switcher, title, write
from invsync_tui.tui.text.charts import bar
from invsync_tui.tui.text.formatting import about_left, age, moment
from invsync_tui.tui.text.glyphs import ASCII, UNICODE
from tests.support.fakes.store import NOW, detail, held_detail, live_detail, pull_detail, run_row

PAGE = Page(Size(79, 18), float(NOW), UNICODE, frozenset(Action))


def sum_text(counts: Counts, state: RunState) -> str:
    return "\n".join(line.text for line in sum_lines(counts, state, PAGE))


def test_the_sum_is_shown_with_a_check() -> None:
    text = sum_text(Counts(total=4812, set=4100, equal=690, skipped=22), RunState.DONE)
    assert text == "4,812 = 4,100 updated + 690 in sync + 22 skipped  ✓ adds up"


def test_what_is_not_done_yet_is_part_of_the_sum() -> None:
    assert sum_text(Counts(total=10, set=4), RunState.RUNNING) == "10 = 4 updated + 6 to go"


@pytest.mark.parametrize(
    ("counts", "state"),
    [(Counts(total=10, set=4), RunState.DONE), (Counts(total=3, set=4), RunState.RUNNING)],
)
def test_a_sum_that_is_off_shouts(counts: Counts, state: RunState) -> None:
    assert "DOES NOT ADD UP" in sum_text(counts, state)


def test_a_long_sum_is_wrapped_and_never_cut() -> None:
    n = 123_456_789
    counts = Counts(total=7 * n, set=n, equal=n, skipped=n, failed=n, held=n, in_doubt=n, submitted=n)
    lines = sum_lines(counts, RunState.DONE, Page(Size(40, 18), 0.0, UNICODE, frozenset()))
    assert all(line.width <= 40 for line in lines)
    assert "submitted" in lines[-1].text + lines[-2].text


@pytest.mark.parametrize("width", [40, 79, 119, 200])
@pytest.mark.parametrize("name", ["live", "held", "pull", "done"])
def test_no_line_is_wider_than_the_screen(width: int, name: str) -> None:
    found = {"live": live_detail(1, 999), "held": held_detail(1), "pull": pull_detail(1), "done": detail(run_row(1))}[
        name
    ]
    for line in write(found, Page(Size(width, 18), float(NOW), UNICODE, frozenset(Action))):
        assert line.width <= width, line.text


def test_the_ascii_sheet_is_ascii() -> None:
    for found in (live_detail(1, 999), held_detail(1), pull_detail(1)):
        for line in write(found, replace(PAGE, glyphs=ASCII)):
            assert line.text.isascii(), line.text


def test_a_bar_is_full_only_when_all_is_done() -> None:
    assert bar(0.999, 10, ASCII) == "#########."
    assert bar(0.001, 10, ASCII) == "#........."
    assert bar(1.0, 10, ASCII) == "##########"
    assert bar(0.0, 10, ASCII) == ".........."


def test_a_dead_worker_is_named() -> None:
    # given
    stall = Stall(
        "gone", 0, "Its worker is gone. Nobody works on this run.", "The next worker continues it: invsync serve"
    )
    live = live_detail(1, 9)
    dead = replace(live, run=replace(live.run, stall=stall), per_second=None, eta=None)
    # then
    text = "\n".join(line.text for line in write(dead, PAGE))
    assert stall.text in " ".join(text.split()) and stall.advice in text
    assert "/s" not in text.split("API rate limit")[0] and "left" not in text.split("API rate limit")[0]
    assert "stalled" in title(dead.run, 80, UNICODE).text and "running" not in title(dead.run, 80, UNICODE).text


def test_the_present_sibling_is_visible_among_many() -> None:
    runs = tuple(run_row(n, cart=f"A cart with a long name {n}") for n in range(20))
    text = switcher(detail(runs[17], siblings=runs), 80, UNICODE).text
    assert "[✓ A cart with a long name 17]" in text[:80]


def test_ages_are_in_minutes_so_that_an_idle_screen_is_silent() -> None:
    assert age(NOW - 59, NOW) == "just now"
    assert age(NOW - 240, NOW) == age(NOW - 299, NOW) == "4 min ago"
    assert moment(None, NOW) == "N/A"
    assert about_left(43) == "about 45 s left"


def test_read_only_offers_nothing_that_changes_anything() -> None:
    assert offered(frozenset(Action), read_only=True) == frozenset()
    assert offered(frozenset(Action), read_only=False) == set(Action)
    assert all(verb.dangerous for verb in VERBS.values())
