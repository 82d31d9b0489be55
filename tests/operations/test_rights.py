"""Who may do what, as a literal table. A new operation that changes something fails here until somebody gives it a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from invsync_tui.operations import (
    cart_settings,
    drift,
    forms,
    freezing,
    linking,
    merchant_settings,
    plans,
    planting,
    remedies,
    runs,
    service,
    sku,
    sync,
    warehouses,
)
from invsync_tui.operations.errors import OperationError, RefusedError
from invsync_tui.operations.model import NO_SERVICE, ServiceState
from invsync_tui.operations.roles import Role
from invsync_tui.operations.session import Session
from invsync_tui.store import runs as run_rows
from tests.operations.shelf import Shelf, Thing
from tests.operations.writers import writers
from tests.sync.crowd import remember

REFUSED, ALLOWED = "refused", "allowed"

TABLE = {
    # operation                    viewer   operator admin    admin with --read-only
    "sync.request":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "sync.ensure_worker":         (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "service.serve":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.cancel":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.release":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.discard":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.keep":                 ("not kept", ALLOWED, ALLOWED, "not kept"),
    "plans.store":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.apply":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "remedies.undo":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "remedies.safe":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "freezing.freeze":            (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "freezing.thaw":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "drift.radar":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "drift.heal":                 (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "drift.radar_every":          (REFUSED, REFUSED, ALLOWED, REFUSED),
    "sku.sync_now":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "sku.set_excluded":           (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "sku.set_locked":             (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "sku.set_override":           (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "linking.accept":             (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "linking.accept_piece":       (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "linking.accept_all":         (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "linking.link":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "linking.remove":             (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "linking.remove_all":         (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "merchant_settings.add":      (REFUSED, REFUSED, ALLOWED, REFUSED),
    "merchant_settings.change":   (REFUSED, REFUSED, ALLOWED, REFUSED),
    "cart_settings.add":          (REFUSED, REFUSED, ALLOWED, REFUSED),
    "cart_settings.change":       (REFUSED, REFUSED, ALLOWED, REFUSED),
    "forms.save":                 (REFUSED, REFUSED, ALLOWED, REFUSED),
    "saving.saving":              (REFUSED, REFUSED, ALLOWED, REFUSED),
    "warehouses.set_enabled": (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "planting.plant":             (REFUSED, REFUSED, ALLOWED, REFUSED),
}  # fmt: skip
ENSURE_WORKER = sync.ensure_worker
WHO = ("viewer", "operator", "admin", "read-only")


class Scene:
    """A store in which each of these operations has something to do: HELD is a held push, ASKED a requested download."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.cart = shelf.cart
        shelf.put([Thing("a", "A"), Thing("b", "B")])
        self.listings = shelf.list(["A", "B"], shown=3)
        self.held = shelf.bench.request("push", shelf.cart)
        with shelf.bench.store.transaction() as tx:
            run_rows.hold(tx, self.held, [{"breaker": "zero", "measure": 1, "text": "too many"}], 1)
        self.asked = shelf.bench.request("pull", shelf.merchant)
        self.making = plans.make(shelf.session, shelf.cart)
        kept = remedies.safe(shelf.session, shelf.cart, 1, "a test")
        self.plan = plans.find(shelf.session, kept.plan)


def _saving(session: Session, scene: Scene) -> None:
    from invsync_tui.operations.saving import saving

    with saving(session, "change a setting"):
        pass


