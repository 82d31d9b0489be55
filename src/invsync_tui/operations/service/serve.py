"""The service: executes requested runs and the schedule until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invsync_tui import config
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.service import hooks as service_hooks
from invsync_tui.operations.service import log as service_log
from invsync_tui.operations.service import metrics_server
from invsync_tui.operations.service.hooks import ListenAddress, Listening
from invsync_tui.operations.service.systemd import Notifier
from invsync_tui.operations.session import Session
from invsync_tui.operations.storage import disk_remark
from invsync_tui.plain_text import counted
from invsync_tui.sync.runs.leases import worker_alive

if TYPE_CHECKING:
    from invsync_tui.store.retention import Limits
    from invsync_tui.sync.worker import Worker

log = logging.getLogger("invsync.service")

STATUS_EVERY = 5.0
"""Seconds between two looks at how the service is doing where no watchdog asks for more."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What a service says when it begins."""

    store: str
    pid: int
    kind: str
    """serve, or detached for a worker that ends by itself."""
    others: bool
    """Another worker serves the store already; they share the work."""
    hooks: str = ""
    """Where it listens for webhooks, as ADDRESS:PORT; '' where it does not."""
    metrics: str = ""
    """Where it answers a monitor, in the same form."""


def serve(
    session: Session,
    until_idle: float | None,
    started: Callable[[Serving], None],
    hooks: ListenAddress | None = None,
    metrics: ListenAddress | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, or until there was nothing to do for `until_idle` seconds.

    With a place for `hooks` it also takes webhooks there, and with one for `metrics` it answers a monitor.
    """
    session.allow(Right.SERVE, "serve")
    kind = "serve" if until_idle is None else "detached"
    listening = service_hooks.listen(hooks) if hooks is not None else None
    monitored = service_hooks.listen(metrics, "a monitor", "--metrics") if metrics is not None else None
    places = [str(each.place) if each is not None else "" for each in (listening, monitored)]
    serving = Serving(str(session.path.absolute()), os.getpid(), kind, worker_alive(session.path), *places)
    started(serving)
    with as_operation_error(), metrics_server.serving(session.path, monitored):
        asyncio.run(_work(session, serving, until_idle, listening))


async def _work(session: Session, serving: Serving, until_idle: float | None, listening: Listening | None) -> None:
    from invsync_tui.sync.worker import Worker, prefer_throughput

    prefer_throughput()
    runner = Worker(session.store, serving.kind, limits=_limits(), limits_now=_limits_now)
    notifier = Notifier.of(os.environ, os.getpid())
    _on_signals(runner, notifier)
    log.info("%s started, process %s, store %s", serving.kind, serving.pid, serving.store, extra={"event": "started"})
    if remark := disk_remark(session.path):
        log.warning("%s", remark, extra={"event": "network_disk"})
    watching = asyncio.create_task(_tell_manager(runner, notifier), name="service manager")
    try:
        async with service_hooks.serving(session.store, listening):
            await (runner.run_forever() if until_idle is None else runner.run_until_idle(until_idle))
    finally:
        watching.cancel()
        notifier.send("STOPPING=1")
        log.info("%s ended, process %s", serving.kind, serving.pid, extra={"event": "ended"})


def _limits() -> Limits:
    """How long records are kept, as the configuration says."""
    from invsync_tui.store.retention import Limits

    try:
        return Limits(**config.load(config.Flags(), os.environ).retention)
    except config.ConfigError as error:
        raise OperationError(str(error)) from error


def _limits_now() -> Limits | None:
    """The same later on, when the configuration may have been changed."""
    try:
        return _limits()
    except OperationError as error:
        log.warning("no old records are deleted: %s", error, extra={"event": "retention_unknown"})
        return None


def _on_signals(runner: Worker, notifier: Notifier) -> None:
    """The first SIGTERM or SIGINT lets runs come to a safe point, a second one ends at once; SIGHUP ends nothing."""
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        count = f"{runner.underway} {'run comes' if runner.underway == 1 else 'runs come'} to a safe point first"
        log.info("ending on %s; %s", number.name, count, extra={"event": "ending"})
        notifier.send("STOPPING=1", f"STATUS=Ending: {count}")
        runner.stop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)  # what is committed is committed: as safe as a power cut

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGHUP, _reopen_log)


def _reopen_log() -> None:
    service_log.reopen()
    log.info("SIGHUP: the log continues in a new file, where it is a file", extra={"event": "log_reopened"})


async def _tell_manager(runner: Worker, notifier: Notifier) -> None:
    """READY with the first turn of the runner's loop; then a sign of life for as long as it goes on turning."""
    if not notifier.address:
        return
    seen, ready = 0, False
    while True:
        if runner.turns > seen:
            seen = runner.turns
            first = () if ready else ("READY=1",)
            ready = True
            alive = ("WATCHDOG=1",) if notifier.every is not None else ()
            notifier.send(*first, *alive, f"STATUS={counted(runner.underway, 'run')} under way")
        await asyncio.sleep(min(STATUS_EVERY, notifier.every or STATUS_EVERY) if ready else 0.05)
