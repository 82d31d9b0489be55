"""Settings without a store: a form per subject, checks, a preview in parts, and another operator who saves in between."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

from invsync_tui.operations.connections import connector_pages
from invsync_tui.operations.connections.connections import Step
from invsync_tui.operations.connections.connector_pages import ConnectorPage
from invsync_tui.operations.lists.list_views import (
    Change,
    Choice,
    Conflict,
    Field,
    FieldKind,
    FieldProblem,
    Form,
    Preview,
    Saved,
)
from invsync_tui.operations.settings import additions
from invsync_tui.operations.settings.additions import Added
from invsync_tui.operations.settings.removal import Contents, Removed
from invsync_tui.operations.settings.views import ConnectionSetup
from tests.support.fakes.operations import Fake

LISTINGS, PART = 4812, 2000
WMS = ConnectionSetup("tryton", "https://wms.example", "", "", {}, 10.0, "")
WMS_STEPS = (
    Step("name", True, "wms.example is 192.0.2.7", ""),
    Step("tls", True, "certificate valid until 2027-03-01", ""),
    Step("login", False, "the WMS refused our login (401)", "Correct the secret, then test again with r."),
)


def merchant_form() -> Form:
    fields = (
        Field(
            "sync", "Synchronization With WMS - Inventory", FieldKind.SWITCH, "on", "Downloads run only while it is on."
        ),
        Field("every", "Schedule", FieldKind.DURATION, "15m", "Time between two inventory downloads.", optional=True),
        Field(
            "stale-after", "Staleness limit", FieldKind.DURATION, "24h", "Older readings are not pushed.", optional=True
        ),
        Field("url", "WMS address", FieldKind.TEXT, "https://wms.example", "Where the WMS is."),
        Field(
            "secret", "WMS secret", FieldKind.SECRET_REF, "env:WMS_TOKEN", "A reference; the secret is never stored."
        ),
        Field("full-every", "Full download every", FieldKind.DURATION, "1d", "Changes only in between."),
    )
    return Form("merchant:1", "Demo Outdoor", 3, fields)


def cart_form() -> Form:
    warehouses = tuple(
        Choice(code, name, f"{count:,} products")
        for code, name, count in (("WH-1", "Main", 4102), ("WH-2", "Overflow", 611), ("Default", "Default", 12))
    )
    aliases = (
        Choice("SKU", "SKU (no alias)", "4,812 products"),
        Choice("UPC", "UPC", "4,102 products, 3 collide"),
        Choice("EAN", "EAN", "211 products"),
    )
    fields = (
        Field("upload", "Inventory Upload Service", FieldKind.SWITCH, "on", "Pushes run only while it is on."),
        Field(
            "warehouses", "Sync Inventory With Warehouse", FieldKind.CHOICES, "", "None marked: Combine All Locations.",
            warehouses, optional=True,
        ),
        Field("alias", "Push Inventory Using Alias", FieldKind.CHOICE, "SKU", "Products without it are ignored.", aliases),
        Field("minimum", "Minimum Inventory Level", FieldKind.NUMBER, "0", "Below it the cart gets 0."),
        Field("buffer", "Buffer", FieldKind.NUMBER, "0", "Units that are kept back."),
        Field("share", "Share of stock (%)", FieldKind.NUMBER, "100", "What this cart may sell of the stock."),
        Field("max", "Cap", FieldKind.NUMBER, "", "Most units that the cart shows.", optional=True),
        Field("every", "Schedule", FieldKind.DURATION, "", "Time between two pushes.", optional=True),
        Field("stale-after", "Staleness limit", FieldKind.DURATION, "", "Empty takes the merchant's.", optional=True),
    )  # fmt: skip
    sync, quantity = ("upload", "warehouses", "alias"), ("minimum", "buffer", "share", "max")
    sections = dict.fromkeys(sync, "Sync") | dict.fromkeys(quantity, "Quantity rules")
    placed = tuple(replace(setting, section=sections.get(setting.name, "Safety rules")) for setting in fields)
    helps = {"Sync": "what is synced", "Quantity rules": "how the number is made", "Safety rules": "when it is held"}
    return Form("cart:7", "Demo Cart EU", 5, placed, helps)


@dataclass
class FakeTest(Fake):
    """A connection whose test takes its steps one by one as the gate lets them, or at once."""

    gate: threading.Semaphore | None = None
    name: str = "Demo Outdoor"
    setup: ConnectionSetup = WMS

    async def steps(self) -> AsyncIterator[Step]:
        for step in WMS_STEPS:
            if self.gate is not None:
                self.gate.acquire(timeout=10)
            yield step


class FakeRemoval:
    """Removes merchants and carts; keeps what was removed."""

    def __init__(self) -> None:
        self.removed: list[tuple[str, str]] = []

    def contents(self, subject: str) -> Contents:
        counts = {"listings": 4812, "runs": 200, "history": 31_000, "orders": 2}
        return Contents(
            subject, "Demo Outdoor", "Demo Outdoor", ("Demo Cart EU", "Demo Cart US"), (), counts, (), (21,)
        )

    def remove(self, subject: str, typed: str, *, with_locations: bool = False) -> Removed:
        self.removed.append((subject, typed))
        return Removed(self.contents(subject), f"{typed} is removed.")

    def clear(self, seconds: float) -> int | None:
        return None


class FakeForms:
    """Settings of merchants and carts, and the test of a connection."""

    def __init__(self) -> None:
        merchant, cart = merchant_form(), cart_form()
        self.saved = {
            **{f"merchant:{n}": replace(merchant, subject=f"merchant:{n}") for n in range(1, 10)},
            **{f"cart:{n}": replace(cart, subject=f"cart:{n}") for n in range(1, 10)},
        }
        self.test = FakeTest()
        self.history: list[tuple[int, str, Change]] = []
        self.previews = 0

    # -- operations ---------------------------------------------------------------------------------------------------

    def form(self, subject: str) -> Form:
        if subject not in self.saved:  # something new, see `settings.additions`
            blank = cart_form() if subject.startswith("new-cart") else merchant_form()
            name = Field("name", "Display name", FieldKind.TEXT, "", "What invsync calls it.", section="Connection")
            self.saved[subject] = replace(blank, subject=subject, rev=0, fields=(name, *blank.fields))
        return self.saved[subject]

    def offered(self, kind: str, merchant_id: int = 0) -> tuple[Choice, ...]:
        return tuple(replace(choice, value=f"new-{kind}:{choice.value}") for choice in additions.systems(kind))

    def page(self, subject: str) -> ConnectorPage:
        kind = "wms" if subject.startswith("new-merchant") else "cart"
        return next(page for page in connector_pages.pages(subject.rpartition(":")[2]) if page.kind == kind)

    def incomplete(self, subject: str, values: Mapping[str, str]) -> tuple[FieldProblem, ...]:
        absent = [] if values.get("name") else [FieldProblem("name", "it is needed.")]
        return (*absent, *self.check(subject, values))

    def add(self, subject: str, values: Mapping[str, str]) -> Added:
        return Added("merchant:9", values["name"])

    def new_target(self, subject: str, values: Mapping[str, str]) -> FakeTest:
        return self.test

    def check(self, subject: str, values: Mapping[str, str]) -> tuple[FieldProblem, ...]:
        typed = ((setting, values.get(setting.name, setting.value)) for setting in self.saved[subject].fields)
        return tuple(FieldProblem(setting.name, text) for setting, value in typed if (text := _wrong(setting, value)))

    def diff(self, subject: str, values: Mapping[str, str]) -> tuple[Change, ...]:
        fields = self.saved[subject].fields
        return tuple(
            Change(setting.name, setting.label, setting.value, values[setting.name])
            for setting in fields
            if values.get(setting.name, setting.value) != setting.value
        )

    def preview(self, cart_id: int, values: Mapping[str, str], after: Preview | None = None) -> Preview:
        self.previews += 1
        counted = min((after.counted if after else 0) + PART, LISTINGS)
        return Preview(LISTINGS, counted, counted // 100, counted // 4, 3 if "alias" in values else 0, 0)

    def save(self, subject: str, rev: int, values: Mapping[str, str]) -> Saved | Conflict:
        present = self.saved[subject]
        if rev != present.rev:
            theirs = tuple(change for since, who, change in self.history if since > rev)
            both = tuple(change.name for change in theirs if change.name in values)
            return Conflict(present.rev, "bo", int(time.time()) - 60, theirs, both)
        changes = self.diff(subject, values)
        self._write(subject, values)
        return Saved(present.rev + 1, changes, "The next push is held as a plan." if "cart" in subject else "")

    def target_of(self, subject: str) -> FakeTest:
        return self.test

    # -- what another operator does -----------------------------------------------------------------------------------

    def elsewhere(self, subject: str, **values: str) -> None:
        """Bo saves these."""
        given = {name.replace("_", "-"): value for name, value in values.items()}
        changes = self.diff(subject, given)
        self._write(subject, given)
        self.history += [(self.saved[subject].rev, "bo", change) for change in changes]

    def _write(self, subject: str, values: Mapping[str, str]) -> None:
        present = self.saved[subject]
        fields = tuple(replace(setting, value=values.get(setting.name, setting.value)) for setting in present.fields)
        self.saved[subject] = replace(present, rev=present.rev + 1, fields=fields)


def _wrong(setting: Field, value: str) -> str:
    if not value and setting.optional:
        return ""
    if setting.kind is FieldKind.NUMBER and not value.isdigit():
        return f"{value!r} is not allowed; give a whole number from 0 to 1000000000."
    if setting.kind is FieldKind.DURATION and not (value[:-1].isdigit() and value[-1:] in "smhd"):
        return f"{value!r} is not allowed; give a time such as 90s, 15m, 1h or 2d."
    return ""
