"""Answers that arrive late, in any order, for a view that has moved on: the table ends up showing what the source has."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Align, Column
from invsync_tui.tui.widgets.row_source import BLOCK, Key, ListSource, Row
from invsync_tui.tui.widgets.table import WindowTable
from tests.support.screens.table_app import TableApp, shown

WIDE = (Column("SKU", 12), Column("Name", 10, flex=1), Column("Stock", 8, align=Align.RIGHT))
NARROW = WIDE[:2]
STEPS = 60


class Changing:
    """A store that others write to, and its list as it is filtered; counted no further than `known`."""

    def __init__(self, numbers: Sequence[int], columns: int, known: int) -> None:
        self.rows = [
            Row(n, ((f"SKU-{n:06}", Tone.PLAIN), (f"Lamp {n}", Tone.PLAIN), (str(n % 97), Tone.PLAIN))[:columns])
            for n in numbers
        ]
        self.known = known
        self._list = ListSource(self.rows)

    def count(self) -> int:
        return min(len(self.rows), self.known)

    def block(self, index: int, after: Key | None, before: Key | None) -> Sequence[Row]:
        return self._list.block(index, after, before)[: max(self.count() - index * BLOCK, 0)]

    def around(self, key: Key) -> int | None:
        return self._list.around(key)


class AnyOrder:
    """Answers wait until the test lets one of them arrive."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        # The question is answered from the store as it is when it is asked for, and heard of later.
        answer = job()
        self.waiting.append(lambda: deliver(answer))

    def arrive(self) -> None:
        if self.waiting:
            self.waiting.pop(self.chance.randrange(len(self.waiting)))()

    def all_arrive(self) -> None:
        while self.waiting:
            self.arrive()


def source_of(chance: random.Random, columns: int) -> Changing:
    size = chance.choice((0, 1, 5, 127, 128, 129, 700, 3000))
    numbers = sorted(chance.sample(range(4000), size))
    return Changing(numbers, columns, chance.choice((10, 200, 10_000)))


def do(chance: random.Random, table: WindowTable, answers: AnyOrder, source: Changing) -> Changing:
    """Something that an operator or another process does; the source that is looked at afterwards."""
    what = chance.random()
    if what < 0.35:
        answers.arrive()
    elif what < 0.75:
        move = chance.choice((table.action_first, table.action_last, lambda: table.action_page(1),
                              lambda: table.action_page(-3), lambda: table.action_step(1),
                              lambda: table.move_to(chance.randrange(-5, 4000))))  # fmt: skip
        move()
    elif what < 0.85:
        columns = chance.choice((WIDE, NARROW))
        source = source_of(chance, len(columns))
        (table.use if chance.random() < 0.5 else table.use_from_the_top)(source, columns)
    elif what < 0.93:
        source.known = 10_000
        table.recount(len(source.rows))
    else:
        table.read_again()
    return source


def expected(table: WindowTable, source: Changing) -> list[str]:
    top = int(table.scroll_offset.y)
    visible = source.rows[: source.count()][top : top + table.size.height - 1]
    return [str(row.key) for row in visible]


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_arrives_when_the_table_ends_up_with_what_the_source_has(seed: int) -> None:
    chance = random.Random(seed)
    answers = AnyOrder(chance)
    source = source_of(chance, 3)
    app = TableApp(source, answers)
    async with app.run_test(size=(60, chance.choice((3, 12, 30)))) as pilot:
        # given a table whose answers come when they like, in any order
        for _ in range(STEPS):
            source = do(chance, app.table, answers, source)
            # then at every moment each line can be drawn
            assert len(shown(app)) == app.table.size.height
            if chance.random() < 0.2:
                await pilot.pause()
        # when all have come
        answers.all_arrive()
        await pilot.pause()
        answers.all_arrive()
        await pilot.pause()
        # then it shows the rows that the source has, from where it is scrolled to, and the cursor is on one of them
        found = [line.split()[0].removeprefix("SKU-") for line in shown(app)[1:] if line.strip()]
        if source.count():
            assert [str(int(number)) if number.isdigit() else number for number in found] == expected(app.table, source)
            assert app.table.cursor_key == source.rows[app.table.cursor_position].key
        else:
            assert app.table.cursor_key is None
        assert app.table.count == source.count()


async def test_rows_behind_a_rough_count_are_shown_once_the_exact_one_is_there() -> None:
    # given a list that was counted up to 200, and its end in view
    source = Changing(range(400), 3, known=200)
    app = TableApp(source)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        app.table.move_to(199)
        # when the exact count arrives
        source.known = 10_000
        app.table.recount(400)
        app.table.move_to(210)
        await pilot.pause()
        # then the rows behind it are there and not a mark for rows on their way
        assert "SKU-000210" in "\n".join(shown(app)) and "…" not in "\n".join(shown(app))


@pytest.mark.parametrize("gone_above", [0, 3])
@pytest.mark.parametrize(
    ("press", "expected"),
    [("action_first", 0), ("action_last", 99), ("action_step", 51), ("action_page", 28)],
)
async def test_a_key_pressed_while_the_rows_are_read_again_is_not_lost(
    press: str, expected: int, gone_above: int
) -> None:
    """The answer is about the row where the cursor was; the operator is at another one by now."""
    answers = AnyOrder(random.Random(1))
    source = Changing(range(100), 3, 10_000)
    app = TableApp(source, answers)
    async with app.run_test(size=(60, 24)) as pilot:
        answers.all_arrive()
        app.table.move_to(50)
        await pilot.pause()
        answers.all_arrive()
        assert app.table.cursor_key == 50
        # when the rows are read again, and a key comes before the answer
        after = Changing(range(gone_above, 100), 3, 10_000)
        app.table.use(after)
        arguments = {"action_step": (1,), "action_page": (-1,)}.get(press, ())
        getattr(app.table, press)(*arguments)
        while answers.waiting:
            answers.all_arrive()
            await pilot.pause()
        # then the cursor is where the key put it
        assert app.table.cursor_key == max(expected, gone_above)
