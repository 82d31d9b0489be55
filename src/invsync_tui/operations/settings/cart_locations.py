"""Further locations of a cart: each is a row of its own with its own warehouses and rules, and the cart's connection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from invsync_tui.operations import names
from invsync_tui.operations.errors import InvalidError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import connector_options, fields, secret_parts, values
from invsync_tui.store.settings import columns as stored_columns
from invsync_tui.store.settings import read as settings_read

if TYPE_CHECKING:
    from invsync_tui.operations.settings.transaction import Saving
    from invsync_tui.operations.settings.views import CartSetup
    from invsync_tui.store.models import Cart

MOVING = frozenset({"url", "options"})
"""Changes after which the connection may lead to other listings."""
CONNECTION = frozenset({"url", "login", "secret", "deadline", "options"})
"""Settings that a further location has from its cart."""
FORM_LOCATION = f"{connector_options.PREFIX}location"
"""The field of its form that it has for itself."""
OWN = "location="
"""The option that it has for itself."""


class At(NamedTuple):
    """A location of the cart `of`, by name or number; `location` is its id or name in the shop."""

    of: str
    location: str


def new(
    session: Session, owner: names.Named, at: At, given: Mapping[str, str], options: Sequence[str]
) -> dict[str, Any]:
    """The columns of a further location: the cart's connection and rules, changed by `given`."""
    from invsync_tui.store import models
    from invsync_tui.store.settings import write as settings_write

    location = values.line("--location", at.location, values.NAME_MOST)
    main = names.cart(session, at.of, owner.id)
    with as_operation_error(), session.store.reading() as cx:
        row = stored_columns.of_cart(cx, main.id) or {}
        taken = settings_read.other_locations(cx, main.id)
    own = json.loads(row["options"]).get("location", "").strip()
    if row["of_cart"] is not None:
        raise InvalidError("--of", f"{main.name!r} is itself a location of another cart; name that cart.")
    if not own:
        raise InvalidError(
            "--of",
            f"{main.name!r} does not say which location it sets. "
            f"Say so first: invsync carts set {main.id} --option location=NAME",
        )
    if location in (own, *taken):
        raise InvalidError("--location", f"a cart of {owner.name!r} sets {location!r} already.")
    _refuse(given, options, repr(main.name))
    fields.refuse_unknown(fields.CART, given)
    rules = {*models.CartRules.model_fields, *models.SafetyRules.model_fields, "heal"} - {
        "upload_enabled",
        "combine_all",
    }
    changed = fields.read_all("cart", fields.of_system(fields.CART, "invsync.carts", row["system"]), given)
    of_main = {name: row[name] for name in (*sorted(rules), "push_kind", "relist_every", "observe_every")}
    return {**of_main, **changed, **settings_write.connection_at(row, location), "of_cart": main.id}


def check_change(session: Session, present: CartSetup, given: Mapping[str, str], options: Sequence[str]) -> None:
    """InvalidError where a further location is to get another connection than its cart's, or two are to set one location."""
    own = [option.partition("=")[2].strip() for option in options if option.startswith(OWN)]
    if present.of_cart is not None:
        _refuse(given, [option for option in options if not option.startswith(OWN)], f"cart {present.of_cart}")
    if not own or not present.several:
        return
    with as_operation_error(), session.store.reading() as cx:
        taken = settings_read.other_locations(cx, present.id)
    if own[-1] in ("", *taken):
        text = f"another of its carts sets {own[-1]!r} already" if own[-1] else "the cart has several locations"
        raise InvalidError("--option", f"location: {text}.")


def form_problem(session: Session, columns: Mapping[str, Any], name: str, text: str) -> str:
    """Why a cart cannot have another text in a field of its form, as `check_change` would refuse it; '' if it can.

    `columns` are those of the cart as it is saved.
    """
    if name == FORM_LOCATION:
        with as_operation_error(), session.store.reading() as cx:
            taken = settings_read.other_locations(cx, columns["id"])
        several = bool(taken) or columns["of_cart"] is not None
        if several and not text.strip():
            return "the cart has several locations; say which one this is."
        return "another location of the cart is this one already." if text.strip() in taken else ""
    if columns["of_cart"] is None or not (
        name in CONNECTION or secret_parts.is_part(name) or name.startswith(connector_options.PREFIX)
    ):
        return ""
    with as_operation_error(), session.store.reading() as cx:
        main = stored_columns.of_cart(cx, columns["of_cart"]) or {}
    return f"all locations have the connection of {main.get('name', 'their cart')}; change it there."


def _refuse(given: Mapping[str, str], options: Sequence[str], cart: str) -> None:
    named = sorted(name for name in given if name in CONNECTION or secret_parts.is_part(name))
    if named or options:
        flag = f"--{named[0]}" if named else "--option"
        raise InvalidError(flag, f"the connection is that of {cart}; change it there: invsync carts set.")


def follow(saved: Saving, cart: Cart, before: Mapping[str, Any], reason: str) -> None:
    """After a change of a cart's connection: the same change for its further locations, each with an audit entry."""
    from invsync_tui.store.settings import write as settings_write

    if not before.keys() & {*settings_write.CONNECTION_SETTINGS, "options"}:
        return
    changed = settings_write.connect_alike(saved.db, cart)
    saved.flush()
    for at, replaced in changed:
        number = settings_write.number(at)
        if replaced.keys() & MOVING:
            settings_read.drop_reading(saved.tx, number)
        after = {name: getattr(at, name) for name in replaced}
        saved.audit("cart set", f"cart:{number}", replaced, after, reason)
