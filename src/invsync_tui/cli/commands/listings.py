"""`invsync listings`, `drift`, `correct` and `verify`: listings of a cart, and those that drifted."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.shapes import record
from invsync_tui.cli.text import age, clean, number, utc
from invsync_tui.rules.listing_filter import DRIFT

if TYPE_CHECKING:
    from invsync_tui.operations.listings.drift import DriftLine

LISTINGS_EXAMPLES = """\
example:
  invsync listings --only mismatch               where a cart does not show its target, over all carts
  invsync listings --merchant Acme --only held   of one merchant
  invsync listings "Acme Shop" --only never      Last synced: Never
  invsync listings "Acme Shop" --only ambiguous --csv > ambiguous.csv
  invsync listings "Acme Shop" --filter 0042
  invsync listings "Acme Shop" --since -1h       last synced since then, the newest first
  invsync listings "Acme Shop" --filter "diff>0 outcome:failed -locked"

A filter compares target, confirmed, in-cart, diff and override (target<5, target=none for unknown), outcome:, reason:,
sku:, name: and error:, and knows the names of --only by themselves; - in front of one means not. Other words are looked
for in SKUs and codes; quotes make a word such a text. @NAME is a filter that was saved in the control room (F in a list of
listings).

DIFF is the units in the cart less the target: above 0 the cart offers more than there is to sell. A mismatch list begins
with the largest; --sort difference begins with the most negative one."""
ONLY = (
    "all", "mismatch", "never", "held", "failed", "ambiguous", "not-in-wms", "drift", "overrides", "excluded", "locked",
)  # fmt: skip


def add_listings(subparsers: Subparsers) -> None:
    """Add `invsync listings` with its arguments."""
    parser = command(subparsers, "listings", "list what carts list, and how its sync went", LISTINGS_EXAMPLES)
    parser.add_argument("cart", metavar="CART", nargs="?", help="name or number; without it all carts")
    parser.add_argument("--merchant", metavar="M", help="only this merchant's carts")
    parser.add_argument(
        "--only", "--tab", choices=ONLY, help="only these (default: all of a cart, or the mismatches of all carts)"
    )
    list_command.add_filter(parser, "a part of a SKU or code", "diff>0 -locked")
    list_command.add_sort(parser, "sku or synced_at, mismatches by difference; more on small lists")
    list_command.add_period(parser, "last synced ")
    list_command.add_options(parser)
    parser.set_defaults(run=run_listings)


def run_listings(args: argparse.Namespace) -> int:
    """Print a page of what `invsync listings` lists."""
    from invsync_tui.operations import names
    from invsync_tui.operations.listings import product_sync
    from invsync_tui.operations.lists.list_views import ListingFilter

    only = ListingFilter(args.only or ("all" if args.cart else "mismatch"))
    args.filter = list_command.filter_text(args)
    with opened(args) as session:
        owner = names.merchant(session, args.merchant).id if args.merchant else None
        look = args.filter, list_command.ordering(args), list_command.period(args)
        if args.cart:
            rows = product_sync.listings(session, names.cart(session, args.cart, owner).id, only, *look)
        else:
            rows = product_sync.everywhere(session, owner, only, *look)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    shape = shapes.listings(time.time()) if args.cart else shapes.listings_of_carts(time.time())
    list_command.print_page(args, "listings", shape, page, {"only": only.value, "filter": args.filter, **count})
    return Exit.OK


DRIFT_EXAMPLES = """\
example:
  invsync drift "Acme Shop"                       what drift checks and pushes have found
  invsync drift "Acme Shop" --class oversell      more units in the cart than in stock
  invsync drift "Acme Shop" --filter "exposure>20 -correct"
  invsync correct "Acme Shop" --class oversell --reason "edited by hand"

