"""The guide as checks: what each one looks at, its verdict, the cause in a sentence and what mends it.

Pure: facts come in as records, checks go out. Not here: where the facts are read (`store.checkup`), and the causes of a
single listing (`diagnosis`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from invsync_tui.rules.diagnosis import SENDING_CAUSES, STOCK_CAUSES
from invsync_tui.rules.outcomes import WORDINGS, Reason

SAMPLE = 10
"""SKUs named with a cause at most."""


class Verdict(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 (a verdict)
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Section(StrEnum):
    """The guide's sections, in its order."""

    SYNC_SWITCH = "Check Merchant Settings 1"
    LAST_RUN = "Check Merchant Settings 2.1"
    STATUS = "Check Merchant Settings 2.2"
    LEVELS = "Check Merchant Settings 3.1"
    PRODUCTS = "Check Merchant Settings 3.2"
    UPLOAD_SWITCH = "Check Cart Settings 1"
    WAREHOUSE = "Check Cart Settings 2"
    ALIAS = "Check Cart Settings 3"
    ALIAS_LACKING = "Check Cart Settings 3.1"
    MINIMUM = "Check Cart Settings 4"
    RECEIVED = "Check SKU coming from WMS/OMS 2"
    NO_RESULT = "Check SKU coming from WMS/OMS 2.1"
    SEVERAL_RESULTS = "Check SKU coming from WMS/OMS 2.2"
    LISTINGS = "Check Cart Sync 1"
    SYNCED = "Check Cart Sync 2"
    NEVER_SYNCED = "Check Cart Sync 2.1"
    NOT_LISTED = "Check Cart Sync 2.2"
    SYSTEM = "Check WMS/OMS Specific Issues"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the guide. `cause` and `fix` are empty where nothing is wrong."""

    id: str
    section: Section
    subject: str
    verdict: Verdict
    evidence: str
    cause: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """All listings of a cart, and products it does not list, that have a cause in common."""

    cart: str
    cause: Reason
    count: int
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A check before its verdict."""

    id: str
    section: Section
    subject: str

    def passed(self, evidence: str) -> Check:
        """Nothing is wrong here."""
        return Check(self.id, self.section, self.subject, Verdict.PASS, evidence)

    def failed(self, evidence: str, cause: str, fix: str) -> Check:
        """Here is a cause."""
        return Check(self.id, self.section, self.subject, Verdict.FAIL, evidence, cause, fix)

    def unknown(self, evidence: str, cause: str, fix: str) -> Check:
        """It cannot be told, and why."""
        return Check(self.id, self.section, self.subject, Verdict.UNKNOWN, evidence, cause, fix)

    def skipped(self, evidence: str) -> Check:
        """It does not apply."""
        return Check(self.id, self.section, self.subject, Verdict.SKIPPED, evidence)


def in_guide_order(checks: Iterable[Check]) -> list[Check]:
    """Sorted by the guide's sections; checks of one section stay as they are."""
    order = list(Section)
    return sorted(checks, key=lambda check: order.index(check.section))


# --- merchant --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MerchantFacts:
    """A merchant and its WMS connection. Ages and limits are seconds, times already in words."""

    name: str
    switched_on: bool
    connected: bool
    last_run: str
    """When the last inventory download ended, in words; '' for never."""
    running: bool
    status: str
    """'' for success."""
    products: int


def merchant_checks(facts: MerchantFacts) -> Iterator[Check]:
    """Check Merchant Settings, but for the warehouses."""
    yield _sync_switch(facts)
    yield _last_run(facts)
    yield _status(facts)
    yield _products(facts)


def _sync_switch(facts: MerchantFacts) -> Check:
    item = Item("merchant.switch", Section.SYNC_SWITCH, facts.name)
    if facts.switched_on:
        return item.passed("Synchronization With WMS - Inventory is on")
    return item.failed(
        "Synchronization With WMS - Inventory is off", "Nothing is downloaded or pushed.", _set_merchant(facts.name)
    )


def _last_run(facts: MerchantFacts) -> Check:
    item = Item("merchant.last_run", Section.LAST_RUN, facts.name)
    if facts.last_run:
        return item.passed(f"Last Inventory Run ended {facts.last_run}")
    if facts.running:
        return item.unknown("Last Inventory Run: N/A", "The first inventory download is under way.", "invsync runs")
    fix = f"invsync sync {shlex.quote(facts.name)}" if facts.switched_on else _set_merchant(facts.name)
    return item.unknown("Last Inventory Run: N/A", "The inventory download has never run.", fix)


