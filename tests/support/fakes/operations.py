"""Operations that a fake session answers: one table, and the stand-ins that ask the fake or call the real operation.

The control room calls operations with the session that it is given. While a `FakeStore` is connected, each operation
of the table asks the fake where its first argument is one, and is itself for every other session.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from operator import attrgetter
from typing import Any

OPERATIONS = {
    "names:everybody": "everybody",
    "merchants.home:head": "home_head",
    "merchants.home:few": "home_few",
    "merchants.home:paged": "home_paged",
    "runs.request:request": "start",
    "runs.request:failed_worker": "failed_worker",
    "service.workers:service": "workers",
    "runs.runs:detail": "run",
    "runs.runs:cancel": "cancel",
    "runs.runs:resume": "resume",
    "runs.runs:release": "release",
    "runs.runs:discard": "discard",
    "runs.history:runs": "history.runs",
    "runs.history:diff": "history.diff",
    "runs.history:skus": "history.skus",
    "runs.history:of_outcome": "history.of_outcome",
    "runs.changes:changes": "history.changes",
    "runs.changes:why_none": "history.why_none",
    "events:events": "history.events",
    "audit.audit:entries": "history.audit",
    "audit.audit:actions": "history.audit_actions",
    "runs.held:held": "history.held",
    "runs.held:waiting": "waiting",
    "runs.support_bundle:of_run": "run_bundle",
    "runs.support_bundle:of_sku": "sku_bundle",
    "catalog.stock:warehouses": "warehouses",
    "catalog.stock:levels": "levels",
    "catalog.stock:summary": "summary",
    "catalog.warehouses:set_enabled": "enable_warehouse",
    "catalog.search:search": "search",
    "catalog.search:exact_count": "search_count",
    "catalog.sku:view": "sku",
    "catalog.sku:sync_now": "sync_listings",
    "catalog.sku:set_excluded": "set_excluded",
    "catalog.sku:set_locked": "set_locked",
    "catalog.sku:set_override": "set_override",
    "catalog.aliases:types": "alias_types",
    "catalog.aliases:collisions": "collisions",
    "catalog.aliases:missing": "missing",
    "listings.carts:carts": "carts",
    "listings.arithmetic:of_listings": "targets",
    "listings.product_sync:listings": "listings",
    "listings.product_sync:tabs": "tabs",
    "listings.product_sync:everywhere": "everywhere",
    "listings.product_sync:tabs_everywhere": "tabs_everywhere",
    "listings.identity:unmatched": "identity.unmatched",
    "listings.identity:side_by_side": "identity.side_by_side",
    "listings.identity:link_list": "identity.link_list",
    "listings.identity:renamed": "identity.renamed",
    "listings.identity:tally": "identity.tally",
    "listings.links:accept": "identity.accept",
    "listings.links:accept_piece": "identity.accept_piece",
    "listings.links:link": "identity.link",
    "listings.links:remove": "identity.remove",
    "listings.fixes:offers": "fixes.offers",
    "listings.fixes:plan": "fixes.plan",
    "listings.fixes:make": "fixes.make",
    "listings.drift:drifted": "drift.drifted",
    "listings.drift:verify": "drift.verify",
    "listings.drift:correct": "drift.correct",
    "plans.plans:build_plan": "plans.build_plan",
    "plans.plans:view": "plans.view_of",
    "plans.plans:rows": "plans.rows",
    "plans.plans:load_plan": "plans.load_plan",
    "plans.plans:load_plan_rows": "plans.load_plan_rows",
    "plans.plans:save_plan": "plans.save_plan",
    "plans.plans:apply": "plans.apply",
    "plans.undo:undo": "plans.undo",
    "plans.freeze:freeze": "plans.freeze",
    "plans.freeze:unfreeze": "plans.unfreeze",
    "settings.forms:form": "forms.form",
    "settings.forms:check": "forms.check",
    "settings.forms:diff": "forms.diff",
    "settings.forms:preview": "forms.preview",
    "settings.forms:save": "forms.save",
    "settings.additions:offered": "forms.offered",
    "settings.additions:page": "forms.page",
    "settings.forms:incomplete": "forms.incomplete",
    "settings.forms:add": "forms.add",
    "settings.removal:contents": "removal.contents",
    "settings.removal:remove": "removal.remove",
    "settings.removal:clear": "removal.clear",
    "connections.connections:new_target": "forms.new_target",
    "connections.connections:target_of": "forms.target_of",
    "connections.connections:test": "steps",
    "diagnosis.why:why": "why",
    "diagnosis.evidence:read_back": "read_back",
    "diagnosis.doctor:doctor": "doctor",
    "diagnosis.sku_history:histories": "history.of_sku",
}
"""By module below `invsync_tui.operations` and function: the method that answers, of the fake session or of a part of it.
`connections.connections.test` is given no session but the fake connection that it tests."""


class Fake:
    """What an operation may be given as its first argument to be answered without a store."""


def operation(name: str) -> Callable[..., Any]:
    """The operation of an entry, or what stands in for it at this moment."""
    module, function = name.split(":")
    operation: Callable[..., Any] = getattr(import_module(f"invsync_tui.operations.{module}"), function)
    return operation


def _standing_in(real: Callable[..., Any], method: str) -> Callable[..., Any]:
    @wraps(real)
    def answer(first: object, *args: Any, **kwargs: Any) -> Any:
        # The method is looked up at each call: a test may have put another one in its place.
        ask = attrgetter(method)(first) if isinstance(first, Fake) else None
        return real(first, *args, **kwargs) if ask is None else ask(*args, **kwargs)

    return answer


_LOCK = threading.Lock()
_REAL = {name: operation(name) for name in OPERATIONS}
_STAND_INS = {name: _standing_in(_REAL[name], method) for name, method in OPERATIONS.items()}
_connected = 0


def connected() -> int:
    """How many want the stand-ins."""
    return _connected


def stand_in() -> None:
    """Put the stand-ins in place, until as many calls of `give_back`."""
    _change(1)


def give_back() -> None:
    """Undo one `stand_in`; the last one brings back the operations themselves."""
    _change(-1)


def _change(by: int) -> None:
    global _connected
    with _LOCK:
        before, _connected = _connected, _connected + by
        if 0 in (before, _connected):
            for name, function in (_STAND_INS if _connected else _REAL).items():
                module, _, attribute = name.partition(":")
                setattr(import_module(f"invsync_tui.operations.{module}"), attribute, function)
