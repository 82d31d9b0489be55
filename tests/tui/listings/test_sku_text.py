"""The history on the SKU screen: one chart of the listing under the cursor, as on the screen that a key opens."""

from __future__ import annotations

import pytest

from invsync_tui.operations.lists.list_views import SkuView
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.catalog.sku_text import CHART_ROWS, LinkedSheet, write
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.text.line_chart import BRAILLE
from invsync_tui.tui.widgets.columns import RenderContext
from tests.support.fakes.lists import NOW, FakeLists


@pytest.fixture
def view() -> SkuView:
    return FakeLists().sku(42)


def history(view: SkuView, listing: int, glyphs: Glyphs, width: int = 80) -> list[str]:
    rows = [row.text for row in write(view, view.listings[listing], LinkedSheet(width, RenderContext(NOW, glyphs)))]
    return rows[next(n for n, row in enumerate(rows) if row.startswith("History")) :]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_it_is_one_chart_and_names_its_lines_and_the_key(view: SkuView, glyphs: Glyphs, width: int) -> None:
    rows = history(view, 0, glyphs, width)
    key = next(binding.key for binding in SkuScreen.BINDINGS if getattr(binding, "id", "") == "sku.history")
    assert f"({key} " in rows[0]
    for name in ("available", "target", "in cart"):
        assert name in " ".join(rows[1:3])
    assert sum(glyphs.tick in row for row in rows) == CHART_ROWS
    assert max(map(len, rows)) <= width
    assert not set("".join(rows)) & set(UNICODE.levels), "no solid blocks"
    assert any(BRAILLE < ord(character) < BRAILLE + 256 for row in rows for character in row) == (glyphs is UNICODE)


def test_the_lines_are_those_of_the_listing_under_the_cursor(view: SkuView) -> None:
    first, second = (history(view, number, UNICODE) for number in (0, 1))
    assert "target" in first[1] and "in cart" in first[1]
    assert "available" in second[1] and "target" not in second[1] and "in cart" not in second[1]