def _status(facts: MerchantFacts) -> Check:
    item = Item("merchant.status", Section.STATUS, facts.name)
    if not facts.last_run:
        return item.skipped("no inventory download has ended yet")
    if not facts.status:
        return item.passed("Status: success")
    return item.failed(
        f"Status: {facts.status}",
        "The last inventory download did not succeed.",
        f"Mend what it says, then: invsync sync {shlex.quote(facts.name)}",
    )


def _products(facts: MerchantFacts) -> Check:
    item = Item("merchant.products", Section.PRODUCTS, facts.name)
    if not facts.last_run:
        return item.skipped("no inventory download has ended yet")
    if facts.products or not facts.switched_on:
        return item.passed(f"{facts.products} products in Locations & Products")
    return item.failed(
        "0 products in Locations & Products",
        "The WMS sent no products.",
        "Check in the WMS which products this login may see.",
    )


def _set_merchant(name: str) -> str:
    return f"invsync merchants set {shlex.quote(name)} --sync on"


@dataclass(frozen=True, slots=True)
class WarehouseFacts:
    """A warehouse of the merchant."""

    code: str
    enabled: bool
    vanished: bool
    levels: int
    loaded: str
    """When its levels were last confirmed, in words; '' for never."""
    stale: bool
    used: bool
    """A cart whose upload is on syncs with it."""


def warehouse_check(merchant: str, facts: WarehouseFacts) -> Check:
    """Levels of one warehouse and when they were last loaded."""
    item = Item("warehouse.levels", Section.LEVELS, f"{merchant} / {facts.code}")
    if not facts.enabled:
        return item.skipped(f"{facts.levels} levels; the warehouse is disabled")
    if not facts.loaded:
        return item.skipped("never loaded")
    if facts.vanished:
        return item.failed(
            f"{facts.levels} levels as of {facts.loaded}",
            "The WMS no longer reports this warehouse, or reports no level in it.",
            "Restore it in the WMS, or choose another in Sync Inventory With Warehouse.",
        )
    return _levels(item, merchant, facts)


def _levels(item: Item, merchant: str, facts: WarehouseFacts) -> Check:
    evidence = f"{facts.levels} levels, last loaded {facts.loaded}"
    if facts.levels and facts.stale:
        fix = f"Check the WMS feed, then: invsync sync {shlex.quote(merchant)} --full"
        return item.failed(evidence, "The levels are older than the limit and may not be pushed.", fix)
    if facts.levels or not facts.used or facts.code == "Default":
        return item.passed(evidence)
    return item.failed(
        evidence, "A cart syncs with this warehouse, and it has no levels.", "Check the warehouse's stock in the WMS."
    )


# --- cart ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CartFacts:
    """A cart's Edit Setup, and what is known of its listings."""

    name: str
    merchant: str
    switched_on: bool
    merchant_on: bool
    combines: bool
    """Combine All Locations."""
    warehouses: tuple[WarehouseFacts, ...]
    alias: str
    """SKU for none."""
    alias_loaded: bool
    products: int
    lacking: int
    """Products without a code of that type."""
    collisions: int
    """Codes of that type that several products have."""
    minimum: int
    listings: int
    never: int
    never_exact: bool
    listed: str
    """When its listings were last read, in words; '' for never."""
    unplanned: str
    """Why the last plan cannot tell all causes; '' if it can."""
    unseen: str = ""
    """Why causes in the stock may be hidden behind others; '' if none is."""
    frozen: str = ""
    """Who froze it or its merchant, when and why; '' where it is not frozen."""
    absent: bool = False
    """One SKU was asked for, and no listing has to do with it."""
    thaw: str = ""
    """The commands that thaw it: its merchant, itself, or both."""

    def set(self, option: str) -> str:
        """The command that changes one of its settings."""
        return f"invsync carts set {shlex.quote(self.name)} --merchant {shlex.quote(self.merchant)} {option}"


def cart_checks(facts: CartFacts) -> Iterator[Check]:
    """Check Cart Settings, and whether View Product Sync has anything to show."""
    yield _upload_switch(facts)
    yield _freeze(facts)
    yield _chosen(facts)
    yield _alias(facts)
    yield _lacking(facts)
    yield _collisions(facts)
    yield _listings(facts)
    yield _never(facts)


def _upload_switch(facts: CartFacts) -> Check:
    item = Item("cart.switch", Section.UPLOAD_SWITCH, facts.name)
    if facts.switched_on:
        return item.passed("Inventory Upload Service is on")
    return item.failed("Inventory Upload Service is off", "Nothing is pushed to this cart.", facts.set("--upload on"))


