"""What tells an operator who looks elsewhere that a run is held: a mark in the terminal's title, and a bell for a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from invsync_tui.plain_text import counted
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from invsync_tui.preferences import Alerts
    from invsync_tui.tui.screens.base.base_screen import BaseScreen

BELL = "\a"


class TitledTerminal(Protocol):
    """A terminal whose title can be marked; `mark_title` with '' gives back the title that it had."""

    def mark_title(self, title: str) -> None: ...

    def write(self, data: str) -> None: ...


class HoldAlerts:
    """Told of the held runs after each reading; speaks to the terminal only when something changed.

    `takes_title`: the terminal gives its own title back, so that marking it does no harm.
    """

    def __init__(self, terminal: TitledTerminal, chosen: Callable[[], Alerts], *, takes_title: bool) -> None:
        self._terminal = terminal
        self._chosen = chosen
        self._takes_title = takes_title
        self._held: frozenset[int] | None = None
        self._marked = ""

    def know(self, held: frozenset[int] | None) -> None:
        """The numbers of the runs that are held now; None where they were not read yet. Those that were held before the
        control room was opened ring no bell."""
        if held is None or held == self._held:
            return
        new = held - self._held if self._held is not None else frozenset()
        self._held = held
        self.show()
        if new and self._chosen().bell:
            self._terminal.write(BELL)

    def show(self) -> None:
        """Mark the title, or give it back, as it was chosen."""
        wanted = self._takes_title and bool(self._held) and self._chosen().title
        title = f"invsync: {counted(len(self._held or ()), 'run')} held" if wanted else ""
        if title != self._marked:
            self._marked = title
            self._terminal.mark_title(title)

    def show_again(self) -> None:
        """The terminal was given back in between, with the title that it had."""
        self._marked = ""
        self.show()


def choose_alerts(screen: BaseScreen, typed: str) -> None:
    """Choose what a held run does, by one of the words of `:alerts`, or say what it does with nothing typed."""
    from invsync_tui.preferences import Alerts

    preferences, lasts = screen.context.preferences, True
    if typed:
        lasts = preferences.choose_alerts(Alerts(bell=typed in ("bell", "both"), title=typed in ("title", "both")))
        if screen.context.alerts is not None:
            screen.context.alerts.show()
    text = f"A new held run {_does(preferences.alerts)}."
    if preferences.alerts.title and not screen.context.terminal.titles:
        text += " The title of this terminal is left alone: it is not known to give it back."
    screen.notice(text if lasts else f"{text} Until you leave: the state folder cannot be written.", Tone.FAINT)


def _does(alerts: Alerts) -> str:
    done = [
        *(["rings the terminal's bell"] if alerts.bell else []),
        *(["is named in the terminal's title as long as it is held"] if alerts.title else []),
    ]
    return " and ".join(done) or "does nothing to the terminal"
