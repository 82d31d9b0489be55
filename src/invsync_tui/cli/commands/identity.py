"""`invsync identity`, `link`, `links` and `unlink`: which product a listing means."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command, shapes, streams
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output, rewritten
from invsync_tui.cli.parser import Subparsers, UsageError, command, given
from invsync_tui.cli.text import clean
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.listings.links import Told
    from invsync_tui.operations.session import Session

IDENTITY_EXAMPLES = """\
example:
  invsync identity "Acme Shop"                    listings without a product, each with what it may mean
  invsync identity "Acme Shop" --counts           how many of each kind
  invsync identity "Acme Shop" --kind CASE        those that differ by upper and lower case
  invsync identity "Acme Shop" --accept CASE      link them all; back with: invsync unlink CART --kind CASE
  invsync identity "Acme Shop" --renamed          listings whose SKU was changed in the cart

kinds: SHARED, OTHER_KIND, RENAMED, SPACE, CASE, DASH, ZEROS, CHECK_DIGIT; without a suggestion: AMBIGUOUS, NONE
A link goes before matching by code, and takes effect with the next push."""


def add_identity(subparsers: Subparsers) -> None:
    """Add `invsync identity` with its arguments."""
    parser = command(
        subparsers, "identity", "list listings without a product, and what they may mean", IDENTITY_EXAMPLES
    )
    add_cart(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--kind", metavar="K", type=str.upper, help="only those of one kind")
    which.add_argument("--renamed", action="store_true", help="listings that were renamed in the cart")
    which.add_argument("--counts", action="store_true", help="how many there are of each kind")
    which.add_argument("--accept", metavar="K", type=str.upper, help="link all of a kind to what is suggested")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only codes with this in them")
    list_command.add_options(parser)
    parser.set_defaults(run=run_identity)


def add_cart(parser: argparse.ArgumentParser) -> None:
    """Add the arguments CART and --merchant."""
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")


def cart_of(args: argparse.Namespace, session: Session) -> int:
    """The number of the cart that is meant."""
    from invsync_tui.operations import names

    owner = names.merchant(session, args.merchant).id if args.merchant else None
    return names.cart(session, args.cart, owner).id


def run_identity(args: argparse.Namespace) -> int:
    """Print a page or the numbers, or accept all of a kind."""
    with opened(args) as session:
        cart = cart_of(args, session)
        if args.accept:
            return _accept(args, session, cart)
        if args.counts:
            return _count(args, session, cart)
        if args.renamed:
            return _print_renamed(args, session, cart)
        return _print(args, session, cart)


def _print(args: argparse.Namespace, session: Session, cart: int) -> int:
    from invsync_tui.operations.listings import identity

    rows = identity.unmatched(session, cart, args.kind, args.filter)
    more = {"kind": args.kind, **list_command.counted(rows)}
    list_command.print_page(args, "unmatched", shapes.unmatched(), list_command.page(args, rows), more)
    return Exit.OK


def _print_renamed(args: argparse.Namespace, session: Session, cart: int) -> int:
    from invsync_tui.operations.listings import identity

    rows = identity.renamed(session, cart, args.filter)
    page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "renamed", shapes.renamed(time.time()), page, count)
    return Exit.OK


def _count(args: argparse.Namespace, session: Session, cart: int) -> int:
    from invsync_tui.operations.listings import identity

    identity_counts, output = identity.tally(session, cart), Output(args)
    more = "" if identity_counts.exact else "+"
    output.text([f"{kind:<12} {n}{more}" for kind, n in identity_counts.counts.items()])
    output.text(f"linked       {identity_counts.links}")
    output.document(
        {"counts": dict(identity_counts.counts), "links": identity_counts.links, "exact": identity_counts.exact}
    )
    return Exit.OK


def _accept(args: argparse.Namespace, session: Session, cart: int) -> int:
    from invsync_tui.operations.listings import links

    done = links.accept_all(session, cart, args.accept, progress(args))
    message = f"{counted(done, 'listing')} linked; the next push uses it."
    output = Output(args)
    output.text(message)
    output.document({"kind": args.accept, "accepted": done, "message": message})
    return Exit.OK


def progress(args: argparse.Namespace) -> Told:
    """Shows on a terminal how far a change of all listings is."""
    loud = streams.err().isatty() and not given(args, "quiet")

    def show_progress(done: int, looked_at: int) -> bool:
        if loud:
            rewritten(streams.err(), f"{done} of {looked_at} checked ")
        return True

    return show_progress


LINK_EXAMPLES = """\
example:
  invsync link "Acme Shop" 8812 TENT-0042          a listing by its cart listing ID
  invsync link "Acme Shop" tent-42 TENT-0042       or by its code in the cart