def _freeze(facts: CartFacts) -> Check:
    item = Item("cart.freeze", Section.UPLOAD_SWITCH, facts.name)
    if not facts.frozen:
        return item.passed("not frozen")
    return item.failed(facts.frozen, WORDINGS[Reason.FROZEN].cause, facts.thaw)


def _chosen(facts: CartFacts) -> Check:
    item = Item("cart.warehouses", Section.WAREHOUSE, facts.name)
    usable = [one for one in facts.warehouses if one.enabled]
    said = "Combine All Locations" if facts.combines else ", ".join(one.code for one in facts.warehouses) or "none"
    evidence = f"Sync Inventory With Warehouse: {said}"
    if not usable:
        return item.failed(evidence, WORDINGS[Reason.WAREHOUSE_DISABLED].cause, facts.set("--all-warehouses"))
    vanished = [one.code for one in usable if one.vanished]
    if vanished and not facts.combines:
        cause = f"{', '.join(vanished)} has vanished from the WMS."
        return item.failed(evidence, cause, facts.set("--warehouse CODE"))
    if any(one.loaded for one in usable) and not any(one.levels for one in usable):
        return item.failed(
            f"{evidence}, 0 levels", "No warehouse of this cart holds a level.", facts.set("--warehouse CODE")
        )
    return item.passed(f"{evidence}, {sum(one.levels for one in usable)} levels")


def _alias(facts: CartFacts) -> Check:
    item = Item("cart.alias", Section.ALIAS, facts.name)
    evidence = f"Push Inventory Using Alias: {facts.alias}"
    if not facts.products:
        return item.skipped(f"{evidence}; no products yet")
    if facts.alias_loaded:
        return item.passed(f"{evidence}, {facts.products - facts.lacking} of {facts.products} products have it")
    return item.failed(evidence, "No product of the WMS has an alias of this type.", facts.set("--alias TYPE"))


def _lacking(facts: CartFacts) -> Check:
    item = Item("cart.alias_lacking", Section.ALIAS_LACKING, facts.name)
    if not facts.products:
        return item.skipped("no products yet")
    evidence = f"{facts.lacking} of {facts.products} products have no {facts.alias}"
    if not facts.lacking:
        return item.passed(evidence)
    fix = f"Add it in the WMS. List them: {_aliases(facts, '--missing')}"
    return item.failed(evidence, "Products without the chosen alias are ignored by the sync.", fix)


def _collisions(facts: CartFacts) -> Check:
    item = Item("cart.alias_collisions", Section.SEVERAL_RESULTS, facts.name)
    evidence = f"{facts.collisions} codes of {facts.alias} name several products"
    if not facts.collisions:
        return item.passed(evidence)
    wording = WORDINGS[Reason.AMBIGUOUS_ALIAS]
    return item.failed(evidence, wording.cause, f"{wording.advice} List them: {_aliases(facts, '--collisions')}")


def _aliases(facts: CartFacts, option: str) -> str:
    return f"invsync aliases {shlex.quote(facts.merchant)} {option} {shlex.quote(facts.alias)}"


def _listings(facts: CartFacts) -> Check:
    item = Item("cart.listings", Section.LISTINGS, facts.name)
    if not facts.listed:
        if not (facts.merchant_on and facts.switched_on):
            return item.skipped("its listings were never read: the sync is off")
        return item.unknown("its listings were never read", "No push has run yet.", _push(facts))
    evidence = f"{facts.listings} listings, read {facts.listed}"
    if facts.listings:
        return item.passed(evidence)
    return item.failed(evidence, "The cart lists nothing.", "Log in to the cart and check that its SKUs match.")


def _never(facts: CartFacts) -> Check:
    item = Item("cart.never_synced", Section.NEVER_SYNCED, facts.name)
    if not facts.listed or not (facts.merchant_on and facts.switched_on):
        return item.skipped("nothing is pushed to it yet")
    evidence = f"{facts.never}{'' if facts.never_exact else ' or more'} listings with Last synced: Never"
    if not facts.never:
        return item.passed(evidence)
    fix = f"invsync listings {shlex.quote(facts.name)} --only never"
    return item.failed(evidence, "Their codes match no product, or something withholds their first push.", fix)


def _push(facts: CartFacts) -> str:
    return f"invsync sync {shlex.quote(facts.merchant)} --cart {shlex.quote(facts.name)}"


# --- listings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Topic:
    id: str
    section: Section
    fine: str
    causes: tuple[Reason, ...]


