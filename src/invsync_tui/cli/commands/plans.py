"""`invsync plan`, `apply`, `undo` and `safe`: what a push would set, and plans that are applied."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.follow import follow
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command, row_number
from invsync_tui.cli.shapes import NAME_MOST, cells, record
from invsync_tui.cli.text import clean, cut, moment, number, utc
from invsync_tui.operations.settings.fields import FORMER_NAMES
from invsync_tui.plain_text import counted, signed
from invsync_tui.rules.listing_filter import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invsync_tui.operations.plans.plans import PlanView
    from invsync_tui.operations.plans.rows import PlanLine, PlanRows
    from invsync_tui.operations.session import Session

APPLY_EXAMPLES = """\
example:
  invsync plan "Acme Shop"
  invsync apply 12 --reason "first push: looked through it" --wait

If anything changed since the plan was made, the push is held, says what differs, and sends nothing.
A plan that shows tripped safety rules, an undo and a safe level need a reason; applying it accepts what was shown.

exit codes with --wait: 0 done; 1 failed or canceled; 3 held, since something changed"""


def add_apply(subparsers: Subparsers) -> None:
    """Add `invsync apply` with its arguments."""
    parser = command(subparsers, "apply", "send exactly the plan that was shown", APPLY_EXAMPLES)
    parser.add_argument("plan", metavar="PLAN", type=row_number, help="its number")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    parser.add_argument(
        "--no-freeze", action="store_true", help="an undo or safe level: let the next push by the settings set it again"
    )
    parser.add_argument("--wait", action="store_true", help="follow its run until it has ended")
    parser.set_defaults(run=run_apply)


def run_apply(args: argparse.Namespace) -> int:
    """Do what `invsync apply` asks for and print what came of it."""
    from invsync_tui.operations.plans import plans
    from invsync_tui.operations.settings import values

    output = Output(args)
    reason = values.reason(args.reason) if args.reason else ""
    with opened(args) as session:
        done = plans.apply(session, args.plan, reason, freeze=not args.no_freeze)
        if args.wait:
            return follow(session, [done.run], done.message, output)
    output.text([clean(done.message), f"Watch it: invsync runs {done.run}"])
    output.document(
        {
            "message": done.message,
            "plan": args.plan,
            "run": done.run,
            "frozen": done.frozen,
            "worker_started": done.worker_started,
        }
    )
    return Exit.OK


PLAN_EXAMPLES = """\
example:
  invsync plan "Acme Shop"                             in the order of sending; kept, so that it can be applied
  invsync plan "Acme Shop" --with minimum=3 --with buffer=2    what if, without saving
  invsync plan --kept 12 --sort change                 a plan that was kept: of rules, an undo, a safe level
  invsync plan "Acme Shop" --csv --limit 100000 > plan.csv

