"""What the screens about the past ask of the rest of the program. Runs on the reader thread, as all of the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.sku_history import SkuHistory
    from invsync_tui.operations.list_views import ListingLine, RunDiff
    from invsync_tui.operations.rows import Rows
    from invsync_tui.operations.runs.held import HeldLine
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import RunRow
    from invsync_tui.tui.gateway.settings import Call
    from invsync_tui.tui.screens.runs.filter import RunFilter


class HistoryGateway(Protocol):
    """The questions about runs beyond a single one, and about the past of a SKU."""

    def runs(self, wanted: RunFilter) -> Rows[RunRow]: ...
    def diff(self, run_id: int) -> RunDiff: ...
    def skus(self, run_id: int, reason: str) -> Rows[ListingLine]: ...
    def held(self, run_id: int, group: str | None) -> Rows[HeldLine]: ...
    def of_sku(self, asked: str) -> tuple[SkuHistory, ...]: ...


class HistoryOperations:
    """The same by `invsync_tui.operations`."""

    def __init__(self, session: Callable[[], Session], call: Call) -> None:
        self._session = session
        self._call = call

    def runs(self, wanted: RunFilter) -> Rows[RunRow]:
        from invsync_tui.operations.runs import history as run_history

        return self._call(
            lambda: run_history.runs(
                self._session(), wanted.merchant_id, wanted.cart_id, wanted.state, wanted.trigger, wanted.who
            )
        )

    def diff(self, run_id: int) -> RunDiff:
        from invsync_tui.operations.runs import history as run_history

        return self._call(lambda: run_history.diff(self._session(), run_id))

    def skus(self, run_id: int, reason: str) -> Rows[ListingLine]:
        from invsync_tui.operations.runs import history as run_history

        return self._call(lambda: run_history.skus(self._session(), run_id, reason))

    def held(self, run_id: int, group: str | None) -> Rows[HeldLine]:
        from invsync_tui.operations.runs import held

        return self._call(lambda: held.held(self._session(), run_id, group))

    def of_sku(self, asked: str) -> tuple[SkuHistory, ...]:
        from invsync_tui.operations.diagnosis import sku_history

        return self._call(lambda: sku_history.histories(self._session(), asked))