Classes: vanished, untracked, oversell, undersell, edited, lagging. A decrease that sales may explain is not drift.
A filter compares exposure, confirmed, in-cart, target and diff, class:, sku: and name:; correct alone: marked for the next
push. - in front of one means not."""
CLASSES = ("vanished", "untracked", "oversell", "undersell", "edited", "lagging")


def add_drift(subparsers: Subparsers) -> None:
    """Add `invsync drift` with its arguments."""
    parser = command(subparsers, "drift", "list listings whose number in the cart was changed there", DRIFT_EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--class", dest="wanted", choices=CLASSES, help="only this class")
    list_command.add_filter(parser, "a part of a SKU", "exposure>20 class:oversell")
    list_command.add_sort(parser, "sku, class, exposure, confirmed, in_cart, target or correct, where it is little")
    list_command.add_options(parser)
    parser.set_defaults(run=run_drift)


COLUMNS = (
    "id", "cart_listing_id", "sku", "name", "drift", "exposure", "confirmed", "in_cart", "target", "read_at", "to_correct",
    "text",
)  # fmt: skip


def shape(now: float) -> Shape[DriftLine]:
    """A listing that drifted: its class, the units at risk, and its three quantities."""
    return Shape(
        COLUMNS,
        lambda line: [utc(line.read_at) if column == "read_at" else getattr(line, column) for column in COLUMNS],
        lambda line: {**record(line), "read_at": utc(line.read_at)},
        ("SKU", "CLASS", "EXPOSURE", "CONFIRMED", "IN CART", "TARGET", "READ", "CORRECT"),
        lambda line: (
            line.sku,
            line.drift,
            number(line.exposure),
            *("-" if units is None else number(units) for units in (line.confirmed, line.in_cart, line.target)),
            "-" if line.read_at is None else age(line.read_at, now),
            "next push" if line.to_correct else "-",
        ),
        "No drift, as far as the cart was read. Check it now: invsync verify CART",
    )


def run_drift(args: argparse.Namespace) -> int:
    """Print a page of what `invsync drift` lists."""
    from invsync_tui.operations.listings import drift

    looked_for = list_command.filter_text(args, DRIFT)
    with opened(args) as session:
        cart = drift.cart_of(session, args.cart, args.merchant)
        rows = drift.drifted(session, cart, args.wanted, list_command.ordering(args), looked_for)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    exposure = sum(line.exposure for line in page[0])
    more = {"class": args.wanted, "filter": looked_for, "exposure": exposure, **count}
    list_command.print_page(args, "drift", shape(time.time()), page, more)
    return Exit.OK


CORRECT_EXAMPLES = """\
example:
  invsync correct "Acme Shop" DEMO-LAMP-00432 --reason "edited by hand"
  invsync correct "Acme Shop" --class oversell --reason "sold by phone"

The next push compares with what the cart shows, and writes what differs; its safety rules apply."""


def add_correct(subparsers: Subparsers) -> None:
    """Add `invsync correct` with its arguments."""
    parser = command(subparsers, "correct", "correct drifted listings with the next push", CORRECT_EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("skus", metavar="SKU", nargs="*", help="the cart's SKUs")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--class", dest="wanted", choices=CLASSES, help="all of a class instead; see: invsync drift")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.set_defaults(run=run_correct)


def run_correct(args: argparse.Namespace) -> int:
    """Do what `invsync correct` asks for and print what came of it."""
    from invsync_tui.operations.listings import drift

    with opened(args) as session:
        cart = drift.cart_of(session, args.cart, args.merchant)
        message = drift.correct(session, cart, args.skus, args.wanted, args.reason)
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message})
    return Exit.OK


VERIFY_EXAMPLES = """\
example:
  invsync verify "Acme Shop"               read its listings, those read longest ago first
  invsync verify "Acme Shop" --every 30m   by schedule too; off: only when somebody starts one

It uses at most half of the cart's API rate limit, and ends as soon as a push waits.
Results: invsync drift "Acme Shop". What it corrects automatically: invsync carts set "Acme Shop" --correct-drift oversell"""


def add_verify(subparsers: Subparsers) -> None:
    """Add `invsync verify` with its arguments."""
    parser = command(subparsers, "verify", "check a cart for drift: read its listings and compare", VERIFY_EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--every", metavar="TIME", help="set the schedule instead: 30m, 2h, ...; off: no schedule")
    parser.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    """Do what `invsync verify` asks for and print what came of it."""
    from invsync_tui.operations.listings import drift

    with opened(args) as session:
        cart = drift.cart_of(session, args.cart, args.merchant)
        if args.every is not None:
            message, runs = drift.verify_every(session, cart, args.every), []
        else:
            request = drift.verify(session, cart)
            message, runs = request.message, list(request.runs)
    output = Output(args)
    output.text(clean(message) + (f" Watch it: invsync runs {runs[0]}" if runs else ""))
    output.document({"message": message, "runs": runs})
    return Exit.OK
