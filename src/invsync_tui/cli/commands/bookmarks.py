"""`invsync bookmarks`: the bookmarks of the control room in this store, listed and removed."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command
from invsync_tui.cli.context import configuration
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, UsageError, command

if TYPE_CHECKING:
    from invsync_tui.preferences import Bookmark, Preferences

EXAMPLES = """\
example:
  invsync bookmarks                                what M in the control room has kept
  invsync --open-bookmark "Acme Shop / Drift"      begin there
  invsync bookmarks remove "Acme Shop / Drift"

They are kept for this user alone, each with the store in which it was made."""


def add_bookmarks(subparsers: Subparsers) -> None:
    """Add `invsync bookmarks` with its arguments."""
    parser = command(
        subparsers, "bookmarks", "list the control room's bookmarks of this store, or remove one", EXAMPLES
    )
    list_command.add_options(parser)
    parser.set_defaults(run=run_bookmarks)
    subcommands = parser.add_subparsers(metavar="remove", parser_class=Parser)
    removing = command(
        subcommands, "remove", "remove a bookmark", 'example:\n  invsync bookmarks remove "Acme Shop / Drift"'
    )
    removing.add_argument("name", metavar="NAME", help="its name, as the list has it")
    removing.set_defaults(run=run_remove)


def load(args: argparse.Namespace) -> tuple[Preferences, Sequence[Bookmark]]:
    """What this user keeps, and the bookmarks of the store of this command."""
    from invsync_tui.preferences import Preferences
    from invsync_tui.tui.store_connection import short_path

    preferences = Preferences.of(os.environ)
    return preferences, preferences.bookmarks(short_path(configuration(args).store))


def named(bookmarks: Sequence[Bookmark], name: str) -> Bookmark:
    """The bookmark of a name; UsageError, with what comes near, where there is none."""
    for bookmark in bookmarks:
        if bookmark.name == name:
            return bookmark
    near = difflib.get_close_matches(name, [bookmark.name for bookmark in bookmarks], 1)
    hint = f"Did you mean {near[0]!r}?" if near else "See: invsync bookmarks"
    raise UsageError(f"no bookmark of this store is named {name!r}. {hint}")


def run_bookmarks(args: argparse.Namespace) -> int:
    """Print a page of the bookmarks."""
    _, bookmarks = load(args)
    places = {bookmark.name: place for place, bookmark in enumerate(bookmarks)}
    page = list_command.whole(bookmarks, args, lambda bookmark: places[bookmark.name])
    list_command.print_page(args, "bookmarks", _shape(), page, {"count": {"n": len(bookmarks), "exact": True}})
    return Exit.OK


def run_remove(args: argparse.Namespace) -> int:
    """Remove one by its name."""
    preferences, bookmarks = load(args)
    bookmark = named(bookmarks, args.name)
    if not preferences.remove_bookmark(bookmark):
        raise UsageError("the bookmark is not removed: the state folder cannot be written")
    Output(args).text([f"Removed the bookmark {bookmark.name}."])
    Output(args).document({"removed": bookmark.name})
    return Exit.OK


def _shape() -> Shape[Bookmark]:
    return Shape(
        ("name", "screen", "filter", "sort", "descending"),
        lambda bookmark: [bookmark.name, bookmark.screen, bookmark.text, bookmark.sort, int(bookmark.descending)],
        _record,
        ("BOOKMARK", "SCREEN", "FILTER", "ORDER"),
        lambda bookmark: (
            bookmark.name,
            bookmark.screen,
            bookmark.text or "-",
            f"{bookmark.sort}{', descending' if bookmark.descending else ''}" or "-",
        ),
        "No bookmark of this store. M on any screen of the control room makes one.",
    )


def _record(bookmark: Bookmark) -> dict[str, Any]:
    return {
        "name": bookmark.name,
        "screen": bookmark.screen,
        "filter": bookmark.text,
        "sort": bookmark.sort,
        "descending": bookmark.descending,
    }
