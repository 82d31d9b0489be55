"""What goes wrong silently with Shopify, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from invsync_tui.connectors.addresses import is_loopback
from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.carts.shopify.queries import DEFAULT_VERSION, VERSIONS
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
NO_TOKEN = ("refused the access token", "refused the app's client id", "lacks the scope", "Access denied")
"""Words of the connector's own errors, and of Shopify's."""


def review(facts: CartFacts) -> Iterator[Review]:
    """Address, token, version, location, and whether the shop counts stock."""
    yield _address(facts)
    yield told_by(facts, "shopify.token", NO_TOKEN, facts.set("--secret file:PATH")) or _token(facts)
    yield _version(facts)
    yield _location(facts)
    yield _tracking(facts)


def _address(facts: CartFacts) -> Review:
    host = (urlsplit(facts.connection.url).hostname or "").lower()
    if host.endswith(".myshopify.com") or is_loopback(host):
        return Review("shopify.address", Verdict.PASS, f"the shop's own address, {host}")
    cause = "The Admin API answers at the address that Shopify gave the shop; a domain of its own leads elsewhere."
    return Review(
        "shopify.address", Verdict.FAIL, f"the address is {host}", cause, facts.set("--url https://NAME.myshopify.com")
    )


def _token(facts: CartFacts) -> Review:
    if not facts.worked:
        return Review("shopify.token", Verdict.SKIPPED, f"not used yet, try it with: {facts.test()}")
    return Review("shopify.token", Verdict.PASS, "the last run had an access token that the shop takes")


def _version(facts: CartFacts) -> Review:
    check = "shopify.version"
    fix = facts.set(f"--option version={VERSIONS[-1]}")
    if failure := told_by(facts, check, ("Shopify answered by version",), fix):
        return failure
    version = facts.connection.options.get("version", "").strip() or DEFAULT_VERSION
    if version not in VERSIONS:
        return Review(check, Verdict.FAIL, f"version {version}", "The connector is not made for this version.", fix)
    return Review(check, Verdict.PASS, f"version {version}")


def _location(facts: CartFacts) -> Review:
    check, location = "shopify.location", facts.connection.options.get("location", "").strip()
    if failure := told_by(facts, check, NO_LOCATION, facts.set("--option location=ID")):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, "its locations were not read yet")
    return Review(check, Verdict.PASS, f"stock is set at {location}" if location else "it has one location")


def _tracking(facts: CartFacts) -> Review:
    """Single variants are causes of their own; nearly all of them are the way the shop was filled."""
    check = "shopify.tracking"
    if not facts.listings:
        return Review(check, Verdict.SKIPPED, "no variants yet")
    evidence = f"{grouped(facts.untracked)} of {grouped(facts.listings)} variants are not tracked"
    if facts.untracked * 2 <= facts.listings:
        return Review(check, Verdict.PASS, evidence)
    cause = "Most variants are sold without a look at their stock."
    fix = "Switch on Inventory tracked for the variants in Shopify, then let the cart be read again."
    return Review(check, Verdict.FAIL, evidence, cause, fix)


def told_of_listings(rows: Sequence[ListingRow], *, more: bool) -> str:
    """What keeps some listings from being set, in words. `more`: these are not all."""
    counts = (
        ("not tracked", sum(row.tracked is False for row in rows)),
        ("not stocked at the location", sum(row.skip is Reason.NOT_STOCKED_AT_LOCATION for row in rows)),
        ("bundles", sum(row.skip is Reason.BUNDLE_PARENT for row in rows)),
        ("without a SKU", sum(not row.sku for row in rows)),
    )
    obstacles = "; ".join(f"{what}: {number}" for what, number in counts if number)
    return f"Of {'the first ' if more else ''}{counted(len(rows), 'variant')}, {obstacles or 'all can be set'}."
