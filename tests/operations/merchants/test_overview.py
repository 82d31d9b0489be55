"""The whole overview of a store with many merchants, each in a state of its own, against what was written into it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from invsync_tui import clock
from invsync_tui.operations.merchants import overview
from invsync_tui.operations.views import Freeze, MerchantRow, Problem, Pulse, ServiceState
from invsync_tui.store import models
from invsync_tui.store.diagnosis import findings
from invsync_tui.store.runs import workers
from invsync_tui.store.runs.workers import Beat
from invsync_tui.store.settings import schedule
from invsync_tui.store.settings import write as settings_write
from tests.support.stores.products_store import Shelf, Thing

LATER = 240
"""Seconds until the next download of those that have a schedule."""


@dataclass
class World:
    """The store at a fixed time: `now`, in epoch seconds."""

    acme: Shelf
    now: int
    merchants: dict[str, int] = field(default_factory=dict)
    carts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, *carts: str, sync: bool = True, system: str = "tryton", every: bool = True) -> int:
        """A merchant with carts and a schedule."""
        with self.acme.bench.store.session() as db:
            source = models.Source(merchant_id=0, system=system, url="http://127.0.0.1:9")
            row = settings_write.add_merchant(db, name, source, inventory_sync=sync, stale_after=None)
            number = self.merchants[name] = settings_write.number(row)
            for cart in carts:
                self._cart(db, number, cart)
        if every:
            self.schedule(number)
        return number

    def _cart(self, db, merchant: int, name: str) -> None:  # type: ignore[no-untyped-def]
        row = models.Cart(
            merchant_id=merchant, name=name, system="vendure", url="http://127.0.0.1:9", created_at=self.now, options="{}",
            upload_enabled=True,
        )  # fmt: skip
        self.carts[name] = settings_write.number(settings_write.add_cart(db, row, []))

    def add_cart(self, merchant: int, name: str) -> None:
        with self.acme.bench.store.session() as db:
            self._cart(db, merchant, name)

    def schedule(self, merchant: int) -> None:
        with self.acme.bench.store.transaction() as tx:
            schedule.put(tx, "pull", merchant, 600, 0, self.now + LATER)

    def run(
        self,
        kind: str,
        merchant: int,
        state: str,
        cart: str = "",
        *,
        error: str = "",
        ended: int | None = None,
        moved: int | None = None,
    ) -> int:
        """`ended` and `moved` (its last progress) are seconds ago."""

        def at(ago: int | None) -> int | None:
            return None if ago is None else self.now - ago

        key = self.carts[cart] if cart else merchant
        began = None if state == "requested" else self.now - 9000
        with self.acme.bench.store.transaction() as tx:
            made = tx.execute(
                "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, started_at, ended_at, "
                "heartbeat_at, error) VALUES (?, ?, ?, ?, 'test', 'tester', ?, ?, ?, ?, ?)",
                (kind, key, merchant, state, self.now - 9000, began, at(ended), at(moved), error),
            ).lastrowid  # fmt: skip
            if moved is not None:
                name = f"pull:{key}" if kind == "pull" else f"push:{key}"
                workers.acquire(tx, name, "far", self.now + 60)
        return int(made or 0)

    def write(self, sql: str, *values: object) -> None:
        with self.acme.bench.store.transaction() as tx:
            tx.execute(sql, values)

    def enter(self, kind: str, *, ago: int = 5) -> None:
        """A worker on another machine that beat so many seconds ago and executes all runs that move."""
        with self.acme.bench.store.transaction() as tx:
            workers.register(tx, "far", kind, 4242, "far-away", Beat(self.now - ago, "its-boot", 77))

    def shown(self) -> tuple[dict[str, MerchantRow], Pulse]:
        found = overview.overview(self.acme.session)
        names = [merchant.name for merchant in found.merchants]
        assert names == sorted([*self.merchants, "First Neighbor", "Second Neighbor"])
        return {merchant.name: merchant for merchant in found.merchants}, found.pulse


@pytest.fixture
def world(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> World:
    # The neighbors' times are those of the moment at which they were made, which in a long session is a while ago.
    now = int(acme.bench.one("SELECT max(ended_at) FROM run")) + 480
    monkeypatch.setattr(clock, "now", lambda: float(now))
    return World(acme, now, {"Acme": acme.merchant}, {"Acme Shop": acme.cart})


class Line(NamedTuple):
    """What a merchant's line says beside its problems."""

    source: str
    sync_on: bool
    last_run: int | None
    """Seconds ago."""
    status: str
    next_run: int | None
    """Seconds from now."""
    scheduled: bool
    carts: int
    active: int | None
    latest: int | None
    held: int


def said(row: MerchantRow, now: int) -> Line:
    return Line(
        row.source,
        row.sync_on,
        None if row.last_run_at is None else now - row.last_run_at,
        row.status.split(":")[0] if row.status.startswith("stalled") else row.status,
        None if row.next_run_at is None else row.next_run_at - now,
        row.scheduled,
        row.carts,
        row.active_run,
        row.latest_run,
        row.held,
    )


