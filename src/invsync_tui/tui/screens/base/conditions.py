"""Lists whose filter is made of conditions: what is wrong with it is told while it is typed, and a long search goes on aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from invsync_tui.preferences import UnknownFilterError
from invsync_tui.rules.listing_filter import LISTINGS, FilterError, Language, parse
from invsync_tui.tui.screens.base.list_screen import ListScreen

if TYPE_CHECKING:
    from invsync_tui.tui.widgets.columns import ListView

L = TypeVar("L")


class ConditionsScreen(ListScreen[L]):
    """`language` is what its filter knows; `walks`: every line has to be looked at for whatever filter."""

    language: ClassVar[Language] = LISTINGS
    walks: ClassVar[bool] = True

    def filter_problem(self, text: str) -> str:
        try:
            parse(self.filter_meant(text), self.language)
        except (FilterError, UnknownFilterError) as error:
            return str(error)
        return ""

    def filter_meant(self, text: str) -> str:
        return self.context.preferences.filter_text(text)

    def takes_long(self, look: ListView) -> bool:
        if not look.text or self.filter_problem(look.text):
            return False
        return self.walks or bool(parse(look.text, self.language).conditions)
