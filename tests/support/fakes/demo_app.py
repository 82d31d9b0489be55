"""`python -m tests.support.fakes.demo_app [OPTION ...]`: the control room over a fake store.

With --live, run 11 makes progress as fast as a real push does, so that the bytes it costs can be counted.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from textual import events

from invsync_tui import preferences
from invsync_tui.preferences import Bookmark
from invsync_tui.tui import app
from invsync_tui.tui.terminal import terminal_of
from tests.support.fakes.lists import HOSTILE, TROUBLED, troubled
from tests.support.fakes.store import FakeStore, live_detail, merchant
from tests.support.terminal.rest import RestTeller, count_all_questions

STEP, EACH = 26, 0.25
KEPT = 60


def live(store: FakeStore) -> None:
    """Another process: 104 listings per second, committed four times a second."""
    done = 0
    while True:
        done = (done + STEP) % 4122
        store.details[11] = live_detail(11, done)
        store.commit()
        time.sleep(EACH)


def on_capital_f(do: Callable[[], object]) -> None:
    """A defect behind a key."""
    before = app.ControlRoom.on_key

    def on_key(room: app.ControlRoom, event: events.Key) -> None:
        if event.character == "F":
            do()
        before(room, event)

    app.ControlRoom.on_key = on_key  # type: ignore[method-assign]


def _break() -> None:
    """A defect whose text came from outside."""
    raise RuntimeError("password=hunter2 \x1b]52;c;cm0=\x07 broken")


def holds(store: FakeStore) -> Iterator[None]:
    """One held run more, then none at all, and from the beginning."""
    first, second, *others = store.merchants
    while True:
        for counts in ((first.held, 1), (0, 0), (first.held, 0)):
            held = (replace(row, held=n) for row, n in zip((first, second), counts, strict=True))
            store.merchants = (*held, *others)
            store.commit()
            yield


def tell_rest(pipe: str) -> None:
    """Answer, when it is asked, that every key was handled and nothing is on its way any more."""
    tellers: list[RestTeller] = []
    before = app.ControlRoom.on_mount

    def on_mount(room: app.ControlRoom) -> None:
        tellers.append(RestTeller(room, pipe))
        before(room)

    def key_over(room: app.ControlRoom) -> None:
        tellers[0].key_over()

    app.ControlRoom.on_mount = on_mount  # type: ignore[method-assign]
    app.ControlRoom.key_over = key_over  # type: ignore[method-assign]
    count_all_questions()


def _stick() -> None:
    """Name the terminal, past the program's own writer, and come back no more."""
    os.write(1, b"\x1b]2;stuck\a")
    threading.Event().wait()


def remember(store: FakeStore) -> None:
    """What a user has kept: bookmarks and filters that fill more than a screen."""
    mine = preferences.Preferences(None)
    for number in range(KEPT):
        mine.save_filter(f"filter-{number:02}", f"diff>{number} outcome:failed -locked")
        mine.save_bookmark(Bookmark(f"Failed of cart {number:02}", store.label, "products", (7,), f"diff>{number}"))
    preferences.Preferences.of = classmethod(lambda cls, environ: mine)  # type: ignore[method-assign,assignment]


def main() -> int:
    parser = argparse.ArgumentParser()
    for flag in (
        "--read-only",
        "--ascii",
        "--live",
        "--empty",
        "--hostile",
        "--stuck",
        "--broken",
        "--holds",
        "--kept",
    ):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--open", type=int)
    parser.add_argument("--tell-rest", metavar="PIPE")
    options = parser.parse_args()
    store = FakeStore(() if options.empty else None, read_only=options.read_only)
    if options.hostile:
        store.merchants += tuple(merchant(number, name) for number, name in enumerate(HOSTILE, 20))
        store.held |= {number: troubled(number) for number in TROUBLED}
    if options.kept:
        remember(store)
    if options.live:
        threading.Thread(target=live, args=(store,), daemon=True).start()
    terminal = terminal_of(os.environ, ascii_only=options.ascii)
    if options.tell_rest:
        tell_rest(options.tell_rest)
    if options.stuck:
        on_capital_f(_stick)
    if options.holds:
        changes = holds(store)
        on_capital_f(lambda: next(changes))
    if options.broken:
        on_capital_f(_break)
    return app.run_with(store, terminal, open_run=options.open)


if __name__ == "__main__":
    sys.exit(main())