def commands(problems: Sequence[Problem]) -> list[tuple[str, bool]]:
    """The command that each problem advises, and whether it is urgent."""
    return [
        (re.sub(r".*?(invsync [^.]*?(?= --reason|$|\.)).*", r"\1", problem.advice), problem.urgent)
        for problem in problems
    ]


@pytest.mark.parametrize("service", ["serve", "detached", "not responding", "none"])
def test_each_merchant_has_its_own_times_states_and_counts_and_the_pulse_their_sums(world: World, service: str) -> None:
    # given: one whose download and push failed, one that works, one that waits, one that is off, one that stands still
    acme = world.merchants["Acme"]
    world.schedule(acme)
    world.run("pull", acme, "done", ended=8000)
    world.run("pull", acme, "failed", error="no route", ended=7200)
    acme_pull = world.run("pull", acme, "failed", error="no way", ended=300)
    acme_push = world.run("push", acme, "failed", "Acme Shop", error="refused", ended=100)
    works = world.add("Beta Goods", "B1", "B2")
    world.run("pull", works, "done", ended=4000)
    beta_push = world.run("push", works, "cancelling", "B1", moved=3)
    beta_pull = world.run("pull", works, "running", moved=2)
    beta_last = world.run("push", works, "requested", "B2")
    waits = world.add("Gamma", "G1")
    world.run("push", waits, "held", "G1", ended=50)
    world.run("pull", waits, "done", error="3 rows were left out", ended=1000)
    gamma_pull = world.run("pull", waits, "requested")
    off = world.add("Off", sync=False)
    off_pull = world.run("pull", off, "done", ended=90_000)
    still = world.add("Still", "S1", every=False)
    still_pull = world.run("pull", still, "running", moved=500)
    noticed = world.add("Zeta", every=False, system="sandbox")
    noticed_pull = world.run("pull", noticed, "done", error="3 rows were left out", ended=70)
    new = world.add("Eta")
    if service != "none":
        world.enter("detached" if service == "detached" else "serve", ago=100 if service == "not responding" else 5)
    # when
    rows, pulse = world.shown()
    # then
    on = LATER if service == "serve" else None
    well = service in ("serve", "detached")
    running, waiting = ("running" if well else "stalled"), "waiting for a worker"
    assert {name: said(row, world.now) for name, row in rows.items() if name in world.merchants} == {
        "Acme": Line("sandbox", True, 300, "failed: no way", on, True, 1, None, acme_push, 0),
        "Beta Goods": Line("tryton", True, 4000, running, on, True, 2, beta_pull, beta_last, 0),
        "Gamma": Line("tryton", True, 1000, waiting, on, True, 1, gamma_pull, gamma_pull, 1),
        "Off": Line("tryton", False, 90_000, "off", None, False, 0, None, off_pull, 0),
        "Still": Line("tryton", True, None, "stalled", None, False, 1, still_pull, still_pull, 0),
        "Zeta": Line("sandbox", True, 70, "done: 3 rows were left out", None, False, 0, None, noticed_pull, 0),
        "Eta": Line("tryton", True, None, "", on, True, 0, None, None, 0),
    }
    assert {name: rows[name].id for name in world.merchants} == world.merchants
    theirs = said(rows["First Neighbor"], world.now)
    assert (theirs.status, theirs.carts, theirs.held) == ("success", 2, 2)
    assert theirs.last_run is not None and 480 <= theirs.last_run < 600  # the store was made some time ago
    # and the stalls have their run and come first
    stalled = {beta_pull, beta_push, still_pull} if not well else {still_pull}
    told = {
        int(found[1])
        for row in rows.values()
        for problem in row.problems
        if (found := re.match(r"Run (\d+) \(.*\) is stalled", problem.text)) is not None
    }
    assert told == stalled
    assert f"Run {still_pull} " in rows["Still"].problems[0].text
    # and the pulse: four held runs and two warehouses beyond the limit are the neighbors'
    assert pulse == Pulse(
        running=3,
        held=5,
        failing=2,
        stale=2,
        service_running=well,
        findings=6,
        stalled=len(stalled),
        service=pulse.service,
    )
    assert pulse.service.state is {
        "serve": ServiceState.RUNNING, "detached": ServiceState.DETACHED, "none": ServiceState.NONE,
        "not responding": ServiceState.NOT_RESPONDING,
    }[service]  # fmt: skip
    assert [row.id for row in rows.values() if row.problems == ()] == ([works, noticed] if well else [noticed])
    assert commands(rows["Eta"].problems) == [("invsync sync Eta", True)]
    assert new == rows["Eta"].id
    # and the failures: how often in a row, since when, and one that came alone says neither
    by_run = {commands([problem])[0][0]: problem for problem in rows["Acme"].problems}
    twice, once = by_run[f"invsync runs {acme_pull}"].text, by_run[f"invsync runs {acme_push}"].text
    assert "inventory download" in twice and "no way" in twice and "2 runs in a row" in twice and "2 h ago" in twice
    assert "push to Acme Shop" in once and once.endswith("refused")


