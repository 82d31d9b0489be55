"""Opens what a command works on: the configuration and the store."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from invsync_tui import config
from invsync_tui.cli.output import note
from invsync_tui.cli.parser import given

if TYPE_CHECKING:
    from pathlib import Path

    from invsync_tui.operations.session import Session


def configuration(args: argparse.Namespace) -> config.Config:
    """What flags, environment and file say together."""
    mouse = given(args, "mouse")
    if given(args, "config"):
        # For the roles that every session looks up, and for a worker that this command may start.
        os.environ["INVSYNC_CONFIG"] = os.path.abspath(config.expanded(given(args, "config")))  # noqa: PTH100
    flags = config.Flags(
        store=given(args, "store"),
        config=given(args, "config"),
        read_only=given(args, "read_only"),
        ascii_only=given(args, "ascii"),
        mouse=None if mouse is None else mouse == "on",
    )
    return config.load(flags, os.environ)


@contextmanager
def opened(args: argparse.Namespace) -> Iterator[Session]:
    """The store of this command; closed at the end."""
    from invsync_tui.operations.session import Session

    effective_config = configuration(args)
    session = Session.open(effective_config.store, read_only=effective_config.read_only, say=note)
    try:
        yield session
    finally:
        session.close()


def note_disk(store: Path) -> None:
    """Say what is known against the disk that a store is on."""
    from invsync_tui.operations.storage import disk_remark

    if remark := disk_remark(store):
        note(remark)
