"""An application with nothing but a table over rows that are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult

from invsync_tui.tui import app
from invsync_tui.tui.widgets.columns import Align, Column, Sorting
from invsync_tui.tui.widgets.table import WindowTable, at_once

COLUMNS = (
    Column("SKU", 12, sorting=Sorting.ASCENDING),
    Column("Name", 10, flex=1),
    Column("Stock", 8, align=Align.RIGHT),
)


class TableApp(App[None]):
    CSS_PATH = Path(app.__file__).with_name(app.ControlRoom.CSS_PATH)

    def __init__(self, source: Any, submit: Any = at_once) -> None:
        super().__init__()
        self.table = WindowTable(COLUMNS, source=source, submit=submit)

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.read_again()


def shown(room: TableApp) -> list[str]:
    return [room.table.strip_at(y).text for y in range(room.table.size.height)]
