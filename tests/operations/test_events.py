"""The event log over all runs: order, filters, pages, what is new, and recoveries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.operations import events
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.events import EventFilter, NewEvents, Severity
from invsync_tui.store.runs import runs
from invsync_tui.sync import executor
from tests.support.stores.products_store import Shelf, shelf

WHEN = 1_790_000_000
OURS = EventFilter("Acme")
"""Without what the store has of neighbors."""


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


@pytest.fixture
def two(acme: Shelf) -> tuple[int, int]:
    """A download and a push whose events alternate in time."""
    pull, push = acme.bench.request("pull", acme.merchant), acme.bench.request("push", acme.cart)
    levels = ("info", "warning", "error")
    for number in range(12):
        write(acme, (pull, push)[number % 2], WHEN + number // 2, f"event {number}", levels[number % 3])
    return pull, push


def write(our_shelf: Shelf, run: int, at: int, text: str, level: str = "info") -> None:
    with our_shelf.bench.store.transaction() as tx:
        runs.add_event(tx, run, at, level, text)


def texts(our_shelf: Shelf, **wanted: object) -> list[str]:
    rows = events.events(our_shelf.session, EventFilter(**({"merchant": "Acme"} | wanted)))  # type: ignore[arg-type]
    return [line.text.removeprefix("event ") for line in rows.after(None, 100)]


def test_events_of_all_runs_are_in_the_order_of_time(acme: Shelf, two: tuple[int, int]) -> None:
    assert texts(acme) == [str(n) for n in range(11, -1, -1)]
    line = events.events(acme.session, OURS).after(None, 1)[0]
    everything = events.events(acme.session).after(None, 100)
    assert [line.id for line in everything] == sorted((line.id for line in everything), reverse=True)
    assert len({line.merchant for line in everything}) > 1
    assert (line.run_id, line.cart, line.merchant, line.kind) == (two[1], "Acme Shop", "Acme", "push")


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"cart": "Acme Shop"}, {1, 3, 5, 7, 9, 11}),
        ({"merchant": "Acme"}, set(range(12))),
        ({"severity": Severity.INFO}, set(range(12))),
        ({"severity": Severity.WARNING}, {1, 2, 4, 5, 7, 8, 10, 11}),
        ({"severity": Severity.ERROR}, {2, 5, 8, 11}),
        ({"severity": Severity.ERROR, "cart": "Acme Shop"}, {5, 11}),
        ({"since": WHEN + 4}, {8, 9, 10, 11}),
        ({"until": WHEN + 1}, {0, 1, 2, 3}),
        ({"since": WHEN + 1, "until": WHEN + 1}, {2, 3}),
    ],
)
def test_filters(acme: Shelf, two: tuple[int, int], wanted: dict[str, object], numbers: set[int]) -> None:
    assert texts(acme, **wanted) == [str(n) for n in sorted(numbers, reverse=True)]


def test_pages_join_without_a_gap_and_backwards(acme: Shelf, two: tuple[int, int]) -> None:
    rows = events.events(acme.session, OURS)
    first = rows.after(None, 5)
    rest = rows.after(rows.key(first[-1]), 100)
    assert [*first, *rest] == list(rows.after(None, 100)) and len(rest) == 7
    assert list(rows.before(rows.key(rest[0]), 5)) == list(first)


def test_a_page_reads_no_more_than_it_shows(acme: Shelf, two: tuple[int, int]) -> None:
    with acme.bench.store.reading() as cx:
        from invsync_tui.store.paging import events as pages

        arm = pages.events(cx, pages.EventFilter())
        part = arm._arm(arm.variants[0], None, 10, True)
        plan = " ".join(row[3] for row in cx.execute(f"EXPLAIN QUERY PLAN {part.where}", part.values))
    assert "run_event_at" in plan and "TEMP B-TREE" not in plan


def test_a_name_that_is_nobodys_is_refused(acme: Shelf) -> None:
    with pytest.raises(OperationError):
        events.events(acme.session, EventFilter(cart="Nobody"))


def test_what_is_new_comes_once_in_the_order_of_time(acme: Shelf, two: tuple[int, int]) -> None:
    pull, push = two
    new = NewEvents(events.events(acme.session, OURS))
    assert new.read() == []
    # when a run of a lower number writes in the same second as the newest event, and another one later
    write(acme, pull, WHEN + 5, "event of the same second")
    write(acme, push, WHEN + 9, "event later")
    # then
    assert [line.text for line in new.read()] == ["event of the same second", "event later"]
    assert new.read() == []


def test_more_than_is_read_at_once_is_read_with_the_next_question(
    acme: Shelf, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOKED_AT", 3)
    new = NewEvents(events.events(acme.session, EventFilter("Acme", since=WHEN + 100)))
    for number in range(10):
        write(acme, two[0], WHEN + 100 + number * 10, f"late {number}")
    assert [line.text for _ in range(6) for line in new.read()] == [f"late {number}" for number in range(10)]


@pytest.mark.parametrize("before", [True, False], ids=["before following", "while following"])
def test_what_is_written_after_a_clock_was_set_back_is_new(
    acme: Shelf, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setattr(events, "LOOKED_AT", 3)
    now = [WHEN + 100]
    monkeypatch.setattr("invsync_tui.clock.seconds", lambda: now[0])
    pull, push = two
    # given: events of a clock that was a day ahead for a while
    day = 86400

    def ahead() -> None:
        now[0] = WHEN + day
        for number in range(7):
            write(acme, pull, now[0] + number, f"ahead {number}")

    if before:
        ahead()
        now[0] = WHEN + 200
    new = NewEvents(events.events(acme.session, OURS))
    if not before:
        ahead()
        assert [line.text for _ in range(4) for line in new.read()] == [f"ahead {number}" for number in range(7)]
        now[0] = WHEN + 200
    assert new.read() == []
    # when it goes on after the clock was put right
    lines: list[str] = []
    for number in range(6):
        now[0] += 20
        write(acme, push, now[0], f"right {number}")
        lines += [line.text for line in new.read()]
    # then each is there at once, and nothing comes twice, also when the time of then is reached
    assert lines == [f"right {number}" for number in range(6)]
    now[0] = WHEN + day + 3
    write(acme, push, now[0], "the day after")
    assert [line.text for _ in range(3) for line in new.read()] == ["the day after"]
    # and a machine whose clock is ahead is heard
    write(acme, push, now[0] + 3600, "of another machine")
    write(acme, push, now[0] + 1, "of this one")
    assert sorted(line.text for _ in range(3) for line in new.read()) == ["of another machine", "of this one"]


def test_a_run_that_ends_well_after_failed_ones_says_so(acme: Shelf) -> None:
    for at in (WHEN, WHEN + 60):
        failed = acme.bench.request("push", acme.cart)
        with acme.bench.store.transaction() as tx:
            runs.finish(tx, failed, "failed", "down", at)
    number = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        run = runs.get(tx, number)
        assert run is not None
        assert executor._works_again(tx, run, WHEN + 7200) == (
            "Works again: 2 runs before it had failed, the first 2 h ago."
        )
        runs.finish(tx, number, "done", "", WHEN + 7200)
    following = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        after = runs.get(tx, following)
        assert after is not None and executor._works_again(tx, after, WHEN + 7300) == ""
