"""The control room's application: theme, mouse, start and end."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.reactive import Reactive
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from invsync_tui.plain_text import UNENCODABLE
from invsync_tui.preferences import Bookmark
from invsync_tui.tui.alerts import HoldAlerts
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.drawing.driver import TerminalDriver
from invsync_tui.tui.drawing.screen_diff import ScreenDiff
from invsync_tui.tui.key_order import KeysInOrder
from invsync_tui.tui.navigation.visits import remember
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.base.toned_screen import STYLES
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.store_connection import StoreConnection
from invsync_tui.tui.store_thread import StoreThread
from invsync_tui.tui.terminal import Terminal, greeting, terminal_of
from invsync_tui.tui.themes import THEMES
from invsync_tui.tui.widgets.diff_canvas import PlainScrollBar


def _places() -> type[Provider]:
    """Imported when the palette is opened first."""
    from invsync_tui.tui.navigation.palette import Places

    return Places


class ControlRoom(KeysInOrder):
    """Thin on purpose: screens hold the state, the store thread holds the session."""

    TITLE = "invsync"
    CSS_PATH = "control_room.tcss"
    COMMANDS = {_places}  # noqa: RUF012 - Textual declares no class variable
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "screen.search", "Search", tooltip="Find a SKU, alias or name in all merchants", id="search"),
        Binding(
            "colon",
            "screen.go_to",
            "Go to",
            tooltip="Go anywhere by words, such as carts, run 42 or settings Demo",
            id="go-to",
        ),
        Binding(
            "alt+left,less_than_sign",
            "screen.former",
            "Back to",
            show=False,
            tooltip="Back to the screen that was open before",
            id="visits.back",
        ),
        Binding(
            "alt+right,greater_than_sign",
            "screen.following",
            "Forward",
            show=False,
            tooltip="Forward to the screen that was left last",
            id="visits.forward",
        ),
        Binding(
            "M",
            "screen.bookmark",
            "Bookmark",
            show=False,
            tooltip="Bookmark this screen with its tab and filter; :bookmarks lists them",
            id="bookmark",
        ),
        Binding("question_mark", "screen.help", "Help", tooltip="All keys of this screen", id="help"),
        Binding(
            "ctrl+p",
            "command_palette",
            "Palette",
            show=False,
            tooltip="The same as :, with everything that can be typed in a list",
            id="palette",
        ),
        Binding("m", "mouse", "Mouse", show=False, tooltip="Switch the mouse on or off", id="mouse"),
        Binding(
            "ctrl+z", "suspend_process", "Suspend", show=False, tooltip="Back to the shell; fg returns", id="suspend"
        ),
        Binding("q", "leave", "Quit", tooltip="Leave the control room; syncs continue without it", id="quit"),
        # Textual has a binding of this key with words of its own.
        Binding(
            "ctrl+q",
            "quit",
            "Quit",
            show=False,
            priority=True,
            tooltip="Leave the control room, from anywhere: also while you type",
            id="quit.anywhere",
        ),
    ]

    def __init__(
        self,
        context: AppContext,
        *,
        open_run: int | None = None,
        bookmark: Bookmark | None = None,
        keymap: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.context = context
        self._open_run = open_run
        self._bookmark = bookmark
        self._keymap_said = keymap or {}
        self._diff = ScreenDiff(scrolls=context.terminal.scrolls, erases=context.terminal.erases)
        self._defect: Exception | None = None
        self._defect_place = ""
        self.animation_level = "none"
        self._wear_theme()
        ScrollBar.renderer = PlainScrollBar

    @property
    def terminal_encoding(self) -> str:
        """What the driver writes in."""
        return self.context.terminal.encoding

    def get_default_screen(self) -> Screen[None]:
        return MerchantsScreen(self.context)

    def on_mount(self) -> None:
        # The store thread imports the heavy libraries, so the first frame goes first.
        self.call_after_refresh(self.context.store.start)
        self.call_after_refresh(self.stylesheet.read, STYLES)
        self.call_after_refresh(_collect_from_now_on)
        if isinstance(self._driver, TerminalDriver):
            chosen = lambda: self.context.preferences.alerts  # noqa: E731 - read when it is first needed
            self.context.alerts = HoldAlerts(self._driver, chosen, takes_title=self.context.terminal.titles)
        if self._keymap_said:
            self._use_keymap()
        if self._open_run is not None:
            from invsync_tui.tui.navigation.routes import screen

            self.push_screen(screen(self.context, "run", self._open_run))
        if self._bookmark is not None and isinstance(self.screen, BaseScreen):
            from invsync_tui.tui.navigation.visits import open_bookmark

            self.call_after_refresh(open_bookmark, self.screen, self._bookmark)

    def on_resize(self) -> None:
        """Also where the size is what it was: a terminal that was another size in between has lost cells."""
        self.draw_anew()

    @on(TerminalDriver.SignalResume)
    def take_again(self) -> None:
        """The shell had the terminal in between."""
        self.draw_anew()
        if self.context.alerts is not None:
            self.context.alerts.show_again()

    def draw_anew(self) -> None:
        """Send everything with the next frame, since what the terminal shows is not known."""
        self._diff.forget()
        if self._screen_stack:
            self.screen.refresh()

    def _handle_exception(self, error: Exception) -> None:
        if self._defect is None:
            self._defect, self._defect_place = error, self._place()
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """One sentence. Textual would print a traceback with its variables, which hold more than one may see."""
        if self._defect is None:
            super()._print_error_renderables()
            return
        self._exit_renderables.clear()
        from invsync_tui.tui.crash_report import sentence

        message = sentence(self._defect, self._defect_place, os.environ) + "\n"
        with suppress(OSError):
            os.write(2, message.encode(self.terminal_encoding, UNENCODABLE))

    def _place(self) -> str:
        """On which screen, and of which run, for the report."""
        if not self._screen_stack:
            return ""
        number = getattr(self.screen, "run_id", None)
        return f" on {type(self.screen).__name__}" + (f", run {number}" if number is not None else "")

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        """Textual hands over the regions that widgets called dirty; what is sent is what differs on the terminal."""
        if isinstance(renderable, CompositorUpdate) and not self.is_headless:
            self._diff.holds_back = self._sync_available
            renderable = self._diff.changes(_frame(screen, renderable))
        super()._display(screen, renderable)

    def _begin_update(self) -> None:
        """Textual's marks around every frame, however small; `screen_diff` sets them around those that need them."""

    _end_update = _begin_update

    def put_off(self, event: events.Key) -> bool:
        """A key for rows that are on their way waits for them."""
        screen = self.screen
        return isinstance(screen, BaseScreen) and screen.keeps(event)

    def on_key(self, event: events.Key) -> None:
        """What was typed behind `:` or `/` in one burst is text, though its input was not there yet."""
        screen = self.screen
        if isinstance(screen, BaseScreen) and screen.awaits_text and screen.type_ahead.catch(event, self.focused):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """The same for what was pasted."""
        screen = self.screen
        if isinstance(screen, BaseScreen) and screen.awaits_text:
            for character in event.text.partition("\n")[0]:
                screen.type_ahead.catch(events.Key(character, character), self.focused)

    def action_leave(self) -> None:
        """Leave, unless something that was typed would be lost by it."""
        unsaved = [screen for screen in self.screen_stack if isinstance(screen, BaseScreen) and screen.unsaved]
        if unsaved:
            unsaved[-1].ask_before_leaving(partial(self.exit, 0))
        else:
            self.exit(0)

    def action_mouse(self) -> None:
        on = not mouse_is_on(self)
        could = set_mouse(self, on=on)
        if isinstance(self.screen, BaseScreen):
            self.screen.notice(f"The mouse is {'on' if on else 'off'}." if could else "This terminal keeps its mouse.")

    async def action_quit(self) -> None:
        """It loses nothing either."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl+C stops nothing here; say what does, without Textual's animated toast."""
        if isinstance(self.screen, BaseScreen):
            self.screen.notice("Press q to leave the control room. Syncs continue without it.")

    def pop_screen(self) -> AwaitComplete:
        """Leave the screen on top; forward opens it again."""
        remember(self.context, self.screen)
        return super().pop_screen()

    def close_store(self) -> None:
        """End the store threads and with them their sessions."""
        self.context.close()

    def use_theme(self, name: str) -> bool:
        """Put on another theme; False where colors are the terminal's own."""
        if self.current_theme.ansi:
            return False
        self.theme = THEMES[name].name
        self.context.theme_name = name
        return True

    def _wear_theme(self) -> None:
        """Before the style sheets are parsed, so that they are parsed once."""
        if not self.current_theme.ansi:
            for theme in THEMES.values():
                self.register_theme(theme)
            self.set_reactive(App.theme, THEMES[self.context.terminal.theme].name)
            self.stylesheet.set_variables(self.get_css_variables())

    def _use_keymap(self) -> None:
        """Keys of the configuration; what is wrong with them is said and keeps nobody from working."""
        from invsync_tui.tui.keymap import accepted

        usable_keys, wrong = accepted(self._keymap_said)
        self.set_keymap(usable_keys)
        if wrong:
            self.context.greeting = " ".join(wrong)


