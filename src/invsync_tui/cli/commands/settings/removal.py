"""`rename` and `remove` of `invsync merchants` and `invsync carts`: removing says what goes and wants the name to be given."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import streams
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output, note, rewritten
from invsync_tui.cli.parser import Parser, Subparsers, command
from invsync_tui.cli.text import clean, number

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.settings.removal import Contents

RENAME_EXAMPLES = """\
example:
  invsync {word} rename {old} {new}

The name is invsync's own: nothing is changed in the {system}. Runs, history and audit continue under the new name."""
REMOVE_EXAMPLES = """\
example:
  invsync {word} remove {old}                        says what goes, then asks for the name
  invsync {word} remove {old} --dry-run --json       says what goes
  invsync {word} remove {old} --yes-remove {old} --reason "closed"     for scripts

Everything that belongs to it is deleted: {goes}. The audit is kept, and nothing is changed in the WMS or the shop.
It is refused while a run of it is requested or under way. To stop its syncs and keep it: invsync {word} set {old} {switch} off"""
SLICE = 0.5
"""Seconds of deleting between two looks at the terminal."""


def add_rename(subcommands: Subparsers, word: str, old: str, new: str, system: str) -> Parser:
    """Add `rename` to merchants or carts."""
    examples = RENAME_EXAMPLES.format(word=word, old=old, new=new, system=system)
    parser = command(subcommands, "rename", f"give a {word[:-1]} another display name", examples)
    parser.add_argument("called", metavar="NAME", help="name or number")
    parser.add_argument("name", metavar="NEW", help="the new name")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    return parser


def add_remove(subcommands: Subparsers, word: str, old: str, goes: str, switch: str) -> Parser:
    """Add `remove` to merchants or carts."""
    examples = REMOVE_EXAMPLES.format(word=word, old=old, goes=goes, switch=switch)
    parser = command(subcommands, "remove", f"remove a {word[:-1]} with everything that belongs to it", examples)
    parser.add_argument("called", metavar="NAME", help="name or number")
    parser.add_argument("--yes-remove", metavar="NAME", help="its name once more: nothing is asked then")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    return parser


def remove(args: argparse.Namespace, session: Session, subject: str, *, with_locations: bool = False) -> int:
    """Say what goes, have it confirmed, remove it and delete what it leaves behind."""
    from invsync_tui.operations.roles import Right
    from invsync_tui.operations.settings import removal

    if not args.dry_run:
        session.allow(Right.SETTINGS, f"remove a {subject.partition(':')[0]}")
    going = removal.contents(session, subject)
    output = Output(args)
    if args.yes_remove is None or args.dry_run:
        output.text(_announced(going))
    if args.dry_run:
        output.document({"removal": _document(going, removed=False)})
        return Exit.OK
    typed = _confirmed(args, going)
    if typed is None:
        output.document({"removal": _document(going, removed=False)})
        return Exit.USAGE
    done = removal.remove(session, subject, typed, with_locations=with_locations, reason=args.reason)
    _clear(session, output)
    output.text(clean(done.message))
    output.document({"removal": _document(going, removed=True)})
    return Exit.OK


def _announced(going: Contents) -> list[str]:
    what = f"{going.name}, a cart of {going.merchant}" if going.kind == "cart" else going.name
    return [clean(f"Removing {what} deletes:"), *(clean(f"  {line}") for line in going.goes), clean(going.stays)]


def _confirmed(args: argparse.Namespace, going: Contents) -> str | None:
    """What was typed as its name; None where nothing was, which is said."""
    if args.yes_remove is not None:
        return str(args.yes_remove)
    if sys.stdin is not None and sys.stdin.isatty() and not Output(args).json:
        streams.err().exact(
            clean(f"Type the name of the {going.kind} to remove it, or press Enter to keep it: ").rstrip() + " "
        )
        streams.err().flush()
        typed = sys.stdin.readline().strip()
        if typed:
            return typed
        note("nothing was removed.")
        return None
    name = shlex.quote(going.name)
    called = name if going.kind == "merchant" else going.subject.partition(":")[2]
    note(f"nothing was removed. To remove it: invsync {going.kind}s remove {called} --yes-remove {name}")
    return None


def _clear(session: Session, output: Output) -> None:
    """Delete what is left behind. It is out of sight already: who interrupts this leaves the rest to the service."""
    from invsync_tui.operations.settings import removal

    shows = streams.err().isatty() and not output.json and not output.quiet
    deleted = 0
    while (rows := removal.clear(session, SLICE)) is not None:
        deleted += rows
        if shows:
            rewritten(streams.err(), f"deleting: {number(deleted)} rows")
    if shows and deleted:
        rewritten(streams.err(), "")


def _document(going: Contents, *, removed: bool) -> dict[str, Any]:
    return {
        "kind": going.kind,
        "id": int(going.subject.partition(":")[2]),
        "name": going.name,
        "merchant": going.merchant,
        "carts": list(going.carts),
        "locations": list(going.locations),
        "counts": dict(going.counts),
        "under_way": list(going.under_way),
        "held": list(going.held),
        "removed": removed,
    }


def run_remove_merchant(args: argparse.Namespace) -> int:
    """Remove a merchant after it was confirmed, and print what went with it."""
    from invsync_tui.operations import names

    with opened(args) as session:
        return remove(args, session, f"merchant:{names.merchant(session, args.called).id}")


def run_remove_cart(args: argparse.Namespace) -> int:
    """Remove a cart after it was confirmed, and print what went with it."""
    from invsync_tui.operations import names

    with opened(args) as session:
        owner = names.merchant(session, args.merchant).id if args.merchant else None
        cart = names.cart(session, args.called, owner)
        return remove(args, session, f"cart:{cart.id}", with_locations=args.with_locations)
