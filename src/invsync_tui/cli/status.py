"""`invsync status`: how everything is doing, for a reader, a script or a monitor."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from invsync_tui.cli.opening import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.plain import clean, moment, on_off, table

if TYPE_CHECKING:
    from invsync_tui.operations.model import MerchantRow, Overview

EXAMPLES = """\
example:
  invsync status                        merchants, what runs, what is wrong and what to do
  invsync --quiet status || mail-me     exit code 1: something needs attention"""

HEAD = ("MERCHANT", "WMS", "SYNC", "LAST INVENTORY RUN", "STATUS", "NEXT", "CARTS")
NO_SERVICE = "No service is running: nothing runs by schedule. Start one with: invsync serve"


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    command(subparsers, "status", "show how every merchant is doing", EXAMPLES).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the overview; 1 if something needs attention."""
    from invsync_tui.cli import records
    from invsync_tui.operations.merchants import overview

    with opened(args) as session:
        found = overview(session)
    healthy = not _unattended(found) and not any(problem.urgent for row in found.merchants for problem in row.problems)
    output = Output(args)
    output.text(_lines(found))
    merchants = [records.merchant_health(row) for row in found.merchants]
    output.document({"healthy": healthy, "pulse": asdict(found.pulse), "merchants": merchants})
    return Exit.OK if healthy else Exit.FAILED


def _unattended(found: Overview) -> bool:
    """Something is due by schedule, and nobody is there to run it."""
    return not found.pulse.service_alive and any(row.next_run_at is not None for row in found.merchants)


def _lines(found: Overview) -> list[str]:
    if not found.merchants:
        return ["No merchants yet. Add one with: invsync merchants add --help"]
    pulse = found.pulse
    service = "service running" if pulse.service_alive else "no service"
    counted = f"{pulse.running} running, {pulse.held} held, {pulse.failing} failing, {pulse.stale} stale warehouses, "
    counted += f"{pulse.findings} new findings"
    return [
        f"{service}, {counted}",
        "",
        *table(HEAD, [_cells(row) for row in found.merchants]),
        *([("\n" + NO_SERVICE)] if _unattended(found) else []),
        *(line for row in found.merchants for line in _problems(row)),
    ]


def _cells(row: MerchantRow) -> tuple[str, ...]:
    due = moment(row.next_run_at) if row.next_run_at is not None else "-"
    return (
        row.name,
        row.source or "-",
        on_off(row.sync_on),
        moment(row.last_run_at),
        row.status or "-",
        due,
        str(row.carts),
    )


def _problems(row: MerchantRow) -> list[str]:
    if not row.problems:
        return []
    told = [f"  {'!' if p.urgent else '-'} {clean(p.text)} {clean(p.advice)}" for p in row.problems]
    return ["", clean(row.name), *told]
