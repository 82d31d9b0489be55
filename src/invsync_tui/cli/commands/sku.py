"""`invsync sku` and `history`: one SKU now and over time, and changes to its listings."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import age, clean, fields, moment, number, table, utc
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.sku_history import Happening, SkuHistory
    from invsync_tui.operations.lists.export import Cell
    from invsync_tui.operations.lists.list_views import AliasLine, Point, SkuView, StockLine
    from invsync_tui.operations.session import Session

SKU_EXAMPLES = """\
example:
  invsync sku 0042-BLK
  invsync sku 0042-BLK --exclude --cart "Acme Shop" --reason "sold at the fair"
  invsync sku 0042-BLK --override 3 --reason "display pieces only"    (--override off removes it)
  invsync sku 0042-BLK --sync-now

TEXT is a SKU or an alias, in full, in any case; where two differ by case only it is the one that is written so. A change
says which SKU it was for, and applies to its listings in --cart, or in every cart."""
SEVERAL_SHOWN = 5


def add_sku(subparsers: Subparsers) -> None:
    """Add `invsync sku` with its arguments."""
    parser = command(subparsers, "sku", "show one SKU everywhere, or change its listings", SKU_EXAMPLES)
    parser.add_argument("text", metavar="TEXT", help="a SKU or an alias")
    parser.add_argument("--merchant", metavar="M", help="where several have it")
    parser.add_argument("--cart", metavar="C", help="changes are for this cart only, by name or number")
    changes = parser.add_mutually_exclusive_group()
    for name, what in _CHANGES:
        changes.add_argument(f"--{name}", dest="change", action="store_const", const=name, help=what)
    changes.add_argument("--override", metavar="N", help="override the quantity of its listings, or off")
    parser.add_argument(
        "--reason", metavar="TEXT", default="", help="why, for the audit; needed for all changes but --sync-now"
    )
    list_command.add_options(parser)
    parser.set_defaults(run=run_sku, change=None)


_CHANGES = (
    ("exclude", "exclude its listings from the sync"),
    ("include", "include them again"),
    ("lock", "keep the carts at the quantity they have"),
    ("unlock", "let them be synced again"),
    ("sync-now", "compare with the carts and send what differs"),
)


def run_sku(args: argparse.Namespace) -> int:
    """Show it; after a change, as it is then."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import sku

    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        view = _only_match(session, args.text, merchant)
        message = _changed(args, session, view)
        if message:
            message = sku.taken(view, args.text) + message
            view = sku.view(session, view.product_id)
    if args.csv:
        page = list_command.whole(view.listings, args, lambda listing: listing.id)
        list_command.print_page(args, "listings", shapes.listings(time.time()), page, {})
        return Exit.OK
    output = Output(args)
    output.text([*([clean(message), ""] if message else []), *_lines(view)])
    page = list_command.whole(view.listings, args, lambda listing: listing.id)
    output.document({"sku": _record(view, page[0]), "message": message, "next": page[1]})
    return Exit.OK


def _only_match(session: Session, text: str, merchant: int | None) -> SkuView:
    from invsync_tui.operations.catalog import sku
    from invsync_tui.operations.catalog.search import search
    from invsync_tui.operations.errors import NotFoundError, OperationError

    matches = sku.resolve(session, text, merchant)
    if not matches:
        verdict = search(session, text, merchant).verdict or "no SKU is given"
        raise NotFoundError(f"{text!r}: {verdict}. Look for it: invsync search TEXT.")
    views = [sku.view(session, product_id) for product_id in matches[:SEVERAL_SHOWN]]
    if len(matches) > 1:
        named = ", ".join(f"{view.merchant}: {view.sku}" for view in views)
        raise OperationError(
            f"{counted(len(matches), 'product has', 'products have')} the code {text!r} ({named}). Give one SKU, or --merchant."
        )
    return views[0]


