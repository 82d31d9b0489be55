"""A screen of worked-out text that is written anew after the store changed, with a key for a support bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.config import expanded
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.navigation.links import follow
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.breadcrumb import breadcrumb
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import LinkedTextView, TextView

if TYPE_CHECKING:
    from pathlib import Path

    from textual.widgets import Input

    from invsync_tui.operations.session import Session

BUNDLE = "bundle"


class BundleScreen(BaseScreen):
    """A subclass says what the bundle is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "B", "bundle", "Bundle", show=False, tooltip="Write a zip for support, with no secret in it", id="bundle"
        ),
    ]

    @property
    def bundled(self) -> int | str:
        """The number of a run, or a SKU."""
        raise NotImplementedError

    def action_bundle(self) -> None:
        self.open_prompt("Bundle to: ", BUNDLE, "a folder", value=".")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != BUNDLE:
            return
        self.close_prompt()
        folder, subject = event.value.strip() or ".", self.bundled
        self.notice("Writing a bundle", Tone.FAINT, lasts=True)
        self.ask_slow(
            lambda session: _write_bundle(session, subject, folder),
            lambda path: self.notice(f"Written: {path}", Tone.GOOD),
        )


def _write_bundle(session: Session, subject: int | str, folder: str) -> Path:
    """The path of the zip about a run, by its number, or about a SKU."""
    from invsync_tui.operations.runs import support_bundle

    there = expanded(folder)
    if isinstance(subject, int):
        return support_bundle.of_run(session, subject, there)
    return support_bundle.of_sku(session, subject, there)


A = TypeVar("A")
NEVER = -1
"""Of commits: nothing was asked yet."""
ANYWAY = 60.0
"""Seconds after which a report is asked for though nobody committed: a service that died commits nothing, and stock grows old."""
ANYWAY_PART = 10
"""So many times as long as the last answer took, at least: a large store is not looked at all the time."""


class ReportScreen(BaseScreen, Generic[A]):
    """Asks on the slow store thread, so that nobody waits for it."""

    pause: ClassVar[float] = 1.0
    """Seconds between two questions at least."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="back"),
        Binding(
            "y", "copy", "Copy", show=False, tooltip="Send what is shown to the terminal's clipboard", id="report.copy"
        ),
    ]

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.answer: A | None = None
        self._commits = NEVER
        self._asking = self._refused = False
        self._asked_at = float("-inf")
        self._took = 0.0
        """Seconds that the last answer took."""

    # -- for subclasses -----------------------------------------------------------------------------------------------

    @property
    def trail(self) -> tuple[str, ...]:
        """Where one is, from the merchants on."""
        raise NotImplementedError

    def question(self, session: Session) -> A:
        """Runs on the slow store thread."""
        raise NotImplementedError

    def verdict(self, answer: A) -> Line:
        """The answer in a few words, for the end of the trail."""
        raise NotImplementedError

    def write(self, answer: A, width: int) -> Sequence[Line]:
        """The answer as lines of at most `width` cells."""
        raise NotImplementedError

    def copied(self) -> str:
        """What `y` copies: all of the sheet, or the part that the cursor is on."""
        return self.query_one("#sheet", TextView).text

    def action_copy(self) -> None:
        if self.answer is not None:
            self.send_to_clipboard(self.copied())

    # -- frame --------------------------------------------------------------------------------------------------------

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield LinkedTextView(id="sheet")

    def on_mount(self) -> None:
        self._show_trail()

    def on_linked_text_view_followed(self, event: LinkedTextView.Followed) -> None:
        follow(self, event.to)

    def store_changed(self) -> None:
        commits, now = self.context.store.commits, self.context.elapsed()
        pause = self.pause if commits != self._commits else max(ANYWAY, self._took * ANYWAY_PART)
        if self._asking or now - self._asked_at < pause:
            return
        self._asking, self._commits, self._asked_at = True, commits, now
        self.ask_slow(self.question, self._answered)

    def _answered(self, answer: A) -> None:
        self._asking, self.answer = False, answer
        self._took = self.context.elapsed() - self._asked_at
        if self._refused:
            self._refused = False
            self.notice("")
        self.show_answer()
        self.press_again()

    @property
    def settled(self) -> bool:
        return self.answer is not None

    def show_answer(self) -> None:
        """Write the answer anew."""
        self._show_trail()
        self.query_one("#sheet", TextView).show(self._write)
        self.refresh_bindings()

    def question_failed(self, text: str) -> None:
        """It is asked again when the store is looked at next."""
        super().question_failed(text)
        self._asking, self._commits, self._refused = False, NEVER, True
        self.press_again(give_up=True)

    def _write(self, size: Size) -> Sequence[Line]:
        return () if self.answer is None else self.write(self.answer, size.width)

    def _show_trail(self) -> None:
        state = line((self.context.glyphs.more, Tone.FAINT)) if self.answer is None else self.verdict(self.answer)
        self.text_line("trail").show(breadcrumb(self.trail, self.context.glyphs), state)

    def action_back(self) -> None:
        self.app.pop_screen()
