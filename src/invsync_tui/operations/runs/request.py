"""Asks for a sync. The work is done by a service or by a detached worker, never by the process that asks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time

from invsync_tui import clock
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session, StartingWorker
from invsync_tui.operations.views import Requested
from invsync_tui.plain_text import counted
from invsync_tui.store import audit
from invsync_tui.store.file import file_modes
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import carts

WORKER_LINGER = 10
"""Seconds that a detached worker stays after the last run."""
WORKER_START_MOST = 10.0
"""Seconds within which a started worker has to show up."""


def request(
    session: Session, merchant_id: int, cart_id: int | None = None, *, full: bool = False, trigger: str = "manual"
) -> Requested:
    """Ask for an inventory download and then a push of one cart, or of every cart of the merchant."""
    session.allow(Right.SYNC, "start a sync")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        cart_ids = _carts(tx, merchant_id, cart_id)
        pull = runs.request(tx, RunRequest("pull", merchant_id, merchant_id, trigger, session.operator, full=full), now)
        pushes = [
            runs.request(tx, RunRequest("push", cart, merchant_id, trigger, session.operator, pull.run_id, full), now)
            for cart in cart_ids
        ]
        audit.record(tx, now, session.operator, "sync", f"merchant:{merchant_id}", after=f"run:{pull.run_id}")
    started = ensure_worker(session)
    return Requested((pull.run_id, *(p.run_id for p in pushes)), started, _message(pull, pushes, started))


def _carts(tx: sqlite3.Connection, merchant_id: int, cart_id: int | None) -> list[int]:
    numbers = carts.of_merchant(tx, merchant_id)
    if numbers is None:
        raise NotFoundError(f"There is no merchant {merchant_id}. List them with: invsync merchants.")
    if cart_id is None:
        return numbers
    if cart_id not in numbers:
        raise NotFoundError(f"The merchant has no cart {cart_id}. List them with: invsync carts.")
    return [cart_id]


def _message(pull: runs.RequestResult, pushes: list[runs.RequestResult], started: bool) -> str:
    fresh = [push for push in (pull, *pushes) if push.fresh]
    text = (
        f"Requested {counted(len(fresh), 'run')}." if fresh else "Already requested; it will run once more afterwards."
    )
    if started:
        text += " No service is running, so a worker was started; it continues when this terminal closes."
    return text


def ensure_worker(session: Session) -> bool:
    """Start a detached worker if none responds; True if one was started. It ends by itself when there is no more work.

    One that is suspended or hangs is no help: another one takes what it does not hold.
    """
    session.allow(Right.SYNC, "start a worker")
    if workers.service(session).works:
        return False
    if session.starting is not None and session.starting.comes_up():
        return True
    session.starting = _started(session)
    if not session.waits_for_worker:
        return True
    while session.starting.comes_up():
        if workers.service(session).works:
            return True
        time.sleep(0.05)
    if session.starting.process.poll() == 0:  # it found the work done already
        return True
    raise OperationError(session.starting.failure)


def _started(session: Session) -> StartingWorker:
    log = workers.log_path(session.path)
    command = [sys.executable, "-m", "invsync_tui", "--store", str(session.path.absolute()), "serve", "--until-idle"]
    # Its own session, so that neither Ctrl-C nor a lost SSH connection reaches it.
    try:
        descriptor = file_modes.append_beside(session.path, log)
    except OSError as error:
        raise OperationError(
            f"{log}: the worker's log cannot be written: {error.strerror}. Check its owner and mode."
        ) from error
    with os.fdopen(descriptor, "ab") as out:
        process = subprocess.Popen(  # noqa: S603
            [*command, str(WORKER_LINGER), "--log-file", str(log.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
        )
    failure = f"A worker was started but did not start within {WORKER_START_MOST:.0f} s. Read {log}."
    return StartingWorker(process, clock.elapsed() + WORKER_START_MOST, failure)


def failed_worker(session: Session) -> str:
    """What to say of a worker that nobody waited for and that is not at work in its time; '' as long as all is well."""
    starting = session.starting
    if starting is None or starting.comes_up():
        return ""
    session.starting = None
    return "" if workers.service(session).works or starting.process.poll() == 0 else starting.failure
