"""Merchants with their health, as one screen or list."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import replace

from invsync_tui.operations.ages import ago
from invsync_tui.operations.errors import in_words
from invsync_tui.operations.model import Freeze, MerchantRow, Overview, Problem, Pulse
from invsync_tui.operations.news import news, problems
from invsync_tui.operations.session import Session
from invsync_tui.store import freezes, runs
from invsync_tui.store import overview as rows
from invsync_tui.store.findings import FindingRow
from invsync_tui.store.freezes import FreezeRow
from invsync_tui.store.overview import MerchantSite
from invsync_tui.store.runs import RunRow
from invsync_tui.sync.leases import worker_alive

ACTIVE = ("running", "cancelling", "requested")


def overview(session: Session) -> Overview:
    """All merchants by name, and the pulse of the whole store."""
    now = int(time.time())
    with in_words(), session.store.reading() as cx:
        merchants = rows.merchants(cx)
        newest = runs.newest_per_key(cx, None)
        ended = runs.last_ended(cx, "pull")
        stale = rows.stale_warehouses(cx, now)
        found = news(cx, now)
        frozen = freezes.by_merchant(cx)
    listed = tuple(
        _frozen(
            _row(
                site, [r for r in newest if r.merchant_id == site.id], ended.get(site.id), stale, found.get(site.id, ())
            ),
            frozen.get(site.id, ()),
        )
        for site in merchants
    )
    pulse = replace(_pulse(session, newest, stale), findings=sum(map(len, found.values())))
    return Overview(listed, pulse)


def _pulse(session: Session, newest: list[RunRow], stale: dict[int, list[str]]) -> Pulse:
    return Pulse(
        running=sum(run.state in ("running", "cancelling") for run in newest),
        held=sum(run.state == "held" for run in newest),
        failing=sum(run.state == "failed" for run in newest),
        stale=sum(len(codes) for codes in stale.values()),
        service_alive=worker_alive(session.path),
    )


def _row(
    site: MerchantSite,
    newest: list[RunRow],
    ended: RunRow | None,
    stale: dict[int, list[str]],
    found: Sequence[FindingRow],
) -> MerchantRow:
    active = sorted(
        (run for run in newest if run.state in ACTIVE), key=lambda run: (run.state == "requested", run.kind)
    )
    return MerchantRow(
        id=site.id,
        name=site.name,
        source=site.system or "",
        sync_on=bool(site.inventory_sync),
        last_run_at=ended.ended_at if ended else None,
        status=_status(ended, newest),
        next_run_at=site.next_at if site.inventory_sync else None,
        carts=site.carts,
        active_run=active[0].id if active else None,
        latest_run=max((run.id for run in newest), default=None),
        held=sum(run.state == "held" for run in newest),
        problems=(*_problems(site, newest, ended, stale.get(site.id, [])), *problems(found)),
    )


def _frozen(row: MerchantRow, found: Sequence[FreezeRow]) -> MerchantRow:
    """With what is frozen of it: an operator's order, so it is told and calls for nobody."""
    told = [Problem(*_freeze_words(one), urgent=False) for one in found]
    shown = tuple(Freeze(one.subject, one.name, one.since, one.by, one.why) for one in found)
    return replace(row, frozen=shown, problems=(*row.problems, *told))


def _freeze_words(one: FreezeRow) -> tuple[str, str]:
    what = f"{one.name} is frozen" if one.subject == "cart" else "All its carts are frozen"
    since = ago(one.since, int(time.time()))
    text = f"{what}, {since} by {one.by}: {one.why or 'no reason given'}."
    return text, f"Nothing is sent until: invsync thaw {shlex.quote(one.name)}"


def _status(ended: RunRow | None, newest: list[RunRow]) -> str:
    pull = next((run for run in newest if run.kind == "pull"), None)
    if pull is not None and pull.state in ACTIVE:
        return "running" if pull.state != "requested" else "waiting for a worker"
    if ended is None:
        return ""
    return "success" if ended.state == "done" and not ended.error else f"{ended.state}: {ended.error}".rstrip(": ")


def _problems(site: MerchantSite, newest: list[RunRow], ended: RunRow | None, stale: list[str]) -> list[Problem]:
    found: list[Problem] = []
    if not site.inventory_sync:
        found.append(
            Problem(
                "Synchronization With WMS - Inventory is off: nothing is downloaded or pushed.",
                f"invsync merchants set '{site.name}' --sync on",
            )
        )
    if site.system is None:
        found.append(Problem("No WMS connection is set up.", "invsync merchants add --help"))
    if site.inventory_sync and ended is None:
        found.append(Problem("The inventory download has never run.", "Start one with s."))
    found += [_run_problem(run) for run in newest if run.state in ("held", "failed")]
    found += [
        Problem(f"Inventory Upload Service of {name} is off.", f"invsync carts set '{name}' --upload on", False)
        for name in site.off
    ]
    if stale and site.inventory_sync and ended is not None:
        found.append(
            Problem(f"Not loaded within the limit: {', '.join(stale)}.", "Check the WMS connection, then start a sync.")
        )
    return found


def _run_problem(run: RunRow) -> Problem:
    who = f"push to {run.cart}" if run.kind == "push" else "inventory download"
    if run.state == "held":
        return Problem(f"Run {run.id} ({who}) is held by a breaker.", "Open it, then release or discard it.")
    return Problem(f"Run {run.id} ({who}) failed: {run.error}", "Open it to see what happened.")
