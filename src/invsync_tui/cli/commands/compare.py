"""`invsync compare`: products side by side, by a code that several of them have or by their SKUs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity_lines import Rival

EXAMPLES = """\
example:
  invsync compare 4006381333931                 all products that have this code
  invsync compare DEMO-LAMP-1 DEMO-LAMP-01      these products"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "compare", "show products that share a code side by side", EXAMPLES)
    parser.add_argument("codes", metavar="CODE", nargs="+", help="SKU or alias")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print them."""
    from invsync_tui.operations.catalog import sku
    from invsync_tui.operations.errors import NotFoundError
    from invsync_tui.operations.listings import identity

    with opened(args) as session:
        found: dict[int, None] = {}
        for code in args.codes:
            numbers = sku.resolve(session, code)
            if not numbers:
                raise NotFoundError(f"No product is called {code!r}. Try: invsync search {code!r}")
            found.update(dict.fromkeys(numbers))
        rivals = identity.side_by_side(session, list(found))
    output = Output(args)
    output.text(line for rival in rivals for line in _lines(rival))
    output.document({"products": [_document(rival) for rival in rivals]})
    return Exit.OK


def _lines(rival: Rival) -> list[str]:
    told = [
        clean(f"{rival.sku}  {rival.name}"),
        clean("  codes      " + (", ".join(f"{kind} {code}" for kind, code in rival.codes) or "none")),
        clean("  available  " + (", ".join(f"{place} {units}" for place, units in rival.levels) or "no level")),
        clean("  listings   " + (", ".join(f"{cart}: {code}" for cart, code in rival.listings) or "none")),
    ]
    return [*told, ""]


def _document(rival: Rival) -> dict[str, object]:
    return {
        "sku": rival.sku,
        "name": rival.name,
        "codes": [{"type": kind, "code": code} for kind, code in rival.codes],
        "levels": [{"warehouse": place, "available": units} for place, units in rival.levels],
        "listings": [{"cart": cart, "code": code} for cart, code in rival.listings],
    }
