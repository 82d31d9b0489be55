"""Merchants with their health, and findings that are new."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from invsync_tui import clock
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.runs.last_status import ACTIVE, download_status
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.time_text import ago
from invsync_tui.operations.views import (
    Freeze,
    MerchantRow,
    Overview,
    Problem,
    ProblemKind,
    Pulse,
    ServiceView,
    Stall,
)
from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.store.diagnosis import findings
from invsync_tui.store.diagnosis.findings import FindingRow
from invsync_tui.store.runs import newest, runs
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.settings import freezes
from invsync_tui.store.settings import read as rows
from invsync_tui.store.settings.freezes import FreezeRow
from invsync_tui.store.settings.read import MerchantOverviewRow

TOLD = 3
"""Causes of a cart that are named; the doctor tells all."""
NEW_FOR = 3600
"""Seconds for which a finding is news."""


def recent_findings(
    cx: sqlite3.Connection, now: int, merchants: Sequence[int] | None = None
) -> dict[int, list[FindingRow]]:
    """By merchant, of some or of all, the findings of the last hour, newest first."""
    result: dict[int, list[FindingRow]] = {}
    for row in findings.newer(cx, now - NEW_FOR, merchants):
        result.setdefault(row.merchant_id, []).append(row)
    return result


def problems(finding_rows: Sequence[FindingRow]) -> list[Problem]:
    """News in words, one problem for each cart and for the source."""
    by_cart: dict[str | None, list[FindingRow]] = {}
    for row in finding_rows:
        by_cart.setdefault(row.cart, []).append(row)
    return [_problem(cart, rows) for cart, rows in by_cart.items()]


def _problem(cart: str | None, rows: Sequence[FindingRow]) -> Problem:
    if len(rows) == 1:
        info = REASONS[Reason(rows[0].cause)]
        number = f"{counted(rows[0].n, 'listing')}: " if cart else ""
        text = f"New after run {rows[0].run_id}, {cart or 'WMS connection'}: {number}{info.text}"
        place = ("listings", cart, info.listings or "all") if cart else None
        return Problem(text, info.advice, urgent=False, place=place)
    lines = [f"{row.cause} {grouped(row.n)}" if cart else row.cause for row in rows[:TOLD]]
    more = f" and {len(rows) - TOLD} more" if len(rows) > TOLD else ""
    text = f"New in {cart or 'WMS connection'}, {counted(len(rows), 'finding')}: {', '.join(lines)}{more}."
    option = f" --cart {shlex.quote(cart)}" if cart else ""
    place = ("listings", cart, "all") if cart else None
    return Problem(
        text,
        f"See each with its fix: invsync doctor{option}",
        urgent=False,
        key="D tells each of these findings with its fix.",
        place=place,
    )


def overview(session: Session) -> Overview:
    """All merchants by name, and the pulse of the whole store."""
    with as_operation_error(), session.store.reading() as cx:
        return Overview(read_facts(session, cx).rows(), read_pulse(session, cx))


def read_pulse(session: Session, cx: sqlite3.Connection) -> Pulse:
    """The health of the whole store in numbers, within a reading; no merchant is read for it."""
    now = clock.seconds()
    health = workers.load(session, cx)
    open_runs = newest.under_way_or_held(cx)
    return Pulse(
        running=sum(run.state != "held" for run in open_runs),
        held=sum(run.state == "held" for run in open_runs),
        failing=newest.failing(cx),
        stale=sum(len(codes) for codes in rows.stale_warehouses(cx, now).values()),
        service_running=health.service.works,
        findings=sum(map(len, recent_findings(cx, now).values())),
        stalled=len(health.stalls(open_runs)),
        service=health.service,
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some merchants, in their order: all that their rows and those of their carts are made of."""

    now: int
    service: ServiceView
    merchants: Sequence[MerchantOverviewRow]
    runs: Mapping[int, Sequence[RunRow]]
    """By merchant, the newest run of each pull, push and drift check."""
    ended: Mapping[int, RunRow]
    """By merchant, the newest download that ended."""
    stale: Mapping[int, Sequence[str]]
    disabled: Mapping[int, Sequence[str]]
    findings: Mapping[int, Sequence[FindingRow]]
    frozen: Mapping[int, Sequence[FreezeRow]]
    stalled: Mapping[int, Stall]
    failing: Mapping[int, tuple[int, int]]
    """By run, since when its key fails, and how many runs of it did."""

    def rows(self) -> tuple[MerchantRow, ...]:
        """The merchants, each with its health."""
        return tuple(_frozen(_row(site, self), self.frozen.get(site.id, ())) for site in self.merchants)