_TOPICS = (
    _Topic("sku.warehouse", Section.WAREHOUSE, "no stock lies in other warehouses alone", (Reason.WRONG_WAREHOUSE,)),
    _Topic("cart.minimum", Section.MINIMUM, "it hides no stock", (Reason.CUT_OFF_APPLIED,)),
    _Topic("sku.recent", Section.RECEIVED, "levels are known and recent", (Reason.WMS_STALE, Reason.NO_LEVEL)),
    _Topic("sku.known", Section.NO_RESULT, "every code is a product's code", (Reason.NOT_IN_WMS,)),
    _Topic("sku.unique", Section.SEVERAL_RESULTS, "every code names one product", (Reason.AMBIGUOUS_ALIAS,)),
    _Topic("listing.wished", Section.SYNCED, "nothing is excluded or locked", (Reason.EXCLUDED, Reason.LOCKED)),
    _Topic(
        "listing.code",
        Section.NEVER_SYNCED,
        "codes are of the chosen alias",
        (Reason.ALIAS_MISSING, Reason.WRONG_ALIAS_TYPE),
    ),
    _Topic("listing.listed", Section.NOT_LISTED, "every product is listed", (Reason.NOT_IN_CART,)),
    _Topic("listing.once", Section.NOT_LISTED, "no code is listed twice", (Reason.DUPLICATE_IN_CART,)),
    _Topic(
        "listing.tracked",
        Section.SYSTEM,
        "the cart counts the stock of its listings here",
        (
            Reason.CART_NOT_TRACKING, Reason.NOT_STOCKED_AT_LOCATION, Reason.LOCATION_UNMAPPED,
            Reason.BUNDLE_PARENT, Reason.FBA_MANAGED,
        ),
    ),
    _Topic("listing.sent", Section.SYSTEM, "the last run settled what it sent", tuple(sorted(SENDING_CAUSES))),
)  # fmt: skip

BENIGN = frozenset({Reason.BUNDLE_PARENT, Reason.FBA_MANAGED})
"""The cart counts these itself: a cause, and as it should be."""


def listing_checks(facts: CartFacts, groups: Sequence[Group]) -> Iterator[Check]:
    """What the guide looks up SKU by SKU, for all listings that `groups` speaks of."""
    by_cause = {group.cause: group for group in groups}
    for topic in _TOPICS:
        found = [by_cause[cause] for cause in topic.causes if cause in by_cause]
        item = Item(topic.id, topic.section, facts.name)
        if found:
            yield from (_found(item, facts, group) for group in found)
        else:
            yield _nothing_found(item, topic, facts)


def _found(item: Item, facts: CartFacts, group: Group) -> Check:
    wording = WORDINGS[group.cause]
    evidence = f"{group.cause.value}: {group.count} ({', '.join(group.sample)}{', ...' * (group.count > SAMPLE)})"
    if group.cause in BENIGN:
        return item.passed(evidence)
    return item.failed(evidence, wording.cause, remedy(facts, group))


def _nothing_found(item: Item, topic: _Topic, facts: CartFacts) -> Check:
    if not facts.merchant_on:
        return item.skipped("the merchant's sync is off")
    if facts.absent:
        return item.skipped("no listing of this cart has to do with it")
    if facts.unplanned and facts.switched_on:
        return item.unknown(facts.unplanned, "No plan has looked at it under the present settings.", _push(facts))
    if facts.unplanned:
        return item.skipped(facts.unplanned)
    if facts.unseen and STOCK_CAUSES & set(topic.causes):
        return item.unknown(facts.unseen, "Other causes stop these listings first.", "Mend those, then look again.")
    return item.passed(topic.fine)


def remedy(facts: CartFacts, group: Group) -> str:
    """What mends a cause: a command where this program can do it."""
    make = _COMMANDS.get(group.cause)
    return make(facts, group.sample) if make else WORDINGS[group.cause].advice


_Remedy = Callable[[CartFacts, Sequence[str]], str]


def _for_sku(facts: CartFacts, sample: Sequence[str], option: str) -> str:
    sku = shlex.quote(sample[0]) if sample else "SKU"
    return f"invsync sku {sku} --cart {shlex.quote(facts.name)} {option} --reason TEXT"