def _changed(args: argparse.Namespace, session: Session, view: SkuView) -> str:
    """Make the change; its answer, or '' without one."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import sku

    if args.change is None and args.override is None:
        return ""
    cart = names.cart(session, args.cart, view.merchant_id).id if args.cart else None
    chosen = [listing.id for listing in sku.of_carts(view, cart)]
    if not chosen:
        raise UsageError("invsync sku: no cart lists it, so there is nothing to change. See: invsync sku TEXT")
    if args.override is not None:
        return _override(args, session, chosen)
    changes: dict[str, Callable[[], str]] = {
        "exclude": lambda: sku.set_excluded(session, chosen, True, args.reason),
        "include": lambda: sku.set_excluded(session, chosen, False, args.reason),
        "lock": lambda: sku.set_locked(session, chosen, True, args.reason),
        "unlock": lambda: sku.set_locked(session, chosen, False, args.reason),
        "sync-now": lambda: sku.sync_now(session, chosen).message,
    }
    return changes[args.change]()


def _override(args: argparse.Namespace, session: Session, chosen: Sequence[int]) -> str:
    from invsync_tui.operations.catalog import sku
    from invsync_tui.operations.settings import values

    off = args.override.strip().lower() in (values.OFF, values.NONE)
    quantity = None if off else values.whole("--override", args.override)
    return sku.set_override(session, chosen, quantity, args.reason)


# --- text and JSON -----------------------------------------------------------------------------------------------------


def _lines(view: SkuView) -> list[str]:
    now = time.time()
    gone = [("Not in the WMS", age(view.missing_since, now))] if view.missing_since is not None else []
    kit = [("Kit of", ", ".join(f"{needed} x {sku}" for sku, needed in view.components))] if view.components else []
    shape = shapes.listings(now)
    return [
        clean(f"{view.sku or '(blank)'}  {view.name}"),
        *fields([("Merchant", view.merchant), *gone, *kit, *(_alias(alias) for alias in view.aliases)]),
        "",
        *(
            table(_STOCK, [_stock(level, now) for level in view.levels])
            if view.levels
            else ["No warehouse has reported a level."]
        ),
        "",
        *(
            table(("CART", *shape.heads), [(listing.cart, *shape.text(listing)) for listing in view.listings])
            if view.listings
            else []
        ),
        *(clean(f"{cart}: not listed ({reason})") for cart, reason in view.not_listed),
    ]


_STOCK = ("WAREHOUSE", "ON HAND", "AVAILABLE", "COMMITTED", "INCOMING", "LOADED")


def _alias(alias: AliasLine) -> tuple[str, str]:
    shared = f"  also of {', '.join(alias.shared_with)}: an alias must be unique" if alias.shared_with else ""
    return alias.kind, alias.code + shared


def _stock(stock: StockLine, now: float) -> tuple[str, ...]:
    loaded = age(stock.loaded_at, now) if stock.missing_since is None else f"missing, {age(stock.missing_since, now)}"
    return (
        stock.warehouse,
        *(number(n) for n in (stock.on_hand, stock.available, stock.committed, stock.incoming)),
        loaded,
    )


def _record(view: SkuView, listings: Sequence[Any]) -> dict[str, Any]:
    return {
        "product_id": view.product_id,
        "merchant": view.merchant,
        "sku": view.sku,
        "name": view.name,
        "missing_since": utc(view.missing_since),
        "components": [{"sku": sku, "needed": needed} for sku, needed in view.components],
        "aliases": [shapes.record(alias) for alias in view.aliases],
        "levels": [shapes.record(level) for level in view.levels],
        "listings": [shapes.record(listing) for listing in listings],
        "not_listed": [{"cart": cart, "reason": reason} for cart, reason in view.not_listed],
        "history": [
            {"name": track.name, "points": [{"at": utc(point.at), "value": point.value} for point in track.points]}
            for track in view.history
        ],
    }


HISTORY_EXAMPLES = """\
example:
  invsync history DEMO-LAMP-00432                          what warehouses had, and what carts should show, took and showed
  invsync history DEMO-LAMP-00432 --cart 'Web shop' --since -2d
  invsync history DEMO-LAMP-00432 --since 2026-11-20 --until 2026-11-21
  invsync history DEMO-LAMP-00432 --json
  invsync history DEMO-LAMP-00432 --csv > lamp.csv         a line for each quantity and each event, for a spreadsheet

