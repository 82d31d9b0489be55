"""Who may do what, as a literal table. A new operation that changes something fails here until somebody gives it a row."""

from __future__ import annotations

import pytest

from invsync_tui.operations.errors import OperationError, RefusedError
from tests.support.operations.operation_calls import CALLS, session_of
from tests.support.operations.operation_calls import scene as _scene
from tests.support.operations.rights import Scene, content
from tests.support.operations.writing_operations import writers
from tests.support.stores.neighbors import remember

scene = _scene

REFUSED, ALLOWED = "refused", "allowed"

TABLE = {
    # operation                    viewer   operator admin    admin with --read-only
    "runs.request.request":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.request.ensure_worker":         (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "service.serve.serve":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.runs.resume":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.runs.cancel":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.runs.release":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "runs.runs.discard":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.plans.save_plan":                 ("not kept", ALLOWED, ALLOWED, "not kept"),
    "plans.plans.store":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.plans.apply":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.undo.undo":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.undo.safe":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.freeze.freeze":            (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "plans.freeze.unfreeze":              (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.drift.verify":                (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.fixes.make":              (REFUSED, REFUSED, ALLOWED, REFUSED),
    "listings.drift.correct":                 (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.drift.verify_every":          (REFUSED, REFUSED, ALLOWED, REFUSED),
    "catalog.sku.sync_now":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "catalog.sku.set_excluded":           (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "catalog.sku.set_locked":             (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "catalog.sku.set_override":           (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.links.accept":             (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.links.accept_piece":       (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.links.accept_all":         (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.links.link":               (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.links.remove":             (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "listings.links.remove_all":         (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "settings.merchants.add":      (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.merchants.change":   (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.carts.add":          (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.carts.change":       (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.forms.add":                  (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.forms.save":                 (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.removal.remove":             (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.removal.clear":              (REFUSED, REFUSED, ALLOWED, REFUSED),
    "settings.transaction.saving":              (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.connection_login.ways":       (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.connection_login.by_code":    (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.connection_login.pasting":    (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.connection_login.by_address": (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.connection_login.forget":     (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.own_verification.allow_writing": (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.own_verification.write_one": (REFUSED, REFUSED, ALLOWED, REFUSED),
    "connections.webhooks.show":             (REFUSED, REFUSED, ALLOWED, REFUSED),
    "catalog.warehouses.set_enabled": (REFUSED, ALLOWED, ALLOWED, REFUSED),
    "demo.plant_faults.plant":             (REFUSED, REFUSED, ALLOWED, REFUSED),
}  # fmt: skip
WHO = ("viewer", "operator", "admin", "read-only")


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
        found = ALLOWED if name != "plans.plans.save_plan" or answer is not None else "not kept"
    except RefusedError as refused:
        found = REFUSED
        assert who == "read-only" or f"is {who}" in str(refused), "it says why"
    except OperationError:
        found = ALLOWED  # there was nothing to do for it here, but nobody forbade it
    if name == "demo.plant_faults.plant" and found == ALLOWED:
        remember(session_of(scene.shelf, "admin").store.path)  # it plants in every cart of the store
    # then
    assert found == expected
    if found != ALLOWED:
        assert content(scene.shelf) == before, "what is refused changes nothing"
