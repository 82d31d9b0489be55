"""State shared by all screens: store threads, terminal settings, clock. Not an application object."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from invsync_tui.tui.navigation.history import CommandHistory
from invsync_tui.tui.navigation.names import NOBODY, Known, Named
from invsync_tui.tui.store_connection import StoreConnection
from invsync_tui.tui.store_thread import StoreThread
from invsync_tui.tui.terminal import OWN_COLORS, Terminal
from invsync_tui.tui.text.glyphs import Glyphs, glyphs_for

if TYPE_CHECKING:
    from invsync_tui.preferences import Preferences
    from invsync_tui.tui.alerts import HoldAlerts
    from invsync_tui.tui.navigation.routes import Visit
    from invsync_tui.tui.widgets.columns import ListView
    from invsync_tui.tui.widgets.form_draft import Draft


@dataclass(slots=True)
class AppContext:
    """Shared by the screens of one control room."""

    store: StoreThread
    """For everything that takes milliseconds."""
    terminal: Terminal
    clock: Callable[[], float] = time.time
    """The time of day, to say how old something is. It may be set at any moment."""
    elapsed: Callable[[], float] = time.monotonic
    """Time that only goes on, for what has to pass between two questions."""
    known_runs: tuple[int, ...] = ()
    """Run numbers that the command line can complete."""
    looks: dict[str, ListView] = field(default_factory=dict)
    """Filter and order of each list, for when it is opened again."""
    greeting: str = ""
    """To be said on the first screen, once."""
    merchant: Named | None = None
    """The merchant that one was busy with last, for commands that name none."""
    known: Known = NOBODY
    """Names that the command line completes."""
    drafts: dict[str, Draft] = field(default_factory=dict)
    """Edits of settings that were left without saving or discarding them, by subject."""
    history: CommandHistory = field(default_factory=lambda: CommandHistory.of(os.environ))
    """What was typed behind `:`."""
    config_file: Path | None = None
    """Where the operator's own choices are kept, such as the theme; None where that is not known."""
    theme_name: str = field(init=False)
    alerts: HoldAlerts | None = None
    """Tells of held runs; None where there is no terminal to tell it to."""
    left: list[Visit] = field(default_factory=list)
    """Screens that were left, the latest last, for forward."""
    glyphs: Glyphs = field(init=False)
    _preferences: Preferences | None = field(init=False, default=None)
    _slow_store: StoreThread | None = field(init=False, default=None)
    _filter_store: StoreThread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.theme_name = OWN_COLORS if self.terminal.ansi_theme else self.terminal.theme
        self.glyphs = glyphs_for(self.terminal.ascii_only)

    @property
    def connection(self) -> StoreConnection:
        """The store, the operator, the role and the service as they are known."""
        return self.store.connection

    @property
    def preferences(self) -> Preferences:
        """What this user keeps for the terminal."""
        if self._preferences is None:
            from invsync_tui.preferences import Preferences

            self._preferences = Preferences.of(os.environ)
        return self._preferences

    @property
    def read_only(self) -> bool:
        return self.connection.read_only

    @property
    def slow_store(self) -> StoreThread:
        """For what may take seconds, such as exact counts and exports: a thread and a session of its own."""
        if self._slow_store is None:
            self._slow_store = self._another_store()
        return self._slow_store

    @property
    def filter_store(self) -> StoreThread:
        """For lists whose filter has to look at many rows: what it is asked can be interrupted, and nothing else is."""
        if self._filter_store is None:
            self._filter_store = self._another_store()
        return self._filter_store

    def stop_filtering(self) -> None:
        """End what a filter is looking for."""
        if self._filter_store is not None:
            self._filter_store.connection.interrupt()

    def _another_store(self) -> StoreThread:
        thread = StoreThread(self.connection.twin(), self.terminal.interval)
        thread.start()
        return thread

    def close(self) -> None:
        """End the threads and with them their sessions."""
        self.store.stop()
        self.stop_filtering()
        for thread in (self._slow_store, self._filter_store):
            if thread is not None:
                thread.stop()
