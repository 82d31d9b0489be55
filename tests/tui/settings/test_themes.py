"""Themes: contrast, eyes without one kind of cones, the picker, and that a state is never told by color alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.color import Color

from invsync_tui import config
from invsync_tui.config import ConfigError
from invsync_tui.config_file import set_theme, with_theme
from invsync_tui.tui.app import control_room
from invsync_tui.tui.navigation import commands
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.settings.themes import NAMES, ThemesScreen, states, write
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.themes import CONTRAST, DESCRIPTIONS, OWN, THEMES
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import QUICK, Driver, room
from tests.support.screens.report_screens import SIZES, answered

STATES = ("success", "warning", "error", "accent")
LEAST_APART = 0.12
"""Of two states, in color space from 0 to 1, for any eyes."""
CONES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""Machado, Oliveira and Fernandes 2009, severity 1: linear RGB as such eyes see it."""


def linear(color: Color) -> tuple[float, ...]:
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized)


def ratio(one: str, other: str) -> float:
    """The contrast of WCAG 2, from 1 to 21."""
    shades = sorted(
        sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear(Color.parse(each)), strict=True))
        for each in (one, other)
    )
    return (shades[1] + 0.05) / (shades[0] + 0.05)


def as_seen(color: str, cones: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """A color as other eyes see it, each part from 0 to 1."""
    light = linear(Color.parse(color))
    mixed = (sum(a * b for a, b in zip(row, light, strict=True)) for row in cones)
    return tuple(min(max(part, 0.0), 1.0) ** (1 / 2.2) for part in mixed)


def test_every_theme_that_can_be_configured_is_there_and_described() -> None:
    assert set(config.THEMES) == set(DESCRIPTIONS) == {*THEMES, OWN}
    assert set(commands.THEMES) == set(THEMES)


@pytest.mark.parametrize("name", THEMES)
def test_text_in_every_tone_has_contrast(name: str) -> None:
    theme = THEMES[name]
    least = 7.0 if name == CONTRAST else 4.5
    for tone in ("foreground", *STATES):
        assert ratio(getattr(theme, tone), theme.background or "") >= least, tone


@pytest.mark.parametrize("eyes", CONES)
def test_states_differ_for_eyes_without_one_kind_of_cones(eyes: str) -> None:
    theme = THEMES["color-blind"]
    seen = {state: as_seen(getattr(theme, state), CONES[eyes]) for state in ("success", "warning", "error")}
    for one, other in itertools.combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert apart >= LEAST_APART, (one, other, apart)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_sheet_fits_and_shows_each_state_with_mark_and_word(glyphs: Glyphs, width: int) -> None:
    marks = states(glyphs)
    assert (
        len({mark for mark, _, _ in marks})
        == len({word for _, word, _ in marks})
        == len({tone for _, _, tone in marks})
    )
    for number in range(len(NAMES)):
        rows = write(number, 0, width, glyphs)
        assert max(row.width for row in rows) <= width
        text = "\n".join(row.text for row in rows)
        assert all(f"{mark} {word}" in text for mark, word, _ in marks)
        assert text.count(glyphs.bar_full) == 1
        assert glyphs is UNICODE or text.isascii()


async def test_moving_shows_a_theme_and_escape_takes_it_back() -> None:
    async with room() as driver:
        before = driver.app.theme
        await driver.press("colon", *"theme", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ThemesScreen))
        await driver.press("down")
        assert driver.app.theme == THEMES[NAMES[1]].name != before
        await driver.press("down", "down")
        assert driver.app.theme == "invsync-color-blind"
        await driver.press("escape")
        assert driver.app.theme == before and isinstance(driver.app.screen, MerchantsScreen)


async def test_enter_keeps_it_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    async with room() as driver:
        driver.app.context.config_file = path
        await driver.press("colon", *"theme", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ThemesScreen))
        await driver.press("end", "up", "enter")
        assert driver.app.theme == "invsync-color-blind"
        assert f"color-blind is kept in {path}" in driver.notice()
    loaded = config.load(config.Flags(config=str(path)), {"HOME": str(tmp_path)})
    assert loaded.theme == "color-blind" and path.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with room() as driver:
        driver.app.context.config_file = tmp_path / "file" / "config.toml"
        await driver.press("colon", *"theme", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ThemesScreen))
        await driver.press("down", "enter")
        assert "cannot be written" in driver.notice() and driver.app.theme == "invsync-light"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'theme = "light"\n'),
        ('# mine\ntheme = "dark"  # at night\nmouse = false\n', '# mine\ntheme = "light"  # at night\nmouse = false\n'),
        ('mouse = false\n\n[keys]\ntheme = "f5"\n', 'theme = "light"\nmouse = false\n\n[keys]\ntheme = "f5"\n'),
        ('[keys]\n"help" = "f1"\n', 'theme = "light"\n[keys]\n"help" = "f1"\n'),
        # of an editor of Windows: its ends of lines and its mark stay, and the mark stays in front
        ("mouse = false\r\nascii = true\r\n", 'theme = "light"\r\nmouse = false\r\nascii = true\r\n'),
        ('mouse = true\r\ntheme = "dark"  # x\r\n', 'mouse = true\r\ntheme = "light"  # x\r\n'),
        ("\ufeffmouse = false\n", '\ufefftheme = "light"\nmouse = false\n'),
        ('\ufefftheme = "dark"\n[keys]\n', '\ufefftheme = "light"\n[keys]\n'),
        ('# \x85 \u2028theme = "x"\n', 'theme = "light"\n# \x85 \u2028theme = "x"\n'),
    ],
)
def test_only_the_line_of_the_theme_changes(before: str, after: str) -> None:
    assert with_theme(before, "light") == after


