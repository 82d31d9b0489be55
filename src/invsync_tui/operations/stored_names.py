"""Names for completion in a shell: read in a few milliseconds, without the right to change anything."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from invsync_tui.store import numbers
from invsync_tui.store.connection import readable
from invsync_tui.store.settings import read as settings_read

RUNS_MOST = 20
"""Newest runs whose numbers are offered."""


@dataclass(frozen=True, slots=True)
class StoredNames:
    """What a store calls its merchants and carts, and the numbers of its newest runs, newest first."""

    merchants: tuple[str, ...] = ()
    carts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


def stored_names(path: Path) -> StoredNames:
    """The names in a store. It is opened for reading, and never made, upgraded or waited for; errors are the caller's."""
    if not path.is_file():
        return StoredNames()
    with contextlib.closing(readable(path).cx) as cx:
        return StoredNames(
            tuple(name for _, name in settings_read.names(cx)),
            tuple(dict.fromkeys(name for _, _, name in settings_read.cart_names(cx))),
            tuple(str(number) for number in numbers.newest_runs(cx, RUNS_MOST)),
        )
