"""Adds merchants with their WMS connection, and changes their settings and their carts' safety limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from invsync_tui.operations import names
from invsync_tui.operations.errors import InvalidError, NotFoundError
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import connector_options, fields, secret_parts, values
from invsync_tui.operations.settings.setting import Setting
from invsync_tui.operations.settings.transaction import Saving, saving
from invsync_tui.operations.settings.views import MerchantSetup, merchants
from invsync_tui.store.settings.read import CartLimitsRow

COLUMNS = tuple(limit.column for limit in fields.LIMITS)
MIXED = "mixed"
LISTED_MOST = 5
"""Carts named at most where something is said about several."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of all carts of a merchant."""

    carts: Sequence[CartLimitsRow]

    def of(self, column: str) -> dict[str, int]:
        """One limit by the cart's name."""
        return {cart.cart: cart.values[column] for cart in self.carts}

    def columns(self) -> dict[str, int | None]:
        """What all carts agree on; None where they do not."""
        if not self.carts:
            return {}
        values_of = {column: set(self.of(column).values()) for column in COLUMNS}
        return {column: values.pop() if len(values) == 1 else None for column, values in values_of.items()}

    def settings(self) -> tuple[Setting, ...]:
        """As fields of the merchant's form; none where it has no cart."""
        agreed = self.columns()
        known = fields.LIMITS if agreed else ()
        return tuple(self._setting(row, mixed=agreed[row.column] is None) for row in known)

    def _setting(self, setting: Setting, *, mixed: bool) -> Setting:
        def read(field: str, text: str) -> Any:
            if text.strip().lower() != MIXED:
                return setting.read(field, text)
            if mixed:
                return None
            raise InvalidError(field, "all its carts have the same; give a number.")

        note = (
            f"; now {listed([f'{name} {value}' for name, value in self.of(setting.column).items()])}" if mixed else ""
        )
        value = replace(setting.value, read=read, show=_value_text)
        return replace(setting, value=value, help=f"of all its carts: {setting.help}{note}")

    def label(self, setting: Setting, value: Any) -> str:
        """What a change of it is called: how many carts it changes, and which."""
        counted_values = self.of(setting.column)
        changed = [name for name, present in counted_values.items() if present != value]
        return f"{setting.label}, {len(changed)} of {len(counted_values)} carts ({listed(changed)})"


def _value_text(value: Any) -> str:
    return MIXED if value is None else str(value)


