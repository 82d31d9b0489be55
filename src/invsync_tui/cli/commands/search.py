"""`invsync search` and `compare`: finds products, and shows several side by side."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity import ComparedProduct

SEARCH_EXAMPLES = """\
example:
  invsync search 0042-BLK
  invsync search "summit pack" --merchant Acme --limit 200 --csv

Exact codes come first, then codes that begin with the text, then those that contain it (from 3 characters), then names."""

DEEPEST = 5000
"""Results that can be paged through; a longer search is narrowed instead."""


def add_search(subparsers: Subparsers) -> None:
    """Add `invsync search` with its arguments."""
    parser = command(subparsers, "search", "find products by SKU, alias or name", SEARCH_EXAMPLES)
    parser.add_argument("text", metavar="TEXT", help="a code or a part of it, or words of a name")
    parser.add_argument("--merchant", metavar="M", help="only this merchant's, by name or number")
    list_command.add_options(parser)
    parser.set_defaults(run=run_search)


def run_search(args: argparse.Namespace) -> int:
    """Print what was found; 1 if it is nothing."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog.search import search

    # Results are ranked, so a later page is found behind the ones before it.
    deep = args.limit + 1 if args.after is None else DEEPEST
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        answer = search(session, args.text, merchant, min(deep, DEEPEST))
    page = list_command.whole(answer.hits, args, lambda hit: hit.product_id)
    output = Output(args)
    if not args.csv:
        output.text([clean(answer.verdict), *([clean(answer.hint)] if answer.hint else []), ""])
    count = {"n": answer.count.n, "exact": answer.count.exact}
    more = {"asked": answer.asked, "verdict": answer.verdict, "hint": answer.hint, "count": count}
    list_command.print_page(args, "hits", shapes.hits(time.time()), page, more)
    return Exit.OK if answer.hits else Exit.FAILED


COMPARE_EXAMPLES = """\
example:
  invsync compare 4006381333931                 all products that have this code
  invsync compare DEMO-LAMP-1 DEMO-LAMP-01      these products"""


def add_compare(subparsers: Subparsers) -> None:
    """Add `invsync compare` with its arguments."""
    parser = command(subparsers, "compare", "show products that share a code side by side", COMPARE_EXAMPLES)
    parser.add_argument("codes", metavar="CODE", nargs="+", help="SKU or alias")
    parser.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> int:
    """Print what `invsync compare` asks for."""
    from invsync_tui.operations.catalog import sku
    from invsync_tui.operations.errors import NotFoundError
    from invsync_tui.operations.listings import identity

    with opened(args) as session:
        product_ids: dict[int, None] = {}
        for code in args.codes:
            numbers = sku.resolve(session, code)
            if not numbers:
                raise NotFoundError(f"No product is called {code!r}. Try: invsync search {code!r}")
            product_ids.update(dict.fromkeys(numbers))
        candidates = identity.side_by_side(session, list(product_ids))
    output = Output(args)
    output.text(line for candidate in candidates for line in _lines(candidate))
    output.document({"products": [_document(candidate) for candidate in candidates]})
    return Exit.OK


def _lines(candidate: ComparedProduct) -> list[str]:
    lines = [
        clean(f"{candidate.sku}  {candidate.name}"),
        clean("  codes      " + (", ".join(f"{kind} {code}" for kind, code in candidate.codes) or "none")),
        clean("  available  " + (", ".join(f"{place} {units}" for place, units in candidate.levels) or "no level")),
        clean("  listings   " + (", ".join(f"{cart}: {code}" for cart, code in candidate.listings) or "none")),
    ]
    return [*lines, ""]


def _document(candidate: ComparedProduct) -> dict[str, object]:
    return {
        "sku": candidate.sku,
        "name": candidate.name,
        "codes": [{"type": kind, "code": code} for kind, code in candidate.codes],
        "levels": [{"warehouse": place, "available": units} for place, units in candidate.levels],
        "listings": [{"cart": cart, "code": code} for cart, code in candidate.listings],
    }
