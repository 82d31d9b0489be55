"""What goes wrong silently with Tryton, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator

from invsync_tui.connectors.checks import Review, SourceFacts, WarehouseStock, told_by
from invsync_tui.plain_text import grouped
from invsync_tui.rules.merchant_checks import Verdict

NO_COMPANY = "has no current company"
NOT_OF_COMPANY = "does not belong to company"
"""Words of the connector's own errors."""


def review(facts: SourceFacts) -> Iterator[Review]:
    """Database, company, true quantities, permission for deltas, and what is sold and not yet assigned."""
    yield _database(facts)
    yield _company(facts)
    yield _zeros(facts)
    yield _delta(facts)
    yield _waiting(facts)


def _database(facts: SourceFacts) -> Review:
    name = facts.connection.options.get("database", "").strip()
    if name:
        return Review("tryton.database", Verdict.PASS, f"database {name}")
    cause = "Tryton has no default database."
    return Review("tryton.database", Verdict.FAIL, "option database: none", cause, facts.set("--option database=NAME"))


def _company(facts: SourceFacts) -> Review:
    check = "tryton.company"
    company = facts.connection.options.get("company", "").strip()
    if company and not company.isdecimal():
        cause = "The option company is not a number."
        return Review(check, Verdict.FAIL, f"option company: {company}", cause, facts.set("--option company=ID"))
    fix = f"Give the user a company in Tryton and choose it as current, then: {facts.test()}"
    if failure := told_by(facts, check, (NO_COMPANY, NOT_OF_COMPANY), fix):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "no download has come that far")
    return Review(
        check, Verdict.PASS, f"read as company {company}" if company else "read as the user's current company"
    )


def _zeros(facts: SourceFacts) -> Review:
    check = "tryton.zero"
    loaded = [place for place in facts.warehouses if place.levels]
    empty = [place for place in loaded if not place.stocked]
    if not loaded:
        return Review(check, Verdict.SKIPPED, "no levels yet")
    if not empty:
        return Review(check, Verdict.PASS, "every warehouse holds some stock")
    evidence = f"every quantity is 0 in {_named(empty)}"
    if len(empty) < len(loaded) and not any(place.starves for place in empty):
        return Review(check, Verdict.PASS, f"{evidence}; carts sell from other warehouses")
    cause = "Tryton answers 0 without an error where the user sees no company or the warehouse has no storage location."
    fix = f"Look at a product's stock there as this user in Tryton, then: {facts.test()}"
    return Review(check, Verdict.FAIL, evidence, cause, fix)


def _named(places: list[WarehouseStock]) -> str:
    return ", ".join(f"{place.code} ({grouped(place.levels)} levels)" for place in places)


def _delta(facts: SourceFacts) -> Review:
    check = "tryton.delta"
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "no full download has ended yet")
    if facts.mark:
        return Review(check, Verdict.PASS, f"downloads fetch changes since {facts.mark}")
    cause = "The user may not read stock.move, so that each download is a complete one, and slow."
    fix = f"Add the user to the group Stock in Tryton, then: {facts.test()}"
    return Review(check, Verdict.FAIL, "no mark after a full download", cause, fix)


def _waiting(facts: SourceFacts) -> Review:
    """A note rather than a fault: every merchant has some, and whether it is for sale is the merchant's choice."""
    check = "tryton.waiting"
    units, products = facts.notes.get("waiting_units"), facts.notes.get("waiting_products", 0)
    if units is None:
        return Review(check, Verdict.SKIPPED, "not counted yet")
    word = facts.connection.options.get("waiting_shipments", "").strip() or "ignore"
    if word not in ("ignore", "subtract"):
        cause = "The option waiting_shipments is ignore or subtract."
        fix = facts.set("--option waiting_shipments=ignore")
        return Review(check, Verdict.FAIL, f"option waiting_shipments: {word}", cause, fix)
    text = (
        f"{grouped(units)} units of {grouped(products)} products are in customer shipments that nothing is assigned to"
    )
    if word == "subtract":
        return Review(check, Verdict.PASS, f"{text}; they are not for sale")
    how = f"; they are still for sale, unless: {facts.set('--option waiting_shipments=subtract')}" if units else ""
    return Review(check, Verdict.PASS, f"{text}{how}")
