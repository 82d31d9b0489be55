"""What goes wrong silently with WooCommerce, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from invsync_tui.connectors import addresses
from invsync_tui.connectors.base import ListingRow, Page
from invsync_tui.connectors.checks import CartFacts, Review, told_by
from invsync_tui.plain_text import grouped
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason

NO_KEY = ("did not accept the key", "does not hand on the Authorization header")
NO_RIGHT = ("The key may not do this",)
NO_API = ("There is no REST API of WooCommerce", "plain permalinks", "WooCommerce with its REST API v3 is not there")
IN_BETWEEN = ("A web page came instead", "a message of PHP")
"""Words of the connector's own errors."""
MANAGE_STOCK = "woocommerce_manage_stock"
NO_STOCK_AMOUNT = "woocommerce_notify_no_stock_amount"
HOLD_MINUTES = "woocommerce_hold_stock_minutes"
THRESHOLD_MOST = 10**6


def review(facts: CartFacts) -> Iterator[Review]:
    """Address, key, permission, what stands in between, and whether the shop counts stock."""
    yield _address(facts)
    yield _review_of_notices(
        facts, "woocommerce.key", NO_KEY, facts.set("--secret file:PATH"), "the last run's key was accepted"
    )
    yield _review_of_notices(
        facts,
        "woocommerce.permission",
        NO_RIGHT,
        "Create a key with the permissions Read/Write for a user with the role Shop manager.",
        "the last run had the permissions that it needed",
    )
    yield _review_of_notices(
        facts,
        "woocommerce.answers",
        IN_BETWEEN,
        f"See what the test says: {facts.test()}",
        "WooCommerce's own answers came",
    )
    yield _tracking(facts)


def _address(facts: CartFacts) -> Review:
    check = "woocommerce.address"
    parts = urlsplit(facts.connection.url)
    if parts.scheme == "http" and not addresses.is_loopback(parts.hostname or ""):
        fix = facts.set("--url https://HOST")
        return Review(check, Verdict.FAIL, "the address says http", "WooCommerce takes keys over https only.", fix)
    fix = "Choose any permalinks but Plain in WordPress under Settings, Permalinks, and check the address."
    return _review_of_notices(facts, check, NO_API, fix, "the REST API is at this address")


def _review_of_notices(facts: CartFacts, check: str, words: tuple[str, ...], fix: str, good: str) -> Review:
    if failure := told_by(facts, check, words, fix):
        return failure
    if not facts.worked:
        return Review(check, Verdict.SKIPPED, f"not known yet, try it with: {facts.test()}")
    return Review(check, Verdict.PASS, good)


def _tracking(facts: CartFacts) -> Review:
    """Single listings are causes of their own; nearly all of them are a setting of the shop."""
    check = "woocommerce.tracking"
    if not facts.listings:
        return Review(check, Verdict.SKIPPED, "no listings yet")
    evidence = f"{grouped(facts.untracked)} of {grouped(facts.listings)} listings do not manage stock"
    if facts.untracked * 2 <= facts.listings:
        return Review(check, Verdict.PASS, evidence)
    cause = "WooCommerce does not manage the stock of most listings, and a quantity for these has no effect."
    fix = (
        "Switch on Enable stock management in WooCommerce under Settings, Products, Inventory, and Manage stock at the "
        "products and variations; then let the cart be read again."
    )
    return Review(check, Verdict.FAIL, evidence, cause, fix)


def threshold_of(settings: Mapping[str, str]) -> int:
    """The shop's out-of-stock threshold: it sells down to this number. 0 where it is not known."""
    value = settings.get(NO_STOCK_AMOUNT, "").strip()
    return min(int(value), THRESHOLD_MOST) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def told_of_shop(settings: Mapping[str, str]) -> str:
    """The shop's settings of stock in words."""
    if not settings:
        return "Its settings of stock cannot be read with this key."
    if settings.get(MANAGE_STOCK) == "no":
        return "It does not manage stock at all: switch on Enable stock management under Settings, Products, Inventory."
    threshold = threshold_of(settings)
    sold = f"it is out of stock at {threshold} (Out of stock threshold)" if threshold else "it sells down to 0"
    hold = settings.get(HOLD_MINUTES, "").strip()
    held = f"; units of unpaid orders are held for {hold} min" if hold.isdigit() and hold != "0" else ""
    return f"It manages stock; {sold}{held}."


def told_of_listings(page: Page[ListingRow]) -> str:
    """What keeps some listings from being set, in words."""
    rows = page.rows
    counts = (
        (sum(row.tracked is False and row.skip is None for row in rows), "do not manage stock"),
        (sum(row.skip is Reason.BUNDLE_PARENT for row in rows), "consist of others or have variations"),
        (len(page.rejected), "cannot be read"),
    )
    obstacles = [f"{n} {what}" for n, what in counts if n]
    first = f"Of the first {len(rows)} products" if page.next_cursor is not None else f"Of {len(rows)} products"
    return f"{first} {', '.join(obstacles)}." if obstacles else f"{first} all can be set."
