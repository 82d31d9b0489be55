"""Textual's command palette, filled with what the command line behind `:` offers: every place and command by its words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from invsync_tui.tui.navigation.commands import MEANS_SOMETHING_ALONE, UnknownCommandError, completions, understand
from invsync_tui.tui.navigation.names import Known, known
from invsync_tui.tui.navigation.routes import BY_NAME
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.sanitize import clean

NAMES_MOST = 1.0
"""Seconds to wait for the names of merchants and carts; later ones are offered the next time."""


class Places(Provider):
    """Offers the commands of the screen that the palette was opened on."""

    async def startup(self) -> None:
        """Read the names of merchants and carts."""
        screen, there = self.screen, asyncio.Event()
        if not isinstance(screen, BaseScreen):
            return

        def keep(known_names: Known) -> None:
            screen.context.known = known_names
            there.set()

        screen.ask(known, keep)
        try:
            async with asyncio.timeout(NAMES_MOST):
                await there.wait()
        except TimeoutError:
            return

    async def discover(self) -> Hits:
        """Before anything is typed: what needs no name."""
        for text in self._offered():
            if text in MEANS_SOMETHING_ALONE:
                yield DiscoveryHit(clean(text), partial(self._go, text), help=_title(text))

    async def search(self, query: str) -> Hits:
        """What fits, and what was typed itself where it means something, such as a SKU behind `why`."""
        matcher = self.matcher(query)
        for text in self._offered():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(clean(text)), partial(self._go, text), help=_title(text))
        if _means_something(query):
            yield Hit(1.0, clean(query), partial(self._go, query), help=_title(query))

    def _offered(self) -> Iterator[str]:
        if isinstance(screen := self.screen, BaseScreen):
            yield from (
                text for text in completions(screen.context.known_runs, screen.context.known) if _means_something(text)
            )

    def _go(self, text: str) -> None:
        if isinstance(screen := self.screen, BaseScreen):
            screen.go(understand(text))


def _means_something(text: str) -> bool:
    try:
        understand(text)
    except UnknownCommandError:
        return False
    return True


def _title(text: str) -> str | None:
    """What the screen is called in its header."""
    try:
        route = BY_NAME.get(understand(text).place)
    except UnknownCommandError:
        return None
    return route.title if route else None
