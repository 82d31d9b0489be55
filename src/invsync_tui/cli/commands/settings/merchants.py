"""`invsync merchants`: lists merchants with their WMS connection, adds, changes, renames and removes one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from invsync_tui.cli import json_records, list_command, shapes
from invsync_tui.cli.commands.settings import removal
from invsync_tui.cli.commands.settings.settings import add_setting_options, texts
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, command
from invsync_tui.cli.text import clean, fields, moment, next_run, on_off
from invsync_tui.operations.runs.last_status import NEVER_RUN
from invsync_tui.operations.settings.fields import MERCHANT
from invsync_tui.operations.settings.values import span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.session import Session
    from invsync_tui.operations.settings.views import ConnectionSetup, MerchantSetup
    from invsync_tui.operations.views import MerchantRow

EXAMPLES = """\
example:
  invsync merchants                          all merchants with their settings
  invsync merchants add --help
  invsync merchants set Acme --sync off"""
ADD_EXAMPLES = """\
example:
  invsync merchants add Acme --source tryton --url https://erp.example.com --login stock \\
      --secret env:ACME_WMS --option database=acme --sync on --every 1h --stale-after 24h
  invsync connections test Acme"""
SET_EXAMPLES = """\
example:
  invsync merchants set Acme --sync on --every 30m
  invsync merchants set Acme --every off     download on request only"""

LIMIT = 1000


def add_merchants(subparsers: Subparsers) -> None:
    """Add `invsync merchants` with its arguments."""
    parser = command(subparsers, "merchants", "list merchants, add, change, rename or remove one", EXAMPLES)
    list_command.add_options(parser, LIMIT)
    parser.set_defaults(run=run_merchants, subcommand="list")
    subcommands = parser.add_subparsers(metavar="add|set|rename|remove", parser_class=Parser)
    _add_add(subcommands)
    _add_set(subcommands)
    renaming = removal.add_rename(subcommands, "merchants", "Acme", '"Acme Ltd"', "WMS")
    renaming.set_defaults(run=run_merchants, subcommand="rename")
    goes = "its WMS connection, carts, products, stock, listings, runs and history"
    removal.add_remove(subcommands, "merchants", "Acme", goes, "--sync").set_defaults(run=removal.run_remove_merchant)


def _add_add(subcommands: Subparsers) -> None:
    parser = command(subcommands, "add", "add a merchant with its WMS connection", ADD_EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="its display name")
    parser.add_argument("--source", metavar="SYSTEM", required=True, help="the WMS, see: invsync connections list")
    add_setting_options(parser, MERCHANT, adding=True)
    parser.set_defaults(run=run_merchants, subcommand="add")


def _add_set(subcommands: Subparsers) -> None:
    parser = command(subcommands, "set", "change a merchant's settings", SET_EXAMPLES)
    parser.add_argument("called", metavar="NAME", help="name or number")
    add_setting_options(parser, MERCHANT, adding=False)
    parser.set_defaults(run=run_merchants, subcommand="set")


def run_merchants(args: argparse.Namespace) -> int:
    """List, or change one and show it."""
    from invsync_tui.operations.merchants.overview import overview
    from invsync_tui.operations.settings.views import merchants

    with opened(args) as session:
        changed = _change(args, session) if args.subcommand != "list" else None
        setups, following = ([changed], None) if changed else _page(args, merchants(session))
        health = {row.id: row for row in overview(session).merchants}
    output = Output(args)
    if args.subcommand == "list" and args.csv and not output.json:
        lines = [health[setup.id] for setup in setups]
        list_command.print_page(args, "merchants", shapes.merchants(), (lines, following), {})
        return Exit.OK
    output.text(_lines(setups, health) or ["No merchants yet. Add one with: invsync merchants add --help"])
    if following:
        output.text(f"\nMore: --after {following}")
    documents = [json_records.merchant(setup, health.get(setup.id)) for setup in setups]
    output.document({"merchant": documents[0]} if changed else {"merchants": documents, "next": following})
    return Exit.OK


def _page(args: argparse.Namespace, setups: Sequence[MerchantSetup]) -> tuple[Sequence[MerchantSetup], str | None]:
    return list_command.whole(setups, args, lambda setup: setup.id)


def _change(args: argparse.Namespace, session: Session) -> MerchantSetup:
    from invsync_tui.operations.settings import merchants as settings_merchants

    if args.subcommand == "add":
        setting_texts = texts(args, MERCHANT, "source")
        return settings_merchants.add(session, args.name, setting_texts, args.option)
    if args.subcommand == "rename":
        return settings_merchants.change(session, args.called, {"name": args.name}, reason=args.reason)
    setting_texts = texts(args, MERCHANT)
    return settings_merchants.change(session, args.called, setting_texts, args.option)


def _lines(setups: Sequence[MerchantSetup], health: dict[int, MerchantRow]) -> list[str]:
    lines: list[str] = []
    for setup in setups:
        lines += ["", f"{setup.id}  {clean(setup.name)}", *fields(_facts(setup, health[setup.id]))]
    return lines[1:]


def _facts(setup: MerchantSetup, health: MerchantRow) -> list[tuple[str, str]]:
    return [
        ("Synchronization With WMS - Inventory", on_off(setup.sync_on)),
        ("Last Inventory Run", moment(health.last_run_at)),
        ("Status", health.status or NEVER_RUN),
        ("Next inventory run", next_run(setup.next_run_at, on=setup.sync_on, scheduled=bool(setup.every))),
        ("Every", span(setup.every) if setup.every else "on request only"),
        (
            "Max age of stock data",
            span(setup.values["stale-after"]) if setup.values["stale-after"] else "no limit",
        ),
        ("Orders reach the WMS within", span(setup.values["orders-within"] or 0)),
        *connection_facts("WMS", setup.source),
        ("Carts", str(health.carts)),
    ]


def connection_facts(label: str, setup: ConnectionSetup | None) -> list[tuple[str, str]]:
    """A connection in words; secrets as references."""
    if setup is None:
        return [(label, "not set up")]
    facts = [(label, f"{setup.system}, {setup.url}")]
    facts += [("Login", setup.login)] if setup.login else []
    facts += [("Secret", setup.secret)] if setup.secret else []
    facts += [(f"Secret {name}", reference) for name, reference in setup.secrets.items()]
    facts += [("Options", ", ".join(f"{k}={v}" for k, v in setup.options.items()))] if setup.options else []
    return facts + ([("Last error", setup.last_error)] if setup.last_error else [])
