"""What goes wrong silently with Medusa, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.checks import CartFacts, Review, told_by
from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason

NO_LOCATION = (
    "several locations and none is chosen",
    "There is no location",
    "Several locations are called",
    "no longer exists in the cart",
)
NO_KEY = ("a publishable API key", "refused the API key")
"""Words of the connector's own errors."""


def review(facts: CartFacts) -> Iterator[Review]:
    """Key, location, and whether the shop counts stock."""
    yield told_by(facts, "medusa.key", NO_KEY, facts.set("--secret file:PATH")) or _key(facts)
    yield _location(facts)
    yield _tracking(facts)


def _key(facts: CartFacts) -> Review:
    if not facts.worked:
        return Review("medusa.key", Verdict.SKIPPED, f"not used yet, try it with: {facts.test()}")
    return Review("medusa.key", Verdict.PASS, "the last run had a secret API key that the shop takes")


def _location(facts: CartFacts) -> Review:
    check, location = "medusa.location", facts.connection.options.get("location", "").strip()
    if failure := told_by(facts, check, NO_LOCATION, facts.set("--option location=ID")):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "its locations were not read yet")
    return Review(check, Verdict.PASS, f"stock is set at {location}" if location else "it has one location")


def _tracking(facts: CartFacts) -> Review:
    """Single variants are causes of their own; nearly all of them are the way the shop was filled."""
    check = "medusa.tracking"
    if not facts.listings:
        return Review(check, Verdict.SKIPPED, "no variants yet")
    evidence = f"{grouped(facts.untracked)} of {grouped(facts.listings)} variants do not manage inventory"
    if facts.untracked * 2 <= facts.listings:
        return Review(check, Verdict.PASS, evidence)
    cause = "Manage inventory is off for most variants, so Medusa sells them without a look at their stock."
    fix = "Switch on Manage inventory for the variants in Medusa, then let the cart be read again."
    return Review(check, Verdict.FAIL, evidence, cause, fix)


def told_of_listings(rows: Sequence[ListingRow], total: int | None, backorders: int) -> str:
    """What keeps some listings from being set, or lets them be sold below 0, in words. `backorders`: how many of the latter."""
    counts = (
        ("without inventory management", sum(row.tracked is False for row in rows)),
        ("without a level at the location", sum(row.skip is Reason.NOT_STOCKED_AT_LOCATION for row in rows)),
        ("kits, or with the item of another variant", sum(row.skip is Reason.BUNDLE_PARENT for row in rows)),
        ("sold below 0, since they allow backorders", backorders),
    )
    obstacles = "; ".join(f"{what}: {number}" for what, number in counts if number)
    part = "the first " if total is not None and total > len(rows) else ""
    return f"Of {part}{counted(len(rows), 'variant')}, {obstacles or 'all can be set'}."