def test_all_problems_of_one_merchant_stand_in_their_order_with_urgency_and_keys(world: World) -> None:
    # given: everything at once
    acme = world.acme
    world.add_cart(acme.merchant, "Acme Outlet")
    world.carts["Acme Outlet"] = int(acme.bench.one("SELECT max(id) FROM cart WHERE merchant_id = ?", acme.merchant))
    radar = world.run("radar", acme.merchant, "failed", "Acme Outlet", error="gone", ended=5)
    pull = world.run("pull", acme.merchant, "done", ended=7000)
    push = world.run("push", acme.merchant, "held", "Acme Shop", ended=7300)
    (number,) = acme.put([Thing("1", "A")])
    acme.stock(acme.default, [(number, 3)])
    acme.bench.set_merchant(stale_after=3600)
    world.write("UPDATE source SET confirmed_at = ? WHERE merchant_id = ?", world.now - 7000, acme.merchant)
    world.write("UPDATE warehouse SET enabled = 0 WHERE id = ?", acme.east)
    world.write("UPDATE cart SET upload_enabled = 0 WHERE id = ?", world.carts["Acme Outlet"])
    world.write(
        "UPDATE merchant SET frozen_at = ?, frozen_by = 'ann', frozen_why = 'stock count' WHERE id = ?",
        world.now - 120, acme.merchant,
    )  # fmt: skip
    world.write(
        "UPDATE cart SET frozen_at = ?, frozen_by = 'bob', frozen_why = '' WHERE id = ?", world.now - 7200, acme.cart
    )
    with acme.bench.store.transaction() as tx:
        findings.record(tx, acme.merchant, acme.cart, {"LOCKED": 2, "EXCLUDED": 1}, pull, world.now - 3600)
        findings.record(tx, acme.merchant, findings.SOURCE, {"SOURCE_UNAVAILABLE": 1}, pull, world.now - 3601)
    # when
    rows, pulse = world.shown()
    row = rows["Acme"]
    # then
    assert commands(row.problems) == [
        (f"invsync runs {push}", True),
        (f"invsync runs {radar}", True),
        ("invsync carts set 'Acme Outlet' --upload on", False),
        ("invsync connections test Acme", True),
        ("invsync warehouses enable Acme EAST", False),
        ("invsync doctor --cart 'Acme Shop'", False),
        ("invsync unfreeze Acme", False),
        ("invsync unfreeze 'Acme Shop'", False),
    ]
    held, failed, upload, stale, disabled, found, whole, one = (problem.text for problem in row.problems)
    assert "push to Acme Shop" in held and "2 h ago" in held
    assert "drift check of Acme Outlet" in failed and "gone" in failed and "in a row" not in failed
    assert "Acme Outlet" in upload and "Default" in stale and "EAST" not in stale
    assert "EAST" in disabled and "Default" not in disabled
    assert "LOCKED 2, EXCLUDED 1" in found
    assert "2 min ago by ann: stock count" in whole and "Acme Shop" not in whole
    assert "Acme Shop" in one and "2 h ago by bob: no reason given" in one
    # and by keys, where a screen has one: only a whole merchant's freeze has none
    assert [bool(problem.key) for problem in row.problems] == [True] * 6 + [False, True]
    # and what is frozen
    assert row.frozen == (
        Freeze("merchant", "Acme", world.now - 120, "ann", "stock count"),
        Freeze("cart", "Acme Shop", world.now - 7200, "bob", ""),
    )
    # and the sums: the neighbors' six findings, four held runs and two warehouses are in them
    assert (pulse.findings, pulse.held, pulse.failing, pulse.stale, pulse.running) == (8, 5, 1, 3, 0)


def test_several_disabled_warehouses_are_all_named_and_none_is_put_into_the_command(world: World) -> None:
    world.write("UPDATE warehouse SET enabled = 0 WHERE merchant_id = ?", world.acme.merchant)
    row = world.shown()[0]["Acme"]
    (problem,) = [problem for problem in row.problems if "warehouses enable" in problem.advice]
    assert "Default, EAST" in problem.text and "these warehouses are" in problem.text
    assert problem.advice.endswith("invsync warehouses enable Acme CODE")


def test_a_held_run_of_which_no_time_is_known_is_told_without_one(world: World) -> None:
    run = world.run("push", world.acme.merchant, "held", "Acme Shop")
    (problem,) = [problem for problem in world.shown()[0]["Acme"].problems if f"Run {run} " in problem.text]
    assert "ago" not in problem.text and "just now" not in problem.text
