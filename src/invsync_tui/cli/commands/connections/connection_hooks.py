"""`invsync connections hooks`: the address for a cart's webhooks, and what to do at the vendor."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean, moment, utc

if TYPE_CHECKING:
    from invsync_tui.operations.connections.webhooks import Webhooks

WIDTH = 100
EXAMPLES = """\
example:
  invsync connections hooks "Acme Shop"                                    the address, and what to do there
  invsync connections hooks "Acme Shop" --base https://hooks.example.com   with the public address of the proxy
  invsync connections hooks "Acme Shop" --renew                            a new address; the one of before is refused

Webhooks are received by: invsync serve --hooks PORT, behind a proxy with TLS. See docs/howto/webhooks.md."""


def add_hooks(subcommands: Subparsers) -> None:
    """Add `hooks` to the orders of `invsync connections`."""
    parser = command(subcommands, "hooks", "show the address for a cart's webhooks, and what to do there", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="its merchant, where several have a cart of this name")
    parser.add_argument("--base", metavar="URL", default="", help="public address of the proxy in front of it")
    parser.add_argument("--renew", action="store_true", help="make a new address; the one of before is refused")
    parser.set_defaults(run=_hooks)


def _hooks(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import webhooks

    output = Output(args)
    with opened(args) as session:
        shown = webhooks.show(session, args.cart, args.merchant, base=args.base, renew=args.renew)
    output.text([clean(line) for line in _lines(shown)])
    output.document(
        {
            "connection": {"kind": "cart", "id": shown.cart_id, "name": shown.name, "system": shown.system},
            "webhooks": {
                "path": shown.path,
                "address": shown.address,
                "topics": list(shown.topics),
                "setup": list(shown.setup),
                "secret": shown.secret,
                "made_at": utc(shown.made_at),
                "heard_at": utc(shown.heard_at),
                "refused_at": utc(shown.refused_at),
                "fresh": shown.fresh,
            },
        }
    )
    return Exit.OK


def _lines(shown: Webhooks) -> Iterator[str]:
    yield f"{shown.name}: {shown.system}{', a new address' if shown.fresh else ''}"
    yield f"  address       {shown.address}"
    yield f"  signed with   the secret {shown.secret}"
    yield f"  last webhook  {'none yet' if shown.heard_at is None else moment(shown.heard_at)}"
    if shown.refused_at is not None:
        yield f"  refused       {moment(shown.refused_at)}: its signature was wrong"
    yield ""
    yield "What to do there"
    for number, step in enumerate(shown.setup, 1):
        mark = f"  {number}. "
        yield from textwrap.wrap(
            step, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark), break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    yield ""
    yield "Next: invsync serve --hooks PORT, with a proxy that has the public address and TLS in front of it."
