"""A connection's test, step by step as it comes: what was tried, what came of it, and what to do where it went wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.tui.context import AppContext
from invsync_tui.tui.messages import AnswerReceived
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.store_thread import in_words
from invsync_tui.tui.text.advice import of_keys
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.connections.connections import Step, Target
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.settings.additions import Added

LEFT = "The test was stopped."


class BrokenOffError(Exception):
    """The operator left before the test was over."""


class ConnectionScreen(BaseScreen):
    """The test runs in a thread of its own: a network may be silent for long, and the keyboard may not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "repeat", "Test again", tooltip="Test the connection again", id="connection.repeat"),
        Binding("escape", "back", "Back", tooltip="Back; a running test is stopped", id="back"),
    ]

    def __init__(self, context: AppContext, subject: str) -> None:
        super().__init__(context)
        self._subject = subject
        self._name = ""
        self._steps: list[Step] = []
        self._outcome = ""
        self._attempt = 0
        self._left = threading.Event()

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="title")
        yield TextView(id="steps")

    def on_mount(self) -> None:
        self._begin()

    # -- the test -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._attempt += 1
        self._steps, self._outcome = [], ""
        self.ask(self._find, self._start)
        self._show()

    def _find(self, session: Session) -> Target:
        from invsync_tui.operations.connections import connections

        return connections.target_of(session, self._subject)

    def _start(self, target: Target) -> None:
        self._name = f"{target.name}: {target.setup.system}, {target.setup.url}"
        self._show()
        test = threading.Thread(target=self._test, args=(self._attempt, target), name="connection-test", daemon=True)
        test.start()

    def _test(self, attempt: int, target: Target) -> None:
        """In the test's own thread: nothing but messages leaves it."""
        failure = ""
        try:
            asyncio.run(self._take_steps(attempt, target))
        except BrokenOffError:
            failure = LEFT
        except Exception as error:
            failure = in_words(error)
        self.post_message(AnswerReceived(partial(self._test_ended, attempt), failure))

    async def _take_steps(self, attempt: int, target: Target) -> None:
        from invsync_tui.operations.connections import connections

        async for step in connections.test(target):
            if self._left.is_set() or attempt != self._attempt:
                raise BrokenOffError
            self.post_message(AnswerReceived(partial(self._step_taken, attempt), step))

    def _step_taken(self, attempt: int, step: Step) -> None:
        if attempt == self._attempt:
            self._steps.append(step)
            self._show()

    def _test_ended(self, attempt: int, failure: str) -> None:
        """`failure` is what broke the test off, or ''."""
        if attempt != self._attempt:
            return
        good = bool(self._steps) and all(step.ok for step in self._steps) and not failure
        self._end("works" if good else "does not work")
        if failure:
            self.notice(failure, Tone.BAD)

    def question_failed(self, text: str) -> None:
        super().question_failed(text)
        self._end("not tested")

    def _end(self, outcome: str) -> None:
        self._outcome = outcome
        self._show()
        self.refresh_bindings()

    # -- words --------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        tones = {"works": Tone.GOOD, "": Tone.ACCENT}
        state = line((self._outcome or "testing", tones.get(self._outcome, Tone.BAD)))
        self.text_line("title").show(line(("Connection test  ", Tone.FAINT), (clean(self._name), Tone.STRONG)), state)
        self.query_one("#steps", TextView).show(self._write)

    def _write(self, size: Size) -> list[Line]:
        lines: list[Line] = []
        for step in self._steps:
            lines += self._step_lines(step, size.width)
        if not self._outcome:
            lines.append(line(("  waiting for the next answer", Tone.FAINT)))
        elif self._outcome == "works":
            lines += [BLANK, line(("All steps passed.", Tone.GOOD))]
        return lines

    def _step_lines(self, step: Step, width: int) -> list[Line]:
        glyphs = self.context.glyphs
        mark, tone = (glyphs.check, Tone.GOOD) if step.ok else (glyphs.cross, Tone.BAD)
        lines = [line((mark, tone), " ", (clean(step.name), Tone.STRONG))]
        lines += [line("    ", (row, Tone.PLAIN if step.ok else tone)) for row in wrap(clean(step.detail), width - 4)]
        if advice := of_keys(step.advice):
            rows = wrap(clean(advice), width - 6)
            lines += [line("    ", (glyphs.arrow if i == 0 else " ", Tone.FAINT), " ", r) for i, r in enumerate(rows)]
        return lines

    @property
    def passed(self) -> bool:
        """Whether the test has ended and every step went well."""
        return self._outcome == "works"

    @property
    def ended(self) -> bool:
        """Whether the test has ended, well or not."""
        return bool(self._outcome)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "repeat" or bool(self._outcome)

    def action_repeat(self) -> None:
        self._begin()
        self.refresh_bindings()

    def action_back(self) -> None:
        self._left.set()
        self.app.pop_screen()


SAVE, STAY = "save", "stay"


class NewConnectionScreen(ConnectionScreen):
    """The test of a connection that is not saved yet: it ends with saving it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", "Save", tooltip="Save it; asks first where the test did not pass", id="connection.save"),
    ]

    def __init__(
        self, context: AppContext, subject: str, edits: Mapping[str, str], when_saved: Callable[[Added], None]
    ) -> None:
        super().__init__(context, subject)
        self._edits = edits
        self._when_saved = when_saved

    def _find(self, session: Session) -> Target:
        from invsync_tui.operations.connections import connections

        return connections.new_target(session, self._subject, self._edits)

    def _write(self, size: Size) -> list[Line]:
        lines = super()._write(size)
        if self.passed:
            return [*lines, BLANK, line("Press ", ("s", Tone.KEY), " to save it.")]
        if self.ended:
            return [
                *lines,
                BLANK,
                line(("Esc", Tone.KEY), " leads back to the fields, ", ("r", Tone.KEY), " tests again."),
            ]
        return lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.ended if action == "save" else super().check_action(action, parameters)

    def action_save(self) -> None:
        if self.passed:
            self._save(SAVE)
            return
        from invsync_tui.tui.screens.base.dialogs import Answer, ChoiceDialog

        text = "The connection was tested and does not work. It can be saved and changed later in Edit Setup."
        answers = [Answer(STAY, "Cancel"), Answer(SAVE, "Save anyway", risky=True)]
        facts = lambda width: [line(row) for row in wrap(text, width)]  # noqa: E731
        self.app.push_screen(
            ChoiceDialog("Save it although the test did not pass?", facts, answers, self.context.glyphs),
            lambda answer: self._save(answer or STAY),
        )

    def _save(self, answer: str) -> None:
        if answer != SAVE:
            self.notice("Nothing was saved.", Tone.FAINT)
            return
        self.ask(partial(_add, self._subject, self._edits), self._saved)

    def question_failed(self, text: str) -> None:
        """A test that has ended well stays so, whatever became of saving."""
        if self.ended:
            self.notice(text, Tone.BAD)
        else:
            super().question_failed(text)

    def _saved(self, added: Added) -> None:
        self.app.pop_screen()
        self._when_saved(added)


def _add(subject: str, edits: Mapping[str, str], session: Session) -> Added:
    from invsync_tui.operations.settings import forms

    return forms.add(session, subject, edits)
