"""Decisions of operations that need no store, or one row of it: who works, what an entry says of a listing, which carts."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.operations.diagnosis import audit_text, doctor
from invsync_tui.operations.lists.list_views import WarehouseLine
from invsync_tui.operations.plans import freeze
from invsync_tui.operations.runs import runs
from invsync_tui.operations.service import workers
from invsync_tui.operations.settings import choices, views
from invsync_tui.operations.views import ServiceState, WorkerState, WorkerView
from invsync_tui.rules.worker_health import Process
from invsync_tui.store.runs.timeline import AuditedChange
from invsync_tui.store.runs.workers import WorkerRow
from tests.support.stores.products_store import Shelf

RESPONDING, SILENT, UNKNOWN = WorkerState.RESPONDING, WorkerState.NOT_RESPONDING, WorkerState.UNKNOWN


def worker(state: WorkerState, kind: str = "serve", *, here: bool = True) -> WorkerView:
    return WorkerView("w", kind, 7, "host-2", here, 1, 1, state, 5, f"worker {state}", f"mend {state}")


@pytest.mark.parametrize(("found", "alive", "state", "text", "advice"), [
    ([], False, ServiceState.NONE, "no service", workers.START),
    ([], True, ServiceState.DETACHED, "a worker is starting", ""),
    ([worker(RESPONDING)], True, ServiceState.RUNNING, "service running", ""),
    ([worker(RESPONDING, here=False)], True, ServiceState.RUNNING, "service running on host-2", ""),
    ([worker(RESPONDING, here=False), worker(RESPONDING)], True, ServiceState.RUNNING, "service running", ""),
    (
        [worker(SILENT), worker(RESPONDING)], True, ServiceState.RUNNING, f"service running; worker {SILENT}",
        f"mend {SILENT}",
    ),
    (
        [worker(RESPONDING, "detached")], True, ServiceState.DETACHED, "detached worker running, ends by itself", "",
    ),
    (
        [worker(UNKNOWN), worker(RESPONDING, "detached"), worker(SILENT)], True, ServiceState.DETACHED,
        f"detached worker running, ends by itself; worker {SILENT}", f"mend {SILENT}",
    ),
    ([worker(UNKNOWN), worker(SILENT)], True, ServiceState.NOT_RESPONDING, f"worker {SILENT}", f"mend {SILENT}"),
    ([worker(UNKNOWN)], True, ServiceState.UNKNOWN, f"worker {UNKNOWN}", f"mend {UNKNOWN}"),
])  # fmt: skip
def test_who_executes_requests(
    tmp_path: Path, found: list[WorkerView], alive: bool, state: ServiceState, text: str, advice: str
) -> None:
    told = workers._service(tmp_path / "store.db", tuple(found), alive)
    assert (told.state, told.text, told.advice, told.workers, told.log) == (state, text, advice, tuple(found), "")


HERE, THERE = "service (process 7)", "service on host-2 (process 7)"
END = "End it with: kill -9 7. Then start another, which continues its runs: invsync serve"
RESUME = "Resume it with: kill -CONT 7. Or end it with: kill -9 7; the next worker continues its runs."
CLOCKS = "Set the clocks right (NTP), or look on host-2: invsync status"


@pytest.mark.parametrize(("state", "process", "silent", "here", "text", "advice"), [
    (RESPONDING, Process.RUNNING, 5, True, "", ""),
    (RESPONDING, Process.ELSEWHERE, 5, False, "", ""),
    (WorkerState.GONE, Process.GONE, 5, True, f"{HERE} is gone", "Start one with: invsync serve"),
    (WorkerState.GONE, Process.GONE, 5, False, f"{THERE} is gone", "Start one with: invsync serve"),
    (
        UNKNOWN, Process.ELSEWHERE, -600, False,
        f"the clock of host-2 is 10 min ahead: whether the {THERE} responds is not known", CLOCKS,
    ),
    (SILENT, Process.STOPPED, 9, True, f"{HERE} is suspended", RESUME),
    (SILENT, Process.STOPPED, 10, True, f"{HERE} is suspended and not responding for 10 s", RESUME),
    (SILENT, Process.RUNNING, 125, True, f"{HERE} not responding for 2 min", END),
    (
        SILENT, Process.ELSEWHERE, 125, False, f"{THERE} not responding for 2 min (by the clock of this machine)",
        f"On host-2: {END}",
    ),
])  # fmt: skip
def test_what_is_wrong_with_a_worker_and_what_to_do(
    state: WorkerState, process: Process, silent: int, here: bool, text: str, advice: str
) -> None:
    row = WorkerRow("w", "serve", 7, "host-2", 1, 1, "", 0)
    assert workers._words(row, state, process, silent, here) == (text, advice)
    detached = row._replace(kind="detached")
    words = workers._words(detached, state, process, silent, here)
    assert words == (text.replace("service", "detached worker"), advice)


@pytest.mark.parametrize(("changed", "words"), [
    ({}, "3 products"), ({"products": 1}, "1 product"), ({"name": "East Coast"}, "East Coast, 3 products"),
    ({"enabled": False}, "3 products, disabled"), ({"vanished_at": 5}, "3 products, no longer reported"),
    ({"vanished_at": 0}, "3 products, no longer reported"), ({"stale": True}, "3 products, stale"),
    (
        {"name": "East Coast", "enabled": False, "vanished_at": 5, "stale": True},
        "East Coast, 3 products, disabled, no longer reported, stale",
    ),
])  # fmt: skip
def test_what_is_said_of_a_warehouse_that_can_be_chosen(changed: dict[str, Any], words: str) -> None:
    line = WarehouseLine(
        id=2, merchant_id=1, code="EAST", name="EAST", enabled=True, products=3, last_full_at=9, confirmed_at=9,
        vanished_at=None, stale=False, carts=(),
    )  # fmt: skip
    assert choices._described(replace(line, **changed)) == words


def test_a_connection_is_what_its_columns_say() -> None:
    row = {
        "system": "sandbox", "url": "https://cart.test", "login": "me", "secret": "env:A", "options": '{"shop": "two"}',
        "deadline_ms": 12_500, "last_error": "refused", "secrets": '{"token": "env:B"}',
    }  # fmt: skip
    assert views.connection_of(row) == views.ConnectionSetup(
        system="sandbox", url="https://cart.test", login="me", secret="env:A", options={"shop": "two"}, deadline=12.5,
        last_error="refused", secrets={"token": "env:B"},
    )  # fmt: skip


def ordered(action: str, subject: str, before: Any = "", after: Any = "") -> AuditedChange:
    fields = dict.fromkeys(AuditedChange._fields, "") | {"action": action, "subject": subject}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in
             (("before", before), ("after", after))}  # fmt: skip
    return AuditedChange(**fields | texts)


TWO = [{"id": 5, "sku": "A", "locked": 0}, {"id": 6, "sku": "B", "locked": 1}]


@pytest.mark.parametrize(("entry", "words"), [
    (ordered("lock", "cart:1", {"listings": TWO}, {"locked": True, "override": None}), "lock locked on override none"),
    (ordered("sync listings", "cart:1", "", {"listings": TWO}), "sync listings"),
    (ordered("lock", "cart:1", {"listings": TWO[1:]}, {"locked": 1}), None),
    (ordered("lock", "cart:1", {"listings": TWO[1:], "total": 1}, {"locked": 1}), None),
    (
        ordered("lock", "cart:1", {"listings": TWO[1:], "total": 2}, {"locked": 1}),
        "lock, perhaps: one of 1 that are not named",
    ),
    (
        ordered("lock", "cart:1", {"listings": TWO[1:], "total": 9}, {"locked": 1}),
        "lock, perhaps: one of 8 that are not named",
    ),
    (
        ordered("cart set", "cart:1", {"buffer": 1, "warehouses": [], "rev": 2}, {"buffer": 2, "warehouses": [1, 2], "rev": 2}),
        "cart set: buffer 1 to 2, warehouses all to 1+2",
    ),
    (ordered("set", "cart:1", {"upload": True}, {"upload": False}), "set cart: upload on to off"),
    (ordered("release", "run:17", "x", ""), "release run 17"),
    (ordered("freeze", "cart:1", "", "frozen"), "freeze cart"),
    (ordered("cart frozen", "cart:1"), "cart frozen"),
])  # fmt: skip
def test_what_an_entry_says_of_a_listing(entry: AuditedChange, words: str | None) -> None:
    assert audit_text.describe(entry, 5) == words


def test_a_run_takes_the_place_of_its_own_kind_and_cart_alone() -> None:
    siblings: Any = tuple(SimpleNamespace(kind=kind, cart_id=cart) for kind, cart in product(("push", "radar"), (1, 2)))
    older: Any = SimpleNamespace(kind="push", cart_id=2)
    assert runs._with(siblings, older) == (siblings[0], older, *siblings[2:])


@pytest.mark.parametrize("listed_at", [None, 5])
@pytest.mark.parametrize(("watermark", "upload", "held", "matched", "expected"), [
    (0, 1, False, 3, "settings changed since the last push"), (0, 1, True, 3, ""), (0, 0, False, 3, ""),
    (7, 1, False, 3, ""), (7, 1, True, 2, "settings changed since the last push"),
    (7, 0, False, 2, "settings changed since the last push"),
])  # fmt: skip
def test_when_the_last_plan_cannot_speak_for_the_settings(
    monkeypatch: pytest.MonkeyPatch, listed_at: int | None, watermark: int, upload: int, held: bool, matched: int,
    expected: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(doctor, "_newest", lambda *_: SimpleNamespace(state="held" if held else "done"))
    cart: Any = SimpleNamespace(
        id=1, listed_at=listed_at, watermark=watermark, upload_enabled=upload, matched_rev=matched, rules_rev=3
    )
    ground: Any = None
    assert doctor._unplanned(ground, cart) == ("its listings were never read" if listed_at is None else expected)


def test_carts_are_told_with_their_freeze_of_one_merchant_or_of_all(acme: Shelf) -> None:
    freeze.freeze(acme.session, "cart", acme.cart, "stock count")
    (line,) = freeze.lines(acme.session, acme.merchant)
    assert (line.cart_id, line.cart, line.merchant_id, line.why) == (
        acme.cart,
        "Acme Shop",
        acme.merchant,
        "stock count",
    )
    everybody = freeze.lines(acme.session)
    assert [(one.cart_id, one.since is not None) for one in everybody if one.merchant_id != acme.merchant] == [
        (3, False), (4, True), (9, True), (13, True),
    ]  # fmt: skip
    assert line in everybody
