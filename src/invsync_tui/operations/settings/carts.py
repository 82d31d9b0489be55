"""Adds carts and changes their Edit Setup: checked first, audited, saved as a whole. A change of rules plans anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from invsync_tui import clock
from invsync_tui.operations import names
from invsync_tui.operations.errors import InvalidError, NotFoundError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import cart_locations, connector_options, fields, secret_parts, values
from invsync_tui.operations.settings.transaction import Saving, saving
from invsync_tui.operations.settings.views import SKU, CartSetup, carts
from invsync_tui.store.settings import read as settings_read

ALIAS_TYPES = ("UPC", "EAN", "ASIN", "MPN", "CUSTOM")
"""Types that may be chosen before the WMS has loaded an alias of them."""


def details(session: Session, cart_id: int) -> CartSetup:
    """The settings of one cart with its connection and its newest push."""
    cart_row = next((cart for cart in carts(session) if cart.id == cart_id), None)
    if cart_row is None:
        raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
    return cart_row


def add(
    session: Session,
    merchant: str,
    name: str,
    given: Mapping[str, str],
    options: Sequence[str] = (),
    warehouses: Sequence[str] = (),
    at: cart_locations.At | None = None,
) -> CartSetup:
    """A new cart; `given` are texts by setting: system, url, and any of the others. Without warehouses it combines all.

    `at` makes it a further location of another cart, whose connection it uses and whose rules it begins with.
    """
    from invsync_tui.store import models
    from invsync_tui.store.settings import write as settings_write

    name = values.name("NAME", name)
    owner = names.merchant(session, merchant)
    new = _new(given, options) if at is None else cart_locations.new(session, owner, at, given, options)
    alias = _alias(session, owner.id, given.get("alias", SKU)) if at is None or "alias" in given else None
    chosen = _warehouses(session, owner, warehouses)
    every = values.read_schedule("--every", given["every"]) if "every" in given else None
    with saving(session, f"add the cart {name!r}") as saved:
        if alias is not None:
            new["push_kind"] = _push_kind(saved, owner.id, alias)
        row = models.Cart(merchant_id=owner.id, name=name, created_at=clock.seconds(), **new)
        number = settings_write.number(settings_write.add_cart(saved.db, row, chosen))
        saved.schedule("push", number, every, first_in=every or 0)
        after = {"merchant": owner.name, "name": name, **new, "warehouses": chosen, "every": every}
        saved.audit("cart add", f"cart:{number}", {}, after)
    return details(session, number)


def _new(given: Mapping[str, str], options: Sequence[str]) -> dict[str, Any]:
    from invsync_tui.connectors import registry

    for key in ("system", "url"):
        if not given.get(key):
            raise InvalidError(f"--{key}", "it is needed to add a cart.")
    fields.refuse_unknown(fields.CART, secret_parts.without(given), ("system",))
    system = values.one_of("--system", given["system"], registry.systems(registry.CARTS))
    columns = fields.read_all("cart", fields.of_system(fields.CART, registry.CARTS, system), given)
    columns["system"] = system
    columns["options"] = json.dumps(connector_options.merged(registry.CARTS, system, options))
    columns |= secret_parts.columns(registry.CARTS, system, given)
    secret_parts.refuse_missing(registry.CARTS, system, columns)
    return columns


def change(
    session: Session,
    called: str,
    given: Mapping[str, str],
    options: Sequence[str] = (),
    warehouses: Sequence[str] | None = None,
    merchant: str | None = None,
    *,
    rev: int | None = None,
    reason: str = "",
) -> CartSetup:
    """Change a cart's settings. `warehouses` None leaves them, () is Combine All Locations; `merchant` narrows the name.

    StaleError unless they are still revision `rev`, where one is given.
    """
    fields.refuse_unknown(fields.CART, secret_parts.without(given))
    owner_id = names.merchant(session, merchant).id if merchant else None
    present = details(session, names.cart(session, called, owner_id).id)
    cart_locations.check_change(session, present, given, options)
    system = present.connection.system
    columns = fields.read_all("cart", fields.of_system(fields.CART, "invsync.carts", system), given)
    if options:
        columns["options"] = json.dumps(
            connector_options.merged("invsync.carts", system, options, present.connection.options)
        )
    columns |= secret_parts.columns("invsync.carts", system, given, present.connection.secrets)
    owner = names.Named(present.merchant_id, present.merchant, present.merchant_id)
    alias = _alias(session, owner.id, given["alias"]) if "alias" in given else None
    chosen = None if warehouses is None else _warehouses(session, owner, warehouses)
    every = values.read_schedule("--every", given["every"]) if "every" in given else present.every
    with saving(session, f"change the cart {called!r}") as saved:
        if alias is not None:
            columns["push_kind"] = _push_kind(saved, owner.id, alias)
        _change(saved, present, columns, chosen, every, rev, reason)
    return details(session, present.id)


def _change(
    saved: Saving,
    present: CartSetup,
    columns: Mapping[str, Any],
    chosen: list[int] | None,
    every: int | None,
    rev: int | None,
    reason: str,
) -> None:
    """Change the row, its warehouses and its schedule, and note what was replaced by what."""
    from invsync_tui.store import models
    from invsync_tui.store.settings import write as settings_write

    row = saved.current(saved.db.get_one(models.Cart, present.id), rev)
    was = row.rev
    before = settings_write.change_cart(saved.db, row, columns, chosen)
    saved.flush()
    if before.keys() & cart_locations.MOVING or before.get("upload_enabled") is False:
        settings_read.drop_reading(saved.tx, present.id)
    after = {key: chosen if key == "warehouses" else columns[key] for key in before}
    cart_locations.follow(saved, row, before, reason)
    if every != present.every:
        saved.schedule("push", present.id, every, first_in=every or 0)
        before, after = before | {"every": present.every}, after | {"every": every}
    if before:
        row.rev = was + 1
        saved.audit("cart set", f"cart:{present.id}", before, after, reason)


def _alias(session: Session, merchant_id: int, text: str) -> str:
    """SKU, a well-known type, or one that the WMS has loaded."""
    name = values.line("--alias", text, values.NAME_MOST).upper()
    with as_operation_error(), session.store.reading() as cx:
        loaded = settings_read.alias_names(cx, merchant_id)
    return values.one_of("--alias", name, list(dict.fromkeys((SKU, *ALIAS_TYPES, *loaded))))


def _push_kind(saved: Saving, merchant_id: int, alias: str) -> int:
    from invsync_tui.store.settings import write as settings_write

    return 0 if alias == SKU else settings_write.ensure_alias_type(saved.db, merchant_id, alias)


def _warehouses(session: Session, owner: names.Named, wanted: Sequence[str]) -> list[int]:
    """Numbers of the warehouses with these codes, or with these references where a code is used twice."""
    with as_operation_error(), session.store.reading() as cx:
        places = settings_read.places(cx, owner.id)
    return sorted({_warehouse(places, code, owner.name) for code in wanted})


def _warehouse(places: Sequence[settings_read.WarehouseRef], wanted: str, merchant: str) -> int:
    ids = [place.id for place in places if place.code == wanted] or [p.id for p in places if p.ref == wanted != ""]
    if len(ids) > 1:
        refs = ", ".join(place.ref for place in places if place.code == wanted)
        raise InvalidError("--warehouse", f"several warehouses have the code {wanted!r}; give a reference: {refs}.")
    if not ids:
        known = ", ".join(place.code for place in places)
        raise InvalidError(
            "--warehouse",
            f"no warehouse {wanted!r} has been loaded for {merchant!r}; known: {known}. "
            "A new one comes with the next inventory download: invsync sync MERCHANT.",
        )
    return ids[0]
