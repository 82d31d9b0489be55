"""Walks the guide over a merchant, a cart or one SKU: every check with its evidence, and the causes in groups."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from invsync_tui import clock
from invsync_tui.operations.connections import webhooks
from invsync_tui.operations.diagnosis import connector_checks
from invsync_tui.operations.diagnosis.causes import TRACED_MOST, Findings, of_cart, of_sku
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.plans.freeze import how_to_unfreeze
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.time_text import ago
from invsync_tui.plain_text import grouped
from invsync_tui.rules import cart_checks, merchant_checks
from invsync_tui.rules.cart_checks import CartFacts
from invsync_tui.rules.location_checks import location_checks, sold_at_others
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.rules.merchant_checks import (
    Check,
    Group,
    MerchantFacts,
    RoundedLevel,
    ServiceFacts,
    SkuFacts,
    Verdict,
    WarehouseFacts,
)
from invsync_tui.rules.outcomes import REASONS, Reason, ReasonKind
from invsync_tui.store.catalog import levels as catalog_levels
from invsync_tui.store.catalog import products
from invsync_tui.store.diagnosis import checkup
from invsync_tui.store.diagnosis.checkup import CartRow, MerchantRow, WarehouseRow
from invsync_tui.store.file import check
from invsync_tui.store.listings import batch_limits, plans
from invsync_tui.store.paging import counts
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.settings import schedule
from invsync_tui.sync import location_facts

__all__ = ["Check", "Checkup", "Group", "doctor"]

STORE_SECONDS = 1.0
"""Seconds for a look at the soundness of the store; the whole look is `invsync db check`."""
NEVER_MOST = 1000
"""Listings with Last synced: Never that are counted at most."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """The guide as walked, and all causes of all listings that were looked at."""

    checks: tuple[Check, ...]
    groups: tuple[Group, ...]

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 findings, 2 cannot tell."""
        return merchant_checks.exit_of(self.checks)


@dataclass(frozen=True, slots=True)
class _SharedFacts:
    """What is read once for all merchants."""

    now: int
    traced_most: int
    newest: Sequence[RunRow]
    pulled: dict[int, RunRow]


def doctor(
    session: Session, merchant_id: int | None = None, cart_id: int | None = None, sku: str | None = None
) -> Checkup:
    """Check one merchant or all, one cart of it or all, every listing or those of one SKU."""
    with as_operation_error(), session.store.reading() as cx:
        ground = _ground(cx, cart_id)
        sites = [site for site in checkup.merchants(cx) if merchant_id in (None, site.id)]
        if sku is not None and merchant_id is None:
            sites = _with_code(cx, sites, sku) or sites
    if not sites:
        raise NotFoundError("There is no merchant yet. Add one with: invsync merchants add --help.")
    stored = _store(session)
    try:
        walked = [_merchant(session, ground, site, cart_id, sku) for site in sites]
    except OperationError:
        if all(check.verdict is not Verdict.FAIL for check in stored):
            raise
        return Checkup(tuple(stored), ())  # what is damaged cannot be walked; that it is damaged is the answer
    checks = [check for site_checkup in walked for check in site_checkup.checks]
    groups = [group for site_checkup in walked for group in site_checkup.groups]
    return Checkup((*checks, *_service(session), *stored), tuple(groups))