_COMMANDS: Mapping[Reason, _Remedy] = {
    Reason.EXCLUDED: lambda facts, sample: _for_sku(facts, sample, "--include"),
    Reason.LOCKED: lambda facts, sample: _for_sku(facts, sample, "--unlock"),
    Reason.CUT_OFF_APPLIED: lambda facts, _: facts.set("--minimum 0"),
    Reason.WRONG_WAREHOUSE: lambda facts, _: facts.set("--all-warehouses"),
    Reason.WRONG_ALIAS_TYPE: lambda facts, _: facts.set("--alias TYPE"),
    Reason.WMS_STALE: lambda facts, _: f"Check the WMS feed, then: invsync sync {shlex.quote(facts.merchant)} --full",
    Reason.BREAKER_TRIPPED: lambda facts, _: "invsync runs, then: invsync release RUN --reason TEXT",
    Reason.CAS_CONFLICT: lambda facts, _: _push(facts),
    Reason.THROTTLED: lambda facts, _: _push(facts),
}


# --- one SKU ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """What a merchant's WMS has under a code."""

    merchant: str
    asked: str
    products: tuple[str, ...]
    near: tuple[str, ...]
    """Codes that differ only by case or a space."""
    read: str
    """When the oldest level of the one product was read, in words; '' for never."""
    stale: bool
    kit: bool


def sku_checks(facts: SkuFacts) -> Iterator[Check]:
    """Check SKU coming from WMS/OMS: one result, and recently updated."""
    yield _results(facts)
    yield _updated(facts)


def _results(facts: SkuFacts) -> Check:
    subject = f"{facts.merchant} / {facts.asked}"
    if len(facts.products) == 1:
        return Item("sku.results", Section.RECEIVED, subject).passed(f"1 result: {facts.products[0]}")
    if facts.products:
        item = Item("sku.results", Section.SEVERAL_RESULTS, subject)
        wording = WORDINGS[Reason.AMBIGUOUS_ALIAS]
        listed = ", ".join(facts.products)
        return item.failed(f"{len(facts.products)} results: {listed}", wording.cause, wording.advice)
    near = f"; nearly: {', '.join(facts.near)}" if facts.near else ""
    wording = WORDINGS[Reason.NOT_IN_WMS]
    return Item("sku.results", Section.NO_RESULT, subject).failed(f"no results{near}", wording.cause, wording.advice)


def _updated(facts: SkuFacts) -> Check:
    item = Item("sku.updated", Section.RECEIVED, f"{facts.merchant} / {facts.asked}")
    if len(facts.products) != 1:
        return item.skipped("it is not exactly one product")
    if facts.kit:
        return item.skipped("a kit has no level of its own")
    reason = Reason.WMS_STALE if facts.read else Reason.NO_LEVEL
    if facts.read and not facts.stale:
        return item.passed(f"read {facts.read}")
    wording = WORDINGS[reason]
    return item.failed(f"read {facts.read}" if facts.read else "no level", wording.cause, wording.advice)


# --- what the connections and runs last said -------------------------------------------------------------------------


def connection_check(subject: str, error: str, told: Reason | None, fix: str) -> Check:
    """The last error of a WMS or a cart. `told` is the reason that the error's class stands for."""
    item = Item("connection.last_error", Section.SYSTEM, subject)
    if not error:
        return item.passed("no error in the last run")
    cause = WORDINGS[told].cause if told else "The last run ended with an error."
    return item.failed(error, cause, fix)


def run_check(subject: str, held: int | None, failed: int | None, error: str) -> Check:
    """Whether the newest run of a pull or push is held or failed."""
    item = Item("run.newest", Section.SYSTEM, subject)
    if held is not None:
        fix = f"invsync runs {held}, then: invsync release {held} --reason TEXT"
        return item.failed(f"run {held} is held", WORDINGS[Reason.BREAKER_TRIPPED].cause, fix)
    if failed is not None:
        return item.failed(f"run {failed} failed: {error}", "The newest run failed.", f"invsync runs {failed}")
    return item.passed("its newest run neither failed nor is held")


def service_check(store: str, scheduled: int, waiting: int, alive: bool) -> Check:
    """Whether anybody works on what is due."""
    item = Item("service.alive", Section.SYSTEM, store)
    if alive:
        return item.passed("a service is alive")
    if not scheduled and not waiting:
        return item.skipped("no service is alive, and nothing is scheduled or waits for one")
    evidence = f"no service is alive; {scheduled} schedules, {waiting} requested runs"
    return item.failed(evidence, "Nothing runs by itself.", "invsync serve")


def exit_of(checks: Iterable[Check]) -> int:
    """0 healthy, 1 findings, 2 cannot tell."""
    verdicts = {check.verdict for check in checks}
    if Verdict.FAIL in verdicts:
        return 1
    return 2 if Verdict.UNKNOWN in verdicts or Verdict.PASS not in verdicts else 0
