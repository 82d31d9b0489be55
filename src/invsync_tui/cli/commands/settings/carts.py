"""`invsync carts`: lists carts with their Edit Setup, adds, changes, renames and removes one."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import json_records, list_command, shapes
from invsync_tui.cli.commands.settings import removal
from invsync_tui.cli.commands.settings.merchants import connection_facts
from invsync_tui.cli.commands.settings.settings import add_setting_options, texts
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, command
from invsync_tui.cli.run_text import outcome_sum
from invsync_tui.cli.text import clean, fields, moment, next_run, number, on_off
from invsync_tui.operations.lists.list_views import FieldKind
from invsync_tui.operations.runs.last_status import NEVER_PUSHED
from invsync_tui.operations.settings.fields import CART
from invsync_tui.operations.settings.setting import Setting
from invsync_tui.operations.settings.values import span
from invsync_tui.rules import words
from invsync_tui.rules.words import ALL_LOCATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.session import Session
    from invsync_tui.operations.settings.cart_locations import At
    from invsync_tui.operations.settings.views import CartSetup
    from invsync_tui.operations.views import RunRow

EXAMPLES = """\
example:
  invsync carts --merchant Acme                 carts of one merchant with their settings
  invsync carts add --help
  invsync carts set "Acme Shop" --minimum 0"""
ADD_EXAMPLES = """\
example:
  invsync carts add Acme "Acme Shop" --system vendure --url https://shop.example.com --login sync \\
      --secret file:~/.secrets/shop --alias UPC --warehouse EAST --warehouse WEST --minimum 3 --upload on
  invsync connections test --cart "Acme Shop"

A further location of a cart uses the cart's connection; its warehouses and its rules are its own:
  invsync carts add Acme "Acme Shop West" --of "Acme Shop" --location West --warehouse WEST --upload on

Its first push is held until an operator has reviewed it: invsync release RUN --reason TEXT"""
SET_EXAMPLES = """\
example:
  invsync carts set "Acme Shop" --upload on --share 80 --max 500 --every 15m
  invsync carts set "Acme Shop" --all-warehouses

