"""`invsync history`: one SKU over time in each cart, and the runs and orders that made it so."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.commands import as_of
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean, moment, number, table, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.diagnosis.sku_history import Happening, SkuHistory
    from invsync_tui.operations.list_views import Point

EXAMPLES = """\
example:
  invsync history DEMO-LAMP-00432                          what its warehouses had, what it should show, what carts took
  invsync history DEMO-LAMP-00432 --cart 'Web shop' --since -2d
  invsync history DEMO-LAMP-00432 --json

Changes are kept for 30 days."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(
        subparsers, "history", "show one SKU over time, with the runs and orders that changed it", EXAMPLES
    )
    parser.add_argument("word", metavar="SKU", help="SKU, alias, cart's code, remote id, or nearly one")
    parser.add_argument("--cart", metavar="C", help="one cart, by name or number")
    as_of.add_option(parser, "--since", "from when on: a date, a time, -2d, '2 hours ago', or epoch seconds")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from invsync_tui.operations import names
    from invsync_tui.operations.diagnosis.sku_history import histories
    from invsync_tui.operations.moments import moment as read

    since = None if args.since is None else read("--since", args.since, int(time.time()))
    with opened(args) as session:
        cart = names.cart(session, args.cart).id if args.cart else None
        found = histories(session, args.word, cart, since)
    output = Output(args)
    for one in found:
        output.text(_lines(one))
    output.document({"asked": args.word, "listings": [_document(one) for one in found]})
    return Exit.OK


def _document(one: SkuHistory) -> dict[str, Any]:
    lines = {"source": one.source, "desired": one.desired, "acked": one.acked}
    return {
        "cart": one.cart,
        "merchant": one.merchant,
        "sku": one.sku,
        "remote_id": one.ref,
        "begin": utc(one.begin),
        "end": utc(one.end),
        "lines": {name: [{"at": utc(p.at), "value": p.value} for p in points] for name, points in lines.items()},
        "events": [
            {"at": utc(event.at), "who": event.who, "what": event.what, "run": event.run_id, "reason": event.reason}
            for event in one.happenings
        ],
    }


def _lines(one: SkuHistory) -> list[str]:
    rows = [(moment(at, one.end), *(number(value) for value in values)) for at, values in _steps(one)]
    return [
        clean(f"{one.cart}: listing {one.sku}, remote id {one.ref}"),
        *(f"  {row}" for row in table(("SINCE", "SOURCE", "DESIRED", "CART"), rows)),
        "",
        *(f"  {row}" for row in _events(one.happenings, one.end)),
        "",
    ]


def _steps(one: SkuHistory) -> list[tuple[int, list[int | None]]]:
    """What held from each moment on, the newest first."""
    lines = (one.source, one.desired, one.acked)
    moments = sorted({point.at for line in lines for point in line}, reverse=True)
    return [(at, [_held(line, at) for line in lines]) for at in moments]


def _held(line: Sequence[Point], at: int) -> int | None:
    return next((point.value for point in reversed(line) if point.at <= at), None)


def _events(found: Sequence[Happening], now: int) -> list[str]:
    if not found:
        return ["No run and no order had to do with it in this time."]
    rows = [(moment(one.at, now), one.who, one.what + (f": {one.reason}" if one.reason else "")) for one in found]
    return table(("WHEN", "WHO", "WHAT"), rows)
