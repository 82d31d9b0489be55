"""`python -m tests.take_screenshots [FOLDER]`: pictures of the control room on a real demo store, as PNG.

The demo of `invsync demo` runs while they are taken: a WMS and carts over HTTP, the service, first pushes that are held
and released. Each picture is driven by keys from the merchants, as an operator would, and drawn with a monospace font
of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import resvg_py
from textual.app import App
from textual.pilot import Pilot

from invsync_tui.operations import session as sessions
from invsync_tui.operations.demo import demo
from invsync_tui.operations.runs import runs as run_operations
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import RunRow, RunState
from invsync_tui.tui.app import ControlRoom, control_room
from invsync_tui.tui.store_connection import StoreConnection
from invsync_tui.tui.terminal import terminal_of
from tests.support.screens.small_png import small

FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".fonts",
    Path("/Library/Fonts"),
)
FONTS = {
    "DejaVuSansMono": "DejaVu Sans Mono",
    "LiberationMono": "Liberation Mono",
    "NotoSansMono": "Noto Sans Mono",
    "UbuntuMono": "Ubuntu Mono",
    "Menlo": "Menlo",
}
"""How the files of usual monospace fonts begin, and their families."""
SMALL, LARGE = (80, 24), (120, 40)
ZOOM = 1
PRODUCTS = 5000
LABEL = "~/demo/demo.db"
SLOW_CART = "Demo Outdoor B"
"""It takes 50 listings at a time, so that one can watch."""
SENDING = "/s  about "
"""On the line of the phase that runs."""
PATIENCE = 120.0
"""Seconds for a run to reach the state that a picture shows."""
QUIET = 0.3
"""Seconds without a change after which a screen is taken to be complete."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name, and the keys that lead there from the merchants; `type:` begins a text."""

    name: str
    shows: str
    """What must be on the screen then; another picture is none."""
    keys: tuple[str, ...] = ()
    small: bool = False
    """Taken at 80x24 too."""


SHOTS: tuple[Shot, ...] = (
    Shot("merchants", "Next run", small=True),
    Shot("warehouses", "Locations & Products", ("w",)),
    Shot("levels", "Committed", ("w", "down", "enter")),
    Shot("all-warehouses", "All warehouses", ("w", "a")),
    Shot("search", "contains", ("slash", "type:mugs-00")),
    Shot("sku", "Levels", ("slash", "type:mugs-00", "enter"), small=True),
    Shot("why", "matched as", ("c", "enter", "right_square_bracket", "right_square_bracket", "down", "w")),
    Shot("doctor", "Check Merchant Settings", ("D",)),
    Shot("carts", "Listings", ("c",)),
    Shot("cart-setup", "Sync Inventory With Warehouse", ("c", "E")),
    Shot("merchant-setup", "Synchronization With WMS", ("E",)),
    Shot("product-sync", "[All", ("c", "enter", "down", "down"), small=True),
    Shot(
        "exclude",
        "from the sync?",
        ("c", "enter", "right_square_bracket", "right_square_bracket", "space", "space", "x"),
    ),
    Shot("runs", "Runs", ("r",)),
    Shot("run-reasons", "NOT_IN_WMS", ("colon", "type:run 2", "enter", "enter")),
    Shot("run-changes", "Changes", ("colon", "type:run 2", "enter", "v"), small=True),
    Shot("events", "Severity", ("colon", "type:events", "enter"), small=True),
    Shot("audit", "Action", ("colon", "type:audit", "enter"), small=True),
    Shot("aliases", "Carts that push with it", ("a",)),
    Shot("alias-collisions", "is shared by", ("a", "down", "down", "down", "enter")),
    Shot("identity", "Identity", ("c", "i")),
    Shot("drift", "Drift", ("c", "d")),
    Shot("history", "History", ("slash", "type:mugs-00", "enter", "h")),
    Shot("why-read-back", "now: the cart shows", ("slash", "type:mugs-00", "enter", "w", "b")),
    Shot("themes", "high-contrast", ("colon", "type:theme", "enter", "down", "down"), small=True),
    Shot(
        "bookmarks",
        "Bookmarks",
        ("c", "enter", "M", "enter", "escape", "escape", "M", "enter", "colon", "type:bookmarks", "enter"),
    ),
    Shot(
        "saved-filters",
        "@oversold",
        ("c", "enter", "f", "type:diff>0 -locked", "enter", "F", "a", "type:oversold", "enter"),
    ),
    Shot("columns", "marked", ("c", "enter", "C")),
    Shot("copy-value", "All of them", ("c", "enter", "Y")),
    Shot("help", "Keys for this screen", ("w", "question_mark")),
    Shot("go-to", "w", ("colon", "type:wa")),
)


HELD_SHOTS: tuple[Shot, ...] = (
    Shot("plan", "Reason", ("c", "down", "p")),
    Shot("held", "Group", ("colon", "type:run 3", "enter", "enter")),
)
"""Taken while the first pushes are held."""
CHARACTERS = {"-": "minus", "/": "slash", " ": "space", ">": "greater_than_sign"}
"""Characters whose keys have names."""


class WrongPictureError(Exception):
    """The keys led somewhere else."""


class NoFontError(Exception):
    """This machine has no monospace font to draw with."""


# --- drawing -----------------------------------------------------------------------------------------------------------


