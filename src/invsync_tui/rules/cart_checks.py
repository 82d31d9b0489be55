"""The guide's checks of a cart: its Edit Setup, its codes, and the causes of its listings. See `runbook`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules.eligibility import STOCK_CAUSES
from invsync_tui.rules.merchant_checks import SAMPLE, Check, Group, Item, Section, WarehouseFacts
from invsync_tui.rules.outcomes import REASONS, Reason


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
    unfreeze: str = ""
    """The commands that unfreeze it: its merchant, itself, or both."""
    sold_there: bool | None = None
    """Whether all warehouses that do not feed it feed other locations of its shop; None: its shop has no others."""

    def set(self, option: str) -> str:
        """The command that changes one of its settings."""
        return f"invsync carts set {shlex.quote(self.name)} --merchant {shlex.quote(self.merchant)} {option}"


def batch_limit_check(cart: str, most: int, evidence: str) -> Check:
    """A cart that refused larger requests for their size. It costs time and nothing else."""
    listings = counted(most, "listing")
    return Item("cart.batch_size", Section.SYSTEM, cart).passed(
        f"takes {listings} in one request, found out {evidence}: larger ones were refused for their size. Tried again with twice "
        "as many a week later"
    )


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
    return item.failed(facts.frozen, REASONS[Reason.FROZEN].text, facts.unfreeze)


def _chosen(facts: CartFacts) -> Check:
    item = Item("cart.warehouses", Section.WAREHOUSE, facts.name)
    usable = [warehouse for warehouse in facts.warehouses if warehouse.enabled]
    text = (
        "Combine All Locations"
        if facts.combines
        else ", ".join(warehouse.code for warehouse in facts.warehouses) or "none"
    )
    evidence = f"Sync Inventory With Warehouse: {text}"
    if not usable:
        return item.failed(evidence, REASONS[Reason.WAREHOUSE_DISABLED].text, facts.set("--all-warehouses"))
    vanished = [warehouse.code for warehouse in usable if warehouse.vanished]
    if vanished and not facts.combines:
        cause = f"{', '.join(vanished)} has vanished from the WMS."
        return item.failed(evidence, cause, facts.set("--warehouse CODE"))
    if any(warehouse.loaded for warehouse in usable) and not any(warehouse.levels for warehouse in usable):
        return item.failed(
            f"{evidence}, 0 levels", "No warehouse of this cart holds a level.", facts.set("--warehouse CODE")
        )
    return item.passed(f"{evidence}, {counted(sum(warehouse.levels for warehouse in usable), 'level')}")


def _alias(facts: CartFacts) -> Check:
    item = Item("cart.alias", Section.ALIAS, facts.name)
    evidence = f"Push Inventory Using Alias: {facts.alias}"
    if not facts.products:
        return item.skipped(f"{evidence}; no products yet")
    if facts.alias_loaded:
        having = grouped(facts.products - facts.lacking)
        return item.passed(f"{evidence}, {having} of {counted(facts.products, 'product has', 'products have')} it")
    return item.failed(evidence, "No product of the WMS has an alias of this type.", facts.set("--alias TYPE"))


def _lacking(facts: CartFacts) -> Check:
    item = Item("cart.alias_lacking", Section.ALIAS_LACKING, facts.name)
    if not facts.products:
        return item.skipped("no products yet")
    evidence = f"{grouped(facts.lacking)} of {counted(facts.products, 'product has', 'products have')} no {facts.alias}"
    if not facts.lacking:
        return item.passed(evidence)
    fix = f"Add it in the WMS. List them: {_aliases(facts, '--missing')}"
    return item.failed(evidence, "Products without the chosen alias are ignored by the sync.", fix)


def _collisions(facts: CartFacts) -> Check:
    item = Item("cart.alias_collisions", Section.SEVERAL_RESULTS, facts.name)
    evidence = f"{grouped(facts.collisions)} codes of {facts.alias} name several products"
    if not facts.collisions:
        return item.passed(evidence)
    info = REASONS[Reason.AMBIGUOUS_ALIAS]
    return item.failed(evidence, info.text, f"{info.advice} List them: {_aliases(facts, '--collisions')}")


def _aliases(facts: CartFacts, option: str) -> str:
    return f"invsync aliases {shlex.quote(facts.merchant)} {option} {shlex.quote(facts.alias)}"


def _listings(facts: CartFacts) -> Check:
    item = Item("cart.listings", Section.LISTINGS, facts.name)
    if not facts.listed:
        if not (facts.merchant_on and facts.switched_on):
            return item.skipped("its listings were never read: the sync is off")
        return item.unknown("its listings were never read", "No push has run yet.", _push(facts))
    evidence = f"{counted(facts.listings, 'listing')}, read {facts.listed}"
    if facts.listings:
        return item.passed(evidence)
    return item.failed(evidence, "The cart lists nothing.", "Log in to the cart and check that its SKUs match.")


def _never(facts: CartFacts) -> Check:
    item = Item("cart.never_synced", Section.NEVER_SYNCED, facts.name)
    if not facts.listed or not (facts.merchant_on and facts.switched_on):
        return item.skipped("nothing is pushed to it yet")
    evidence = f"{grouped(facts.never)}{'' if facts.never_exact else ' or more'} listings with Last synced: Never"
    if not facts.never:
        return item.passed(evidence)
    fix = f"invsync listings {shlex.quote(facts.name)} --only never"
    return item.failed(evidence, "Their codes match no product, or something withholds their first push.", fix)


def _push(facts: CartFacts) -> str:
    return f"invsync sync {shlex.quote(facts.merchant)} --cart {shlex.quote(facts.name)}"


# --- listings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Topic:
    """One check of the listings; `rules.outcomes.REASONS` says which causes it reports."""

    id: str
    section: Section
    fine: str
    """What it says where it finds nothing."""

    @property
    def causes(self) -> tuple[Reason, ...]:
        return tuple(reason for reason, info in REASONS.items() if info.check == self.id)


_TOPICS = (
    _Topic("sku.warehouse", Section.WAREHOUSE, "no stock lies in other warehouses alone"),
    _Topic("cart.minimum", Section.MINIMUM, "it hides no stock"),
    _Topic("sku.recent", Section.RECEIVED, "levels are known and recent"),
    _Topic("sku.active", Section.RECEIVED, "no product is deactivated in the WMS"),
    _Topic("sku.counted", Section.RECEIVED, "the WMS counts the stock of all products"),
    _Topic("sku.known", Section.NO_RESULT, "every code is a product's code"),
    _Topic("sku.unique", Section.SEVERAL_RESULTS, "every code names one product"),
    _Topic("listing.wished", Section.SYNCED, "nothing is excluded, locked or overridden"),
    _Topic("listing.code", Section.NEVER_SYNCED, "codes are of the chosen alias"),
    _Topic("listing.listed", Section.NOT_LISTED, "every product is listed"),
    _Topic("listing.once", Section.NOT_LISTED, "no code is listed twice"),
    _Topic("listing.tracked", Section.SYSTEM, "the cart counts the stock of its listings here"),
    _Topic("listing.sent", Section.SYSTEM, "the last run settled what it sent"),
)


def listing_checks(facts: CartFacts, groups: Sequence[Group]) -> Iterator[Check]:
    """What the guide looks up SKU by SKU, for all listings that `groups` speaks of."""
    order = {cause: place for place, cause in enumerate(REASONS)}
    ordered = sorted(groups, key=lambda group: order.get(group.cause, len(order)))
    for topic in _TOPICS:
        matching_groups = [group for group in ordered if REASONS[group.cause].check == topic.id]
        item = Item(topic.id, topic.section, facts.name)
        if matching_groups:
            yield from (replace(_failed_or_passed(item, facts, group), reason=group.cause) for group in matching_groups)
        else:
            yield _nothing_found(item, topic, facts)


def _failed_or_passed(item: Item, facts: CartFacts, group: Group) -> Check:
    info = REASONS[group.cause]
    evidence = (
        f"{group.cause.value}: {grouped(group.count)} ({', '.join(group.sample)}{', ...' * (group.count > SAMPLE)})"
    )
    evidence += f"; {group.note}" if group.note else ""
    if info.harmless:
        return item.passed(evidence)
    if group.cause is Reason.WRONG_WAREHOUSE and facts.sold_there is not None:
        if facts.sold_there:
            return item.passed(f"{evidence}; the shop has their stock at its other locations")
        # Not the cause's own advice: all warehouses at several locations sell the same stock several times.
        return item.failed(evidence, info.text, facts.set("--warehouse CODE"))
    return item.failed(evidence, info.text, remedy(facts, group))


def _nothing_found(item: Item, topic: _Topic, facts: CartFacts) -> Check:
    if not facts.merchant_on:
        return item.skipped("the merchant's sync is off")
    if facts.absent:
        return item.skipped("no listing of this cart has to do with it")
    if facts.unplanned and facts.switched_on:
        return item.unknown(facts.unplanned, "No plan has checked it under the present settings.", _push(facts))
    if facts.unplanned:
        return item.skipped(facts.unplanned)
    if facts.unseen and STOCK_CAUSES & set(topic.causes):
        return item.unknown(facts.unseen, "Other causes stop these listings first.", "Fix those, then run again.")
    return item.passed(topic.fine)


def remedy(facts: CartFacts, group: Group) -> str:
    """What mends a cause: a command where this program can do it."""
    info = REASONS[group.cause]
    sku = shlex.quote(group.sample[0]) if group.sample else "SKU"
    return info.fix.format(sku=sku, cart=shlex.quote(facts.name), merchant=shlex.quote(facts.merchant)) or info.advice
