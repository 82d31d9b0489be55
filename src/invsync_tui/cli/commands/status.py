"""`invsync status`: how everything is doing, for a reader, a script or a monitor."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import NEVER, clean, moment, on_off, table, utc
from invsync_tui.operations.runs.last_status import NEVER_RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.connections.webhooks import LastWebhook
    from invsync_tui.operations.views import MerchantRow, Overview

EXAMPLES = """\
example:
  invsync status                        merchants, what runs, what is wrong and what to do
  invsync --quiet status || mail-me     exit code 1: something needs attention
  invsync status --service              exit code 1: no worker runs; for the health check of a container"""

HEAD = ("MERCHANT", "WMS", "SYNC", "LAST INVENTORY RUN", "STATUS", "NEXT", "CARTS")
NO_SERVICE = "No service is running: nothing runs by schedule. Start one with: invsync serve"
WAITS = "waits for a service"
NOTHING_BY_SCHEDULE = "Nothing runs by schedule."


def add_status(subparsers: Subparsers) -> None:
    """Add `invsync status` with its arguments."""
    parser = command(subparsers, "status", "show how every merchant is doing", EXAMPLES)
    parser.add_argument("--service", action="store_true", help="only whether a worker runs; exit code 1 if none does")
    parser.set_defaults(run=run_status)


def run_status(args: argparse.Namespace) -> int:
    """Print the overview; 1 if something needs attention."""
    from invsync_tui.cli import json_records
    from invsync_tui.operations.connections import webhooks
    from invsync_tui.operations.merchants.overview import overview

    with opened(args) as session:
        store_overview = overview(session)
        heard = webhooks.heard(session)
    works = store_overview.pulse.service.works
    healthy = not _unattended(store_overview) and not any(
        problem.urgent for row in store_overview.merchants for problem in row.problems
    )
    output = Output(args)
    if args.service:
        output.text(_service_line(store_overview))
    else:
        output.text([*_lines(store_overview), *_webhook_lines(heard)])
    merchants = [json_records.merchant_health(row) for row in store_overview.merchants]
    service = json_records.service(store_overview.pulse.service)
    output.document(
        {
            "healthy": healthy,
            "service": service,
            "pulse": json_records.pulse(store_overview.pulse),
            "merchants": merchants,
            "webhooks": [
                {
                    "cart": cart.cart,
                    "merchant": cart.merchant,
                    "heard_at": utc(cart.heard_at),
                    "refused_at": utc(cart.refused_at),
                }
                for cart in heard
            ],
        }
    )
    return Exit.OK if (works if args.service else healthy) else Exit.FAILED


def _service_line(overview: Overview) -> str:
    """What the service does, and what to do about it."""
    service = overview.pulse.service
    return clean(f"{service.text}. {service.advice}" if service.advice else service.text)


def _unattended(overview: Overview) -> bool:
    """A worker does not respond, or something is due by schedule and nobody is there to run it."""
    service = overview.pulse.service
    if service.state.value != "none" and service.advice:
        return True
    return not service.scheduled and any(row.scheduled for row in overview.merchants)


def _service_lines(overview: Overview) -> list[str]:
    """What is wrong with the workers and what to do, then where their log is."""
    service = overview.pulse.service
    lines = []
    if service.state.value == "none":
        lines = [NO_SERVICE] if _unattended(overview) else []
    elif service.advice:
        late = "" if service.scheduled else f" {NOTHING_BY_SCHEDULE}"
        lines = [f"{clean(service.text[:1].upper() + service.text[1:])}.{late} {clean(service.advice)}"]
    elif _unattended(overview):
        lines = [f"A worker is there for requests only. {NOTHING_BY_SCHEDULE} Start a service: invsync serve"]
    if service.log and service.state.value != "running":
        lines.append(f"Log of the detached workers: {clean(service.log)}")
    return ["", *lines] if lines else []


def _lines(overview: Overview) -> list[str]:
    if not overview.merchants:
        return ["No merchants yet. Add one with: invsync merchants add --help"]
    pulse = overview.pulse
    stalled = f" ({pulse.stalled} stalled)" if pulse.stalled else ""
    counted = f"{pulse.running} running{stalled}, {pulse.held} held, {pulse.failing} failing, "
    counted += f"{_counted(pulse.stale, 'stale warehouse')}, {_counted(pulse.findings, 'new finding')}"
    return [
        f"{clean(pulse.service.text)}, {counted}",
        "",
        *table(HEAD, [_cells(row) for row in overview.merchants]),
        *_service_lines(overview),
        *(line for row in overview.merchants for line in _problems(row)),
    ]


def _webhook_lines(heard: Sequence[LastWebhook]) -> list[str]:
    """When a webhook of each cart last came; nothing where none is to come."""
    lines = []
    for cart in heard:
        last = "none yet" if cart.heard_at is None else f"last {moment(cart.heard_at)}"
        wrong = f", wrong signature {moment(cart.refused_at)}" if cart.refused_at is not None else ""
        lines.append(f"Webhooks of {clean(cart.cart)}: {last}{wrong}")
    return ["", *lines] if lines else []


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _cells(row: MerchantRow) -> tuple[str, ...]:
    due = moment(row.next_run_at) if row.next_run_at is not None else WAITS if row.scheduled else "-"
    due = due if row.sync_on else NEVER
    return (
        row.name,
        row.source or "-",
        on_off(row.sync_on),
        moment(row.last_run_at),
        row.status or NEVER_RUN,
        due,
        str(row.carts),
    )


def _problems(row: MerchantRow) -> list[str]:
    if not row.problems:
        return []
    lines = [f"  {'!' if p.urgent else '-'} {clean(p.text)} {clean(p.advice)}" for p in row.problems]
    return ["", clean(row.name), *lines]