def monospace_fonts() -> tuple[str, list[str]]:
    """Family name and files of a monospace font."""
    for name, family in FONTS.items():
        files = sorted(str(path) for folder in FONT_FOLDERS for path in folder.glob(f"**/{name}*.ttf"))
        if files:
            return _family(files[0]) or family, files
    if matched := _matched():
        return matched
    raise NoFontError(
        "No monospace font found. Install one, such as the package fonts-dejavu-core, and run this again."
    )


def _family(file: str) -> str:
    return _run("fc-scan", "--format", "%{family[0]}", file)


def _matched() -> tuple[str, list[str]] | None:
    family, _, file = _run("fc-match", "--format", "%{family[0]}|%{file}", "monospace:spacing=mono").partition("|")
    return (family, [file]) if file and Path(file).is_file() else None


def _run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout.strip()


def drawn(svg: str) -> bytes:
    """The SVG as PNG, with the font it asks for replaced by one that is here."""
    family, files = monospace_fonts()
    local = svg.replace("Fira Code", family)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=local, font_files=files, monospace_family=family, skip_system_fonts=False, zoom=ZOOM
        )
    )


@dataclass(frozen=True, slots=True)
class Album:
    """Where pictures go, and which are wanted."""

    folder: Path
    only: str

    def wants(self, name: str) -> bool:
        return self.only in name

    def keep(self, name: str, app: App[Any]) -> None:
        size = app.size
        png = self.folder / f"{name}-{size.width}x{size.height}.png"
        png.write_bytes(small(drawn(app.export_screenshot(title="invsync"))))
        print(png)


# --- driving -----------------------------------------------------------------------------------------------------------


def room(store: Path, open_run: int | None = None) -> ControlRoom:
    """The control room on the demo, with a label that is the same on every machine."""
    connection = StoreConnection(store)
    connection.label = LABEL
    return control_room(connection, terminal_of({"TERM": "xterm-256color"}), open_run=open_run)


async def settled(app: ControlRoom, pilot: Pilot[int]) -> None:
    """Wait until the screen says the same for a while."""
    before: list[str] = []
    until = time.monotonic() + 10
    while (now := _lines(app)) != before and time.monotonic() < until:
        before = now
        await pilot.pause(QUIET)


def _lines(app: ControlRoom) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def visit(store: Path, shot: Shot, size: tuple[int, int], album: Album) -> None:
    """Go where a picture is and take it."""
    app = room(store)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(1.0)
        await settled(app, pilot)
        for key in shot.keys:
            await _press(pilot, key)
            await settled(app, pilot)
        if shot.shows not in "\n".join(_lines(app)):
            raise WrongPictureError(f"{shot.name}: no {shot.shows!r} on the screen:\n" + "\n".join(_lines(app)))
        album.keep(shot.name, app)
    app.close_store()


async def _press(pilot: Pilot[int], key: str) -> None:
    text = key.removeprefix("type:")
    await pilot.press(*(key,) if text == key else (CHARACTERS.get(char, char) for char in text))


async def live(running: demo.Demo, album: Album) -> None:
    """The first push of the slowest cart: held, and then while it sends."""
    session = Session.open(running.store)
    held = await _reached(session, RunState.HELD, 0)
    app = room(running.store, held.id)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause(1.0)
        await settled(app, pilot)
        album.keep("run-held", app)
        for shot in HELD_SHOTS:
            await visit(running.store, shot, LARGE, album)
        run_operations.release(session, held.id, "the plan was looked at")
        await _reached(session, RunState.RUNNING, 0.1, held.id)
        while not any(SENDING in line for line in _lines(app)):
            await pilot.pause(0.05)
        album.keep("run", app)
    app.close_store()
    session.close()


async def _reached(session: Session, state: RunState, share: float, number: int | None = None) -> RunRow:
    """A push in a state, and that far."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for run in run_operations.recent(session, merchant_id=None, limit=20):
            wanted = run.cart == SLOW_CART and run.state is state and number in (None, run.id)
            if wanted and (not share or (run.phase == "push" and run.total and run.done / run.total >= share)):
                return run
        await asyncio.sleep(0.05)
    raise TimeoutError(f"No push became {state} within {PATIENCE:.0f} s.")


async def take(running: demo.Demo, album: Album) -> None:
    """All pictures that are wanted."""
    if any(map(album.wants, ("run", "run-held", *(shot.name for shot in HELD_SHOTS)))):
        await live(running, album)
    await asyncio.to_thread(demo.finish, running)
    for shot in SHOTS:
        if album.wants(shot.name):
            await visit(running.store, shot, LARGE, album)
            if shot.small:
                await visit(running.store, shot, SMALL, album)


@contextmanager
def surroundings(folder: Path) -> Iterator[None]:
    """An operator by the name of demo without a configuration, whoever takes the pictures."""
    wanted: Mapping[str, str] = {
        "LOGNAME": "demo",
        "USER": "demo",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "INVSYNC_CONFIG": "",
    }
    before, named = dict(os.environ), sessions.operator_name
    os.environ.update(wanted)
    # The system says who runs this, and no variable: on a picture it is the operator of the demo.
    sessions.operator_name = lambda _store: "demo"
    for name in ("SUDO_USER", "INVSYNC_CONFIG", "SSH_CONNECTION"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        sessions.operator_name = named
        os.environ.clear()
        os.environ.update(before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="pictures whose name contains this")
    parser.add_argument("--products", type=int, default=PRODUCTS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        monospace_fonts()
    except NoFontError as error:
        print(error, file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="demo-") as scratch,
        surroundings(Path(scratch)),
        demo.running(Path(scratch) / "demo", products=options.products) as running,
    ):
        asyncio.run(take(running, Album(options.folder, options.only)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