def read_facts(session: Session, cx: sqlite3.Connection, merchants: Sequence[int] | None = None) -> Facts:
    """The facts of some merchants, or of all, within a reading. What some cost does not depend on how many there are."""
    now = clock.seconds()
    sites = rows.merchants_with_carts_off(cx, merchants)
    numbers = [site.id for site in sites]
    newest_runs = newest.newest_of(cx, numbers)
    by_merchant: dict[int, list[RunRow]] = {}
    for run in newest_runs:
        by_merchant.setdefault(run.merchant_id, []).append(run)
    health = workers.load(session, cx)
    return Facts(
        now,
        health.service,
        sites,
        by_merchant,
        newest.last_ended_of(cx, "pull", numbers),
        rows.stale_warehouses(cx, now, merchants),
        rows.disabled_warehouses(cx, merchants),
        recent_findings(cx, now, merchants),
        freezes.by_merchant(cx, merchants),
        health.stalls(newest_runs),
        {run.id: runs.failing_since(cx, run.kind, run.key) for run in newest_runs if run.state == "failed"},
    )


def _row(site: MerchantOverviewRow, facts: Facts) -> MerchantRow:
    newest_runs = facts.runs.get(site.id, ())
    ended = facts.ended.get(site.id)
    active = sorted(
        (run for run in newest_runs if run.state in ACTIVE), key=lambda run: (run.state == "requested", run.kind)
    )
    return MerchantRow(
        id=site.id,
        name=site.name,
        source=site.system or "",
        sync_on=bool(site.inventory_sync),
        last_run_at=ended.ended_at if ended else None,
        status=_status(site, ended, newest_runs, facts.stalled),
        next_run_at=site.next_at if site.inventory_sync and facts.service.scheduled else None,
        scheduled=site.next_at is not None and bool(site.inventory_sync),
        not_due=facts.service.not_due if site.next_at is not None and site.inventory_sync else "",
        carts=site.carts,
        active_run=active[0].id if active else None,
        latest_run=max((run.id for run in newest_runs), default=None),
        held=sum(run.state == "held" for run in newest_runs),
        problems=(*_problems(site, facts), *problems(facts.findings.get(site.id, ()))),
    )


def _frozen(row: MerchantRow, freeze_rows: Sequence[FreezeRow]) -> MerchantRow:
    """With what is frozen of it: an operator's decision: it is shown and nobody is called."""
    freeze_problems = [freeze_problem(freeze_row) for freeze_row in freeze_rows]
    shown = tuple(
        Freeze(freeze_row.subject, freeze_row.name, freeze_row.since, freeze_row.by, freeze_row.why)
        for freeze_row in freeze_rows
    )
    return replace(row, frozen=shown, problems=(*row.problems, *freeze_problems))


def freeze_problem(row: FreezeRow) -> Problem:
    """That nothing is sent to a merchant or a cart: who said so, when and why."""
    what = f"{row.name} is frozen" if row.subject == "cart" else "All its carts are frozen"
    since = ago(row.since, clock.seconds())
    text = f"{what}, {since} by {row.by}: {row.why or 'no reason given'}."
    key = "Nothing is sent until it is unfrozen: c opens its carts, z there unfreezes." if row.subject == "cart" else ""
    return Problem(text, f"Nothing is sent until: invsync unfreeze {shlex.quote(row.name)}", False, key)


def _status(
    site: MerchantOverviewRow, ended: RunRow | None, newest_runs: Sequence[RunRow], stalled: Mapping[int, Stall]
) -> str:
    pull = next((run for run in newest_runs if run.kind == "pull"), None)
    on = bool(site.inventory_sync)
    if pull is None:
        return download_status(on, None, None, ended)
    return download_status(on, pull.state, stalled.get(pull.id), ended)


def _problems(site: MerchantOverviewRow, facts: Facts) -> list[Problem]:
    newest_runs, ended = facts.runs.get(site.id, ()), facts.ended.get(site.id)
    result = _stalls(newest_runs, facts)
    result += _not_running(site, ended)
    result += _held_or_failed(newest_runs, facts)
    result += [upload_off(cart) for cart in site.off]
    if (stale := facts.stale.get(site.id)) and site.inventory_sync and ended is not None:
        result.append(_stale(site.name, stale))
    if disabled := facts.disabled.get(site.id):
        result.append(_disabled(site.name, disabled))
    return result


