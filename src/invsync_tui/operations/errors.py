"""The one error that front ends see: what happened, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class OperationError(Exception):
    """An order that cannot be carried out, in words for the operator."""


class RefusedError(OperationError):
    """Not allowed for this operator or this terminal."""


class NotFoundError(OperationError):
    """There is no such merchant, cart or run."""


class StaleError(OperationError):
    """Somebody else saved in between; nothing of this was saved."""


class InvalidError(OperationError):
    """A value that cannot be saved. `field` is what it was for."""

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        super().__init__(f"{field}: {text}")


@contextmanager
def as_operation_error() -> Iterator[None]:
    """Raise errors of the store and of connectors, within the block, as OperationError."""
    from invsync_tui.connectors.errors import ConnectorError
    from invsync_tui.store.errors import StoreError

    try:
        yield
    except (StoreError, ConnectorError) as error:
        raise OperationError(str(error)) from error
    except OverflowError as error:
        raise OperationError("A number is too large: there is nothing of that number. Check what was typed.") from error


def is_store_trouble(error: OperationError) -> bool:
    """Whether the store itself was at fault: missing, foreign, newer, locked, full, damaged."""
    from invsync_tui.store.errors import StoreError

    return isinstance(error.__cause__, StoreError)
