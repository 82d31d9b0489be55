"""Screens that can be opened again: those that were left, for forward, and bookmarks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from invsync_tui.tui.navigation.routes import BY_NAME, Takes, Visit, screen
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import ListView

if TYPE_CHECKING:
    from textual.screen import Screen

    from invsync_tui.preferences import Bookmark
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.names import Known, Named
    from invsync_tui.tui.screens.base.base_screen import BaseScreen

MOST = 50
"""Screens that forward goes through."""


def remember(context: AppContext, left: Screen[Any]) -> None:
    """A screen is left: forward opens it again."""
    visit = getattr(left, "visited", None)
    if visit is not None:
        context.left = [*context.left, visit][-MOST:]


def forward(present: BaseScreen) -> None:
    """Open what was left last."""
    context = present.context
    if not context.left:
        present.notice("There is nothing to go forward to.", Tone.FAINT)
        return
    *context.left, visit = context.left
    present.app.push_screen(screen(context, visit.name, *visit.what))


def bookmark_of(present: BaseScreen, name: str = "") -> Bookmark | None:
    """A bookmark of a screen; None where it was opened with what cannot be kept, such as a line of a list."""
    from invsync_tui.preferences import Bookmark

    visit = present.visited
    if visit is None or not all(value is None or isinstance(value, str | int) for value in visit.what):
        return None
    look: ListView = getattr(present, "look", None) or ListView()
    named = clean(name).strip() or proposal(present, visit, look)
    return Bookmark(named, present.context.connection.label, *visit, look.text, look.sort, look.descending)


def proposal(present: BaseScreen, visit: Visit, look: ListView) -> str:
    """A name for a bookmark: where the screen is, its tab and its filter."""
    from invsync_tui.preferences import LONGEST_NAME

    subject = [value for value in visit.what if isinstance(value, str) and value]
    trail = [part for part in getattr(present, "trail", ()) if part != "Merchants"]
    parts = trail or [*subject[:1], BY_NAME[visit.name].title]
    parts += [part for part in subject if trail and part not in trail]
    parts += [look.text] if look.text else []
    return clean(" / ".join(parts))[:LONGEST_NAME].strip()


def open_bookmark(present: BaseScreen, bookmark: Bookmark) -> None:
    """Show a bookmark on top; what it is about may be renamed or gone by now."""
    from invsync_tui.tui.navigation.names import known

    present.ask(known, partial(_open, present, bookmark))


def _open(present: BaseScreen, bookmark: Bookmark, known_names: Known) -> None:
    present.context.known = known_names
    route = BY_NAME.get(bookmark.screen)
    what = list(bookmark.what)
    if route is not None and what and what[0] is not None and route.takes in (Takes.CART, Takes.MERCHANT):
        among = known_names.carts if route.takes is Takes.CART else known_names.merchants
        subject = next((each for each in among if each.id == what[0]), None)
        if subject is None:
            present.notice(f"{clean(bookmark.name)}: what it is about is not there any more.", Tone.WARN)
            return
        what[1 : len(_names(subject)) + 1] = _names(subject)[: len(what) - 1]
    try:
        opened = screen(present.context, bookmark.screen, *what)
    except (KeyError, TypeError, ValueError, IndexError):
        present.notice(f"{clean(bookmark.name)}: this version cannot open it.", Tone.WARN)
        return
    if hasattr(opened, "look"):
        opened.look = ListView(bookmark.text, bookmark.sort, bookmark.descending)
    present.context.left = []
    present.app.push_screen(opened)


def _names(subject: Named) -> list[str]:
    """What a screen of a cart or a merchant takes after its number."""
    return [subject.name, subject.merchant] if subject.merchant else [subject.name]
