"""`python -m tests.take_screenshots [FOLDER]`: pictures of the control room with the demo facts, as PNG.

`picture` serves any Textual app: it is driven by keys to the wanted state, exported as SVG and drawn with a monospace
font of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import resvg_py
from textual.app import App

from invsync_tui.tui.app import control_room
from invsync_tui.tui.terminal import terminal_of
from tests.tui.fake_gateway import FakeGateway

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
SIZES = ((80, 24), (120, 40))
ZOOM = 1


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name, the app, and the keys that lead to what it shows."""

    name: str
    app: Callable[[], App[Any]]
    keys: tuple[str, ...] = ()


class NoFontError(Exception):
    """This machine has no monospace font to draw with."""


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


async def picture(app: App[Any], size: tuple[int, int], keys: Sequence[str], settle: float = 0.8) -> bytes:
    """Drive the app to the wanted state; what it shows then, as PNG."""
    async with app.run_test(size=size) as pilot:
        await pilot.pause(settle)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(settle / 2)
        await pilot.pause(settle)
        return drawn(app.export_screenshot(title="invsync"))


def drawn(svg: str) -> bytes:
    """The SVG as PNG, with the font it asks for replaced by one that is here."""
    family, files = monospace_fonts()
    local = svg.replace("Fira Code", family)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=local, font_files=files, monospace_family=family, skip_system_fonts=False, zoom=ZOOM
        )
    )


def shots() -> Iterator[Shot]:
    """The control room's own pictures."""
    yield Shot("merchants", _demo)
    yield Shot("merchants-problems", _demo, ("down",))
    yield Shot("merchants-filter", _demo, ("slash", "b", "o", "o"))
    yield Shot("merchants-empty", lambda: _room(FakeGateway(())))
    yield Shot("run-live", _demo, ("enter",))
    yield Shot("run-failed", _demo, ("enter", "right_square_bracket"))
    yield Shot("run-held", _demo, ("enter", "left_square_bracket"))
    yield Shot("run-release", _demo, ("enter", "left_square_bracket", "r"))
    yield Shot("run-read-only", lambda: _room(FakeGateway(read_only=True)), ("enter",))
    yield Shot("help", _demo, ("enter", "question_mark"))
    yield Shot("go-to", _demo, ("colon", "r"))


def _demo() -> App[Any]:
    return _room(FakeGateway())


def _room(gateway: FakeGateway) -> App[Any]:
    return control_room(gateway, terminal_of({"TERM": "xterm-256color"}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="pictures whose name contains this")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        monospace_fonts()
    except NoFontError as error:
        print(error, file=sys.stderr)
        return 1
    for shot in shots():
        for columns, rows in SIZES if options.only in shot.name else ():
            png = options.folder / f"{shot.name}-{columns}x{rows}.png"
            png.write_bytes(asyncio.run(picture(shot.app(), (columns, rows), shot.keys)))
            print(png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
