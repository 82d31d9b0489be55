"""What the drift screen asks of the rest of the program. Runs on the reader threads, as all of the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from invsync_tui.operations.listings.drift import DriftLine
    from invsync_tui.operations.rows import Rows
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.gateway.settings import Call


class DriftGateway(Protocol):
    """Questions and orders about drift."""

    def drifted(self, cart_id: int, wanted: str | None) -> Rows[DriftLine]: ...
    def radar(self, cart_id: int) -> Requested: ...
    def heal(self, cart_id: int, sku: str, reason: str) -> str: ...
    def heal_class(self, cart_id: int, wanted: str, reason: str) -> str: ...


class DriftOperations:
    """The same by `invsync_tui.operations`."""

    def __init__(self, session: Callable[[], Session], call: Call) -> None:
        self._session = session
        self._call = call

    def drifted(self, cart_id: int, wanted: str | None) -> Rows[DriftLine]:
        from invsync_tui.operations.listings import drift

        return self._call(lambda: drift.drifted(self._session(), cart_id, wanted))

    def radar(self, cart_id: int) -> Requested:
        from invsync_tui.operations.listings import drift

        return self._call(lambda: drift.radar(self._session(), cart_id))

    def heal(self, cart_id: int, sku: str, reason: str) -> str:
        from invsync_tui.operations.listings import drift

        return self._call(lambda: drift.heal(self._session(), cart_id, (sku,), None, reason))

    def heal_class(self, cart_id: int, wanted: str, reason: str) -> str:
        from invsync_tui.operations.listings import drift

        return self._call(lambda: drift.heal(self._session(), cart_id, (), wanted, reason))
