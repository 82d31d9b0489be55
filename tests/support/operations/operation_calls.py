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
    "runs.request.request": lambda s, scene: run_request.request(s, scene.shelf.merchant),
    "runs.request.ensure_worker": lambda s, scene: run_request.ensure_worker(s),
    "service.serve.serve": lambda s, scene: serve.serve(s, 0.0, lambda _: None),
    "runs.runs.resume": lambda s, scene: runs.resume(s, scene.asked),
    "runs.runs.cancel": lambda s, scene: runs.cancel(s, scene.asked),
    "runs.runs.release": lambda s, scene: runs.release(s, scene.held, "a test"),
    "runs.runs.discard": lambda s, scene: runs.discard(s, scene.held, "a test"),
    "plans.plans.save_plan": lambda s, scene: plans.save_plan(s, scene.making),
    "plans.plans.store": lambda s, scene: plans.store(s, scene.plan),
    "plans.plans.apply": lambda s, scene: plans.apply(s, scene.plan.id, "a test"),
    "plans.undo.undo": lambda s, scene: undo.undo(s, scene.held, "a test"),
    "plans.undo.safe": lambda s, scene: undo.safe(s, scene.cart, 1, "a test"),
    "plans.freeze.freeze": lambda s, scene: freeze.freeze(s, "cart", scene.cart, "a test"),
    "plans.freeze.unfreeze": lambda s, scene: freeze.unfreeze(s, "cart", scene.cart, "a test"),
    "listings.drift.verify": lambda s, scene: drift.verify(s, scene.cart),
    "listings.fixes.make": lambda s, scene: fixes.make(s, scene.cart, "track", ["NONE"], "a test"),
    "listings.drift.correct": lambda s, scene: drift.correct(s, scene.cart, ["A"], None, "a test"),
    "listings.drift.verify_every": lambda s, scene: drift.verify_every(s, scene.cart, "1h"),
    "catalog.sku.sync_now": lambda s, scene: sku.sync_now(s, scene.listings),
    "catalog.sku.set_excluded": lambda s, scene: sku.set_excluded(s, scene.listings, True, "a test"),
    "catalog.sku.set_locked": lambda s, scene: sku.set_locked(s, scene.listings, True, "a test"),
    "catalog.sku.set_override": lambda s, scene: sku.set_override(s, scene.listings, 2, "a test"),
    "listings.links.accept": lambda s, scene: links.accept(s, scene.cart, {}),
    "listings.links.accept_piece": lambda s, scene: links.accept_piece(s, scene.cart, "case"),
    "listings.links.accept_all": lambda s, scene: links.accept_all(s, scene.cart, "case"),
    "listings.links.link": lambda s, scene: links.link(s, scene.cart, "L-A", "P"),
    "listings.links.remove": lambda s, scene: links.remove(s, scene.cart, ["L-A"]),
    "listings.links.remove_all": lambda s, scene: links.remove_all(s, scene.cart, "case"),
    "settings.merchants.add": lambda s, scene: merchants.add(s, "New", {"source": "sandbox", **CONNECTION}),
    "settings.merchants.change": lambda s, scene: merchants.change(s, "Acme", {"sync": "off"}),
    "settings.carts.add": lambda s, scene: carts.add(
        s, "Acme", "New", {"system": "sandbox", **CONNECTION}, ["shop=main"]
    ),
    "settings.carts.change": lambda s, scene: carts.change(s, "Acme Shop", {"minimum": "3"}),
    "settings.forms.add": lambda s, scene: forms.add(s, "new-merchant:sandbox", {"name": "New", **CONNECTION}),
    "settings.forms.save": lambda s, scene: forms.save(s, f"cart:{scene.cart}", 1, {"minimum": "3"}),
    "settings.removal.remove": lambda s, scene: removal.remove(s, f"cart:{scene.cart}", "Acme Shop"),
    "settings.removal.clear": lambda s, scene: removal.clear(s, 0.1),
    "settings.transaction.saving": _saving,
    "connections.connection_login.ways": lambda s, scene: connection_login.ways(s, _target(scene)),
    "connections.connection_login.by_code": lambda s, scene: connection_login.by_code(s, _target(scene), print),
    "connections.connection_login.pasting": lambda s, scene: connection_login.pasting(s, _target(scene)),
    "connections.connection_login.by_address": lambda s, scene: connection_login.by_address(
        s, _target(scene), connection_login.Authorization("", "", ""), ""
    ),
    "connections.connection_login.forget": lambda s, scene: connection_login.forget(s, _target(scene)),
    "connections.own_verification.allow_writing": lambda s, scene: own_verification.allow_writing(s),
    "connections.own_verification.write_one": lambda s, scene: own_verification.write_one(
        s, _target(scene), "A", "a test"
    ),
    "connections.webhooks.show": lambda s, scene: webhooks.show(s, str(scene.cart)),
    "catalog.warehouses.set_enabled": lambda s, scene: warehouses.set_enabled(
        s, scene.shelf.merchant, "EAST", enabled=False, reason="a test"
    ),
    "demo.plant_faults.plant": lambda s, scene: plant_faults.plant(s, 1),
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
