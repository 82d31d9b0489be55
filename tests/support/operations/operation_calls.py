"""Each operation that changes something, called as an operator calls it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace

import pytest

from invsync_tui.kit import own_system
from invsync_tui.operations.catalog import sku, warehouses
from invsync_tui.operations.connections import connection_login, connections, own_verification, webhooks
from invsync_tui.operations.demo import plant_faults
from invsync_tui.operations.listings import drift, fixes, links
from invsync_tui.operations.plans import freeze, plans, undo
from invsync_tui.operations.roles import Role
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs import runs
from invsync_tui.operations.service import serve
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import carts, forms, merchants, removal
from invsync_tui.operations.views import NO_SERVICE, ServiceState
from tests.support.operations.rights import Scene
from tests.support.stores.products_store import Shelf

ENSURE_WORKER = run_request.ensure_worker


def _saving(session: Session, scene: Scene) -> None:
    from invsync_tui.operations.settings.transaction import saving

    with saving(session, "change a setting"):
        pass


def _target(scene: Scene) -> connections.Target:
    return connections.cart_target(scene.shelf.session, str(scene.cart))


CONNECTION = {"url": "http://127.0.0.1:9"}


CALLS: dict[str, Callable[[Session, Scene], object]] = {
    "runs.request.request": lambda s, made: run_request.request(s, made.shelf.merchant),
    "runs.request.ensure_worker": lambda s, made: run_request.ensure_worker(s),
    "service.serve.serve": lambda s, made: serve.serve(s, 0.0, lambda _: None),
    "runs.runs.resume": lambda s, made: runs.resume(s, made.asked),
    "runs.runs.cancel": lambda s, made: runs.cancel(s, made.asked),
    "runs.runs.release": lambda s, made: runs.release(s, made.held, "a test"),
    "runs.runs.discard": lambda s, made: runs.discard(s, made.held, "a test"),
    "plans.plans.save_plan": lambda s, made: plans.save_plan(s, made.making),
    "plans.plans.store": lambda s, made: plans.store(s, made.plan),
    "plans.plans.apply": lambda s, made: plans.apply(s, made.plan.id, "a test"),
    "plans.undo.undo": lambda s, made: undo.undo(s, made.held, "a test"),
    "plans.undo.safe": lambda s, made: undo.safe(s, made.cart, 1, "a test"),
    "plans.freeze.freeze": lambda s, made: freeze.freeze(s, "cart", made.cart, "a test"),
    "plans.freeze.unfreeze": lambda s, made: freeze.unfreeze(s, "cart", made.cart, "a test"),
    "listings.drift.verify": lambda s, made: drift.verify(s, made.cart),
    "listings.fixes.make": lambda s, made: fixes.make(s, made.cart, "track", ["NONE"], "a test"),
    "listings.drift.correct": lambda s, made: drift.correct(s, made.cart, ["A"], None, "a test"),
    "listings.drift.verify_every": lambda s, made: drift.verify_every(s, made.cart, "1h"),
    "catalog.sku.sync_now": lambda s, made: sku.sync_now(s, made.listings),
    "catalog.sku.set_excluded": lambda s, made: sku.set_excluded(s, made.listings, True, "a test"),
    "catalog.sku.set_locked": lambda s, made: sku.set_locked(s, made.listings, True, "a test"),
    "catalog.sku.set_override": lambda s, made: sku.set_override(s, made.listings, 2, "a test"),
    "listings.links.accept": lambda s, made: links.accept(s, made.cart, {}),
    "listings.links.accept_piece": lambda s, made: links.accept_piece(s, made.cart, "case"),
    "listings.links.accept_all": lambda s, made: links.accept_all(s, made.cart, "case"),
    "listings.links.link": lambda s, made: links.link(s, made.cart, "L-A", "P"),
    "listings.links.remove": lambda s, made: links.remove(s, made.cart, ["L-A"]),
    "listings.links.remove_all": lambda s, made: links.remove_all(s, made.cart, "case"),
    "settings.merchants.add": lambda s, made: merchants.add(s, "New", {"source": "sandbox", **CONNECTION}),
    "settings.merchants.change": lambda s, made: merchants.change(s, "Acme", {"sync": "off"}),
    "settings.carts.add": lambda s, made: carts.add(
        s, "Acme", "New", {"system": "sandbox", **CONNECTION}, ["shop=main"]
    ),
    "settings.carts.change": lambda s, made: carts.change(s, "Acme Shop", {"minimum": "3"}),
    "settings.forms.add": lambda s, made: forms.add(s, "new-merchant:sandbox", {"name": "New", **CONNECTION}),
    "settings.forms.save": lambda s, made: forms.save(s, f"cart:{made.cart}", 1, {"minimum": "3"}),
    "settings.removal.remove": lambda s, made: removal.remove(s, f"cart:{made.cart}", "Acme Shop"),
    "settings.removal.clear": lambda s, made: removal.clear(s, 0.1),
    "settings.transaction.saving": _saving,
    "connections.connection_login.ways": lambda s, made: connection_login.ways(s, _target(made)),
    "connections.connection_login.by_code": lambda s, made: connection_login.by_code(s, _target(made), print),
    "connections.connection_login.pasting": lambda s, made: connection_login.pasting(s, _target(made)),
    "connections.connection_login.by_address": lambda s, made: connection_login.by_address(
        s, _target(made), connection_login.Authorization("", "", ""), ""
    ),
    "connections.connection_login.forget": lambda s, made: connection_login.forget(s, _target(made)),
    "connections.own_verification.allow_writing": lambda s, made: own_verification.allow_writing(s),
    "connections.own_verification.write_one": lambda s, made: own_verification.write_one(
        s, _target(made), "A", "a test"
    ),
    "connections.webhooks.show": lambda s, made: webhooks.show(s, str(made.cart)),
    "catalog.warehouses.set_enabled": lambda s, made: warehouses.set_enabled(
        s, made.shelf.merchant, "EAST", enabled=False, reason="a test"
    ),
    "demo.plant_faults.plant": lambda s, made: plant_faults.plant(s, 1),
}


def _not_run(work: Coroutine[object, object, object]) -> own_system.Trial:
    """Nothing is asked of a system; whoever wanted to try a listing there wrote nothing."""
    work.close()
    return own_system.Trial((), None, None, None)


@pytest.fixture
def scene(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(run_request, "ensure_worker", ENSURE_WORKER)  # it is in the table itself
    at_work = replace(NO_SERVICE, state=ServiceState.RUNNING)
    monkeypatch.setattr("invsync_tui.operations.service.workers.service", lambda _: at_work)
    monkeypatch.setattr("asyncio.run", _not_run)
    return Scene(acme)


def session_of(shelf: Shelf, who: str) -> Session:
    if who == "read-only":
        return shelf.viewer(Role.ADMIN, read_only=True)
    return shelf.viewer(Role(who))