A link goes before matching by code, and takes effect with the next push. Back: invsync unlink CART LISTING"""


def add_link(subparsers: Subparsers) -> None:
    """Add `invsync link` with its arguments."""
    parser = command(subparsers, "link", "link a listing to a product", LINK_EXAMPLES)
    add_cart(parser)
    parser.add_argument("listing", metavar="LISTING", help="cart listing ID or code in the cart")
    parser.add_argument("product", metavar="SKU", help="SKU of the product in the WMS")
    parser.set_defaults(run=run_link)


def run_link(args: argparse.Namespace) -> int:
    """Do what `invsync link` asks for and print what came of it."""
    from invsync_tui.operations.listings import links

    with opened(args) as session:
        message = links.link(session, cart_of(args, session), args.listing, args.product)
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message})
    return Exit.OK


LINKS_EXAMPLES = """\
example:
  invsync links "Acme Shop"                 who linked which listing to which product, and when
  invsync links "Acme Shop" --kind CASE     those made from suggestions of one kind; MANUAL: by hand"""


def add_links(subparsers: Subparsers) -> None:
    """Add `invsync links` with its arguments."""
    parser = command(subparsers, "links", "list explicit links of a cart's listings", LINKS_EXAMPLES)
    add_cart(parser)
    parser.add_argument("--kind", metavar="K", type=str.upper, default="", help="only those made as this kind")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only codes with this in them")
    list_command.add_options(parser)
    parser.set_defaults(run=run_links)


def run_links(args: argparse.Namespace) -> int:
    """Print a page of what `invsync links` lists."""
    from invsync_tui.operations.listings import identity

    with opened(args) as session:
        rows = identity.link_list(session, cart_of(args, session), args.kind, args.filter)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "links", shapes.links(time.time()), page, count)
    return Exit.OK


UNLINK_EXAMPLES = """\
example:
  invsync unlink "Acme Shop" 8812            one listing, by its cart listing ID or its code in the cart
  invsync unlink "Acme Shop" --kind CASE     all that were accepted as this kind; ALL for every link of the cart"""


def add_unlink(subparsers: Subparsers) -> None:
    """Add `invsync unlink` with its arguments."""
    parser = command(subparsers, "unlink", "remove explicit links", UNLINK_EXAMPLES)
    add_cart(parser)
    parser.add_argument("listing", metavar="LISTING", nargs="*", help="cart listing ID or code in the cart")
    parser.add_argument("--kind", metavar="K", type=str.upper, help="all links of a kind, MANUAL, or ALL")
    parser.set_defaults(run=run_unlink)


def run_unlink(args: argparse.Namespace) -> int:
    """Do what `invsync unlink` asks for and print what came of it."""
    if bool(args.listing) == bool(args.kind):
        raise UsageError("invsync unlink: give listings, or --kind. See: invsync unlink --help")
    with opened(args) as session:
        message = _order(args, session, cart_of(args, session))
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message})
    return Exit.OK


def _order(args: argparse.Namespace, session: Session, cart: int) -> str:
    from invsync_tui.operations.listings import links

    if args.listing:
        return links.remove(session, cart, args.listing)
    done = links.remove_all(session, cart, "" if args.kind == "ALL" else args.kind, progress(args))
    return f"{counted(done, 'listing')} unlinked; the next push matches by code again."
