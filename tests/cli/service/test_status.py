"""`invsync status` in every state that a store and its workers can be in: what it says, what it advises, its exit code."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import pytest

from invsync_tui.store.database import open_store
from invsync_tui.store.runs import runs, workers
from invsync_tui.store.runs import workers as lease_rows
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.runs.workers import Beat
from invsync_tui.sync import uptime
from invsync_tui.sync.runs import leases
from tests.support.processes.shell import Shell, check
from tests.support.processes.worker_processes import HOLDER, stopped
from tests.support.stores import old_stores

HERE = socket.gethostname()


@dataclass
class Scene:
    """Acme's store, and what was started beside it."""

    shell: Shell
    pids: list[int] = field(default_factory=list)
    held: ExitStack = field(default_factory=ExitStack)

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.shell.store)) as cx, cx:
            for statement in statements:
                cx.execute(statement)

    def worker(self, kind: str = "serve", *, host: str = HERE, ago: int = 0) -> int:
        """A process with a worker's lock and its row; its number."""
        os.close(leases._open(self.shell.store, leases.WORKERS))
        file = leases._folder(self.shell.store) / f"{leases.WORKERS}.lock"
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.held.callback(process.communicate)
        self.held.callback(process.kill)
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        # A process that beat before it was started would be another one: on one machine, ages without a boot are taken as told.
        boot = "" if ago else uptime.boot_id() if host == HERE else "another boot"
        beat = Beat(int(time.time()) - ago, boot, uptime.uptime() - ago)
        with closing(open_store(self.shell.store)) as store, store.transaction() as tx:
            workers.register(tx, f"w-{process.pid}", kind, process.pid, host, beat)
        self.pids.append(process.pid)
        return process.pid

    def run(self, kind: str, state: str, error: str = "", *, ago: int = 0, done: int = 1) -> None:
        """A run of Acme or of its cart that ended or stands so."""
        now = int(time.time()) - ago
        with closing(open_store(self.shell.store)) as store, store.transaction() as tx:
            number = runs.request(tx, RunRequest(kind, 1, 1, "manual", "ann"), now).run_id
            runs.start(tx, number, 1, now)
            if state == "running":
                lease_rows.acquire(tx, f"{kind}:1", f"w-{self.pids[-1]}" if self.pids else "gone", now)
            elif state == "held":
                tx.execute("UPDATE run SET state = 'held', ended_at = ? WHERE id = ?", (now, number))
            else:
                runs.finish(tx, number, state, error, now)


@pytest.fixture
def scene(acme: Shell) -> Iterator[Scene]:
    made = Scene(acme)
    with made.held:
        yield made


def fresh(scene: Scene) -> None:
    """A merchant with nothing to say about."""
    scene.run("pull", "done")
    scene.sql("UPDATE cart SET upload_enabled = 1")


def frozen_service(scene: Scene) -> None:
    fresh(scene)
    stopped(scene.worker())


def locked(scene: Scene) -> None:
    cx = sqlite3.connect(scene.shell.store, isolation_level=None)
    scene.held.callback(cx.close)
    cx.execute("PRAGMA locking_mode = EXCLUSIVE")
    cx.execute("BEGIN EXCLUSIVE")
    cx.execute("UPDATE merchant SET rev = rev")


