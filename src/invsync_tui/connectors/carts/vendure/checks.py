"""What goes wrong silently with Vendure, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from invsync_tui.connectors.checks import CartFacts, Review, told_by
from invsync_tui.plain_text import grouped
from invsync_tui.rules.merchant_checks import Verdict

NO_LOCATION = (
    "several locations and none is chosen",
    "There is no location",
    "Several locations are called",
    "no longer exists in the cart",
)
NO_CHANNEL = ("The login has no role in the",)
"""Words of the connector's own errors."""


def review(facts: CartFacts) -> Iterator[Review]:
    """Channel, location, tracking, and what the shop shows beside the number that is pushed."""
    yield _channel(facts)
    yield _location(facts)
    yield _tracking(facts)
    yield _review_of_stock(facts)


def _channel(facts: CartFacts) -> Review:
    check, channel = "vendure.channel", facts.connection.options.get("channel", "").strip()
    fix = facts.set("--option channel=TOKEN")
    if failure := told_by(facts, check, NO_CHANNEL, fix):
        return failure
    return Review(check, Verdict.PASS, "the channel of the option channel" if channel else "the default channel")


def _location(facts: CartFacts) -> Review:
    check, location = "vendure.location", facts.connection.options.get("location", "").strip()
    if failure := told_by(facts, check, NO_LOCATION, facts.set("--option location=ID")):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "its locations were not read yet")
    return Review(check, Verdict.PASS, f"stock is set at {location}" if location else "it has one location")


def _tracking(facts: CartFacts) -> Review:
    """Single variants are causes of their own; nearly all of them are a setting of the shop."""
    check = "vendure.tracking"
    if not facts.listings:
        return Review(check, Verdict.SKIPPED, "no variants yet")
    evidence = f"{grouped(facts.untracked)} of {grouped(facts.listings)} variants are not tracked"
    if facts.untracked * 2 <= facts.listings:
        return Review(check, Verdict.PASS, evidence)
    cause = "The shop does not count stock: Track inventory is off in its global settings, and variants inherit that."
    fix = "Switch on Track inventory in Vendure under Settings, Global settings, then let the cart be read again."
    return Review(check, Verdict.FAIL, evidence, cause, fix)


def _review_of_stock(facts: CartFacts) -> Review:
    """Thresholds that are not 0 are a finding of their own."""
    if not facts.listed:
        return Review("vendure.threshold", Verdict.SKIPPED, f"not read yet, ask with: {facts.test()}")
    text = f"of {facts.thresholds} variants" if facts.thresholds else "of no variant"
    return Review("vendure.threshold", Verdict.PASS, f"an out-of-stock threshold that counts: {text}")


def told_of_shop(settings: Mapping[str, Any]) -> str:
    """The shop's global settings in words; variants may have their own."""
    tracks = bool(settings["trackInventory"])
    threshold = int(settings["outOfStockThreshold"])
    text = "It counts stock" if tracks else "It does not count stock unless a variant says so"
    if threshold == 0:
        return f"{text}; it sells down to 0."
    if threshold > 0:
        return f"{text}; it is out of stock at {threshold}: {threshold} fewer are sold than are pushed (Out-of-stock threshold)."
    return f"{text}; it sells {-threshold} more than are pushed, as backorders (Out-of-stock threshold {threshold})."
