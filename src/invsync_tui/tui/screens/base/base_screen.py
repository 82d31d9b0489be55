"""What all screens have: header, status message, footer, command line, styles, and reading of the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from invsync_tui.plain_text import counted
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.key_order import KeysInOrder
from invsync_tui.tui.messages import AnswerReceived, QuestionFailed
from invsync_tui.tui.screens.base.toned_screen import TonedScreen
from invsync_tui.tui.store_thread import Question, always
from invsync_tui.tui.text.advice import of_keys
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.type_ahead import KEPT_MOST, EarlyKeys, TypeAhead
from invsync_tui.tui.widgets.footer import KeyFooter, hints_of
from invsync_tui.tui.widgets.text_line import StatusMessage, TextLine

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widgets import Input

    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.actions import Confirmation
    from invsync_tui.tui.navigation.commands import GoTo
    from invsync_tui.tui.navigation.names import Known, Named
    from invsync_tui.tui.navigation.routes import Visit
    from invsync_tui.tui.store_connection import StoreConnection
    from invsync_tui.tui.widgets.prompt import Prompt

T = TypeVar("T")
BOOKMARK = "bookmark-name"
NOTICE_SECONDS = 30.0
"""For how long a notice stands that nothing replaces; an error stands until something better is known."""
READ_FOR = 4.0
"""Seconds for which a notice stands at least, so that it can be read."""

SERVICE_WORDS = {
    "running": ("service running", Tone.GOOD),
    "detached": ("worker running", Tone.GOOD),
    "not_responding": ("service not responding", Tone.BAD),
    "unknown": ("service unknown", Tone.WARN),
    "none": ("no service", Tone.WARN),
}
"""Who executes requests, by its state."""


class BaseScreen(TonedScreen[None], inherit_bindings=False):
    """Subclasses give `body`; what they show of the store they ask for (`ask`, `ask_slow`) or watch (`watch_facts`)."""

    AUTO_FOCUS: ClassVar[str | None] = "WindowTable, TextView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "tab", "app.focus_next", "Next part", show=False, tooltip="To the next part of the screen", id="part.next"
        ),
        Binding("shift+tab", "app.focus_previous", "Previous part", show=False, id="part.previous"),
    ]

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.visit: Visit | None = None
        """What it was opened with, by the route table."""
        self._failing = False
        self._role: str | None = None
        """The operator's role as of the last reading."""
        self._on_the_way = False
        """Whether a command that was typed is about to lead somewhere else."""
        self.type_ahead = TypeAhead()
        self.early = EarlyKeys()
        self._notice_timer: Timer | None = None
        """Runs out when the notice has stood long enough; a timer of one shot, so that nothing wakes an idle screen."""
        self._notice_at = float("-inf")
        self._notice_state: object = None
        """What was known of the notice's subject when it was given."""
        self._giving_up: Timer | None = None
        """Runs out when the first of the keys that wait has waited long enough."""

    # -- for subclasses -----------------------------------------------------------------------------------------------

    def body(self) -> Iterator[Widget]:
        """The widgets between header and notice."""
        raise NotImplementedError

    def watch_facts(self) -> None:
        """Watch what this screen shows: here only whether the store changed, for `store_changed`."""
        self.watch_store(_nothing, lambda _: self.store_changed())

    def store_changed(self) -> None:
        """The store is open and somebody may have committed: what is shown is to be read again."""

    @property
    def merchant(self) -> Named | None:
        """The merchant that commands without a name are about."""
        return self.context.merchant

    @property
    def unsaved(self) -> bool:
        """Whether leaving the program would lose something that was typed."""
        return False

    def ask_before_leaving(self, leave: Callable[[], None]) -> None:
        """Asked of screens with something unsaved: leave if the operator still wants to."""
        leave()

    @property
    def visited(self) -> Visit | None:
        """How this screen is opened again as it is now; None where it cannot be."""
        return self.visit

    # -- asking -------------------------------------------------------------------------------------------------------

    def ask(self, question: Question[T], deliver: Callable[[T], None], wanted: Callable[[], bool] = always) -> None:
        """Call operations on the store thread, for reading or for a change; `deliver` is given the answer here.

        A failure goes to `question_failed`. What is no longer `wanted` when its turn comes is dropped.
        """
        self.context.store.ask(self, question, deliver, wanted)

    def ask_slow(
        self, question: Question[T], deliver: Callable[[T], None], wanted: Callable[[], bool] = always
    ) -> None:
        """The same for what may take seconds; it waits for nothing else and nothing else waits for it."""
        self.context.slow_store.ask(self, question, deliver, wanted)

    def ask_the_way(self, question: Question[T], go: Callable[[T], None]) -> None:
        """Ask what has to be known to go somewhere; keys that are pressed meanwhile are for what is there then."""
        self._on_the_way = True
        self.ask(question, partial(self._knows_the_way, go))

    def _knows_the_way(self, go: Callable[[T], None], answer: T) -> None:
        self._on_the_way = False
        go(answer)
        self.press_again()

    def watch_store(self, question: Question[T], deliver: Callable[[T], None]) -> None:
        """Ask now and after every change of the store, as long as this screen is on top."""
        self.context.store.watch(self, question, deliver)

    def on_answer_received(self, message: AnswerReceived) -> None:
        if message.watched:
            self._reading_succeeded()
            self.show_header()
            self._offer_keys()
            if self.context.alerts is not None:
                self.context.alerts.know(self.context.connection.held_runs)
        message.deliver(message.value)

    def _offer_keys(self) -> None:
        """The footer offers what the role allows, which may be another one than when the control room was opened."""
        before, self._role = self._role, self.context.connection.role
        if before not in (None, self._role):
            self.refresh_bindings()

    def on_question_failed(self, message: QuestionFailed) -> None:
        if message.watched:
            self.reading_failed(message.text)
        else:
            self.question_failed(message.text)
            if self._on_the_way:
                self._on_the_way = False
                self.press_again()

    def question_failed(self, text: str) -> None:
        """A question has no answer, or a change was not made."""
        self.notice(text, Tone.BAD)

    def reading_failed(self, text: str) -> None:
        """What is watched could not be read; it is read again by itself."""
        self._failing = True
        self.show_header()
        self.notice(text, Tone.BAD)
        self.press_again(give_up=True)

    def _reading_succeeded(self) -> None:
        """Take back the notice of a failure that is over."""
        if self._failing:
            self._failing = False
            self.notice("")

    def change_made(self, text: str) -> None:
        """A change was made; the text says what follows from it."""
        self.notice(text, Tone.GOOD)

    def sync_requested(self, requested: Requested) -> None:
        """A sync was requested."""
        self.notice(requested.message, Tone.GOOD)

    # -- frame --------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        more = self.context.glyphs.more
        yield TextLine(more, id="header")
        yield from self.body()
        with Widget(id="foot"):
            yield StatusMessage(id="notice")
            yield Horizontal(id="prompt-row")
            yield KeyFooter()

    def on_mount(self) -> None:
        self.show_header()
        if self.context.greeting:
            self.notice(self.context.greeting, Tone.ACCENT, lasts=True)
            self.context.greeting = ""
        # A screen that reads nothing is settled from its first frame on.
        self.call_after_refresh(self.press_again)

    def on_screen_resume(self) -> None:
        self.watch_facts()

    def text_line(self, name: str) -> TextLine:
        return self.query_one(f"#{name}", TextLine)

    def notice(self, text: str, tone: Tone = Tone.PLAIN, *, lasts: bool = False) -> None:
        """What just happened, with keys in the place of commands."""
        self._show_notice(of_keys(text), tone, lasts=lasts)

    def _show_notice(self, text: str, tone: Tone, *, lasts: bool = False) -> None:
        """It stands until the next one, until what is known of its subject changes, or for
        NOTICE_SECONDS; one that `lasts`, such as that something is under way, and an error have no such end."""
        mark = f"{self.context.glyphs.warning} " if tone in (Tone.WARN, Tone.BAD) else ""
        self.query_one("#notice", StatusMessage).show(mark + text, tone)
        self._notice_at = time.monotonic()
        self._notice_state = self.notice_subject
        self._end_notice_in(None if lasts or not text or tone is Tone.BAD else NOTICE_SECONDS)

    @property
    def notice_subject(self) -> object:
        """What is known of what this screen's notices are about; one that was given for another state goes."""
        return None

    def notice_subject_read(self) -> None:
        """The subject of the notices was read again: a notice about what it was before goes, when it could be read."""
        before, self._notice_state = self._notice_state, self.notice_subject
        if before not in (None, self._notice_state) and self.query_one("#notice", StatusMessage).text:
            self._end_notice_in(READ_FOR - (time.monotonic() - self._notice_at))

    def _end_notice_in(self, seconds: float | None) -> None:
        if self._notice_timer is not None:
            self._notice_timer.stop()
            self._notice_timer = None
        if seconds is None:
            return
        if seconds <= 0:
            self._end_notice()
        else:
            self._notice_timer = self.set_timer(seconds, self._end_notice)

    def _end_notice(self) -> None:
        self._notice_timer = None
        self.query_one("#notice", StatusMessage).show("", Tone.PLAIN)

    def send_to_clipboard(self, text: str) -> None:
        """Hand a text to the terminal. It answers nothing, so all that is known is that it was sent."""
        rows = [clean(row).rstrip() for row in text.splitlines()]
        self.app.copy_to_clipboard("\n".join(rows))
        sent = rows[0] if len(rows) == 1 else counted(len(rows), "line")
        self._show_notice(f"Sent to the terminal's clipboard: {sent} (some terminals do not allow it)", Tone.PLAIN)

    def confirmed(self, ask: Confirmation, subject: str, then: Callable[[str], None]) -> None:
        """Ask for confirmation; call `then` with the reason, or say on Cancel that nothing was changed."""
        from invsync_tui.tui.screens.base.dialogs import ConfirmDialog

        def decided(reason: str | None) -> None:
            if reason is None:
                self.notice("Nothing was changed.", Tone.FAINT)
            else:
                then(reason)

        self.app.push_screen(ConfirmDialog(ask, subject, self.context.glyphs), decided)

    def show_header(self) -> None:
        """Who, where, with what rights, and whether anything would execute a request."""
        connection = self.context.connection
        left = [("invsync", Tone.STRONG)]
        if connection.operator:
            left.append((f"  {connection.operator}", Tone.PLAIN))
        left.append((f"  {connection.label}", Tone.FAINT))
        self.text_line("header").show(line(*left), self._rights(connection))

    def _rights(self, connection: StoreConnection) -> Line:
        spans = [(f"{self.context.glyphs.lock} read-only  ", Tone.WARN)] if connection.read_only else []
        if connection.role not in ("", "admin"):
            spans.append((f"{connection.role}  ", Tone.ACCENT))
        if connection.service:
            return line(*spans, SERVICE_WORDS[connection.service])
        return line(*spans, ("store not open", Tone.WARN) if self._failing else ("opening the store", Tone.FAINT))

    # -- command line -------------------------------------------------------------------------------------------------

    def action_go_to(self) -> None:
        """The prompt is there at once with the names that are known; new ones are there the next time."""
        from invsync_tui.tui.navigation.commands import PLACEHOLDER, completions
        from invsync_tui.tui.navigation.names import known
        from invsync_tui.tui.widgets.prompt import CommandLine

        bookmarks = self.context.preferences.bookmarks(self.context.connection.label)
        offers = completions(self.context.known_runs, self.context.known, [each.name for each in bookmarks])
        self._replace_notice(":", CommandLine(PLACEHOLDER, offers, self.context.history.commands, id="go-to"))
        self.ask(known, self._know)

    def _know(self, known_names: Known) -> None:
        self.context.known = known_names

    def open_prompt(self, mark: str, name: str, placeholder: str, offers: Sequence[str] = (), value: str = "") -> None:
        """Put an input in the place of the notice."""
        from invsync_tui.tui.widgets.prompt import Prompt

        self._replace_notice(mark, Prompt(placeholder, offers, value, id=name))

    def _replace_notice(self, mark: str, prompt: Prompt) -> None:
        label = TextLine(self.context.glyphs.more, id="prompt-mark")
        label.styles.width = len(mark)
        self.add_class("-prompting")
        self.call_later(self._put_prompt, label, line((mark, Tone.KEY)), prompt)

    async def _put_prompt(self, label: TextLine, mark: Line, prompt: Prompt) -> None:
        if not self.has_class("-prompting"):
            return
        row = self.query_one("#prompt-row")
        await row.remove_children()
        await row.mount(label, prompt)
        label.show(mark)
        prompt.focus()

    def close_prompt(self) -> None:
        self.remove_class("-prompting")
        self.type_ahead.forget()
        for name in ("WindowTable", "FormView", "TextView"):
            if query := self.query(name):
                query.first().focus()
                break
        self.call_later(self.query_one("#prompt-row").remove_children)

    @property
    def awaits_text(self) -> bool:
        """Whether letters belong to an input, be it there already or on its way."""
        return self.has_class("-prompting")

    # -- keys for what is on its way ----------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether what this screen's keys are for has been read."""
        return True

    def keeps(self, event: events.Key) -> bool:
        """Whether a key is to wait, since what it is for is on its way."""
        if self.is_mounted and ((self.settled and not self._on_the_way) or self.awaits_text):
            return False
        first = not self.early.waiting
        keep = self.early.keep(event)
        if keep and first:
            self.give_up_later()
        return keep

    def give_up_later(self) -> None:
        """From now on a key waits as long as keys wait; what an earlier key waited for is over."""
        if self._giving_up is not None:
            self._giving_up.stop()
        self._giving_up = self.set_timer(KEPT_MOST, partial(self.press_again, give_up=True))

    def press_again(self, *, give_up: bool = False) -> None:
        """Press what waited, if what it waited for is there or does not come."""
        settled = self.settled and not self._on_the_way
        if settled:
            self.early.arrived()
        if self.early.waiting and (give_up or settled):
            keys = self.early.take(give_up=not settled)
            for key in keys:
                key.set_sender(self.app)  # as the driver does: what a screen sends does not reach its own bindings
            if isinstance(self.app, KeysInOrder):
                self.app.press_first(keys)

    # -- command line, continued --------------------------------------------------------------------------------------

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if self.awaits_text:
            from textual.widgets import Input

            if isinstance(event.widget, Input):
                self.type_ahead.give(event.widget)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self.close_prompt()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        from invsync_tui.tui.navigation.commands import UnknownCommandError, understand

        if event.input.id == BOOKMARK:
            self.close_prompt()
            self._save_bookmark(event.value)
        if event.input.id != "go-to":
            return
        self.close_prompt()
        self.context.history.add(event.value)
        try:
            self.go(understand(event.value))
        except UnknownCommandError as unknown:
            self.notice(str(unknown), Tone.WARN)

    def go(self, to: GoTo) -> None:
        """Go where the command line said."""
        from invsync_tui.tui.navigation.go_to import follow

        follow(self, to)

    def leave(self) -> None:
        """Quit as `q` does."""
        self.app.call_later(self.app.run_action, "leave")

    def use_theme(self, theme: str) -> None:
        """Another theme, at once."""
        if not getattr(self.app, "use_theme", lambda _: False)(theme):
            self.notice("This terminal shows its own colors; there is no theme to choose.", Tone.WARN)

    def go_to(self, name: str, *what: Any, **more: Any) -> None:
        """Show a screen of the route table on top of this one; what it takes is what its class takes after the context."""
        from invsync_tui.tui.navigation.routes import screen

        self.context.left = []
        self.app.push_screen(screen(self.context, name, *what, **more))

    def open_run(self, run_id: int, notice: str = "") -> None:
        """Show a run on top of this screen."""
        self.go_to("run", run_id, notice=notice)

    def back_home(self) -> None:
        """To the merchants, which are always at the bottom of the stack."""
        while len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    # -- what was open, and bookmarks ---------------------------------------------------------------------------------

    def action_former(self) -> None:
        """Leave this screen; at the bottom of the stack there is nothing before it."""
        if self.awaits_text:
            return
        if len(self.app.screen_stack) == 1:
            self.notice("There is nothing to go back to.", Tone.FAINT)
        else:
            self.leave_screen()

    def leave_screen(self) -> None:
        """Leave as Esc does: what the screen has begun ends, and what is unsaved is asked about."""
        getattr(self, "action_back", self.app.pop_screen)()

    def action_following(self) -> None:
        from invsync_tui.tui.navigation.visits import forward

        if not self.awaits_text and not self.unsaved:
            forward(self)

    def action_bookmark(self) -> None:
        from invsync_tui.tui.navigation.visits import bookmark_of

        proposed = bookmark_of(self)
        if proposed is None:
            first = len(self.app.screen_stack) == 1
            instead = "Esc leads back to it from everywhere." if first else "The one that it was opened from can."
            self.notice(f"This screen cannot be bookmarked. {instead}", Tone.WARN)
        else:
            self.open_prompt("Bookmark as: ", BOOKMARK, "a name", value=proposed.name)

    def _save_bookmark(self, name: str) -> None:
        from invsync_tui.tui.navigation.visits import bookmark_of

        if (bookmark := bookmark_of(self, name)) is None:
            return
        lasts = self.context.preferences.save_bookmark(bookmark)
        until = "" if lasts else " It is kept until you leave; the state folder cannot be written."
        self.notice(f"Bookmarked as {bookmark.name}. :bookmarks lists them.{until}", Tone.GOOD if lasts else Tone.WARN)

    def action_search(self) -> None:
        self.go_to("search")

    def signs(self) -> Sequence[tuple[str, str]]:
        """Characters that the screen draws with, and what they mean, for its sheet of keys."""
        return ()

    def action_help(self) -> None:
        from invsync_tui.tui.screens.base.help import HelpScreen

        self.app.push_screen(
            HelpScreen(hints_of(self.app, self.active_bindings.values()), self.context.glyphs, self.signs())
        )


def _nothing(_session: Session) -> None:
    """The question of a screen that wants to know only that the store changed."""
