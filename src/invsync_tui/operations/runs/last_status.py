"""How the last download of a merchant and the last push of a cart went, in words: the same on every screen, in every command
and document. Pure.

What is switched off and has nothing under way is off, however its last run went.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.views import Stall
    from invsync_tui.store.runs.records import RunRow

ACTIVE = ("running", "cancelling", "requested")
"""States of a run that is under way."""
OFF, MERCHANT_OFF = "off", "off: merchant is off"
NEVER_RUN, NEVER_PUSHED = "never run", "never pushed"
"""What is shown for an empty status."""


def download_status(on: bool, state: str | None, stall: Stall | None, ended: RunRow | None) -> str:
    """Of a merchant, '' for never. `state` is that of its newest download, `stall` why that is stalled, `ended` the last
    one that ended."""
    return _under_way(state, stall) or (_ended(ended) if on else OFF)


def push_status(
    on: bool,
    merchant_on: bool,
    state: str | None,
    stall: Stall | None,
    ended: RunRow | None,
    *,
    held: int = 0,
    frozen: str = "",
) -> str:
    """Of a cart, '' for never. `held` are the listings that its newest push holds, `frozen` is who froze it and why."""
    under_way = _under_way(state, stall)
    if not (on and merchant_on) and not under_way:
        return MERCHANT_OFF if on else OFF
    if frozen:
        return f"frozen by {frozen}"
    if state == "held":
        return f"held: {counted(held, 'listing')}" if held else "held"
    return under_way or _ended(ended)


def _under_way(state: str | None, stall: Stall | None) -> str:
    """Of a run that is requested or running; '' for every other."""
    if state == "requested":
        return "waiting for a worker"
    if state not in ACTIVE:
        return ""
    return "running" if stall is None else f"stalled: {stall.text}"


def _ended(run: RunRow | None) -> str:
    if run is None:
        return ""
    return "success" if run.state == "done" and not run.error else f"{run.state}: {run.error}".rstrip(": ")
