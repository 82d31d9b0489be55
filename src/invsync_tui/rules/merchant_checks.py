"""The guide as checks: what each one looks at, its verdict, the cause in a sentence and what fixes it.

Pure: facts come in as records, checks go out. Not here: where the facts are read (`store.diagnosis.checkup`), and the causes of a
single listing (`diagnosis`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules.outcomes import REASONS, Reason

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

    @property
    def heading(self) -> str:
        """The guide's own heading, without the number of the step."""
        return self.value.rstrip("0123456789. ")

    @property
    def step(self) -> str:
        """The guide's step in words, such as `step 2.1`; '' where the section has none."""
        number = self.value.removeprefix(self.heading).strip()
        return f"step {number}" if number else ""

    @property
    def full(self) -> str:
        """The heading with the step."""
        return f"{self.heading}, {self.step}" if self.step else self.heading


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
    reason: Reason | None = None
    """What its listings have in common; None where it is not about listings."""


@dataclass(frozen=True, slots=True)
class Group:
    """All listings of a cart, and products it does not list, that have a cause in common."""

    cart: str
    cause: Reason
    count: int
    sample: tuple[str, ...]
    note: str = ""
    """What else is known of it, such as who wished it last, when and why; '' for nothing."""


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
        """The check with verdict FAIL: what was seen, why it is wrong, and what to do."""
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
        f"Fix what it says, then: invsync sync {shlex.quote(facts.name)}",
    )


def _products(facts: MerchantFacts) -> Check:
    item = Item("merchant.products", Section.PRODUCTS, facts.name)
    if not facts.last_run:
        return item.skipped("no inventory download has ended yet")
    if facts.products or not facts.switched_on:
        return item.passed(f"{counted(facts.products, 'product')} in Locations & Products")
    return item.failed(
        "0 products in Locations & Products",
        "The WMS sent no products.",
        "Check in the WMS which products this login may see.",
    )


def _set_merchant(name: str) -> str:
    return f"invsync merchants set {shlex.quote(name)} --sync on"


@dataclass(frozen=True, slots=True)
class RoundedLevel:
    """A level that the WMS reports as a fraction. `reported` is in its own digits, `available` whole units."""

    sku: str
    warehouse: str
    reported: str
    available: int


ROUNDED_MOST = 1000
"""Levels that are fractions and are counted at most."""


def rounded_checks(merchant: str, levels: Sequence[RoundedLevel]) -> Iterator[Check]:
    """Nothing where every level is a whole number; `levels` holds at most ROUNDED_MOST."""
    if not levels:
        return
    listed = ", ".join(
        f"{level.sku} in {level.warehouse}: {level.reported}, counted as {grouped(level.available)}"
        for level in levels[:SAMPLE]
    )
    more = ", ..." if len(levels) > SAMPLE else ""
    exact = "" if len(levels) < ROUNDED_MOST else " or more"
    yield Item("merchant.fractions", Section.LEVELS, merchant).failed(
        f"{counted(len(levels), 'level')}{exact} with a fraction: {listed}{more}",
        "The WMS reports fractions of a unit; carts sell whole units, so these are rounded down.",
        "Count these products in whole units in the WMS, or in a smaller unit, such as grams for kilograms.",
    )


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
    gone_why: str = "vanished"
    """Of one that is `vanished`, why: inactive, vanished, denied or emptied."""


def warehouse_check(merchant: str, facts: WarehouseFacts) -> Check:
    """Levels of one warehouse and when they were last loaded."""
    item = Item("warehouse.levels", Section.LEVELS, f"{merchant} / {facts.code}")
    if not facts.enabled:
        return item.skipped(f"{counted(facts.levels, 'level')}; the warehouse is disabled")
    if not facts.loaded:
        return item.skipped("never loaded")
    if facts.vanished:
        cause, fix = _GONE.get(facts.gone_why, _GONE["vanished"])
        disable = f"invsync warehouses disable {shlex.quote(merchant)} {shlex.quote(facts.code)} --reason WHY"
        evidence = f"{counted(facts.levels, 'level')} as of {facts.loaded}, which count as 0"
        return item.failed(evidence, cause, f"{fix} If it is closed for good: {disable}")
    return _levels(item, merchant, facts)


_GONE = {
    "inactive": ("The warehouse is switched off in the WMS.", "Activate it there if its stock is for sale."),
    "vanished": ("The WMS no longer reports this warehouse.", "Restore it in the WMS, or let this login see it."),
    "denied": ("The login may not read this warehouse any more.", "Give the login the permission in the WMS."),
    "emptied": (
        "The WMS reported levels in this warehouse before and reports none now.",
        "Check the warehouse's stock in the WMS.",
    ),
}