def and_service(*more: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        fresh(scene)
        scene.worker()
        for one in more:
            one(scene)

    return make


def failing(scene: Scene) -> None:
    scene.run("pull", "failed", "The login was refused.", ago=7200)
    scene.run("pull", "failed", "The login was refused.", ago=3600)


def disabled(scene: Scene) -> None:
    scene.sql("INSERT INTO warehouse (merchant_id, ref, code, name, enabled) VALUES (1, 'E', 'EAST 2', 'East', 0)")


def frozen(what: str) -> Callable[[Scene], None]:
    return lambda scene: scene.sql(
        f"UPDATE {what} SET frozen_at = strftime('%s') - 7200, frozen_by = 'ann', frozen_why = 'stocktaking'"
    )


NO_SCHEDULE = "Nothing runs by schedule."
HEALTHY = ("service running, 0 running, 0 held, 0 failing, 0 stale warehouses, 0 new findings",)
STATES: dict[str, tuple[Callable[[Scene], object], int, tuple[str, ...]]] = {
    "no store": (
        lambda scene: scene.shell.store.unlink(), 2,
        ("{store}: there is no store. Create one with: invsync init. Try one with: invsync demo.",),
    ),
    "a folder": (lambda scene: (scene.shell.store.unlink(), scene.shell.store.mkdir()), 2, ("{store}: ",)),
    "store locked": (locked, 2, ("{store}: another process is writing and did not finish in time. Try again in a moment.",)),
    "newer schema": (
        lambda scene: scene.sql("UPDATE alembic_version SET version_num = '9999'", "PRAGMA user_version = 9999"), 2,
        ("{store}: ", "newer"),
    ),
    "damaged": (
        lambda scene: scene.shell.store.write_bytes(scene.shell.store.read_bytes()[:4096] + b"\xff" * 65536), 2,
        ("{store}: ", "db check"),
    ),
    "another file": (lambda scene: scene.shell.store.write_text("precious" * 99), 2, ("{store}: this file is not a database.",)),
    "no service": (
        fresh, 1,
        ("no service, 0 running", "No service is running: nothing runs by schedule. Start one with: invsync serve"),
    ),
    "service": (and_service(), 0, HEALTHY),
    "service frozen": (
        frozen_service, 1,
        (f"Service (process {{pid}}) is suspended. {NO_SCHEDULE} Resume it with: kill -CONT {{pid}}.",),
    ),
    "service silent": (
        lambda scene: (fresh(scene), scene.worker(ago=150)), 1,
        (f"Service (process {{pid}}) not responding for 2 min. {NO_SCHEDULE} End it with: kill -9 {{pid}}. Then start another",),
    ),
    "service on another host": (
        lambda scene: (fresh(scene), scene.worker(host="far-away")), 0, ("service running on far-away",),
    ),
    "service on another host silent": (
        lambda scene: (fresh(scene), scene.worker(host="far-away", ago=150)), 1,
        ("Service on far-away (process {pid}) not responding for 2 min (by the clock of this machine).", "On far-away: End it"),
    ),
    "detached worker": (
        lambda scene: (fresh(scene), scene.worker("detached")), 1,
        (f"A worker is there for requests only. {NO_SCHEDULE} Start a service: invsync serve",),
    ),
    "held pull": (
        and_service(lambda scene: scene.run("pull", "held", ago=600)), 1,
        ("1 held", "! Run 2 (inventory download) was held for review by a safety rule 10 min ago.",
         "invsync runs 2", "invsync release 2 --reason", "invsync discard 2 --reason"),
    ),
    "held push": (
        and_service(lambda scene: scene.run("push", "held", ago=600)), 1,
        ("! Run 2 (push to Acme Shop) was held for review by a safety rule 10 min ago.",),
    ),
    "failing connection": (
        and_service(failing), 1,
        ("1 failing", "! Run 3 (inventory download) failed: The login was refused. 2 runs in a row failed, the first 2 h ago.",
         "See what happened: invsync runs 3"),
    ),
    "frozen cart": (
        and_service(frozen("cart")), 0,
        ("- Acme Shop is frozen, 2 h ago by ann: stocktaking. Nothing is sent until: invsync unfreeze 'Acme Shop'",),
    ),
    "frozen merchant": (and_service(frozen("merchant")), 0, ("- All its carts are frozen, 2 h ago by ann: stocktaking.",)),
    "disabled warehouse": (
        and_service(disabled), 0,
        ("- Stock of EAST 2 does not count: the warehouse is disabled. Enable it: invsync warehouses enable Acme 'EAST 2'",),
    ),
    "switched-off merchant": (
        and_service(lambda scene: scene.sql("UPDATE merchant SET inventory_sync = 0, name = 'O''Brien & Co'")), 1,
        ("! Synchronization With WMS - Inventory is off: nothing is downloaded or pushed. "
         "Switch it on: invsync merchants set 'O'\"'\"'Brien & Co' --sync on",),
    ),
    "switched-off cart": (
        and_service(lambda scene: scene.sql("UPDATE cart SET upload_enabled = 0")), 0,
        ("- Inventory Upload Service of Acme Shop is off. Switch it on: invsync carts set 'Acme Shop' --upload on",),
    ),
    "never run": (
        lambda scene: scene.worker(), 1,
        ("! The inventory download has never run to its end. Start one: invsync sync Acme",),
    ),
    "a run whose worker is gone": (
        lambda scene: (fresh(scene), scene.run("push", "running", ago=60)), 1,
        ("1 running (1 stalled)", "! Run 2 (push to Acme Shop) is stalled. Its worker is gone. Nobody works on this run."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_status_says_what_is_so_and_what_to_do(scene: Scene, name: str) -> None:
    make, code, said = STATES[name]
    # given
    make(scene)
    # when
    answer, as_json = scene.shell.run("status"), scene.shell.run("status", "--json")
    # then
    text = answer.out + answer.err
    assert (answer.code, as_json.code) == (code, code), text
    for part in said:
        assert part.format(store=scene.shell.store, pid=scene.pids[-1] if scene.pids else "") in text, text
    if code == 2:
        assert not answer.out and answer.error and as_json.document["error"]
        check("error", as_json.document)
        return
    # and the document says the same, and nothing in the text is a key of the control room
    document = as_json.document
    check("status", document)
    assert document["healthy"] is (code == 0)
    for merchant in document["merchants"]:
        for problem in merchant["problems"]:
            assert f"{problem['text']} {problem['advice']}" in text
            assert "invsync " in problem["advice"] or "kill " in problem["advice"], problem


def test_a_suspended_service_is_well_again_as_soon_as_it_goes_on(scene: Scene) -> None:
    frozen_service(scene)
    os.kill(scene.pids[-1], signal.SIGCONT)
    deadline = time.monotonic() + 20
    while (answer := scene.shell.run("status")).code != 0:
        assert time.monotonic() < deadline, answer


@pytest.mark.parametrize("version", [1, 4])
def test_an_old_store_is_upgraded_with_a_word_and_one_that_may_not_be_is_refused(shell: Shell, version: int) -> None:
    # given
    old_stores.make(shell.store, version)
    before = shell.store.read_bytes()
    # when it may not be written
    refused = shell.run("status", "--json", "--read-only")
    # then it is as it was, and what to do is said
    assert refused.code == 2 and str(shell.store) in refused.error and "schema" in refused.error
    check("error", refused.document)
    assert shell.store.read_bytes() == before
    # when it may
    answer = shell.run("status", "--json")
    # then the upgrade and its backup are told beside the answer
    check("status", answer.document)
    assert answer.code in (0, 1)
    assert "upgraded" in answer.err.lower() and "backup" in answer.err.lower(), answer.err
    assert not shell.run("status").err


def test_whether_a_worker_runs_is_told_alone(acme: Shell) -> None:
    answer = acme.run("status", "--service")
    assert (answer.code, answer.out) == (1, "no service. Start one with: invsync serve\n")
    check("status", acme.run("status", "--service", "--json").document)