class AnsiControlRoom(ControlRoom):
    """The same in the terminal's own 16 colors. Textual picks its color filters while it is constructed."""

    theme: Reactive[str] = Reactive("ansi-dark")


def control_room(
    connection: StoreConnection,
    terminal: Terminal,
    *,
    open_run: int | None = None,
    bookmark: Bookmark | None = None,
    keymap: Mapping[str, str] | None = None,
    greeting: str = "",
    config_file: Path | None = None,
) -> ControlRoom:
    """An application that is ready to run; `greeting` is said on its first screen."""
    context = AppContext(
        StoreThread(connection, terminal.interval), terminal, greeting=greeting, config_file=config_file
    )
    kind = AnsiControlRoom if terminal.ansi_theme else ControlRoom
    return kind(context, open_run=open_run, bookmark=bookmark, keymap=keymap)


def _frame(screen: Screen[object], update: CompositorUpdate) -> list[Strip]:
    """The whole screen as it is now, of which the update is a part."""
    if isinstance(update, LayoutUpdate):
        return [Strip.join(parts) for parts in update.strips]
    return screen._compositor.render_strips()


def _collect_from_now_on() -> None:
    """What was made for the first frame stays; only what comes after is looked through for garbage."""
    gc.freeze()
    gc.enable()


def run(
    store: Path,
    *,
    read_only: bool = False,
    ascii_only: bool = False,
    mouse: bool | None = None,
    theme: str | None = None,
    keymap: Mapping[str, str] | None = None,
    open_run: int | None = None,
    bookmark: Bookmark | None = None,
    config_file: Path | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> int:
    """Show the control room until the operator leaves it; the exit code of the program. `say` is told of an upgrade."""
    connection = StoreConnection(store, read_only=read_only, say=say)
    terminal = terminal_of(os.environ, ascii_only=ascii_only, mouse=mouse, theme=theme)
    return run_until_left(
        control_room(
            connection,
            terminal,
            open_run=open_run,
            bookmark=bookmark,
            keymap=keymap,
            greeting=greeting(os.environ),
            config_file=config_file,
        )
    )


def run_with(connection: StoreConnection, terminal: Terminal, *, open_run: int | None = None) -> int:
    """The same for any connection, without a greeting."""
    return run_until_left(control_room(connection, terminal, open_run=open_run))


def run_until_left(room: ControlRoom) -> int:
    """Show it until it is left."""
    try:
        code = room.run(mouse=room.context.terminal.mouse)
    finally:
        if isinstance(room._driver, TerminalDriver):
            room._driver.give_back()
        room.close_store()
    return room.return_code or 0 if code is None else code


def mouse_is_on(app: App[int]) -> bool:
    """Whether the terminal reports the mouse."""
    return bool(getattr(app._driver, "_mouse", False))


def set_mouse(app: App[int], *, on: bool) -> bool:
    """Whether it could be switched: Textual has no public way yet, and not every driver has this one."""
    driver = app._driver
    switch = getattr(driver, "_enable_mouse_support" if on else "_disable_mouse_support", None)
    if driver is None or switch is None or not hasattr(driver, "_mouse"):
        return False
    # Both methods act only while the driver believes that it has a mouse.
    driver._mouse = True
    switch()
    driver._mouse = on
    driver.flush()
    return True
