"""The past of a SKU on the screen: three lines on one scale, events with who and what, at both sizes and in ASCII."""

from __future__ import annotations

import dataclasses

import pytest

from invsync_tui.operations.list_views import Point
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.diagnosis.sku_history import SkuHistoryScreen, write
from invsync_tui.tui.text.charts import chart
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from tests.support.fakes.runs import sku_history
from tests.support.list_screens import at as list_at
from tests.support.report_screens import SIZES, SKU, answered, sheet


def test_a_step_stands_where_it_happened() -> None:
    # 0 for the first half, then 8 of 16, and unknown before the first point
    points = [Point(15, 0), Point(60, 8), Point(90, 16)]
    assert chart(points, 0, 100, 10, 2, 16, UNICODE) == ["        ██", " ▁▁▁▁█████"]
    assert chart(points, 0, 100, 10, 2, 16, ASCII) == ["        ##", " ____#####"]


def test_nothing_is_a_line_at_the_bottom_and_all_fills_the_rows() -> None:
    points = [Point(0, 0), Point(60, 300)]
    assert chart(points, 0, 100, 2, 1, 300, UNICODE) == ["▁█"]
    assert chart([Point(0, 0)], 0, 100, 3, 2, 0, UNICODE) == ["   ", "▁▁▁"]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_row_fits_and_says_its_scale(width: int, glyphs: Glyphs) -> None:
    rows = write(sku_history(SKU), 0, width, 2, glyphs)
    assert max(row.width for row in rows) <= width
    told = "\n".join(row.text for row in rows)
    assert "\x1b" not in told
    for name, now in (("source", "1"), ("target", "1"), ("confirmed", "4")):
        first = next(number for number, row in enumerate(rows) if row.text.startswith(name))
        assert " 40" in rows[first].text and rows[first + 1].text.lstrip().startswith("0")
        assert rows[first + 1].text.rstrip().endswith(f" {now}")
    if glyphs is ASCII:
        assert told.isascii()


def test_what_is_not_known_is_blank_and_said() -> None:
    rows = write(dataclasses.replace(sku_history(SKU), confirmed=()), 0, 80, 2, UNICODE)
    cart = next(number for number, row in enumerate(rows) if row.text.startswith("confirmed"))
    assert "unknown" in rows[cart + 1].text
    assert not set(UNICODE.levels) & set(rows[cart].text + rows[cart + 1].text)


@pytest.mark.parametrize("size", SIZES)
async def test_h_on_a_sku_tells_its_past(size: tuple[int, int]) -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU), size=size) as driver:
        await driver.press("h")
        await answered(driver)
        assert isinstance(driver.app.screen, SkuHistoryScreen)
        told = sheet(driver)
        for word in ("source", "target", "confirmed", "push 307: should show 1", "lock: photo", "demo, after pull"):
            assert word in told
        assert all(len(row) <= size[0] for row in told.splitlines())
        assert told.index("push 307") < told.index("lock: photo") < told.index("push 300"), "the newest first"
        await driver.press("escape")
        assert not isinstance(driver.app.screen, SkuHistoryScreen)
