"""`invsync audit`: who did what, when and why, over everything."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import cut, moment, utc

if TYPE_CHECKING:
    from invsync_tui.operations.audit.audit import AuditLine

EXAMPLES = """\
example:
  invsync audit                                     the newest entries
  invsync audit --who ada --since -7d
  invsync audit --cart "Acme Shop" --action "cart settings"
  invsync audit --subject run:17
  invsync audit --since 2026-11-01 --until 2026-11-30 --csv --limit 100000

How long entries are kept is `audit` under [retention] in the configuration; shortening it leaves an entry too."""
TEXT_MOST = 60
"""Columns of what was changed, in text; JSON and CSV have it whole."""


def add_audit(subparsers: Subparsers) -> None:
    """Add `invsync audit` with its arguments."""
    parser = command(subparsers, "audit", "show who did what, when and why", EXAMPLES)
    parser.add_argument("--who", metavar="NAME", help="only what this operator did; invsync for what it did by itself")
    parser.add_argument("--action", metavar="WORD", help="only these: release, freeze, 'cart settings', override, ...")
    parser.add_argument(
        "--subject", metavar="S", help="only about this: cart:NAME, merchant:NAME, run:N, plan:N, store"
    )
    parser.add_argument("--merchant", metavar="M", help="only about this merchant, its carts, warehouses and runs")
    parser.add_argument("--cart", metavar="C", help="only about this cart, its runs and its plans")
    list_command.add_sort(parser, "at; short lists also by who, action, about or reason")
    list_command.add_period(parser)
    list_command.add_options(parser)
    parser.set_defaults(run=run_audit)


def run_audit(args: argparse.Namespace) -> int:
    """Print a page of the audit."""
    from invsync_tui.operations.audit import audit

    wanted = audit.AuditFilter(
        args.who, args.action, args.subject, args.merchant, args.cart, *list_command.period(args)
    )
    with opened(args) as session:
        rows = audit.entries(session, wanted, list_command.ordering(args))
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "entries", _shape(), page, count)
    return Exit.OK


def _shape() -> Shape[AuditLine]:
    return Shape(
        ("id", "at", "who", "action", "subject", "about", "changes", "reason"),
        lambda line: [line.id, utc(line.at), line.who, line.action, line.subject, line.about, line.text, line.reason],
        _record,
        ("WHEN", "WHO", "ACTION", "ABOUT", "WHAT", "REASON"),
        lambda line: (
            moment(line.at),
            line.who,
            line.action,
            line.about,
            cut(line.text, TEXT_MOST) or "-",
            line.reason or "-",
        ),
        "No such entries.",
    )


def _record(line: AuditLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": utc(line.at),
        "who": line.who,
        "action": line.action,
        "subject": line.subject,
        "about": line.about,
        "changes": [{"what": change.what, "before": change.before, "after": change.after} for change in line.changes],
        "text": line.text,
        "reason": line.reason,
        "run": line.run_id,
    }