After a change of quantities or matches the next push recalculates every listing and is held for review."""

LIMIT = 1000


def add_carts(subparsers: Subparsers) -> None:
    """Add `invsync carts` with its arguments."""
    parser = command(subparsers, "carts", "list carts, add, rename or remove one, or change its Edit Setup", EXAMPLES)
    parser.add_argument("--merchant", metavar="M", help="only carts of this merchant, by name or number")
    list_command.add_options(parser, LIMIT)
    parser.set_defaults(run=run_carts, subcommand="list")
    subcommands = parser.add_subparsers(metavar="add|set|rename|remove", parser_class=Parser)
    _add_add(subcommands)
    _add_set(subcommands)
    renaming = removal.add_rename(subcommands, "carts", '"Acme Shop"', '"Acme US"', "shop")
    _add_owner(renaming)
    renaming.set_defaults(run=run_carts, subcommand="rename")
    goes = "its settings, listings, runs, plans, history and pending orders"
    removing = removal.add_remove(subcommands, "carts", '"Acme Shop"', goes, "--upload")
    _add_owner(removing)
    removing.add_argument("--with-locations", action="store_true", help="remove its further locations too")
    removing.set_defaults(run=removal.run_remove_cart)


def _add_owner(parser: Parser) -> None:
    parser.add_argument("--merchant", metavar="M", default=argparse.SUPPRESS, help="where several have such a cart")


def _add_add(subcommands: Subparsers) -> None:
    parser = command(subcommands, "add", "add a cart to a merchant", ADD_EXAMPLES)
    parser.add_argument("owner", metavar="MERCHANT", help="name or number of the merchant")
    parser.add_argument("name", metavar="NAME", help="its display name")
    parser.add_argument("--system", metavar="SYSTEM", help="see: invsync connections list")
    parser.add_argument("--of", metavar="CART", help="it is a further location of this cart, and uses its connection")
    parser.add_argument("--location", metavar="LOCATION", help="with --of: the location, by its id or name in the cart")
    add_setting_options(parser, CART, adding=True)
    parser.set_defaults(run=run_carts, subcommand="add", all_warehouses=False)


def _add_set(subcommands: Subparsers) -> None:
    parser = command(subcommands, "set", "change a cart's Edit Setup", SET_EXAMPLES)
    parser.add_argument("called", metavar="NAME", help="name or number")
    _add_owner(parser)
    add_setting_options(parser, CART, adding=False)
    parser.add_argument("--all-warehouses", action="store_true", help=ALL_LOCATIONS)
    parser.set_defaults(run=run_carts, subcommand="set")


def run_carts(args: argparse.Namespace) -> int:
    """List, or change one and show it."""
    if args.subcommand == "list" and args.csv:
        return _csv(args)
    with opened(args) as session:
        changed = _change(args, session) if args.subcommand != "list" else None
        setups, following = ([changed], None) if changed else _page(args, session)
    output = Output(args)
    output.text(_lines(setups) or ["No carts yet. Add one with: invsync carts add --help"])
    if following:
        output.text(f"\nMore: --after {following}")
    documents = [json_records.cart(setup) for setup in setups]
    output.document({"cart": documents[0]} if changed else {"carts": documents, "next": following})
    return Exit.OK


def _page(args: argparse.Namespace, session: Session) -> tuple[Sequence[CartSetup], str | None]:
    return list_command.whole(_list(args, session), args, lambda setup: setup.id)


def _csv(args: argparse.Namespace) -> int:
    from invsync_tui.operations import names
    from invsync_tui.operations.listings import carts

    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        cart_lines = carts.carts(session, merchant)
    page = list_command.whole(cart_lines, args, lambda line: line.id)
    list_command.print_page(args, "carts", shapes.carts(time.time()), page, {})
    return Exit.OK


def _list(args: argparse.Namespace, session: Session) -> list[CartSetup]:
    from invsync_tui.operations import names
    from invsync_tui.operations.settings import views as settings_views

    merchant = names.merchant(session, args.merchant).id if args.merchant else None
    return list(settings_views.carts(session, merchant))


def _change(args: argparse.Namespace, session: Session) -> CartSetup:
    from invsync_tui.operations.settings import carts as settings_carts

    if args.subcommand == "add":
        setting_texts = texts(args, CART, "system")
        return settings_carts.add(session, args.owner, args.name, setting_texts, args.option, args.warehouse, _at(args))
    if args.subcommand == "rename":
        renamed = {"name": args.name}
        return settings_carts.change(session, args.called, renamed, merchant=args.merchant, reason=args.reason)
    setting_texts = texts(args, CART)
    return settings_carts.change(session, args.called, setting_texts, args.option, _warehouses(args), args.merchant)


def _at(args: argparse.Namespace) -> At | None:
    """The cart and the location of `--of`; None for a cart with a connection of its own."""
    from invsync_tui.operations.errors import InvalidError
    from invsync_tui.operations.settings.cart_locations import At

    if (args.of is None) != (args.location is None):
        raise InvalidError("--location" if args.of else "--of", "--of and --location are given together.")
    if args.of is not None and args.system is not None:
        raise InvalidError("--system", f"the connection is that of {args.of!r}; leave it out.")
    return None if args.of is None else At(args.of, args.location)


def _warehouses(args: argparse.Namespace) -> Sequence[str] | None:
    """None leaves them as they are."""
    if args.warehouse and args.all_warehouses:
        from invsync_tui.operations.errors import InvalidError

        raise InvalidError("--warehouse", "it contradicts --all-warehouses; give one of them.")
    return args.warehouse if args.warehouse or args.all_warehouses else None


def _lines(setups: Sequence[CartSetup]) -> list[str]:
    lines: list[str] = []
    for setup in setups:
        lines += ["", f"{setup.id}  {clean(setup.merchant)} > {clean(setup.name)}", *fields(_facts(setup))]
    return lines[1:]


def _facts(setup: CartSetup) -> list[tuple[str, str]]:
    location = [("Location", clean(setup.location))] if setup.location else []
    return [
        *location,
        *(
            (setting.listed, _value(setting, setup.values[setting.name]))
            for setting in CART
            if _is_listed(setting, setup)
        ),
        ("Last push", _last(setup.last_run)),
        ("Status", setup.status or NEVER_PUSHED),
        ("Every", span(setup.every) if setup.every else "after each scheduled inventory download"),
        ("Next push", next_run(setup.next_run_at, on=_goes(setup), scheduled=bool(setup.every))),
        *connection_facts("Cart", setup.connection),
    ]


def _goes(setup: CartSetup) -> bool:
    """Whether anything is pushed by schedule, of the cart's own or of its merchant."""
    return setup.upload_on and setup.merchant_on


def _is_listed(setting: Setting, setup: CartSetup) -> bool:
    return bool(setting.listed) and (setup.values[setting.name] is not None or bool(setting.listed_none))


def _value(setting: Setting, value: Any) -> str:
    """The value of a setting in a list."""
    if value is None:
        return setting.listed_none
    if setting.kind is FieldKind.CHOICES:
        return ", ".join(value) or ALL_LOCATIONS
    formatter = {FieldKind.SWITCH: on_off, FieldKind.NUMBER: number, FieldKind.DURATION: span}.get(setting.kind, str)
    return setting.listing.format(formatter(value))


def _last(run: RunRow | None) -> str:
    if run is None:
        return moment(None)
    ended = f" {moment(run.ended_at)}" if run.ended_at else ""
    return f"run {run.id}: {words.state(run.state.value)}{ended}, {outcome_sum(run.counts)}"