def listed(words: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    rest = len(words) - LISTED_MOST
    return ", ".join(words[:LISTED_MOST]) + (f" and {rest} more" if rest > 0 else "")


def save(saved: Saving, merchant_id: int, given: Mapping[str, str], reason: str) -> None:
    """Write the limits that were given to each cart that has others; each has its own audit entry and revision."""
    from invsync_tui.store import models
    from invsync_tui.store.settings import read as settings_read
    from invsync_tui.store.settings import write as settings_write

    limits = fields.read_all("cart", fields.LIMITS, given)
    for cart_limits in settings_read.limits_of_merchant(saved.tx, merchant_id) if limits else ():
        row = saved.db.get_one(models.Cart, cart_limits.cart_id)
        was = row.rev
        before = settings_write.change_cart(saved.db, row, limits, None)
        if before:
            row.rev = was + 1
            saved.audit("cart set", f"cart:{cart_limits.cart_id}", before, {key: limits[key] for key in before}, reason)


DEFAULT_EVERY = 3600
"""Seconds between inventory downloads of a merchant that was added without a schedule."""
DEFAULT_STALE_AFTER = 86400
MOVING = frozenset({"url", "options"})
"""Changes after which the connection may lead to other data."""


def details(session: Session, merchant_id: int) -> MerchantSetup:
    """The settings of one merchant with its WMS connection."""
    merchant_row = next((merchant for merchant in merchants(session) if merchant.id == merchant_id), None)
    if merchant_row is None:
        raise NotFoundError(f"There is no merchant {merchant_id}. List them with: invsync merchants.")
    return merchant_row


def add(session: Session, name: str, given: Mapping[str, str], options: Sequence[str] = ()) -> MerchantSetup:
    """A new merchant; `given` are texts by setting: source, url, and any of the others."""
    from invsync_tui.store import models
    from invsync_tui.store.settings import write as settings_write

    name = values.name("NAME", name)
    fields.refuse_unknown(fields.MERCHANT, secret_parts.without(given), ("source",))
    connection = _new_connection(given, options)
    merchant = fields.read_all("merchant", fields.MERCHANT, given)
    every = _every(given, DEFAULT_EVERY)
    with saving(session, f"add the merchant {name!r}") as saved:
        row = settings_write.add_merchant(
            saved.db,
            name,
            models.Source(merchant_id=0, **connection),
            inventory_sync=merchant.get("inventory_sync", False),
            stale_after=merchant.get("stale_after", DEFAULT_STALE_AFTER),
        )
        number = settings_write.number(row)
        saved.schedule("pull", number, every, first_in=0)
        saved.audit("merchant add", f"merchant:{number}", {}, {"name": name, **merchant, **connection, "every": every})
    return details(session, number)


def _new_connection(given: Mapping[str, str], options: Sequence[str]) -> dict[str, Any]:
    from invsync_tui.connectors import registry

    for key in ("source", "url"):
        if not given.get(key):
            raise InvalidError(f"--{key}", "it is needed to add a merchant.")
    system = values.one_of("--source", given["source"], registry.systems(registry.SOURCES))
    columns = fields.read_all("source", fields.of_system(fields.MERCHANT, registry.SOURCES, system), given)
    columns["system"] = system
    columns["options"] = json.dumps(connector_options.merged(registry.SOURCES, system, options))
    columns |= secret_parts.columns(registry.SOURCES, system, given)
    secret_parts.refuse_missing(registry.SOURCES, system, columns)
    return columns


def _every(given: Mapping[str, str], default: int | None) -> int | None:
    return values.read_schedule("--every", given["every"]) if "every" in given else default


def change(
    session: Session,
    called: str,
    given: Mapping[str, str],
    options: Sequence[str] = (),
    *,
    rev: int | None = None,
    reason: str = "",
) -> MerchantSetup:
    """Change a merchant's settings; `name` in `given` renames it, safety rules' limits are those of its carts.

    StaleError unless they are still revision `rev`.
    """
    fields.refuse_unknown((*fields.MERCHANT, *fields.LIMITS), secret_parts.without(given))
    present = details(session, names.merchant(session, called).id)
    merchant = fields.read_all("merchant", fields.MERCHANT, given)
    system, before = (present.source.system, present.source.options) if present.source else ("", {})
    connection = fields.read_all("source", fields.of_system(fields.MERCHANT, "invsync.sources", system), given)
    if options:
        connection["options"] = json.dumps(connector_options.merged("invsync.sources", system, options, before))
    parts = present.source.secrets if present.source else {}
    connection |= secret_parts.columns("invsync.sources", system, given, parts)
    every = _every(given, present.every)
    with saving(session, f"change the merchant {called!r}") as saved:
        row = saved.current(_merchant_row(saved, present.id), rev)
        was = row.rev
        before = _change_merchant(saved, present.id, merchant) | _change_source(saved, present.id, connection)
        after = {key: (merchant | connection)[key] for key in before}
        if every != present.every:
            saved.schedule("pull", present.id, every, first_in=every or 0)
            before, after = before | {"every": present.every}, after | {"every": every}
        if before:
            row.rev = was + 1
            saved.audit("merchant set", f"merchant:{present.id}", before, after, reason)
        save(saved, present.id, given, reason)
    return details(session, present.id)


def _merchant_row(saved: Saving, number: int) -> Any:
    from invsync_tui.store import models

    return saved.db.get_one(models.Merchant, number)


def _change_merchant(saved: Saving, number: int, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Change the merchant's own row; returns what was replaced. Nothing was sent while it was off: see `drop_reading`."""
    from invsync_tui.store import models
    from invsync_tui.store.settings import read as settings_read
    from invsync_tui.store.settings import write as settings_write

    before = settings_write.change_merchant(saved.db, saved.db.get_one(models.Merchant, number), columns)
    if before.get("inventory_sync") is False:
        saved.flush()
        for cart in settings_write.carts(saved.db, number):
            settings_read.drop_reading(saved.tx, settings_write.number(cart))
    return before


def _change_source(saved: Saving, number: int, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Change the WMS connection; one that may lead to other data is downloaded completely next."""
    from invsync_tui.store.settings import read as settings_read
    from invsync_tui.store.settings import write as settings_write

    row = settings_write.source_of(saved.db, number)
    before = {column: getattr(row, column) for column, value in columns.items() if getattr(row, column) != value}
    for column in before:
        setattr(row, column, columns[column])
    saved.flush()
    if before.keys() & MOVING:
        settings_read.drop_mark(saved.tx, number)
    return before
