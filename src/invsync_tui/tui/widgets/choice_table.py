"""A table of choices: Enter takes a row, where in other tables it opens one."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.tui.widgets.table import WindowTable


class ChoiceTable(WindowTable, inherit_bindings=True):
    """What a dialog lists."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Choose", id="choose.take")]
