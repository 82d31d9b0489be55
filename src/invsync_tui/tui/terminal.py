"""What kind of terminal this is, and whether it is the first start. Standard library only, for the CLI too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from invsync_tui.config import THEMES, ConfigError, folder
from invsync_tui.plain_text import is_utf8, locale_of
from invsync_tui.user_files import PRIVATE, leave_to, make_folder, owner_of

LOCAL_INTERVAL = 0.5
"""Seconds between two updates of a live screen."""
SSH_INTERVAL = 1.0
"""The same where every byte crosses a network."""

PLAIN_TERMS = ("linux", "xterm", "screen", "vt100", "vt220", "ansi")
"""Terminal types with 16 colors; their `-256color` variants are not among them."""
OWN_COLORS = "16"
"""The theme that leaves colors to the terminal."""
KNOWN_TO_SCROLL = (
    "xterm", "screen", "tmux", "linux", "vt1", "vt2", "vt3", "vt4", "vt5", "rxvt", "alacritty", "kitty", "foot", "wezterm",
    "konsole", "gnome", "vte", "st", "putty", "iterm", "ghostty", "contour", "mintty", "mlterm", "eterm",
)  # fmt: skip
"""Beginnings of TERM. On any other terminal the rows are drawn."""
KNOWN_TO_ERASE = tuple(
    term for term in KNOWN_TO_SCROLL if term not in ("screen", "tmux", "vt1", "vt2", "vt3", "vt4", "vt5")
)
"""The same of those that erase in the background of the style (terminfo: bce)."""
KNOWN_TO_KEEP_TITLES = (
    "xterm", "tmux", "alacritty", "kitty", "foot", "wezterm", "gnome", "vte", "iterm", "ghostty", "contour", "mintty",
)  # fmt: skip
"""The same of those that keep a title and give it back."""
UNABLE_TERMS = ("", "dumb", "unknown")


class Terminal(NamedTuple):
    """What is drawn, and how, for the terminal that the environment describes."""

    ascii_only: bool
    ansi_theme: bool
    mouse: bool
    interval: float
    theme: str = "dark"
    """One of `config.THEMES`, where it is not the terminal's own colors."""
    encoding: str = "utf-8"
    """ascii where the locale is another: what it lacks is shown as a stand-in, never as another character."""
    scrolls: bool = True
    """Whether it can move rows by itself."""
    erases: bool = True
    """Whether what it erases has the background of the style."""
    titles: bool = False
    """Whether its title can be marked and given back."""


def terminal_of(
    environ: Mapping[str, str], *, ascii_only: bool = False, mouse: bool | None = None, theme: str | None = None
) -> Terminal:
    """Manners from the environment; what the operator asked for has precedence."""
    remote = over_ssh(environ)
    return Terminal(
        ascii_only=ascii_only or lacks_unicode(environ),
        ansi_theme=theme == OWN_COLORS or "NO_COLOR" in environ or environ.get("TERM", "") in PLAIN_TERMS,
        mouse=not remote if mouse is None else mouse,
        interval=SSH_INTERVAL if remote else LOCAL_INTERVAL,
        theme=theme if theme in THEMES and theme != OWN_COLORS else "dark",
        encoding="utf-8" if is_utf8(locale_of(environ)) else "ascii",
        scrolls=is_among(KNOWN_TO_SCROLL, environ),
        erases=is_among(KNOWN_TO_ERASE, environ),
        titles=is_among(KNOWN_TO_KEEP_TITLES, environ),
    )


def is_among(beginnings: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    """Whether the terminal's type begins with one of these."""
    return environ.get("TERM", "").lower().startswith(beginnings)


def over_ssh(environ: Mapping[str, str]) -> bool:
    """Whether the operator sits at the other end of an SSH connection."""
    return bool(environ.get("SSH_CONNECTION"))


def lacks_unicode(environ: Mapping[str, str]) -> bool:
    """The Linux console has no glyphs for bars and marks; a locale other than UTF-8 has none either."""
    return environ.get("TERM") == "linux" or not is_utf8(locale_of(environ))


def refusal(environ: Mapping[str, str], isatty: bool) -> str | None:
    """Why the control room cannot run here and which commands can instead; None where it can."""
    if not isatty:
        return (
            "invsync: the control room needs a terminal, and this is not one. Use `invsync status` (or --json) instead."
        )
    term = environ.get("TERM", "")
    if term in UNABLE_TERMS:
        return (
            f"invsync: the control room cannot draw on TERM={term or '(unset)'}. "
            "Use `invsync status` and `invsync --help`, or set TERM to what your terminal is, such as xterm-256color."
        )
    return None


MARK = "control-room-seen"
GREETING = "New here? Enter opens, Esc goes back, / finds a SKU, : goes anywhere, ? lists every key."


def greeting(environ: Mapping[str, str]) -> str:
    """What to say to somebody new, once; '' to everybody else, and where nothing can be remembered."""
    try:
        place = folder(environ, "XDG_STATE_HOME", ".local/state")
        make_folder(place)
        descriptor = os.open(place / MARK, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
        leave_to(descriptor, owner_of(place))
        os.close(descriptor)
    except (OSError, ConfigError):
        return ""
    return GREETING