def test_a_file_of_another_editor_stays_as_it_was_typed_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfmouse = false\r\n[keys]\r\n")
    for theme in ("light", "dark"):
        set_theme(path, theme)
        assert config.load(config.Flags(config=str(path)), {}).theme == theme
    assert path.read_bytes() == b'\xef\xbb\xbftheme = "dark"\r\nmouse = false\r\n[keys]\r\n'


def test_a_file_that_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("store = [\n")
    with pytest.raises(ConfigError, match="by hand"):
        set_theme(path, "light")
    assert path.read_text() == "store = [\n" and list(tmp_path.iterdir()) == [path]


WORDS = ("run 11", "run 21", "audit", "why DEMO-00042", "history DEMO-00042", "theme")
PLACES: tuple[tuple[str, ...], ...] = (
    *((), ("w",), ("c",), ("c", "enter"), ("U",), ("r",), ("a",), ("D",), ("D", "v"), ("E",), ("T",)),
    *(("c", "i"), ("c", "p"), ("c", "d"), ("colon", *"run 11", "enter", "enter")),
    *(("colon", *words, "enter") for words in WORDS),
)
WORDLESS = frozenset("0123456789,.+-%=()/ ")
TONES = {"success": Tone.GOOD, "warning": Tone.WARN, "error": Tone.BAD}


def state_of(rgb: Sequence[int]) -> str:
    """The state whose color this is; a blend of Textual's may be one off."""
    themed = {name: Color.parse(getattr(THEMES["dark"], name)).rgb for name in TONES}
    return next(
        (n for n, color in themed.items() if max(abs(a - b) for a, b in zip(rgb, color, strict=True)) < 3), "plain"
    )


@pytest.mark.parametrize("keys", PLACES, ids=lambda keys: "".join(keys) or "merchants")
async def test_a_state_is_never_told_by_color_alone(keys: tuple[str, ...]) -> None:
    """Where the same text stands in a column, it has the same color: so the color adds nothing that the text lacks."""
    async with room(FakeStore(), (120, 40)) as driver:
        await driver.press(*keys)
        await driver.pilot.pause(0.3)
        seen: dict[tuple[int, str], set[str]] = {}
        recognized: set[str] = set()
        for y, strip in enumerate(driver.app.screen._compositor.render_strips()):
            x = 0
            for segment in strip:
                text, style = segment.text, segment.style
                plain = text.strip()
                triplet = style.color.triplet if style is not None and style.color is not None else None
                name = state_of(triplet) if triplet else "plain"
                recognized |= {name} & set(TONES)
                if plain and set(plain) <= WORDLESS and y > 1:
                    seen.setdefault((x + len(text) - len(text.lstrip()), plain), set()).add(name)
                x += segment.cell_length
        if not keys:
            assert recognized == set(TONES), "the colors of states are known"
        alone = {place: names for place, names in seen.items() if len(names) > 1 and names & set(TONES)}
        assert not alone, alone


@pytest.mark.parametrize("size", SIZES)
async def test_an_explanation_is_copied_as_lines(size: tuple[int, int]) -> None:
    async with room(FakeStore(), size) as driver:
        await driver.press("D")
        await answered(driver)
        await driver.press("y")
        assert driver.app.clipboard.splitlines()[1:] == [
            "Inventory Upload Service is off.", "Switch it on in Edit Setup of the cart.",
        ]  # fmt: skip
        assert driver.app.clipboard.startswith("Check Cart Settings, step 1: ") and "\x1b" not in driver.app.clipboard
        assert driver.notice().startswith("Sent to the terminal's clipboard: 3 lines")
        await driver.press("escape", "colon", *"why DEMO-00042", "enter")
        await answered(driver)
        await driver.press("y")
        assert "matched as SKU" in driver.app.clipboard and driver.app.clipboard.count("\n") > 10


async def test_without_colors_of_ours_a_theme_is_kept_for_other_terminals(tmp_path: Path) -> None:
    app = control_room(FakeStore(), QUICK._replace(ansi_theme=True))
    app.context.config_file = tmp_path / "config.toml"
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: driver.table.cursor_line is not None)
        await driver.press("colon", *"theme", "enter")
        await driver.until(lambda: isinstance(app.screen, ThemesScreen))
        assert "its own colors" in driver.notice()
        await driver.press("home", "enter")
        assert (tmp_path / "config.toml").read_text() == 'theme = "dark"\n'
    app.close_store()
