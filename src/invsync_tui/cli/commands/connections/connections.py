"""`invsync connections`: tests a connection step by step, lists the systems that can be connected, and tells about each."""

from __future__ import annotations

import argparse
import asyncio
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from invsync_tui.cli.commands.connections.connection_fix import add_fix, add_preview
from invsync_tui.cli.commands.connections.connection_hooks import add_hooks
from invsync_tui.cli.commands.connections.connection_login import add_login
from invsync_tui.cli.commands.connections.connection_verify import add_verify
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, UsageError, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.connections.connections import Step, Target
    from invsync_tui.operations.connections.connector_example import MadeExample
    from invsync_tui.operations.connections.connector_pages import ConnectorPage

WIDTH = 100
"""Columns of a page about a system."""
EXAMPLES = """\
example:
  invsync connections list                      systems that can be connected
  invsync connections about tryton              what to set up there, and every setting
  invsync connections example feed              files to try it on, and the commands that read them
  invsync connections verify sandbox            the checks of the connector kit
  invsync connections verify vendure --against "Acme Shop"   those that only read, on your own shop
  invsync connections new mywms --kind source   a package to begin a connector with
  invsync connections test Acme                 the merchant's WMS
  invsync connections test --cart "Acme Shop"   a cart
  invsync connections preview Acme              the columns of a feed, before it is downloaded
  invsync connections fix "Acme Shop"           turn on stock tracking and the like in the shop
  invsync connections login --cart "Acme Shop"  log it in by the browser of another machine
  invsync connections hooks "Acme Shop"         the address for its webhooks"""


def add_connections(subparsers: Subparsers) -> None:
    """Add `invsync connections` with its arguments."""
    parser = command(
        subparsers, "connections", "test a connection, list the known systems, tell how to set one up", EXAMPLES
    )
    subcommands = parser.add_subparsers(
        metavar="test|preview|fix|login|hooks|list|about|example|verify|new", required=True, parser_class=Parser
    )
    listing = command(subcommands, "list", "list the systems that can be connected", EXAMPLES)
    listing.set_defaults(run=_list)
    telling = command(
        subcommands, "about", "tell how a system is set up, what it needs, and what it cannot do", EXAMPLES
    )
    telling.add_argument("system", metavar="SYSTEM", help="name of the system, as in invsync connections list")
    telling.add_argument("--markdown", action="store_true", help="as a page of documentation")
    telling.set_defaults(run=_about)
    trying = command(
        subcommands, "example", "make files to try a system on, and tell the commands that read them", EXAMPLES
    )
    trying.add_argument("system", metavar="SYSTEM", help="name of the system, as in invsync connections list")
    trying.add_argument("--into", metavar="FOLDER", default=".", help="where its folder is made (default: here)")
    trying.set_defaults(run=_example)
    add_verify(subcommands)
    making = command(subcommands, "new", "make the package of a new connector, with its tests", EXAMPLES)
    making.add_argument("name", metavar="NAME", help="of the system: lower-case letters, digits and _")
    making.add_argument("--kind", choices=("source", "cart"), default="source", help="a WMS/OMS (default) or a cart")
    making.add_argument("--into", metavar="FOLDER", default=".", help="where its folder is made (default: here)")
    making.set_defaults(run=_new)
    testing = command(subcommands, "test", "test the connection of a merchant's WMS or of a cart", EXAMPLES)
    testing.add_argument("merchant", metavar="MERCHANT", nargs="?", help="name or number")
    testing.add_argument("--cart", metavar="C", help="test this cart, by name or number")
    testing.set_defaults(run=run_connections)
    add_preview(subcommands)
    add_fix(subcommands)
    add_login(subcommands)
    add_hooks(subcommands)


def _list(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import connector_pages

    pages = connector_pages.pages()
    output = Output(args)
    width = max((len(page.system) for page in pages), default=0)
    for kind, title in (("wms", "WMS/OMS:"), ("cart", "Carts:")):
        mine = [page for page in pages if page.kind == kind]
        output.text([title, *(clean(f"  {page.system:<{width}}  {page.summary}") for page in mine)])
    names = {kind: [page.system for page in pages if page.kind == kind] for kind in ("wms", "cart")}
    output.document({"sources": names["wms"], "carts": names["cart"]})
    return Exit.OK


def _about(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import connector_pages

    pages = connector_pages.pages(args.system)
    output = Output(args)
    for page in pages:
        if args.markdown:
            output.text([clean(line) for line in connector_pages.markdown(page).splitlines()])
        else:
            output.text([clean(line) for line in _page_lines(page)])
    output.document({"connectors": [page.document for page in pages]})
    return Exit.OK


def _page_lines(page: ConnectorPage) -> Iterator[str]:
    yield f"{page.system} ({'WMS/OMS' if page.kind == 'wms' else 'cart'}): {page.summary}"
    for section in page.sections:
        yield ""
        yield section.heading
        for number, line in enumerate(section.lines, 1):
            mark = f"  {number}. " if section.steps else "  "
            if line.startswith("invsync "):  # to be copied
                yield mark + line
                continue
            yield from textwrap.wrap(line, WIDTH, initial_indent=mark, subsequent_indent=" " * (len(mark) + 2))
    yield ""


def _example(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import connector_example

    examples = connector_example.make(args.system, Path(args.into))
    output = Output(args)
    for example in examples:
        output.text([clean(line) for line in _example_lines(example)])
    output.document({"examples": [example._asdict() for example in examples]})
    return Exit.OK


def _example_lines(example: MadeExample) -> Iterator[str]:
    yield f"{example.title} ({'WMS/OMS' if example.kind == 'wms' else 'cart'})"
    if example.folder:
        yield f"  Made in {example.folder}: {', '.join(example.files)}"
    else:
        yield "  It needs a system of your own: replace the address and the names."
    if example.server:
        yield "  In a terminal of its own:"
        yield f"    {example.server}"
    yield "  Then, with a store (invsync init makes one):"
    yield from (f"    {line}" for line in example.commands)
    yield ""


def _new(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections.connector_scaffold import make

    package = make(args.name, args.kind, Path(args.into))
    output = Output(args)
    output.text([f"Made {clean(str(package.folder))}:", *(f"  {clean(name)}" for name in package.files), "", "Next:"])
    output.text([f"  {clean(line)}" for line in package.next_steps])
    output.document({"folder": str(package.folder), "files": list(package.files)})
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
    from invsync_tui.operations.connections import connections

    if not args.merchant and not args.cart:
        raise UsageError("invsync connections test: give MERCHANT or --cart C. See: invsync connections test --help")
    with opened(args) as session:
        if args.cart:
            return connections.cart_target(session, args.cart, args.merchant)
        return connections.source_target(session, args.merchant)


async def _test(target: Target, output: Output) -> list[Step]:
    from invsync_tui.operations.connections import connections

    steps: list[Step] = []
    async for step in connections.test(target):
        steps.append(step)
        output.text(_lines(step))
        output.flush()
    return steps


def _lines(step: Step) -> list[str]:
    lines = [f"  {'ok  ' if step.ok else 'FAIL'}  {clean(step.name)}: {clean(step.detail)}"]
    return lines + ([f"        {clean(step.advice)}"] if step.advice else [])
