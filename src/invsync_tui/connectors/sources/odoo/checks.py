"""What goes wrong silently with Odoo, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from invsync_tui import clock
from invsync_tui.connectors.checks import Review, SourceFacts, told_by
from invsync_tui.connectors.sources.odoo.quantities import IGNORED
from invsync_tui.connectors.sources.odoo.rpc import NO_DATABASE
from invsync_tui.plain_text import grouped
from invsync_tui.rules.merchant_checks import Verdict

NOT_OF_COMPANY = "is not allowed company"
NO_INVENTORY = "The app Inventory is not installed"
"""Words of the connector's own errors."""
JSON_RPC_ENDS = "JSON-RPC ends with Odoo 22 (autumn 2028), on Odoo Online with 21.1 (winter 2027)"
ENDS_AT = int(datetime(2027, 12, 1, tzinfo=UTC).timestamp())
"""The first day of that winter. From odoo/documentation, external_rpc_api.rst of 20."""
AHEAD = 60 * 86_400
"""Seconds before the end of an interface from which it is warned of, as of every other one."""
JSON_2_SINCE = 19


def review(facts: SourceFacts) -> Iterator[Review]:
    """Database, company, quantities by warehouse, warehouses without stock, permission for deltas, end of JSON-RPC."""
    yield _database(facts)
    yield _company(facts)
    yield _quantities(facts)
    yield _zeros(facts)
    yield _delta(facts)
    yield _protocol(facts)


def _database(facts: SourceFacts) -> Review:
    check = "odoo.database"
    name = facts.connection.options.get("database", "").strip()
    if not name:
        cause = "Odoo is asked for one database by its name."
        return Review(check, Verdict.FAIL, "option database: none", cause, facts.set("--option database=NAME"))
    fix = facts.set("--option database=NAME")
    return told_by(facts, check, (NO_DATABASE,), fix) or Review(check, Verdict.PASS, f"database {name}")


def _company(facts: SourceFacts) -> Review:
    check = "odoo.company"
    company = facts.connection.options.get("company", "").strip()
    fix = f"Allow the user the company in Odoo (Settings > Users), then: {facts.test()}"
    if failure := told_by(facts, check, (NOT_OF_COMPANY,), fix):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "no download has come that far")
    return Review(
        check, Verdict.PASS, f"read as company {company}" if company else "read as the user's default company"
    )


def _quantities(facts: SourceFacts) -> Review:
    check = "odoo.quantities"
    fix = f"Disable the module that changes quantities in Odoo, then: {facts.test()}"
    if failure := told_by(facts, check, (IGNORED,), fix):
        return failure
    if failure := told_by(facts, check, (NO_INVENTORY,), f"Install Inventory in Odoo, then: {facts.test()}"):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "no download has come that far")
    return Review(check, Verdict.PASS, "quantities by warehouse agree with those by location")


def _zeros(facts: SourceFacts) -> Review:
    check = "odoo.zero"
    loaded = [place for place in facts.warehouses if place.levels]
    empty = [place for place in loaded if not place.stocked]
    if not loaded:
        return Review(check, Verdict.SKIPPED, "no levels yet")
    if not empty:
        return Review(check, Verdict.PASS, "every warehouse holds some stock")
    evidence = (
        f"every quantity is 0 in {', '.join(f'{place.code} ({grouped(place.levels)} levels)' for place in empty)}"
    )
    if len(empty) < len(loaded) and not any(place.starves for place in empty):
        return Review(check, Verdict.PASS, f"{evidence}; carts sell from other warehouses")
    cause = "The stock lies in locations outside the warehouse, or belongs to another company."
    fix = f"Look at Inventory > Reporting > Stock as this user in Odoo, then: {facts.test()}"
    return Review(check, Verdict.FAIL, evidence, cause, fix)


def _delta(facts: SourceFacts) -> Review:
    check = "odoo.delta"
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "no full download has ended yet")
    if facts.mark:
        return Review(check, Verdict.PASS, f"downloads fetch changes since {facts.mark}")
    cause = "The user may not read stock moves, so that each download is a complete one, and slow."
    fix = f"Give the user the right Inventory: User in Odoo, then: {facts.test()}"
    return Review(check, Verdict.FAIL, "no mark after a full download", cause, fix)


def _protocol(facts: SourceFacts) -> Review:
    check = "odoo.protocol"
    protocol = facts.connection.options.get("protocol", "").strip() or "auto"
    version = facts.notices.version if facts.notices is not None else ""
    major = int(version) if version.isdecimal() else None
    evidence = f"option protocol: {protocol}{f', Odoo {major}' if major else ''}"
    speaks_json_2 = major is not None and major >= JSON_2_SINCE
    if protocol == "json-2" or (protocol == "auto" and (major is None or speaks_json_2)):
        return Review(check, Verdict.PASS, evidence)
    evidence = f"{evidence}; {JSON_RPC_ENDS}"
    if protocol == "json-rpc" and speaks_json_2:
        cause = "This Odoo has JSON-2, which stays, and is read by JSON-RPC, which will be gone."
        return Review(check, Verdict.FAIL, evidence, cause, facts.set("--option protocol=auto"))
    if clock.seconds() < ENDS_AT - AHEAD:
        return Review(check, Verdict.PASS, evidence)
    cause = "Odoo is read by JSON-RPC, which is gone after the next upgrades of Odoo."
    return Review(
        check, Verdict.FAIL, evidence, cause, f"Upgrade to Odoo 19 or later with an API key, then: {facts.test()}"
    )
