"""Where a finding of the doctor leads: the list that it is about, and what fixes it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.operations.settings.fields import CART, MERCHANT
from invsync_tui.rules.merchant_checks import Check
from invsync_tui.rules.outcomes import REASONS, ReasonKind
from invsync_tui.tui.navigation.links import Link

LISTS = {
    "merchant.last_run": "runs", "merchant.status": "runs", "merchant.products": "warehouses",
    "merchant.fractions": "warehouses", "warehouse.levels": "warehouses", "cart.alias": "aliases",
    "cart.alias_lacking": "aliases", "cart.alias_collisions": "aliases",
}  # fmt: skip
"""Screens of the merchant that list what a check is about."""
CART_CHECKS = (
    "cart.",
    "listing.",
    "sku.warehouse",
    "sku.recent",
    "sku.active",
    "sku.counted",
    "sku.known",
    "sku.unique",
)
"""How the checks begin whose subject is a cart."""
SAYS = {"runs": "its runs", "run": "the run", "warehouses": "its warehouses", "aliases": "its aliases",
        "listings": "its listings", "sku": "the SKU"}  # fmt: skip
"""What Enter opens, in words."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What `f` does: opens a place, or sends a command to the clipboard; with neither there is only advice."""

    text: str
    """In words, with the key."""
    link: Link | None = None
    command: str = ""


def list_of(check: Check) -> Link | None:
    """The listings, products or runs that a check is about."""
    if (run := _run(check.fix)) is not None:
        return run
    if check.reason is not None:
        return Link("listings", check.subject, REASONS[check.reason].listings or ListingFilter.ALL.value)
    if check.id in LISTS:
        return Link(LISTS[check.id], check.subject)
    if check.id == "cart.never_synced":
        return Link("listings", check.subject, ListingFilter.NEVER.value)
    if check.id.startswith(("sku.results", "sku.updated")):
        return Link("sku", check.subject.rpartition(" / ")[2])
    return Link("listings", check.subject, ListingFilter.ALL.value) if check.id.startswith(CART_CHECKS) else None


def fix_of(check: Check) -> Fix:
    """The field of the form, the run, the test of the connection, or the command that fixes a finding."""
    words = _words(check.fix)
    info = REASONS[check.reason] if check.reason is not None else None
    if (place := _place(words, check)) is not None:
        return place
    if info is not None and info.setting:
        return Fix(f"{check.fix} (f opens the setting)", Link("cart", check.subject, info.setting))
    if words:
        return Fix(f"{check.fix} (f sends the command to the clipboard)", command="invsync " + shlex.join(words))
    if info is not None and info.kind is ReasonKind.LISTING:
        return Fix(f"{check.fix} (f opens the listings)", list_of(check))
    return Fix(check.fix)


def _place(words: list[str], check: Check) -> Fix | None:
    """Where a command is done in the control room."""
    if words[:2] in (["carts", "set"], ["merchants", "set"]):
        kind = words[0].removesuffix("s")
        return Fix(f"f opens this setting of the {kind}.", Link(kind, words[2], _field(words)))
    if words[:2] == ["connections", "test"]:
        cart = words[words.index("--cart") + 1] if "--cart" in words else ""
        return Fix(f"f tests the connection. {check.fix}", Link("test", words[2], cart))
    if words[:2] == ["connections", "fix"]:
        return Fix(
            f"f shows what can be changed in the shop from here. {_before(check.fix)}".rstrip(), Link("fix", words[2])
        )
    if words[:1] == ["runs"] and (run := _run(check.fix)) is not None:
        return Fix(f"f opens the run. {check.fix}", run)
    return None


def _before(fix: str) -> str:
    """What a fix says besides its command."""
    return fix.rpartition("invsync ")[0].removesuffix(" Or: ")


def _words(fix: str) -> list[str]:
    """The words of the command that a fix names last; none where it names no command that can be read."""
    _, mark, rest = fix.rpartition("invsync ")
    try:
        return shlex.split(rest) if mark else []
    except ValueError:
        return []


def _field(words: list[str]) -> str:
    """The setting that a command sets."""
    if "--all-warehouses" in words or "--warehouse" in words:
        return "warehouses"
    settings = CART if words[0] == "carts" else MERCHANT
    return next((setting.name for setting in settings if setting.flag in words), "")


def _run(fix: str) -> Link | None:
    named = re.search(r"\binvsync (?:runs|bundle) (\d+)\b", fix)
    return Link("run", named[1]) if named else None
