"""The list of themes, of which Enter keeps one."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.tui.widgets.text_view import SelectedTextView


class ThemeList(SelectedTextView, inherit_bindings=True):
    """The themes; Enter keeps the selected one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "lead", "Keep", tooltip="Keep this theme in your configuration file", id="themes.keep")
    ]
