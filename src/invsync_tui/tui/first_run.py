"""Whether this operator sees the control room for the first time: a small file remembers. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from invsync_tui.config import ConfigError, folder

MARK = "control-room-seen"
GREETING = "New here? Enter opens, Esc goes back, / finds a SKU, : goes anywhere, ? lists every key."


def greeting(environ: Mapping[str, str]) -> str:
    """What to say to somebody new, once; '' to everybody else, and where nothing can be remembered."""
    try:
        place = folder(environ, "XDG_STATE_HOME", ".local/state")
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        (place / MARK).touch(mode=0o600, exist_ok=False)
    except (OSError, ConfigError):
        return ""
    return GREETING