Changes are kept for 30 days."""


def add_history(subparsers: Subparsers) -> None:
    """Add `invsync history` with its arguments."""
    parser = command(
        subparsers, "history", "show one SKU over time, with the runs and orders that changed it", HISTORY_EXAMPLES
    )
    parser.add_argument("word", metavar="SKU", help="SKU, alias, cart's code, cart listing ID, or nearly one")
    parser.add_argument("--cart", metavar="C", help="one cart, by name or number")
    list_command.add_period(parser)
    list_command.add_options(parser, HISTORY_LIMIT)
    parser.set_defaults(run=run_history)


def run_history(args: argparse.Namespace) -> int:
    """Print what `invsync history` asks for."""
    from invsync_tui.operations import names
    from invsync_tui.operations.diagnosis.sku_history import histories

    since, until = list_command.period(args)
    if since is not None and until is not None and until < since:
        raise UsageError("invsync history: --until is before --since")
    with opened(args) as session:
        cart = names.cart(session, args.cart).id if args.cart else None
        of_listings = histories(session, args.word, cart, since)
    listing_histories = of_listings if until is None else [history.until(until) for history in of_listings]
    output = Output(args)
    if args.csv and not output.json:
        rows = enumerate(cells for history in listing_histories for cells in _csv(history))
        page, _ = list_command.whole(list(rows), args, _place)
        list_command.print_csv(HISTORY_COLUMNS, [line for _, line in page])
        return Exit.OK
    events = enumerate((n, event) for n, history in enumerate(listing_histories) for event in history.happenings)
    event_page, following = list_command.whole(list(events), args, _place)
    of_page = [
        replace(history, happenings=tuple(event for _, (owner, event) in event_page if owner == n))
        for n, history in enumerate(listing_histories)
    ]
    for history in of_page:
        output.text(_history_lines(history))
    if following:
        output.text(f"\nMore: --after {following}")
    output.document({"asked": args.word, "listings": [_document(history) for history in of_page], "next": following})
    return Exit.OK


def _place(numbered: tuple[int, Any]) -> int:
    return numbered[0]


HISTORY_LIMIT = 1000
"""Events of all listings together; in CSV lines."""
HISTORY_COLUMNS = (
    "Merchant",
    "Cart",
    "Cart SKU",
    "Cart listing ID",
    "Time",
    "What",
    "Quantity",
    "Who",
    "Run",
    "Reason",
)


def _csv(history: SkuHistory) -> list[tuple[Cell, ...]]:
    """Quantities from when on they held, and events with no quantity, the oldest first. Unknown is empty."""
    listing = (history.merchant, history.cart, history.sku, history.cart_listing_id)
    quantities = (
        ("Available", history.source),
        ("Target", history.target),
        ("Confirmed", history.confirmed),
        ("In cart", history.in_cart),
    )
    lines: list[tuple[int, tuple[Cell, ...]]] = [
        (point.at, (name, point.value, "", None, "")) for name, points in quantities for point in points
    ]
    if (read := history.last_read) is not None:
        lines.append((read.at, ("In cart, last read", read.value, "", None, "")))
    lines += [(event.at, (event.what, None, event.who, event.run_id, event.reason)) for event in history.happenings]
    return [(*listing, utc(at), *cells) for at, cells in sorted(lines, key=lambda line: line[0])]


def _document(history: SkuHistory) -> dict[str, Any]:
    lines = {
        "source": history.source,
        "target": history.target,
        "confirmed": history.confirmed,
        "in_cart": history.in_cart,
    }
    read = history.last_read
    return {
        "cart": history.cart,
        "merchant": history.merchant,
        "sku": history.sku,
        "cart_listing_id": history.cart_listing_id,
        "begin": utc(history.begin),
        "end": utc(history.end),
        "lines": {name: [{"at": utc(p.at), "value": p.value} for p in points] for name, points in lines.items()},
        "in_cart": None if read is None else {"at": utc(read.at), "value": read.value},
        "events": [
            {"at": utc(event.at), "who": event.who, "what": event.what, "run": event.run_id, "reason": event.reason}
            for event in history.happenings
        ],
    }


def _history_lines(history: SkuHistory) -> list[str]:
    rows = [(moment(at, history.end), *(number(value) for value in values)) for at, values in _steps(history)]
    read = history.last_read
    return [
        clean(f"{history.cart}: listing {history.sku}, cart listing ID {history.cart_listing_id}"),
        *(f"  {row}" for row in table(("SINCE", "AVAILABLE", "TARGET", "CONFIRMED", "IN CART"), rows)),
        *([] if read is None else ["", f"  in cart {number(read.value)}, read {moment(read.at, history.end)}"]),
        "",
        *(f"  {row}" for row in _events(history.happenings, history.end)),
        "",
    ]


def _steps(history: SkuHistory) -> list[tuple[int, list[int | None]]]:
    """What held from each moment on, the newest first."""
    lines = (history.source, history.target, history.confirmed, history.in_cart)
    moments = sorted({point.at for line in lines for point in line}, reverse=True)
    return [(at, [_held(line, at) for line in lines]) for at in moments]


def _held(line: Sequence[Point], at: int) -> int | None:
    return next((point.value for point in reversed(line) if point.at <= at), None)


def _events(happenings: Sequence[Happening], now: int) -> list[str]:
    if not happenings:
        return ["No run and no order had to do with it in this time."]
    rows = [
        (
            moment(happening.at, now),
            happening.who,
            happening.what + (f": {happening.reason}" if happening.reason else ""),
        )
        for happening in happenings
    ]
    return table(("WHEN", "WHO", "WHAT"), rows)