Then: invsync apply 12. It sends exactly the plan that was shown, or says what changed since and sends nothing."""
SORTS = ("position", "risk", "change", "sku", "name", "in_cart", "target")
RISKS = ("to_zero", "large_change", "decrease", "increase", "small")
REASON_MOST = 44


def add_plan(subparsers: Subparsers) -> None:
    """Add `invsync plan` with its arguments."""
    parser = command(subparsers, "plan", "show what the next push of a cart would set, and why", PLAN_EXAMPLES)
    parser.add_argument("cart", metavar="CART", nargs="?", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument(
        "--kept", metavar="PLAN", type=row_number, help="the number of a plan that was kept, instead of a cart"
    )
    parser.add_argument(
        "--with", metavar="SETTING=VALUE", action="append", default=[], dest="overlay", help="try a setting; repeatable"
    )
    parser.add_argument(
        "--sort",
        metavar="COL",
        choices=(*SORTS, *(f"{list_command.FIRST_SIGN}{column}" for column in SORTS)),
        default="position",
        help=f"by {', '.join(SORTS)}; position (default): as they are sent, nearest to overselling first; "
        "-COL (as --sort=-COL): the other way round",
    )
    parser.add_argument("--risk", choices=RISKS, help="only listings of this risk")
    list_command.add_filter(parser, "a part of a SKU", "change<-20 risk:to_zero")
    list_command.add_options(parser)
    parser.set_defaults(run=run_plan)


def run_plan(args: argparse.Namespace) -> int:
    """Print a page of it."""
    if (args.cart is None) == (args.kept is None):
        raise UsageError("invsync plan: give a CART, or --kept PLAN. See: invsync plan --help")
    if args.kept is not None and args.overlay:
        raise UsageError("invsync plan: --with tries settings on a CART; a kept plan is what it is.")
    args.filter = list_command.filter_text(args, PLAN)
    with opened(args) as session:
        view, rows = _load_plan(session, args) if args.kept is not None else _new(session, args)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    if not args.csv:
        Output(args).text(_head(view))
    list_command.print_page(args, "listings", shape(), page, {"plan": document(view), **count})
    if not args.csv:
        Output(args).text(["", *map(clean, view.advice)])
    Output(args).flush()
    return Exit.OK


def _load_plan(session: Session, args: argparse.Namespace) -> tuple[PlanView, PlanRows]:
    from invsync_tui.operations.plans import plans

    return plans.load_plan(session, args.kept), plans.load_plan_rows(
        session, args.kept, args.sort, args.filter, args.risk
    )


def _new(session: Session, args: argparse.Namespace) -> tuple[PlanView, PlanRows]:
    from invsync_tui.operations.plans import plans

    cart = plans.cart_of(session, args.cart, args.merchant).id
    making = plans.build_plan(session, cart, overlay(args.overlay))
    # Further pages and exports look at the plan again; only the first look is one that may be applied.
    saved_plan = plans.save_plan(session, making) if args.after is None and not args.csv else None
    return plans.view(session, making, saved_plan), plans.rows(session, making, args.sort, args.filter, args.risk)


def overlay(assignments: list[str]) -> dict[str, str]:
    """SETTING=VALUE words as texts by setting."""
    pairs = [assignment.partition("=") for assignment in assignments]
    if any(not sign for _, sign, _ in pairs):
        raise UsageError("invsync plan: --with takes SETTING=VALUE, such as --with minimum=3.")
    named = [(name.strip().replace("_", "-"), value) for name, _, value in pairs]
    return {FORMER_NAMES.get(name, name): value for name, value in named}


def document(view: PlanView) -> dict[str, Any]:
    """A plan without its listings, as JSON has it."""
    record = asdict(view)
    holds = [rule.text for rule in view.rules]
    return record | {"holds": holds, "made_at": utc(view.made_at), "what_if": dict(view.what_if)}


def shape() -> Shape[PlanLine]:
    """Listings that would be updated."""
    columns = ("position", "listing_id", "sku", "name", "in_cart", "target", "change", "risk", "reason")
    return Shape(
        columns,
        cells(columns),
        record,
        ("POSITION", "SKU", "NAME", "IN CART", "TARGET", "CHANGE", "RISK", "BECAUSE"),
        lambda line: (
            number(line.position),
            line.sku,
            cut(line.name, NAME_MOST),
            "-" if line.in_cart is None else number(line.in_cart),
            number(line.target),
            signed(line.change),
            line.risk.value.replace("_", " "),
            cut(line.reason, REASON_MOST),
        ),
        "No listing would change.",
    )


def _head(view: PlanView) -> Iterator[str]:
    called = f"Plan {view.number}" if view.number else "What if" if view.what_if else "Plan (not kept)"
    kind = {"undo": f", undo of run {view.of_run}", "safe": ", safe level"}.get(view.kind, "")
    yield clean(f"{called} for {view.cart}{kind}, made {moment(view.made_at)} by {view.made_by}")
    total = view.totals
    yield (
        f"{number(total.to_set)} to update: {number(total.up)} up, {number(total.down)} down, "
        f"{number(total.to_zero)} of them to 0, {number(total.unknown)} show nothing known"
    )
    if total.to_set:
        requests = "1 request" if view.requests == 1 else f"{number(view.requests)} requests"
        yield f"Takes {requests} to the cart, or more where it refuses rows"
    if view.in_sync is not None:
        rest = [
            f"{number(view.in_sync)} in sync",
            *(f"{number(n)} {reason.value}" for reason, n in view.skipped.items()),
        ]
        if view.not_listed:
            rest.append(f"{counted(view.not_listed, 'product')} not listed in the cart")
        yield "Left alone: " + ", ".join(rest)
    if view.submitted:
        yield f"{number(view.submitted)} wait until the cart applies an earlier batch; a newer quantity is sent after it"
    if view.in_doubt:
        yield f"{number(view.in_doubt)} wait for the outcome of an earlier batch; a newer quantity is sent once it is known"
    for rule in view.rules:
        yield clean(f"Would be held: {rule}")
    yield ""


SAFE_EXAMPLES = """\
example:
  invsync safe "Acme Shop" --level 0 --reason "flood in EAST"     no listing sells anything
  invsync safe "Acme Shop" SHOE-1 SHOE-2 --level 2 --reason "recount"
  invsync plan --kept 14            look at it
  invsync apply 14 --reason "..."   send it; the cart is frozen with it

It lowers and never raises, unless --exactly is given."""


def add_safe(subparsers: Subparsers) -> None:
    """Add `invsync safe` with its arguments."""
    parser = command(subparsers, "safe", "plan a safe level for all or some listings of a cart", SAFE_EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("skus", metavar="SKU", nargs="*", help="only these listings, by the cart's code")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--level", metavar="N", required=True, help="no listing shows more than this")
    parser.add_argument("--exactly", action="store_true", help="raise those that show less, too")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, kept with the plan")
    parser.set_defaults(run=run_safe)


def run_safe(args: argparse.Namespace) -> int:
    """Make the plan, keep it, and print how it is applied."""
    from invsync_tui.operations.plans import plans, undo
    from invsync_tui.operations.settings import values

    reason, level = values.reason(args.reason), values.whole("--level", args.level)
    with opened(args) as session:
        cart = plans.cart_of(session, args.cart, args.merchant).id
        plan = undo.safe(session, cart, level, reason, args.skus, exactly=args.exactly)
    output = Output(args)
    output.text(clean(plan.message))
    output.document({"message": plan.message, "plan": plan.plan, "unknown": plan.unknown})
    return Exit.OK


UNDO_EXAMPLES = """\
example:
  invsync undo 31 --reason "pushed from the wrong warehouse"
  invsync plan --kept 13            look at it
  invsync apply 13 --reason "..."   send it; the cart is frozen with it

A listing that somebody changed since, here or in the cart, is left alone and reported."""


def add_undo(subparsers: Subparsers) -> None:
    """Add `invsync undo` with its arguments."""
    parser = command(subparsers, "undo", "plan to put back what a push replaced", UNDO_EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the push")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, kept with the plan")
    parser.set_defaults(run=run_undo)


def run_undo(args: argparse.Namespace) -> int:
    """Make the plan, keep it, and print how it is applied."""
    from invsync_tui.operations.plans import undo
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason) if args.reason else ""
    with opened(args) as session:
        plan = undo.undo(session, args.number, reason)
    output = Output(args)
    output.text(clean(plan.message))
    output.document({"message": plan.message, "plan": plan.plan, "changed": plan.changed, "unknown": plan.unknown})
    return Exit.OK