CONNECTION = {"url": "http://127.0.0.1:9"}
CALLS: dict[str, Callable[[Session, Scene], object]] = {
    "sync.request": lambda s, made: sync.request(s, made.shelf.merchant),
    "sync.ensure_worker": lambda s, made: sync.ensure_worker(s),
    "service.serve": lambda s, made: service.serve(s, 0.0, lambda _: None),
    "runs.cancel": lambda s, made: runs.cancel(s, made.asked),
    "runs.release": lambda s, made: runs.release(s, made.held, "a test"),
    "runs.discard": lambda s, made: runs.discard(s, made.held, "a test"),
    "plans.keep": lambda s, made: plans.keep(s, made.making),
    "plans.store": lambda s, made: plans.store(s, made.plan),
    "plans.apply": lambda s, made: plans.apply(s, made.plan.id, "a test"),
    "remedies.undo": lambda s, made: remedies.undo(s, made.held, "a test"),
    "remedies.safe": lambda s, made: remedies.safe(s, made.cart, 1, "a test"),
    "freezing.freeze": lambda s, made: freezing.freeze(s, "cart", made.cart, "a test"),
    "freezing.thaw": lambda s, made: freezing.thaw(s, "cart", made.cart, "a test"),
    "drift.radar": lambda s, made: drift.radar(s, made.cart),
    "drift.heal": lambda s, made: drift.heal(s, made.cart, ["A"], None, "a test"),
    "drift.radar_every": lambda s, made: drift.radar_every(s, made.cart, "1h"),
    "sku.sync_now": lambda s, made: sku.sync_now(s, made.listings),
    "sku.set_excluded": lambda s, made: sku.set_excluded(s, made.listings, True, "a test"),
    "sku.set_locked": lambda s, made: sku.set_locked(s, made.listings, True, "a test"),
    "sku.set_override": lambda s, made: sku.set_override(s, made.listings, 2, "a test"),
    "linking.accept": lambda s, made: linking.accept(s, made.cart, {}),
    "linking.accept_piece": lambda s, made: linking.accept_piece(s, made.cart, "case"),
    "linking.accept_all": lambda s, made: linking.accept_all(s, made.cart, "case"),
    "linking.link": lambda s, made: linking.link(s, made.cart, "L-A", "P"),
    "linking.remove": lambda s, made: linking.remove(s, made.cart, ["L-A"]),
    "linking.remove_all": lambda s, made: linking.remove_all(s, made.cart, "case"),
    "merchant_settings.add": lambda s, made: merchant_settings.add(s, "New", {"source": "sandbox", **CONNECTION}),
    "merchant_settings.change": lambda s, made: merchant_settings.change(s, "Acme", {"sync": "off"}),
    "cart_settings.add": lambda s, made: cart_settings.add(s, "Acme", "New", {"system": "sandbox", **CONNECTION}),
    "cart_settings.change": lambda s, made: cart_settings.change(s, "Acme Shop", {"minimum": "3"}),
    "forms.save": lambda s, made: forms.save(s, f"cart:{made.cart}", 1, {"minimum": "3"}),
    "saving.saving": _saving,
    "warehouses.set_enabled": lambda s, made: warehouses.set_enabled(
        s, made.shelf.merchant, "EAST", enabled=False, reason="a test"
    ),
    "planting.plant": lambda s, made: planting.plant(s, 1),
}


@pytest.fixture
def scene(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(sync, "ensure_worker", ENSURE_WORKER)  # it is in the table itself
    at_work = replace(NO_SERVICE, state=ServiceState.RUNNING)
    monkeypatch.setattr("invsync_tui.operations.workers.service", lambda _: at_work)
    monkeypatch.setattr("asyncio.run", lambda work: work.close())
    return Scene(acme)


def session_of(shelf: Shelf, who: str) -> Session:
    if who == "read-only":
        return shelf.viewer(Role.ADMIN, read_only=True)
    return shelf.viewer(Role(who))


def content(shelf: Shelf) -> str:
    with closing(sqlite3.connect(shelf.bench.store.path)) as connection:
        return "\n".join(connection.iterdump())


def test_every_operation_that_changes_something_has_a_row() -> None:
    assert writers() == set(TABLE) == set(CALLS)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", TABLE)
def test_the_table_is_kept(scene: Scene, name: str, who: str) -> None:
    # given
    expected = TABLE[name][WHO.index(who)]
    before = content(scene.shelf)
    # when
    try:
        answer = CALLS[name](session_of(scene.shelf, who), scene)
        found = ALLOWED if name != "plans.keep" or answer is not None else "not kept"
    except RefusedError as refused:
        found = REFUSED
        assert who == "read-only" or f"is {who}" in str(refused), "it says why"
    except OperationError:
        found = ALLOWED  # there was nothing to do for it here, but nobody forbade it
    if name == "planting.plant" and found == ALLOWED:
        remember(session_of(scene.shelf, "admin").store.path)  # it plants in every cart of the store
    # then
    assert found == expected
    if found != ALLOWED:
        assert content(scene.shelf) == before, "what is refused changes nothing"
