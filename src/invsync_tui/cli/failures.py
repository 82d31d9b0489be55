"""Turns what an operation could not do into an exit code and a word for scripts."""

from __future__ import annotations

from invsync_tui.cli.output import Exit
from invsync_tui.operations.errors import NotFoundError, OperationError, RefusedError
from invsync_tui.operations.settings.values import InvalidError
from invsync_tui.operations.trouble import is_store_trouble


def kind_of(error: OperationError) -> str:
    """invalid, not_found, refused, store, or failed."""
    kinds = ((InvalidError, "invalid"), (NotFoundError, "not_found"), (RefusedError, "refused"))
    for known, word in kinds:
        if isinstance(error, known):
            return word
    return "store" if is_store_trouble(error) else "failed"


def exit_of(kind: str) -> Exit:
    """Nothing was done, or it was tried and failed."""
    return Exit.FAILED if kind == "failed" else Exit.USAGE
