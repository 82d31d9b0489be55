"""The checks of the connectors, fed with what the store knows. No request is sent and no secret is resolved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from invsync_tui.connectors.base import Connection
from invsync_tui.rules.merchant_checks import Check, Item, Section, Verdict
from invsync_tui.store.diagnosis.checkup import CartRow, MerchantRow, WarehouseRow
from invsync_tui.store.paging import counts
from invsync_tui.store.settings import read as settings_read
from invsync_tui.store.settings.read import ConnectionRow


def of_source(
    store: Path,
    cx: sqlite3.Connection,
    site: MerchantRow,
    places: Sequence[WarehouseRow],
    sold: Iterable[Collection[int]],
) -> list[Check]:
    """The checks of a merchant's WMS connection. `sold` has the warehouses of each cart that is on."""
    from invsync_tui.connectors.checks import SourceFacts, WarehouseStock
    from invsync_tui.connectors.network.api_notices import stored

    row = settings_read.source_connection(cx, site.id)
    if row is None:
        return []
    present = [place for place in places if place.enabled and place.vanished_at is None]
    stocked = {place.id: settings_read.stocked(cx, place.id) for place in present if place.levels}
    starving = _starving(stocked, sold)
    stock = tuple(
        WarehouseStock(place.code, place.levels, stocked.get(place.id, False), place.id in starving)
        for place in present
    )
    connection = _with_tokens(_connection(site.name, row.connection), store, "source", site.id)
    loaded = row.last_full_at is not None
    notes = json.loads(row.notes) if row.notes else {}
    facts = SourceFacts(
        connection, site.name, row.connection.last_error, loaded, row.mark, stock, notes, stored(row.connection.notices)
    )
    return _checks(facts, site.name)


def _starving(stocked: Mapping[int, bool], sold: Iterable[Collection[int]]) -> frozenset[int]:
    """Warehouses without stock that are all a cart has."""
    chosen = [[place for place in places if place in stocked] for places in sold]
    return frozenset(
        place for places in chosen if not any(stocked[warehouse] for warehouse in places) for place in places
    )


def of_cart(store: Path, cx: sqlite3.Connection, site: MerchantRow, cart: CartRow) -> list[Check]:
    """The checks of a cart's connection."""
    from invsync_tui.connectors.checks import CartFacts
    from invsync_tui.connectors.network.api_notices import stored

    row = settings_read.cart_connection(cx, cart.id)
    listed = cart.listed_at is not None
    beside = settings_read.stock_elsewhere(cx, cart.id)
    facts = CartFacts(
        _with_tokens(_connection(cart.name, row), store, "cart", settings_read.connected_through(cx, cart.id)),
        site.name,
        row.last_error,
        listed,
        counts.listings(cx, cart.id),
        settings_read.untracked(cx, cart.id),
        beside.elsewhere,
        beside.units,
        beside.held,
        beside.ours,
        beside.thresholds,
        stored(row.notices),
    )
    return _checks(facts, cart.name)


def _connection(name: str, row: ConnectionRow) -> Connection:
    options, secrets = json.loads(row.options), json.loads(row.secrets)
    return Connection(name, row.system, row.url, row.login, row.secret, options, row.deadline_ms / 1000, secrets)


def _with_tokens(connection: Connection, store: Path, kind: str, number: int) -> Connection:
    from invsync_tui.sync import connections

    key = connections.source_key(number) if kind == "source" else connections.cart_key(number)
    return connections.with_tokens(connection, store, key, read_only=True)


def _checks(facts, subject: str) -> list[Check]:  # type: ignore[no-untyped-def]
    from invsync_tui.connectors.checks import reviews

    checks = []
    for review in reviews(facts):
        item = Item(review.id, Section.SYSTEM, subject)
        wrong = review.verdict in (Verdict.FAIL, Verdict.UNKNOWN)
        cause, fix = (review.cause, review.fix) if wrong else ("", "")
        checks.append(Check(item.id, item.section, subject, review.verdict, review.evidence, cause, fix))
    return checks