def _levels(item: Item, merchant: str, facts: WarehouseFacts) -> Check:
    evidence = f"{counted(facts.levels, 'level')}, last loaded {facts.loaded}"
    if facts.levels and facts.stale:
        fix = f"Check the WMS feed, then: invsync sync {shlex.quote(merchant)} --full"
        return item.failed(evidence, "The levels are older than the limit and may not be pushed.", fix)
    if facts.levels or not facts.used or facts.code == "Default":
        return item.passed(evidence)
    return item.failed(
        evidence, "A cart syncs with this warehouse, and it has no levels.", "Check the warehouse's stock in the WMS."
    )


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
        info = REASONS[Reason.AMBIGUOUS_ALIAS]
        listed = ", ".join(facts.products)
        return item.failed(f"{grouped(len(facts.products))} results: {listed}", info.text, info.advice)
    near = f"; nearly: {', '.join(facts.near)}" if facts.near else ""
    info = REASONS[Reason.NOT_IN_WMS]
    return Item("sku.results", Section.NO_RESULT, subject).failed(f"no results{near}", info.text, info.advice)


def _updated(facts: SkuFacts) -> Check:
    item = Item("sku.updated", Section.RECEIVED, f"{facts.merchant} / {facts.asked}")
    if len(facts.products) != 1:
        return item.skipped("it is not exactly one product")
    if facts.kit:
        return item.skipped("a kit has no level of its own")
    reason = Reason.WMS_STALE if facts.read else Reason.NO_LEVEL
    if facts.read and not facts.stale:
        return item.passed(f"read {facts.read}")
    info = REASONS[reason]
    return item.failed(f"read {facts.read}" if facts.read else "no level", info.text, info.advice)


# --- what the connections and runs last said -------------------------------------------------------------------------


def connection_check(subject: str, error: str, reason: Reason | None, fix: str) -> Check:
    """The last error of a WMS or a cart. `reason` is the one that the error's class stands for."""
    item = Item("connection.last_error", Section.SYSTEM, subject)
    if not error:
        return item.passed("no error in the last run")
    cause = REASONS[reason].text if reason else "The last run ended with an error."
    return item.failed(error, cause, fix)


def run_check(subject: str, held: int | None, failed: int | None, error: str) -> Check:
    """Whether the newest run of a pull or push is held or failed."""
    item = Item("run.newest", Section.SYSTEM, subject)
    if held is not None:
        fix = f"invsync runs {held}, then: invsync release {held} --reason TEXT"
        return item.failed(f"run {held} is held", REASONS[Reason.HELD_FOR_REVIEW].text, fix)
    if failed is not None:
        return item.failed(f"run {failed} failed: {error}", "The newest run failed.", f"invsync runs {failed}")
    return item.passed("its newest run neither failed nor is held")


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """Who executes runs. `state`: running, detached, not_responding, unknown, none; `text` and `advice` in words."""

    state: str
    text: str
    advice: str
    scheduled: int
    """Schedules whose switches are on."""
    waiting: int
    """Requested runs."""
    stalled: Sequence[tuple[int, str, str]] = ()
    """Runs that are under way and stall: number, why, what to do."""


def service_checks(store: str, facts: ServiceFacts) -> Iterator[Check]:
    """Whether anybody works on what is due, and whether what is under way moves."""
    yield _service(store, facts)
    item = Item("service.runs", Section.SYSTEM, store)
    if facts.stalled:
        for number, text, advice in facts.stalled:
            yield item.failed(f"run {number} is stalled", text, advice)
    else:
        yield item.passed("no run is stalled")


def store_check(store: str, problems: Sequence[str], command: str, *, all_of_it: bool) -> Check:
    """Whether the store is sound, as far as it was looked at; `command` looks at all of it, also at what takes a while or
    the right to write: the list of tables and indexes, and the search index."""
    item = Item("store.sound", Section.SYSTEM, store)
    if problems:
        return item.failed(
            "; ".join(problems), "The store's file is damaged, or was changed by something else.", command
        )
    if not all_of_it:
        return item.passed(f"no damage in what could be read in a moment; all of it: {command}")
    return item.passed(f"no damage found in the file and its rows; the indexes as well: {command}")


def _service(store: str, facts: ServiceFacts) -> Check:
    item = Item("service.running", Section.SYSTEM, store)
    due = f"{grouped(facts.scheduled)} schedules, {grouped(facts.waiting)} requested runs"
    if facts.state == "unknown":
        return item.unknown(facts.text, "Nobody knows whether it works.", facts.advice)
    if facts.advice and facts.state != "none":
        return item.failed(f"{facts.text}; {due}", "What it was working on is stalled.", facts.advice)
    if facts.state == "running" or (facts.state == "detached" and not facts.scheduled):
        return item.passed(facts.text)
    if facts.state == "detached" and facts.scheduled:
        return item.failed(f"{facts.text}; {due}", "What is due by schedule waits for a service.", "invsync serve")
    if facts.state == "none" and (facts.scheduled or facts.waiting):
        return item.failed(f"no service is running; {due}", "Nothing runs by itself.", "invsync serve")
    return item.skipped("no service is running, and nothing is scheduled or waits for one")


def exit_of(checks: Iterable[Check]) -> int:
    """0 healthy, 1 findings, 2 cannot tell."""
    verdicts = {check.verdict for check in checks}
    if Verdict.FAIL in verdicts:
        return 1
    return 2 if Verdict.UNKNOWN in verdicts or Verdict.PASS not in verdicts else 0
