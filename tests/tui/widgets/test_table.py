"""The windowed table holds a window of rows, however many there are, and asks for each block once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.geometry import Region
from textual.pilot import Pilot

from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import widths
from invsync_tui.tui.widgets.row_source import BLOCK, Key, ListSource, Row
from invsync_tui.tui.widgets.table import KEPT_BLOCKS, WindowTable
from tests.support.screens.table_app import COLUMNS, TableApp, shown

MILLION = 1_000_000


def row(n: int, name: str = "Lamp") -> Row:
    return Row(n, ((f"SKU-{n:07}", Tone.PLAIN), (name, Tone.PLAIN), (str(n % 97), Tone.PLAIN)))


class CountingSource:
    """Rows that exist only when asked for, with a record of what was asked."""

    def __init__(self, size: int = MILLION) -> None:
        self.size = size
        self.asked: list[tuple[int, Key | None, Key | None]] = []

    def count(self) -> int:
        return self.size

    def block(self, index: int, after: Key | None, before: Key | None) -> Sequence[Row]:
        self.asked.append((index, after, before))
        return [row(n) for n in range(index * BLOCK, min((index + 1) * BLOCK, self.size))]

    def around(self, key: Key) -> int | None:
        return key if isinstance(key, int) and key < self.size else None


class Later:
    """Runs jobs when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        self.waiting.append(lambda: deliver(job()))

    def land(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def test_a_million_rows_cost_a_window() -> None:
    source = CountingSource()
    app = TableApp(source)
    async with app.run_test(size=(60, 20)) as pilot:
        await pressed(pilot, "end")
        assert "SKU-0999999" in shown(app)[-1]
        await pressed(pilot, "home", *["pagedown"] * 30)
        assert len(source.asked) <= 8
        assert len(source.asked) == len({index for index, _, _ in source.asked})


async def test_the_least_recently_drawn_block_makes_room() -> None:
    app = TableApp(CountingSource())
    async with app.run_test(size=(60, 20)):
        for index in range(40):
            app.table.move_to(index * BLOCK)
        assert app.table.blocks_held == KEPT_BLOCKS


async def test_a_neighbouring_block_is_asked_for_by_key() -> None:
    source = CountingSource()
    app = TableApp(source)
    async with app.run_test(size=(60, 20)):
        app.table.move_to(BLOCK + 1)
        assert source.asked[-1] == (1, BLOCK - 1, None)


async def test_rows_on_their_way_are_dots_and_asked_for_once() -> None:
    source, later = CountingSource(), Later()
    app = TableApp(source, later)
    async with app.run_test(size=(60, 20)) as pilot:
        later.waiting.pop(0)()
        await pressed(pilot, "down", "down")
        assert shown(app)[1].strip() == "…"
        assert len(later.waiting) == 1
        later.land()
        assert "SKU-0000000" in shown(app)[1]
        assert app.table.cursor_key == 2


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    app = TableApp(ListSource([row(n) for n in range(100, 200)]))
    async with app.run_test(size=(60, 20)) as pilot:
        await pressed(pilot, *["down"] * 5)
        app.table.use(ListSource([row(n) for n in range(50, 200)]))
        await pilot.pause()
        assert app.table.cursor_key == 105
        assert app.table.cursor_position == 55
        assert any("SKU-0000105" in line for line in shown(app))


async def test_the_cursor_stays_in_place_when_its_row_is_gone() -> None:
    app = TableApp(ListSource([row(n) for n in range(10)]))
    async with app.run_test(size=(60, 20)) as pilot:
        await pressed(pilot, "end")
        app.table.use(ListSource([row(n) for n in range(4)]))
        await pilot.pause()
        assert app.table.cursor_key == 3
        app.table.use(ListSource([]))
        await pilot.pause()
        assert app.table.cursor_key is None


async def test_a_changed_row_repaints_only_itself() -> None:
    rows = [row(n) for n in range(10)]
    app = TableApp(ListSource(rows))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        regions = recorded(app.table)
        app.table.use(ListSource([*rows[:4], row(4, "Desk"), *rows[5:]]))
        assert {region.y for region in regions} == {5}


async def test_a_step_repaints_the_old_and_the_new_line() -> None:
    app = TableApp(ListSource([row(n) for n in range(10)]))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        regions = recorded(app.table)
        app.table.action_step(1)
        assert {region.y for region in regions} == {1, 2}


async def test_hostile_cells_keep_their_columns() -> None:
    names = ("[red]x", "\x1b[2J", "😀😀😀", "שלום", "x" * 300)
    app = TableApp(ListSource([row(n, name) for n, name in enumerate(names)]))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        for y in range(1, 6):
            strip = app.table.strip_at(y)
            assert strip.cell_length == app.table.scrollable_content_region.width
            assert strip.text.rstrip().endswith(str(y - 1))
            assert "\x1b" not in strip.text
        assert "[red]x" in shown(app)[1]


async def test_a_narrow_screen_scrolls_to_the_side() -> None:
    app = TableApp(ListSource([row(n) for n in range(3)]))
    async with app.run_test(size=(24, 10)) as pilot:
        await pressed(pilot, "right", "right")
        assert "Stock" in shown(app)[0]


def test_widths_fill_the_room() -> None:
    assert sum(widths(COLUMNS, 60)) + 2 == 60
    assert widths(COLUMNS, 10) == (12, 10, 8)


def recorded(table: WindowTable) -> list[Region]:
    """Regions that the table asks to be repainted from now on; everything counts as its whole region."""
    regions: list[Region] = []
    original = table.refresh

    def refresh(*asked: Region, **options: bool) -> WindowTable:
        regions.extend(asked or (table.size.region,))
        return original(*asked, **options)

    table.refresh = refresh  # type: ignore[method-assign, assignment]
    return regions


async def test_columns_that_come_before_their_rows_are_not_drawn() -> None:
    """A count that was asked for at one width arrives at another."""
    app = TableApp(ListSource([row(n) for n in range(10)]))
    async with app.run_test(size=(60, 20)) as pilot:
        # given a table of three columns
        await pilot.pause()
        before = shown(app)
        # when the mark of the order comes with the columns of another width
        app.table.show_columns(COLUMNS[:2])
        # then what there is stays
        assert shown(app) == before
        # and when the columns come with rows, they are drawn though older rows are still there
        app.table.use(ListSource([Row(1, (("a", Tone.PLAIN), ("b", Tone.PLAIN)))]), COLUMNS[:2])
        assert "Stock" not in shown(app)[0]
