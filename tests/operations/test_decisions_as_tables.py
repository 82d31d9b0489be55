"""Decisions of operations that need no store, or one row of it: who works, what an entry says of a listing, which carts."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.operations.diagnosis import audit_text, doctor
from invsync_tui.operations.plans import freeze
from invsync_tui.operations.runs import runs
from invsync_tui.operations.service import workers
from invsync_tui.operations.views import ServiceState, WorkerState, WorkerView
from invsync_tui.store.runs.timeline import AuditedChange
from tests.support.products_store import Shelf

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
