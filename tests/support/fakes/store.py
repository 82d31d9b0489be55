"""A connection and session without a store: event driven and idle, so that tests measure the control room alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from invsync_tui.operations.diagnosis.doctor import Checkup
from invsync_tui.operations.diagnosis.evidence import CartReading
from invsync_tui.operations.diagnosis.why import Why
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.lists.list_views import CartLine
from invsync_tui.operations.lists.rows import Count, Ordering, Rows
from invsync_tui.operations.merchants.home import Head, HomeLine
from invsync_tui.operations.names import Everybody
from invsync_tui.operations.names import Named as Called
from invsync_tui.operations.roles import Role
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import (
    Action,
    CartRow,
    EventRow,
    HoldView,
    MerchantRow,
    Overview,
    PastPush,
    PhaseState,
    PhaseView,
    Problem,
    Pulse,
    RateView,
    ReasonRow,
    Requested,
    RunDetail,
    RunKind,
    RunRow,
    RunState,
    ServiceState,
    ServiceView,
)
from invsync_tui.rules.outcomes import REASONS, Counts, Outcome, Reason
from invsync_tui.rules.safety_rules import TrippedRule
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.fakes.drift import FakeDrift
from tests.support.fakes.fixes import FakeFixes
from tests.support.fakes.identity import FakeIdentity
from tests.support.fakes.lists import HOSTILE, FakeLists
from tests.support.fakes.operations import Fake, give_back, stand_in
from tests.support.fakes.plans import FakePlans
from tests.support.fakes.reports import DEAF, checkup, why_of
from tests.support.fakes.runs import FakeHistory
from tests.support.fakes.settings import FakeForms, FakeRemoval

NOW = int(time.time())
STARTED = "No service is running, so a worker was started; it continues when this terminal closes."


def merchant(number: int, name: str, **changes: object) -> MerchantRow:
    """A healthy merchant, apart from what is changed."""
    row = MerchantRow(
        id=number,
        name=name,
        source="tryton",
        sync_on=True,
        last_run_at=NOW - 240,
        status="success",
        next_run_at=NOW + 300,
        carts=2,
        active_run=None,
        latest_run=10 + number,
        held=0,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def run_row(number: int, **changes: object) -> RunRow:
    """A finished push of 4812 SKUs, apart from what is changed."""
    row = RunRow(
        id=number,
        kind=RunKind.PUSH,
        merchant_id=1,
        merchant="Demo Outdoor",
        cart_id=7,
        cart="Demo Cart EU",
        state=RunState.DONE,
        trigger="manual",
        requested_by="demo",
        requested_at=NOW - 250,
        started_at=NOW - 240,
        ended_at=NOW - 100,
        phase="push",
        done=4812,
        total=4812,
        counts=Counts(total=4812, set=4100, equal=690, skipped=22),
        error="",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def reason_row(reason: Reason, outcome: Outcome, count: int, *sample: str) -> ReasonRow:
    words = REASONS[reason]
    return ReasonRow(reason, outcome, count, words.text, words.advice, sample)


def detail(run: RunRow, **changes: object) -> RunDetail:
    """A run with three finished phases and two reasons."""
    whole = RunDetail(
        run=run,
        phases=(
            PhaseView("plan", PhaseState.DONE, 4812, 4812, NOW - 240.0, NOW - 232.0),
            PhaseView("push", PhaseState.DONE, 4122, 4122, NOW - 232.0, NOW - 104.0),
            PhaseView("verify", PhaseState.DONE, 4100, 4100, NOW - 104.0, NOW - 100.0),
        ),
        per_second=None,
        eta=None,
        reasons=(
            reason_row(Reason.NOT_IN_WMS, Outcome.SKIPPED, 14, "DEMO-1001", "DEMO-1002", "0012345"),
            reason_row(Reason.AMBIGUOUS_ALIAS, Outcome.SKIPPED, 8, "4000000000031"),
        ),
        rate=RateView(available=31.5, limit=40, per_second=2, from_server=True, waited=14),
        events=(
            EventRow(1, NOW - 240, "info", "Plan of 4,812 listings"),
            EventRow(2, NOW - 170, "warning", "The cart asked us to slow down; waited 14 s"),
            EventRow(3, NOW - 100, "info", "Done"),
        ),
        hold=None,
        actions=frozenset({Action.START}),
        worker_running=True,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def live_detail(number: int, done: int) -> RunDetail:
    """A running push that has sent `done` of 4122 listings."""
    counts = Counts(total=4812, set=done, equal=690, skipped=22)
    run = run_row(number, state=RunState.RUNNING, ended_at=None, done=done, total=4122, counts=counts)
    events = tuple(
        EventRow(n, NOW - 60, "info", f"Batch {n} of 50 accepted by the cart") for n in range(1, done // 50 + 2)
    )
    return detail(
        run,
        phases=(
            PhaseView("plan", PhaseState.DONE, 4812, 4812, NOW - 240.0, NOW - 232.0),
            PhaseView("push", PhaseState.RUNNING, done, 4122, NOW - 232.0, None),
            PhaseView("verify", PhaseState.WAITING, 0, None, None, None),
        ),
        per_second=52.4 + done % 7,
        eta=(4122 - done) // 52,
        rate=RateView(available=40 - done // 10 % 40, limit=40, per_second=2, from_server=True, waited=done // 300),
        events=events[-200:],
        actions=frozenset({Action.CANCEL}),
    )


MASS_ZERO = TrippedRule("MASS_ZERO", "Mass zero: 380 of 412 listings (92 %) would go to 0; the limit is 25 %.")


def held_detail(number: int) -> RunDetail:
    """A push that a safety rule stopped."""
    run = run_row(
        number, state=RunState.HELD, ended_at=None, cart_id=8, cart="Demo Cart US", counts=Counts(total=412, held=412)
    )
    return detail(
        run,
        phases=(
            PhaseView("plan", PhaseState.DONE, 412, 412, NOW - 240.0, NOW - 238.0),
            PhaseView("push", PhaseState.WAITING, 0, None, None, None),
        ),
        hold=HoldView((MASS_ZERO,), 412, 380),
        reasons=(reason_row(Reason.HELD_FOR_REVIEW, Outcome.HELD, 412, "DEMO-1", "DEMO-2"),),
        events=(EventRow(1, NOW - 238, "warning", "Held: mass zero"),),
        actions=frozenset({Action.RELEASE, Action.DISCARD}),
        rate=None,
    )


def pull_detail(number: int) -> RunDetail:
    """A download that failed."""
    run = run_row(
        number,
        kind=RunKind.PULL,
        cart_id=None,
        cart=None,
        state=RunState.FAILED,
        error="https://wms.example/api: refused our login (401). Correct the secret, then test the connection.",
        counts=Counts(),
    )
    phases = (PhaseView("products", PhaseState.FAILED, 300, None, NOW - 240.0, NOW - 200.0),)
    return detail(run, phases=phases, reasons=(), rate=None, events=())


def demo_merchants() -> tuple[MerchantRow, ...]:
    """One of each kind that the list must be able to show."""
    refused = Problem(
        "The WMS refused our login (401) since 09:12.",
        "Correct the secret, test the connection, then run again; it is never retried by itself.",
    )
    stale = Problem("Warehouse WH-2 was last loaded completely 9 h ago.", "Check the WMS feed.", urgent=False)
    return (
        merchant(1, "Demo Outdoor", status="running: push 42 %", active_run=11, held=1),
        merchant(
            2, "Demo Books", status="failed: https://wms.example refused our login (401)", problems=(refused, stale)
        ),
        merchant(3, "Demo Café", sync_on=False, status="off", next_run_at=None),
        merchant(4, "Demo New", source="", last_run_at=None, status="", latest_run=None, next_run_at=None, carts=0),
        merchant(5, "Demo Läden", status="success", last_run_at=NOW - 90_000),
    )


def home_cart(cart: CartLine, **changes: object) -> CartRow:
    """A cart as it stands beneath its merchant, healthy apart from what is changed."""
    row = CartRow(
        id=cart.id,
        merchant_id=cart.merchant_id,
        merchant=cart.merchant,
        name=cart.name,
        system=cart.system,
        upload_on=cart.upload_on,
        last_push_at=cart.last_push_at,
        status=cart.status,
        next_run_at=cart.next_run_at,
        not_due=cart.not_due,
        active_run=cart.active_run,
        latest_run=cart.latest_run,
        held=int(cart.status.startswith("held")),
        mismatches=Count(0, exact=True),
        pushes=tuple(PastPush(RunState.DONE, updated) for updated in (0, 3, 12, 0, 1)),
    )
    return replace(row, **changes)  # type: ignore[arg-type]


class FakeStore(Fake, FakeLists, StoreConnection):
    """Connection and session in one, answering from memory. `commit` is what another process would do."""

    def __init__(self, merchants: tuple[MerchantRow, ...] | None = None, *, read_only: bool = False) -> None:
        FakeLists.__init__(self)
        StoreConnection.__init__(self, Path("store.db"), read_only=read_only)
        self.role = "admin"
        self.label = "~/.local/share/invsync/store.db"
        self.merchants = demo_merchants() if merchants is None else merchants
        self.details = {11: live_detail(11, 1800), 12: pull_detail(12), 21: held_detail(21)}
        self.failure = ""
        self.alive = True
        self.forms = FakeForms()
        self.removal = FakeRemoval()
        self.history = FakeHistory()
        self.identity = FakeIdentity()
        self.plans = FakePlans()
        self.drift = FakeDrift()
        self.fixes = FakeFixes()
        self.explained: list[str] = []
        self.walked: list[int | None] = []
        self._commits = threading.Event()
        self._connected = 0

    # -- connection ---------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        if self.failure:
            raise OperationError(self.failure)
        self.operator = "demo"
        self._connected += 1
        stand_in()

    def close(self) -> None:
        self.operator = ""
        if self._connected:
            self._connected -= 1
            give_back()

    @property
    def session(self) -> Session:
        return cast(Session, self)

    def twin(self) -> FakeStore:
        return self

    def commit(self) -> None:
        self._commits.set()

    @property
    def uncollected(self) -> bool:
        """Whether something was committed and nobody has asked since."""
        return self._commits.is_set()

    def changed(self) -> bool:
        changed = self._commits.is_set()
        self._commits.clear()
        return changed

    # -- operations ---------------------------------------------------------------------------------------------------

    def read_rights(self) -> Role:
        return Role(self.role)

    def failed_worker(self) -> str:
        return ""

    def workers(self) -> ServiceView:
        return ServiceView(ServiceState.RUNNING if self.alive else ServiceState.NONE, "", "", (), "")

    def waiting(self) -> frozenset[int]:
        return frozenset(range(21, 21 + sum(row.held for row in self.merchants)))

    def overview(self) -> Overview:
        if self.failure:
            raise OperationError(self.failure)
        held = sum(row.held for row in self.merchants)
        failing = sum(row.status.startswith("failed") for row in self.merchants)
        running = sum(row.active_run is not None for row in self.merchants)
        return Overview(self.merchants, Pulse(running, held, failing, 1, self.alive))

    def everybody(self) -> Everybody:
        merchants = self.overview().merchants
        return Everybody(
            tuple(Called(row.id, row.name, row.id) for row in merchants),
            tuple(Called(cart.id, cart.name, cart.merchant_id) for cart in self.carts()),
        )

    def home_head(self) -> Head:
        return Head(self.overview().pulse, tuple(sorted(self.details, reverse=True)))

    def home_few(self, *, carts: bool) -> tuple[HomeLine, ...]:
        """Each merchant, with `carts` the carts of the history beneath it."""
        if self.failure:
            raise OperationError(self.failure)
        lines: list[HomeLine] = []
        for row in self.merchants:
            lines.append(row)
            lines += [home_cart(cart) for cart in self.history.carts if carts and cart.merchant_id == row.id]
        return tuple(lines)

    def home_paged(self, text: str = "", ordering: Ordering | None = None, *, carts: bool) -> Rows[HomeLine]:
        """Never asked: they are few."""
        raise NotImplementedError

    def run(self, run_id: int) -> RunDetail:
        stored = self.details.get(run_id)
        if stored is None:
            if run_id > 30:
                raise OperationError(f"There is no run {run_id} in this store.")
            stored = detail(run_row(run_id))
        siblings = tuple(each.run for each in self.details.values() if each.run.merchant_id == stored.run.merchant_id)
        return replace(stored, siblings=siblings)

    def carts(self, merchant_id: int | None = None) -> Sequence[CartLine]:
        return tuple(cart for cart in self.history.carts if merchant_id in (None, cart.merchant_id))

    def why(self, word: str) -> Why:
        self.explained.append(word)
        if self.failure:
            raise OperationError(self.failure)
        return why_of(word)

    def read_back(self, cart_id: int, refs: Sequence[str]) -> Mapping[str, CartReading | None]:
        if cart_id == DEAF:
            raise OperationError(f"The cart is down: {HOSTILE[1]}")
        return {ref: CartReading(41, 1, None, 1_760_000_000) for ref in refs}

    def run_bundle(self, run_id: int, folder: Path) -> Path:
        self.orders.append(("bundle", run_id, folder))
        return folder / "bundle.zip"

    def sku_bundle(self, word: str, folder: Path) -> Path:
        self.orders.append(("bundle", word, folder))
        return folder / "bundle.zip"

    def doctor(self, merchant_id: int | None = None) -> Checkup:
        self.walked.append(merchant_id)
        if self.failure:
            raise OperationError(self.failure)
        return checkup(len(self.walked))

    def start(self, merchant_id: int, cart_id: int | None = None) -> Requested:
        self.orders.append(("start", merchant_id, cart_id))
        return Requested((20,), worker_started=True, message=f"Requested run 20. {STARTED}")

    def cancel(self, run_id: int) -> str:
        self.orders.append(("cancel", run_id))
        return f"Run {run_id} stops after the request in flight."

    def resume(self, run_id: int) -> str:
        self.orders.append(("resume", run_id))
        return f"A worker was started; it continues run {run_id}."

    def release(self, run_id: int, reason: str, groups: Sequence[str] = ()) -> str:
        self.orders.append(("release", run_id, reason, *groups))
        return f"Run {run_id} was released."

    def discard(self, run_id: int, reason: str) -> str:
        self.orders.append(("discard", run_id, reason))
        return f"Run {run_id} was discarded."
