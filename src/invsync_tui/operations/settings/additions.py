"""What a new merchant or cart begins with, as the columns of one that is stored: the guided form is made of them.

Its subject is `new-merchant:SYSTEM` or `new-cart:MERCHANT:SYSTEM`, with the number of the merchant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.operations.errors import NotFoundError
from invsync_tui.operations.list_views import Choice
from invsync_tui.operations.settings import fields, merchants, secret_parts
from invsync_tui.operations.settings.fields import Section, Setting

MERCHANT, CART = "new-merchant", "new-cart"
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

    @property
    def group(self) -> str:
        """The entry points of its connectors."""
        return registry.SOURCES if self.kind == "merchant" else registry.CARTS


@dataclass(frozen=True, slots=True)
class Added:
    """What was added: `merchant:1` or `cart:3`, its name, and what comes next."""

    subject: str
    name: str


def parsed(subject: str) -> NewSubject | None:
    """What a subject adds; None for one that is stored. NotFoundError where no connector is called so."""
    kind, _, rest = subject.partition(":")
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


def systems(kind: str) -> tuple[Choice, ...]:
    """What a merchant's WMS, or a cart, can be: its name and versions."""
    group = registry.SOURCES if kind == "merchant" else registry.CARTS
    return tuple(sorted((_choice(group, name) for name in registry.systems(group)), key=lambda one: one.label.lower()))


def _choice(group: str, system: str) -> Choice:
    try:
        about = registry.about(group, system) or About(system)
    except NotConfiguredError as error:
        return Choice(system, system, str(error))
    return Choice(system, about.title, about.versions)


def columns(new: NewSubject) -> dict[str, Any]:
    """The columns of a row that was not stored yet, as `store.settings.read` has them."""
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
    about = registry.about(new.group, new.system) or About(new.system)
    helps = {
        "url": f"such as {about.example}",
        "login": about.signs_in_as or "not needed",
        "secret": f"{about.signs_in_with or 'not needed'}: {_REFERENCE}",
    }
    one_secret = len(registry.secret_parts(new.group, new.system)) == 1
    told = [
        replace(setting, help=helps[setting.name])
        if setting.name in helps and (setting.name != secret_parts.FIRST or one_secret)
        else setting
        for setting in settings
    ]
    return tuple(sorted(told, key=lambda setting: (SECTIONS.index(setting.section), setting.name != "name")))


def missing(new: NewSubject, settings: Sequence[Setting], texts: Mapping[str, str]) -> dict[str, str]:
    """By field, what a connection cannot do without and what is not given."""
    parts = registry.secret_parts(new.group, new.system)
    required = {part.name for part in parts if part.required}
    wanted = {parts[0].name: secret_parts.FIRST} | {
        part.name: f"{secret_parts.PREFIX}{part.name}" for part in parts[1:]
    }
    names = {wanted[name] for name in required} | {"name", fields.ADDRESS}
    return {
        setting.name: "it is needed."
        for setting in settings
        if setting.name in names and not texts.get(setting.name, "").strip()
    }
