"""How a list is looked at: its filter and its order. Kept by the desk, so that both survive leaving the list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invsync_tui.operations.rows import Ordering


@dataclass(frozen=True, slots=True)
class Look:
    """Words to filter by, and the column to sort by; '' is the list's own order."""

    text: str = ""
    sort: str = ""
    descending: bool = False

    @property
    def ordering(self) -> Ordering | None:
        """The order as operations understand it."""
        from invsync_tui.operations.rows import Ordering

        return Ordering(self.sort, self.descending) if self.sort else None

    def narrowed(self, text: str) -> Look:
        return replace(self, text=text)

    def sorted_by(self, column: str, *, descending: bool = False) -> Look:
        return replace(self, sort=column, descending=descending)