def run_problems(newest_runs: Sequence[RunRow], facts: Facts) -> list[Problem]:
    """What is wrong with some runs: that they stall, are held or failed."""
    return _stalls(newest_runs, facts) + _held_or_failed(newest_runs, facts)


def _stalls(newest_runs: Sequence[RunRow], facts: Facts) -> list[Problem]:
    return [
        Problem(
            f"Run {run.id} ({_what(run)}) is stalled. {stall.text}",
            stall.advice,
            key=stall.key,
            place=("run", str(run.id), ""),
            kind=ProblemKind.STALLED,
        )
        for run in newest_runs
        if (stall := facts.stalled.get(run.id)) is not None
    ]


def _held_or_failed(newest_runs: Sequence[RunRow], facts: Facts) -> list[Problem]:
    return [_run_problem(run, facts) for run in newest_runs if run.state in ("held", "failed")]


def upload_off(cart: str) -> Problem:
    """That the Inventory Upload Service of a cart is off."""
    return Problem(
        f"Inventory Upload Service of {cart} is off.",
        f"Switch it on: invsync carts set {shlex.quote(cart)} --upload on",
        False,
        "c opens its carts; E there switches it on.",
        ("cart", cart, "upload"),
    )


def _not_running(site: MerchantOverviewRow, ended: RunRow | None) -> list[Problem]:
    """Why nothing is downloaded, be it for good or until now."""
    name = shlex.quote(site.name)
    result = []
    if not site.inventory_sync:
        text = "Synchronization With WMS - Inventory is off: nothing is downloaded or pushed."
        advice = f"Switch it on: invsync merchants set {name} --sync on"
        key = "E opens its settings; switch it on there."
        result.append(Problem(text, advice, key=key, place=("merchant", site.name, "sync")))
    if site.system is None:
        result.append(Problem("No WMS connection is set up.", "See: invsync merchants add --help"))
    if site.inventory_sync and ended is None:
        text = "The inventory download has never run to its end."
        result.append(Problem(text, f"Start one: invsync sync {name}", key="Press s to start one."))
    return result


def _stale(merchant: str, codes: Sequence[str]) -> Problem:
    name = shlex.quote(merchant)
    advice = f"Check the connection: invsync connections test {name}. Then start a sync: invsync sync {name}"
    key = "T checks the WMS connection; s starts a sync."
    text = f"Not loaded within the limit: {', '.join(codes)}."
    return Problem(text, advice, key=key, place=("warehouses", merchant, ""))


def _disabled(merchant: str, codes: Sequence[str]) -> Problem:
    """An operator's decision: it is shown and nobody is called."""
    name = shlex.quote(merchant)
    many = len(codes) > 1
    text = f"Stock of {', '.join(codes)} does not count: {'these warehouses are' if many else 'the warehouse is'} disabled."
    which = "CODE" if many else shlex.quote(codes[0])
    return Problem(
        text,
        f"Enable it: invsync warehouses enable {name} {which}",
        False,
        "w opens its warehouses; d enables.",
        ("warehouses", merchant, ""),
    )


def _what(run: RunRow) -> str:
    return {"push": f"push to {run.cart}", "radar": f"drift check of {run.cart}"}.get(run.kind, "inventory download")


def _run_problem(run: RunRow, facts: Facts) -> Problem:
    if run.state == "held":
        since = "" if run.ended_at is None else f" {ago(run.ended_at, facts.now)}"
        either = f"invsync release {run.id} --reason '...' Or: invsync discard {run.id} --reason '...'"
        return Problem(
            f"Run {run.id} ({_what(run)}) was held for review by a safety rule{since}.",
            f"See why: invsync runs {run.id}. Then: {either}",
            key="Enter opens it; r there releases it, x discards it.",
            place=("run", str(run.id), ""),
            kind=ProblemKind.HELD,
        )
    began, count = facts.failing[run.id]
    often = f" {counted(count, 'run')} in a row failed, the first {ago(began, facts.now)}." if count > 1 else ""
    text = f"Run {run.id} ({_what(run)}) failed: {run.error}{often}"
    place = ("run", str(run.id), "")
    return Problem(
        text,
        f"See what happened: invsync runs {run.id}",
        key="Enter opens it, with what happened.",
        place=place,
        kind=ProblemKind.FAILING,
    )
