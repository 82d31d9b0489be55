"""What each order of an operator writes into the store, row by row, the audit's entry among it: that and nothing else."""

from __future__ import annotations

import pytest

from invsync_tui import clock
from invsync_tui.connectors.network import http_log
from invsync_tui.operations.settings import carts, forms, merchants, removal
from invsync_tui.rules.redaction import BLACK
from tests.support.operations.operation_calls import CALLS, session_of
from tests.support.operations.operation_calls import scene as _scene
from tests.support.operations.rights import Scene
from tests.support.stores.changed_rows import watched

scene = _scene

AT = 1_760_001_000
CHANGED: dict[str, str] = {
    "runs.request.request": """
        audit of admin: +
        audit of admin: + action 'sync'
        audit of admin: + after 'run:16'
        audit of admin: + at 1760001000
        audit of admin: + subject 'merchant:13'
        audit of admin: + who 'admin'
        run pull of Acme: requested_at 1760000000 -> 1760001000
        run pull of Acme: rev 0 -> 1
        run_event 16, 1: +
        run_event 16, 1: + at 1760001000
        run_event 16, 1: + level 'info'
        run_event 16, 1: + text 'Also requested by admin (manual).'
    """,
    "runs.runs.cancel": """
        audit of admin: +
        audit of admin: + action 'cancel'
        audit of admin: + after 'cancelled'
        audit of admin: + at 1760001000
        audit of admin: + before 'requested'
        audit of admin: + subject 'run:16'
        audit of admin: + who 'admin'
        run pull of Acme: cancel_requested 0 -> 1
        run pull of Acme: ended_at None -> 1760001000
        run pull of Acme: rev 0 -> 1
        run pull of Acme: state 'requested' -> 'cancelled'
        run_event 16, 1: +
        run_event 16, 1: + at 1760001000
        run_event 16, 1: + level 'info'
        run_event 16, 1: + text 'admin asked to stop it.'
    """,
    "runs.runs.release": """
        audit of admin: +
        audit of admin: + action 'release'
        audit of admin: + at 1760001000
        audit of admin: + before '[{"breaker": "zero", "measure": 1, "text": "too many"}]'
        audit of admin: + reason 'a test'
        audit of admin: + subject 'run:15'
        audit of admin: + who 'admin'
        run push of Acme Shop: released '{}' -> '{"zero": 1, "MASS_ZERO": 0, "JUMP": 0}'
        run push of Acme Shop: requested_at 1760000000 -> 1760001000
        run push of Acme Shop: rev 1 -> 2
        run push of Acme Shop: state 'held' -> 'requested'
        run_event 15, 1: +
        run_event 15, 1: + at 1760001000
        run_event 15, 1: + level 'info'
        run_event 15, 1: + text 'admin released it: a test.'
    """,
    "runs.runs.discard": """
        audit of admin: +
        audit of admin: + action 'discard'
        audit of admin: + at 1760001000
        audit of admin: + before '[{"breaker": "zero", "measure": 1, "text": "too many"}]'
        audit of admin: + reason 'a test'
        audit of admin: + subject 'run:15'
        audit of admin: + who 'admin'
        run push of Acme Shop: cancel_requested 0 -> 1
        run push of Acme Shop: ended_at 1 -> 1760001000
        run push of Acme Shop: rev 1 -> 2
        run push of Acme Shop: state 'held' -> 'cancelled'
        run_event 15, 1: +
        run_event 15, 1: + at 1760001000
        run_event 15, 1: + level 'info'
        run_event 15, 1: + text 'admin discarded it: a test.'
    """,
    "plans.plans.save_plan": """
        plan 6: +
        plan 6: + cart_id Acme Shop
        plan 6: + kind 'rules'
        plan 6: + made_at 1760001000
        plan 6: + made_by 'admin'
        plan 6: + n 0
        plan 6: + rules_rev 1
        plan 6: + seq 8
        plan 6: + trips '[]'
    """,
    "plans.plans.apply": """
        audit of admin: +
        audit of admin: +
        audit of admin: + action 'apply'
        audit of admin: + action 'freeze'
        audit of admin: + after 'frozen'
        audit of admin: + after 'run:15'
        audit of admin: + at 1760001000
        audit of admin: + at 1760001000
        audit of admin: + before '[]'
        audit of admin: + reason 'a test'
        audit of admin: + reason 'plan 5 (safe): a test'
        audit of admin: + subject 'cart:14'
        audit of admin: + subject 'plan:5'
        audit of admin: + who 'admin'
        audit of admin: + who 'admin'
        cart Acme Shop: frozen_at None -> 1760001000
        cart Acme Shop: frozen_by '' -> 'admin'
        cart Acme Shop: frozen_why '' -> 'plan 5 (safe): a test'
        run push of Acme Shop: plan_id None -> 5
        run push of Acme Shop: requested_at 1760000000 -> 1760001000
        run push of Acme Shop: rev 1 -> 2
        run push of Acme Shop: state 'held' -> 'requested'
        run_event 15, 1: +
        run_event 15, 1: + at 1760001000
        run_event 15, 1: + level 'info'
        run_event 15, 1: + text 'admin applied plan 5: a test.'
    """,
    "plans.undo.safe": """
        plan 6: +
        plan 6: + cart_id Acme Shop
        plan 6: + kind 'safe'
        plan 6: + made_at 1760001000
        plan 6: + made_by 'admin'
        plan 6: + n 2
        plan 6: + reason 'a test'
        plan 6: + rules_rev 1
        plan 6: + seq 8
        plan 6: + trips '[]'
    """,
    "plans.freeze.freeze": """
        audit of admin: +
        audit of admin: + action 'freeze'
        audit of admin: + after 'frozen'
        audit of admin: + at 1760001000
        audit of admin: + reason 'a test'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        cart Acme Shop: frozen_at None -> 1760001000
        cart Acme Shop: frozen_by '' -> 'admin'
        cart Acme Shop: frozen_why '' -> 'a test'
    """,
    "listings.drift.verify": """
        audit of admin: +
        audit of admin: + action 'radar'
        audit of admin: + after 'run:17'
        audit of admin: + at 1760001000
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        run radar of Acme Shop: +
        run radar of Acme Shop: + after_again 0
        run radar of Acme Shop: + again 0
        run radar of Acme Shop: + again_for '[]'
        run radar of Acme Shop: + cancel_requested 0
        run radar of Acme Shop: + counts '{}'
        run radar of Acme Shop: + done 0
        run radar of Acme Shop: + epoch 0
        run radar of Acme Shop: + full 0
        run radar of Acme Shop: + key 14
        run radar of Acme Shop: + kind 'radar'
        run radar of Acme Shop: + merchant_id Acme
        run radar of Acme Shop: + phases '[]'
        run radar of Acme Shop: + reasons '{}'
        run radar of Acme Shop: + released '{}'
        run radar of Acme Shop: + requested_at 1760001000
        run radar of Acme Shop: + requested_by 'admin'
        run radar of Acme Shop: + rev 0
        run radar of Acme Shop: + state 'requested'
        run radar of Acme Shop: + then_push 0
        run radar of Acme Shop: + trigger 'manual'
        run radar of Acme Shop: + trips '[]'
    """,
    "listings.drift.correct": """
        audit of admin: +
        audit of admin: + action 'heal'
        audit of admin: + after '{"n": 1, "skus": ["A"], "class": null}'
        audit of admin: + at 1760001000
        audit of admin: + reason 'a test'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        listing L-A in Acme Shop: heal 0 -> 1
        listing L-A in Acme Shop: pending 0 -> 1
    """,
    "listings.drift.verify_every": """
        audit of admin: +
        audit of admin: + action 'radar set'
        audit of admin: + after '{"every": 3600}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"every": null}'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        schedule radar, 14: +
        schedule radar, 14: + every 3600
        schedule radar, 14: + failures 0
        schedule radar, 14: + jitter 60
        schedule radar, 14: + next_at 1760004600
    """,
    "catalog.sku.sync_now": """
        audit of admin: +
        audit of admin: + action 'sync listings'
        audit of admin: + after '{"listings": [{"id": 53, "sku": "A"}, {"id": 54, "sku": "B"}], "total": 2}... (76 characters)
        audit of admin: + at 1760001000
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        listing L-A in Acme Shop: pending 0 -> 1
        listing L-B in Acme Shop: pending 0 -> 1
    """,
    "catalog.sku.set_excluded": """
        audit of admin: +
        audit of admin: + action 'exclude'
        audit of admin: + after '{"excluded": 1}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"listings": [{"id": 53, "sku": "A", "excluded": 0}, {"id": 54, "sku": "B"... (106 characters)
        audit of admin: + reason 'a test'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        counter seq: value 8 -> 9
        listing L-A in Acme Shop: excluded 0 -> 1
        listing L-A in Acme Shop: seq 8 -> 9
        listing L-B in Acme Shop: excluded 0 -> 1
        listing L-B in Acme Shop: seq 8 -> 9
    """,
    "catalog.sku.set_locked": """
        audit of admin: +
        audit of admin: + action 'lock'
        audit of admin: + after '{"locked": 1}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"listings": [{"id": 53, "sku": "A", "locked": 0}, {"id": 54, "sku": "B", ... (102 characters)
        audit of admin: + reason 'a test'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        counter seq: value 8 -> 9
        listing L-A in Acme Shop: locked 0 -> 1
        listing L-A in Acme Shop: seq 8 -> 9
        listing L-B in Acme Shop: locked 0 -> 1
        listing L-B in Acme Shop: seq 8 -> 9
    """,
    "catalog.sku.set_override": """
        audit of admin: +
        audit of admin: + action 'override'
        audit of admin: + after '{"override": 2}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"listings": [{"id": 53, "sku": "A", "override": null}, {"id": 54, "sku": ... (112 characters)
        audit of admin: + reason 'a test'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        counter seq: value 8 -> 9
        listing L-A in Acme Shop: override None -> 2
        listing L-A in Acme Shop: seq 8 -> 9
        listing L-B in Acme Shop: override None -> 2
        listing L-B in Acme Shop: seq 8 -> 9
    """,
    "settings.merchants.add": """
        audit of admin: +
        audit of admin: + action 'merchant add'
        audit of admin: + after '{"every": 3600, "name": "New", "options": "{}", "system": "sandbox", "url"... (99 characters)
        audit of admin: + at 1760001000
        audit of admin: + subject 'merchant:15'
        audit of admin: + who 'admin'
        merchant New: +
        merchant New: + created_at 1760001000
        merchant New: + inventory_sync 0
        merchant New: + name 'New'
        merchant New: + rev 1
        merchant New: + stale_after 86400
        schedule pull, 15: +
        schedule pull, 15: + every 3600
        schedule pull, 15: + failures 0
        schedule pull, 15: + jitter 60
        schedule pull, 15: + next_at 1760001000
        source 4: +
        source 4: + deadline_ms 30000
        source 4: + full_every 86400
        source 4: + merchant_id New
        source 4: + options '{}'
        source 4: + orders_within 900
        source 4: + secrets '{}'
        source 4: + system 'sandbox'
        source 4: + url 'http://127.0.0.1:9'
        warehouse Default of New: +
        warehouse Default of New: + code 'Default'
        warehouse Default of New: + enabled 1
        warehouse Default of New: + merchant_id New
        warehouse Default of New: + name 'Default'
    """,
    "settings.merchants.change": """
        audit of admin: +
        audit of admin: + action 'merchant set'
        audit of admin: + after '{"inventory_sync": false}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"inventory_sync": true}'
        audit of admin: + subject 'merchant:13'
        audit of admin: + who 'admin'
        merchant Acme: inventory_sync 1 -> 0
        merchant Acme: rev 1 -> 2
    """,
    "settings.carts.add": """
        audit of admin: +
        audit of admin: + action 'cart add'
        audit of admin: + after '{"every": null, "merchant": "Acme", "name": "New", "options": "{\\\\"shop\\\\"... (175 characters)
        audit of admin: + at 1760001000
        audit of admin: + subject 'cart:15'
        audit of admin: + who 'admin'
        cart New: +
        cart New: + buffer 0
        cart New: + combine_all 1
        cart New: + created_at 1760001000
        cart New: + cutoff_below 0
        cart New: + deadline_ms 30000
        cart New: + gone_accepted '[]'
        cart New: + heal 'never'
        cart New: + inactive_products 'keep'
        cart New: + jump_count 25
        cart New: + jump_factor 10
        cart New: + jump_percent 10
        cart New: + match_mark 0
        cart New: + matched_rev 0
        cart New: + merchant_id Acme
        cart New: + name 'New'
        cart New: + observe_every 900
        cart New: + options '{"shop": "main"}'
        cart New: + push_kind 0
        cart New: + pushed_rules_rev 0
        cart New: + relist_every 86400
        cart New: + rev 1
        cart New: + rules_rev 1
        cart New: + secrets '{}'
        cart New: + share_percent 100
        cart New: + shrink_percent 20
        cart New: + system 'sandbox'
        cart New: + units_per_listing 1
        cart New: + upload_enabled 0
        cart New: + url 'http://127.0.0.1:9'
        cart New: + watermark 0
        cart New: + zero_count 25
        cart New: + zero_percent 10
    """,  # noqa: E501
    "settings.carts.change": """
        audit of admin: +
        audit of admin: + action 'cart set'
        audit of admin: + after '{"cutoff_below": 3}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"cutoff_below": 0}'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        cart Acme Shop: cutoff_below 0 -> 3
        cart Acme Shop: rev 1 -> 2
        cart Acme Shop: rules_rev 1 -> 2
    """,
    "settings.forms.save": """
        audit of admin: +
        audit of admin: + action 'cart set'
        audit of admin: + after '{"cutoff_below": 3}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"cutoff_below": 0}'
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        cart Acme Shop: cutoff_below 0 -> 3
        cart Acme Shop: rev 1 -> 2
        cart Acme Shop: rules_rev 1 -> 2
    """,
    "connections.webhooks.show": """
        audit of admin: +
        audit of admin: + action 'cart webhook address'
        audit of admin: + at 1760001000
        audit of admin: + subject 'cart:14'
        audit of admin: + who 'admin'
        hook_address Acme Shop: +
        hook_address Acme Shop: + made_at 1760001000
    """,
    "catalog.warehouses.set_enabled": """
        audit of admin: +
        audit of admin: + action 'warehouse disable'
        audit of admin: + after '{"enabled": false}'
        audit of admin: + at 1760001000
        audit of admin: + before '{"enabled": true}'
        audit of admin: + reason 'a test'
        audit of admin: + subject 'warehouse:10'
        audit of admin: + who 'admin'
        cart Acme Shop: rev 1 -> 2
        cart Acme Shop: rules_rev 1 -> 2
        warehouse EAST of Acme: enabled 1 -> 0
    """,
}
"""By operation, as an admin of the scene calls it."""


