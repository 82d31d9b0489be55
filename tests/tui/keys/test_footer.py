"""The footer stands still while the cursor moves."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from invsync_tui.tui.widgets.footer import KeyFooter, hints_of


class Rows(Widget, can_focus=True):
    """Something of which one key does nothing with every other row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept"),
        Binding("b", "browse", "Browse"),
        Binding("c", "count", "Count"),
    ]
    fits = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "accept":
            return True if self.fits else None
        return action != "count"


class Shown(App[None]):
    """A footer under it."""

    def compose(self) -> ComposeResult:
        yield Rows()
        yield KeyFooter()


async def test_a_key_that_does_nothing_with_a_row_leaves_its_place_empty_and_others_are_left_out() -> None:
    app = Shown()
    async with app.run_test(size=(60, 5)) as pilot:
        rows, footer = app.query_one(Rows), app.query_one(KeyFooter)
        rows.focus()
        await pilot.pause()
        text = footer._line(60).text
        assert text.startswith("a Accept  b Browse  ")
        assert "Count" not in text
        rows.fits = False
        app.screen.refresh_bindings()
        await pilot.pause()
        assert footer._line(60).text == text.replace("a Accept", "        ")
        # help lists what works now
        assert "Accept" not in {hint.label for hint in hints_of(app, app.screen.active_bindings.values())}
