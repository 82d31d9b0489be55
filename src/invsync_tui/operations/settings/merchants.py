"""The breakers' limits of a merchant: said once, they are written to each of its carts, which may differ afterwards.

They are kept by cart alone, so that a push asks one place. What carts do not agree on is shown as `mixed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from invsync_tui.operations.settings import fields
from invsync_tui.operations.settings.fields import Setting
from invsync_tui.operations.settings.transaction import Saving
from invsync_tui.operations.settings.values import InvalidError
from invsync_tui.store.settings.read import LimitsOf

COLUMNS = tuple(one.column for one in fields.LIMITS)
MIXED = "mixed"
LISTED_MOST = 5
"""Carts named at most where something is said about several."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of all carts of a merchant."""

    carts: Sequence[LimitsOf]

    def of(self, column: str) -> dict[str, int]:
        """One limit by the cart's name."""
        return {one.cart: one.values[column] for one in self.carts}

    def columns(self) -> dict[str, int | None]:
        """What all carts agree on; None where they do not."""
        if not self.carts:
            return {}
        told = {column: set(self.of(column).values()) for column in COLUMNS}
        return {column: found.pop() if len(found) == 1 else None for column, found in told.items()}

    def settings(self) -> tuple[Setting, ...]:
        """As fields of the merchant's form; none where it has no cart."""
        agreed = self.columns()
        known = fields.LIMITS if agreed else ()
        return tuple(self._setting(one, mixed=agreed[one.column] is None) for one in known)

    def _setting(self, one: Setting, *, mixed: bool) -> Setting:
        def read(field: str, text: str) -> Any:
            if text.strip().lower() != MIXED:
                return one.read(field, text)
            if mixed:
                return None
            raise InvalidError(field, "all its carts have the same; give a number.")

        note = f"; now {_listed([f'{name} {value}' for name, value in self.of(one.column).items()])}" if mixed else ""
        value = replace(one.value, read=read, show=_shown)
        return replace(one, value=value, help=f"of all its carts: {one.help}{note}")

    def label(self, one: Setting, value: Any) -> str:
        """What a change of it is called: how many carts it changes, and which."""
        found = self.of(one.column)
        changed = [name for name, present in found.items() if present != value]
        return f"{one.label}, {len(changed)} of {len(found)} carts ({_listed(changed)})"


def _shown(value: Any) -> str:
    return MIXED if value is None else str(value)


def _listed(words: Sequence[str]) -> str:
    rest = len(words) - LISTED_MOST
    return ", ".join(words[:LISTED_MOST]) + (f" and {rest} more" if rest > 0 else "")


def save(saved: Saving, merchant_id: int, given: Mapping[str, str], reason: str) -> None:
    """Write the limits that were given to each cart that has others; each has its own audit entry and revision."""
    from invsync_tui.store import models
    from invsync_tui.store.settings import read as settings_read
    from invsync_tui.store.settings import write as settings_write

    found = fields.read_all("cart", fields.LIMITS, given)
    for one in settings_read.of_merchant(saved.tx, merchant_id) if found else ():
        row = saved.db.get_one(models.Cart, one.cart_id)
        was = row.rev
        before = settings_write.change_cart(saved.db, row, found, None)
        if before:
            row.rev = was + 1
            saved.audit("cart set", f"cart:{one.cart_id}", before, {key: found[key] for key in before}, reason)