@pytest.mark.parametrize("name", CHANGED)
def test_an_order_changes_this_and_nothing_else(
    scene: Scene,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: float(AT))
    with watched(scene.shelf.bench.store) as told:
        CALLS[name](session_of(scene.shelf, "admin"), scene)
    assert told.lines == [line.strip() for line in CHANGED[name].strip().splitlines()]


REASON = "a test"
"""What the operator of the calls says, and in the tests below a secret."""


@pytest.fixture
def secret_reason() -> None:
    http_log.gate.known.remember(REASON, "an owner")


@pytest.mark.usefixtures("secret_reason")
@pytest.mark.parametrize("name", [name for name, lines in CHANGED.items() if REASON in lines])
def test_a_secret_in_a_reason_is_not_kept(scene: Scene, name: str) -> None:
    with watched(scene.shelf.bench.store) as told:
        CALLS[name](session_of(scene.shelf, "admin"), scene)
    assert any(BLACK in line for line in told.lines)
    assert not [line for line in told.lines if REASON in line]


@pytest.mark.usefixtures("secret_reason")
def test_a_secret_in_the_reason_of_changed_settings_is_not_kept(scene: Scene) -> None:
    session = session_of(scene.shelf, "admin")
    with watched(scene.shelf.bench.store) as told:
        carts.change(session, "Acme Shop", {"minimum": "3"}, reason=REASON)
        merchants.change(session, "Acme", {"sync": "off"}, reason=REASON)
        forms.save(session, f"merchant:{scene.shelf.merchant}", 2, {"sync": "on"}, REASON)
        removal.remove(session, f"cart:{scene.cart}", "Acme Shop", reason=REASON)
    assert len([line for line in told.lines if line.endswith(f"+ reason '{BLACK}'")]) >= 3
    assert not [line for line in told.lines if REASON in line]