def _ground(cx: sqlite3.Connection, cart_id: int | None) -> _SharedFacts:
    carts = 1 if cart_id is not None else max(1, checkup.cart_count(cx))
    most = max(1, TRACED_MOST // carts)
    return _SharedFacts(clock.seconds(), most, runs.newest_per_key(cx, None), runs.last_ended(cx, "pull"))


def _with_code(cx: sqlite3.Connection, sites: Iterable[MerchantRow], sku: str) -> list[MerchantRow]:
    """Merchants whose products or carts have a code."""
    key = normalize_key(sku)
    listed = {row[0] for row in checkup.owners_listing(cx, key)}
    return [site for site in sites if site.id in listed or checkup.by_key(cx, site.id, key)]


def _store(session: Session) -> list[Check]:
    """The store's own soundness, as far as that can be told in a moment."""
    with as_operation_error(), session.store.reading() as cx:
        problems, all_of_it = check.within(cx, STORE_SECONDS)
    lines = [
        f"{problem.text}: {grouped(problem.n)}{f' ({problem.sample})' if problem.sample else ''}"
        for problem in problems
    ]
    command = f"invsync --store {shlex.quote(str(session.path))} db check"
    return [merchant_checks.store_check(session.path.name, lines, command, all_of_it=all_of_it)]


def _service(session: Session) -> list[Check]:
    with as_operation_error(), session.store.reading() as cx:
        scheduled, waiting = len(schedule.active(cx)), checkup.requested(cx)
        health = workers.load(session, cx)
        stalled = [(run, stall.text, stall.advice) for run, stall in health.stalls(runs.underway(cx)).items()]
    service = health.service
    facts = ServiceFacts(str(service.state), service.text, service.advice, scheduled, waiting, stalled)
    return list(merchant_checks.service_checks(session.path.name, facts))


def _merchant(
    session: Session, ground: _SharedFacts, site: MerchantRow, cart_id: int | None, sku: str | None
) -> Checkup:
    with as_operation_error(), session.store.reading() as cx:
        places = checkup.warehouses(cx, site.id)
        carts = checkup.carts(cx, site.id)
        chosen = {cart.id: _chosen(cx, cart, places) for cart in carts}
        checks = list(merchant_checks.merchant_checks(_merchant_facts(cx, ground, site)))
        rounded = catalog_levels.fractions(cx, site.id, merchant_checks.ROUNDED_MOST)
        checks += merchant_checks.rounded_checks(site.name, [RoundedLevel(**part._asdict()) for part in rounded])
        at_locations = location_facts.of_merchant(cx, site.id, site.name, places, chosen)
        shared = location_checks(at_locations)
        code = _sku_facts(cx, ground, site, sku) if sku is not None else None
        reviewed = connector_checks.of_source(
            session.path, cx, site, places, [chosen[cart.id] for cart in carts if cart.upload_enabled]
        )
    used = {place for cart in carts if cart.upload_enabled for place in chosen[cart.id]}
    warehouses = {place.id: _warehouse_facts(ground, site, place, place.id in used) for place in places}
    stocked = [number for number, facts in warehouses.items() if facts.enabled and facts.levels]
    checks += [merchant_checks.warehouse_check(site.name, facts) for facts in warehouses.values()]
    checks += merchant_checks.sku_checks(code) if code is not None else ()
    checks += [*_connection_checks(site.name, "pull", site.id, site, ground, site), *reviewed]
    groups: list[Group] = []
    for cart in (candidate for candidate in carts if cart_id in (None, candidate.id)):
        mine = tuple(warehouses[number] for number in sorted(chosen[cart.id]))
        cart_checkup = _cart(
            session, ground, site, cart, mine, sku, sold_at_others(at_locations, cart.id, stocked, chosen[cart.id])
        )
        checks += [*cart_checkup.checks, *shared.get(cart.id, ())]
        groups += cart_checkup.groups
    return Checkup(tuple(merchant_checks.in_guide_order(checks)), tuple(groups))


def _chosen(cx: sqlite3.Connection, cart: CartRow, places: Sequence[WarehouseRow]) -> frozenset[int]:
    return frozenset(place.id for place in places) if cart.combine_all else checkup.chosen(cx, cart.id)


def _merchant_facts(cx: sqlite3.Connection, ground: _SharedFacts, site: MerchantRow) -> MerchantFacts:
    ended = ground.pulled.get(site.id)
    newest = _newest(ground, "pull", site.id)
    fine = ended is None or (ended.state == "done" and not ended.error)
    return MerchantFacts(
        name=site.name,
        switched_on=bool(site.inventory_sync),
        connected=site.system is not None,
        last_run=_ago(ended.ended_at, ground) if ended else "",
        running=newest is not None and newest.state in ("requested", "running", "cancelling"),
        status="" if fine or ended is None else f"{ended.state}: {ended.error}".rstrip(": "),
        products=counts.products(cx, site.id),
    )


def _newest(ground: _SharedFacts, kind: str, key: int) -> RunRow | None:
    return next((run for run in ground.newest if (run.kind, run.key) == (kind, key)), None)


def _ago(at: int | None, ground: _SharedFacts) -> str:
    return "" if at is None else ago(at, ground.now)


def _warehouse_facts(ground: _SharedFacts, site: MerchantRow, place: WarehouseRow, used: bool) -> WarehouseFacts:
    vanished = place.vanished_at is not None
    loaded = place.last_full_at if vanished or place.last_full_at is None else site.confirmed_at
    too_old = site.stale_after is not None and loaded is not None and loaded < ground.now - site.stale_after
    return WarehouseFacts(
        code=place.code,
        enabled=bool(place.enabled),
        vanished=vanished,
        levels=place.levels,
        loaded=_ago(loaded, ground),
        stale=too_old and bool(site.inventory_sync),
        used=used,
        gone_why=place.gone_why,
    )


def _sku_facts(cx: sqlite3.Connection, ground: _SharedFacts, site: MerchantRow, sku: str) -> SkuFacts:
    word = trimmed(sku)
    hits = checkup.by_key(cx, site.id, normalize_key(word))
    exact = {hit.id: hit for hit in hits if trimmed(hit.code) == word}
    near = tuple(dict.fromkeys(hit.code for hit in hits if hit.id not in exact))
    product = next(iter(exact.values())) if len(exact) == 1 else None
    levels = [row.read_at for row in products.stock(cx, product.id)] if product else []
    read = min((at for at in levels if at is not None), default=None)
    limit = site.stale_after
    return SkuFacts(
        merchant=site.name,
        asked=word,
        products=tuple(hit.sku for hit in exact.values()),
        near=near,
        read=_ago(read, ground),
        stale=limit is not None and read is not None and read < ground.now - limit,
        kit=bool(product and product.is_kit),
    )


# --- carts -----------------------------------------------------------------------------------------------------------


def _cart(
    session: Session,
    ground: _SharedFacts,
    site: MerchantRow,
    cart: CartRow,
    warehouses: tuple[WarehouseFacts, ...],
    sku: str | None,
    sold_there: bool | None,
) -> Checkup:
    """All checks of one cart."""
    usable = any(warehouse.enabled for warehouse in warehouses)
    findings = (
        of_sku(session, cart, sku)
        if sku is not None
        else of_cart(session, site, cart, ground.traced_most, usable=usable)
    )
    with as_operation_error(), session.store.reading() as cx:
        facts = replace(_cart_facts(cx, ground, site, cart, warehouses, findings), sold_there=sold_there)
        reviewed = [
            *connector_checks.of_cart(session.path, cx, site, cart),
            *webhooks.checks(cx, cart.id, cart.name, ground.now),
            *_batch_limit(cx, ground, cart),
        ]
    checks = [*cart_checks.cart_checks(facts), *cart_checks.listing_checks(facts, findings.groups)]
    checks += [*_connection_checks(cart.name, "push", cart.id, cart, ground, site), *reviewed]
    return Checkup(tuple(checks), findings.groups)


def _batch_limit(cx: sqlite3.Connection, ground: _SharedFacts, cart: CartRow) -> list[Check]:
    """How many listings of one request the cart takes, where it refused more."""
    limit = batch_limits.get(cx, cart.id)
    return [] if limit is None else [cart_checks.batch_limit_check(cart.name, limit.most, ago(limit.at, ground.now))]


def _cart_facts(
    cx: sqlite3.Connection,
    ground: _SharedFacts,
    site: MerchantRow,
    cart: CartRow,
    warehouses: tuple[WarehouseFacts, ...],
    findings: Findings,
) -> CartFacts:
    kinds = counts.kinds(cx, site.id)
    total = sum(n for _, _, n in kinds)
    having = sum(n for held, _, n in kinds if cart.push_kind in held)
    never = checkup.never_synced(cx, cart.id, NEVER_MOST)
    return CartFacts(
        name=cart.name,
        merchant=site.name,
        switched_on=bool(cart.upload_enabled),
        merchant_on=bool(site.inventory_sync),
        combines=bool(cart.combine_all),
        warehouses=warehouses,
        alias=cart.alias or "SKU",
        alias_loaded=having > 0,
        products=total,
        lacking=total - having,
        collisions=counts.collisions(cx, site.id, cart.push_kind),
        minimum=cart.cutoff_below,
        listings=counts.listings(cx, cart.id),
        never=never,
        never_exact=never < NEVER_MOST,
        listed=_ago(cart.listed_at, ground),
        unplanned=_unplanned(ground, cart),
        unseen=findings.unseen,
        frozen=_frozen(cx, ground, cart),
        unfreeze=how_to_unfreeze(cx, cart.id),
        absent=findings.absent,
    )


def _frozen(cx: sqlite3.Connection, ground: _SharedFacts, cart: CartRow) -> str:
    freeze = plans.all_frozen(cx).get(cart.id)
    return f"frozen {ago(freeze.at, ground.now)} by {freeze.by}: {freeze.why or 'no reason given'}" if freeze else ""


def _unplanned(ground: _SharedFacts, cart: CartRow) -> str:
    """Why the last plan cannot speak for the present settings; '' if it can."""
    if cart.listed_at is None:
        return "its listings were never read"
    newest = _newest(ground, "push", cart.id)
    held = newest is not None and newest.state == "held"
    # A cart that is off is planned, but its watermark stays where it was.
    waiting = cart.watermark == 0 and bool(cart.upload_enabled) and not held
    if cart.matched_rev != cart.rules_rev or waiting:
        return "settings changed since the last push"
    return ""


def _connection_checks(
    subject: str, kind: str, key: int, last: MerchantRow | CartRow, ground: _SharedFacts, site: MerchantRow
) -> list[Check]:
    """What the connection last said, and what became of its newest run."""
    reason = Reason(last.last_reason) if last.last_reason else None
    run = _newest(ground, kind, key)
    named = shlex.quote(site.name) + ("" if kind == "pull" else f" --cart {shlex.quote(subject)}")
    held = run.id if run and run.state == "held" else None
    failed = run.id if run and run.state == "failed" else None
    fix = f"invsync connections test {named}"
    if reason is not None and REASONS[reason].kind is ReasonKind.PROGRAM and failed is not None:
        fix = f"invsync bundle {failed}"
    return [
        merchant_checks.connection_check(subject, last.last_error, reason, fix),
        merchant_checks.run_check(subject, held, failed, run.error if run else ""),
    ]
