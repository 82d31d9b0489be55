"""What a new merchant or cart begins with, as the columns of one that is stored: the guided form is made of them.

Its subject is `new-merchant:SYSTEM`, or `new-cart:MERCHANT:SYSTEM` with the number of the merchant, or `new-location:CART` with
the number of the cart whose connection the further location uses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.operations.connections import connector_pages
from invsync_tui.operations.connections.connector_pages import ConnectorPage
from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.operations.lists.list_views import Choice
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import connector_options, fields, merchants, secret_parts
from invsync_tui.operations.settings.setting import Section, Setting
from invsync_tui.store.settings import read as settings_read

MERCHANT, CART, LOCATION = "new-merchant", "new-cart", "new-location"
SECTIONS = (Section.CONNECTION, *(section for section in Section if section is not Section.CONNECTION))
"""In the order of the form: where the system is and how to log in comes first."""
ALWAYS = ("sync", "every", "upload")
"""Settings that are saved also where they were not changed: they begin differently here than on the command line."""
_REFERENCE = "env:NAME, file:PATH or command:ARGV"


class NewSubject(NamedTuple):
    """What is to be added."""

    kind: str
    """merchant or cart."""
    system: str
    merchant_id: int = 0
    """The owner of a cart."""
    of_cart: int | None = None
    """The cart that it is a further location of."""

    @property
    def group(self) -> str:
        """The entry points of its connectors."""
        return registry.SOURCES if self.kind == "merchant" else registry.CARTS


@dataclass(frozen=True, slots=True)
class Added:
    """What was added: `merchant:1` or `cart:3`, its name, and what comes next."""

    subject: str
    name: str


def parsed(session: Session, subject: str) -> NewSubject | None:
    """What a subject adds; None for one that is stored. NotFoundError where no connector, or no cart, is called so."""
    kind, _, rest = subject.partition(":")
    if kind == LOCATION and rest.isdecimal():
        row = _cart(session, int(rest))
        return NewSubject("cart", row["system"], row["merchant_id"], row["id"])
    if kind == MERCHANT:
        return _known(NewSubject("merchant", rest))
    owner, _, system = rest.partition(":")
    if kind == CART and owner.isdecimal():
        return _known(NewSubject("cart", system, int(owner)))
    return None


def _known(new: NewSubject) -> NewSubject:
    known = registry.systems(new.group)
    if new.system not in known:
        raise NotFoundError(f"No connector is called {new.system!r}. There are: {', '.join(known)}.")
    return new


def _cart(session: Session, cart_id: int) -> dict[str, Any]:
    with as_operation_error(), session.store.reading() as cx:
        row = settings_read.cart(cx, cart_id)
    if row is None:
        raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
    return row


def offered(session: Session, kind: str, merchant_id: int = 0) -> tuple[Choice, ...]:
    """What can be added, by subject: each system, and a further location of each cart that says which location it sets."""
    if kind == "merchant":
        return tuple(replace(choice, value=f"{MERCHANT}:{choice.value}") for choice in systems(kind))
    with as_operation_error(), session.store.reading() as cx:
        rows = settings_read.carts(cx, merchant_id)
    places = [
        Choice(f"{LOCATION}:{row['id']}", f"Location of {row['name']}", f"uses its connection, {row['system']}")
        for row in rows
        if row["of_cart"] is None and connector_options.parsed(row["options"]).get("location")
    ]
    return (*(replace(choice, value=f"{CART}:{merchant_id}:{choice.value}") for choice in systems(kind)), *places)


def systems(kind: str) -> tuple[Choice, ...]:
    """What a merchant's WMS, or a cart, can be: its name and versions."""
    group = registry.SOURCES if kind == "merchant" else registry.CARTS
    return tuple(
        sorted((_choice(group, name) for name in registry.systems(group)), key=lambda choice: choice.label.lower())
    )


def _choice(group: str, system: str) -> Choice:
    try:
        about = registry.about(group, system) or About(system)
    except NotConfiguredError as error:
        return Choice(system, system, str(error))
    return Choice(system, about.title, about.versions)


def columns(session: Session, new: NewSubject) -> dict[str, Any]:
    """The columns of a row that was not stored yet, as `store.settings.read` has them. A further location begins with the
    rules of its cart, and all warehouses."""
    if new.of_cart is not None:
        options = connector_options.parsed(_cart(session, new.of_cart)["options"]) | {"location": ""}
        own = {"name": "", "options": json.dumps(options), "upload_enabled": True, "combine_all": True}
        return _cart(session, new.of_cart) | own | {"warehouses": [], "every": None, "rev": 0}
    from invsync_tui.store import models

    if new.kind == "merchant":
        source = models.Source(merchant_id=0, system=new.system, url="").model_dump()
        merchant = models.Merchant(
            name="", inventory_sync=True, stale_after=merchants.DEFAULT_STALE_AFTER, created_at=0
        ).model_dump()
        return source | merchant | {"every": merchants.DEFAULT_EVERY, "rev": 0}
    row = models.Cart(
        merchant_id=new.merchant_id, name="", system=new.system, url="", upload_enabled=True, created_at=0
    ).model_dump()
    return row | {"warehouses": [], "every": None, "rev": 0}


def explained(new: NewSubject, settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """The settings with what its connector says of address, login and secret; first the name, then the connection."""
    if new.of_cart is not None:
        own = ("name", f"{connector_options.PREFIX}location")
        settings = [row for row in settings if row.section is not Section.CONNECTION or row.name in own]
        settings = [replace(row, optional=False) if row.name == own[1] else row for row in settings]
    about = registry.about(new.group, new.system) or About(new.system)
    helps = {
        "url": f"such as {about.example}",
        "login": about.signs_in_as or "not needed",
        "secret": f"{about.signs_in_with or 'not needed'}: {_REFERENCE}",
    }
    one_secret = len(registry.secret_parts(new.group, new.system)) == 1
    described = [
        replace(setting, help=helps[setting.name])
        if setting.name in helps and (setting.name != secret_parts.FIRST or one_secret)
        else setting
        for setting in settings
    ]
    return tuple(sorted(described, key=lambda setting: (SECTIONS.index(setting.section), setting.name != "name")))


def missing(new: NewSubject, settings: Sequence[Setting], texts: Mapping[str, str]) -> dict[str, str]:
    """By field, what a connection cannot do without and what is not given."""
    parts = registry.secret_parts(new.group, new.system)
    required = {part.name for part in parts if part.required}
    wanted = {parts[0].name: secret_parts.FIRST} | {
        part.name: f"{secret_parts.PREFIX}{part.name}" for part in parts[1:]
    }
    names = {wanted[name] for name in required} | {"name", fields.ADDRESS}
    if new.of_cart is not None:
        names = {"name", f"{connector_options.PREFIX}location"}
    return {
        setting.name: "it is needed."
        for setting in settings
        if setting.name in names and not texts.get(setting.name, "").strip()
    }


def page(session: Session, subject: str) -> ConnectorPage:
    """What the connector of something new says of itself."""
    new = parsed(session, subject)
    if new is None:
        raise NotFoundError(f"{subject!r} is nothing to be added.")
    kind = connector_pages.WMS if new.kind == "merchant" else connector_pages.CART
    return next(page for page in connector_pages.pages(new.system) if page.kind == kind)
