"""`invsync connections`: tests a connection step by step, lists the systems that can be connected."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, UsageError, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.connections import Step, Target

EXAMPLES = """\
example:
  invsync connections list                      systems that can be connected
  invsync connections test Acme                 the merchant's WMS
  invsync connections test --cart "Acme Shop"   a cart"""


def add_connections(subparsers: Subparsers) -> None:
    """Add `invsync connections` with its arguments."""
    parser = command(subparsers, "connections", "test a connection, or list the known systems", EXAMPLES)
    orders = parser.add_subparsers(metavar="test|list", required=True, parser_class=Parser)
    listing = command(orders, "list", "list the systems that can be connected", EXAMPLES)
    listing.set_defaults(run=_list)
    testing = command(orders, "test", "test the connection of a merchant's WMS or of a cart", EXAMPLES)
    testing.add_argument("merchant", metavar="MERCHANT", nargs="?", help="name or number")
    testing.add_argument("--cart", metavar="C", help="test this cart, by name or number")
    testing.set_defaults(run=run_connections)


def _list(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import systems

    found = systems()
    output = Output(args)
    output.text([f"WMS:   {clean(', '.join(found.sources))}", f"Carts: {clean(', '.join(found.carts))}"])
    output.document({"sources": list(found.sources), "carts": list(found.carts)})
    return Exit.OK


def run_connections(args: argparse.Namespace) -> int:
    """Test a connection; 1 if a step went wrong."""
    target = _target(args)
    output = Output(args)
    output.text(clean(f"{target.name}: {target.setup.system}, {target.setup.url}"))
    steps = asyncio.run(_test(target, output))
    ok = bool(steps) and all(step.ok for step in steps)
    described = {"kind": target.kind, "id": target.id, "name": target.name, "system": target.setup.system}
    output.document({"connection": described, "ok": ok, "steps": [asdict(step) for step in steps]})
    return Exit.OK if ok else Exit.FAILED


def _target(args: argparse.Namespace) -> Target:
    from invsync_tui.operations import connections

    if not args.merchant and not args.cart:
        raise UsageError("invsync connections test: give MERCHANT or --cart C. See: invsync connections test --help")
    with opened(args) as session:
        if args.cart:
            return connections.cart_target(session, args.cart, args.merchant)
        return connections.source_target(session, args.merchant)


async def _test(target: Target, output: Output) -> list[Step]:
    from invsync_tui.operations import connections

    steps: list[Step] = []
    async for step in connections.test(target):
        steps.append(step)
        output.text(_lines(step))
        output.flush()
    return steps


def _lines(step: Step) -> list[str]:
    lines = [f"  {'ok  ' if step.ok else 'FAIL'}  {clean(step.name)}: {clean(step.detail)}"]
    return lines + ([f"        {clean(step.advice)}"] if step.advice else [])
