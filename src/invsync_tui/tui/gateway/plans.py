"""What the plan screens ask of the rest of the program. Runs on the reader threads, as all of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from invsync_tui.operations.plans.plans import PlanBuild, PlanView
    from invsync_tui.operations.plans.rows import PlanLine
    from invsync_tui.operations.rows import Rows
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.gateway.settings import Call


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan on the screen. It stays what it is while the store moves on; `making` is None for a kept one."""

    view: PlanView
    making: PlanBuild | None


class PlansGateway(Protocol):
    """Questions and orders about plans."""

    def make(self, cart_id: int, overlay: Mapping[str, str] | None = None) -> Shown:
        """Plan the next push of a cart, as if `overlay` were saved; may take seconds on a first push."""

    def kept(self, number: int) -> Shown: ...
    def rows(self, shown: Shown, sort: str, text: str) -> Rows[PlanLine]: ...
    def apply(self, shown: Shown, reason: str) -> Requested: ...
    def undo(self, run_id: int, reason: str) -> int:
        """Plan to take a run back; the number of the plan."""

    def freeze(self, cart_id: int, reason: str) -> str: ...
    def thaw(self, cart_id: int, reason: str) -> str: ...


class PlansOperations:
    """The same by `invsync_tui.operations`."""

    def __init__(self, session: Callable[[], Session], call: Call) -> None:
        self._session = session
        self._call = call

    def make(self, cart_id: int, overlay: Mapping[str, str] | None = None) -> Shown:
        from invsync_tui.operations.plans import plans

        def made() -> Shown:
            making = plans.build_plan(self._session(), cart_id, overlay)
            return Shown(plans.view(self._session(), making, None), making)

        return self._call(made)

    def kept(self, number: int) -> Shown:
        from invsync_tui.operations.plans import plans

        return self._call(lambda: Shown(plans.load_plan(self._session(), number), None))

    def rows(self, shown: Shown, sort: str, text: str) -> Rows[PlanLine]:
        from invsync_tui.operations.plans import plans

        if shown.making is not None:
            making = shown.making
            return self._call(lambda: plans.rows(self._session(), making, sort, text))
        return self._call(lambda: plans.load_plan_rows(self._session(), shown.view.number or 0, sort, text))

    def apply(self, shown: Shown, reason: str) -> Requested:
        from invsync_tui.operations.plans import plans
        from invsync_tui.operations.views import Requested

        def ordered() -> Requested:
            number = shown.view.number
            if number is None and shown.making is not None:
                number = plans.save_plan(self._session(), shown.making)
            done = plans.apply(self._session(), number or 0, reason)
            return Requested((done.run,), done.worker_started, done.message)

        return self._call(ordered)

    def undo(self, run_id: int, reason: str) -> int:
        from invsync_tui.operations.plans import undo as plans_undo

        return self._call(lambda: plans_undo.undo(self._session(), run_id, reason).plan)

    def freeze(self, cart_id: int, reason: str) -> str:
        from invsync_tui.operations.plans import freeze as plans_freeze

        return self._call(lambda: plans_freeze.freeze(self._session(), "cart", cart_id, reason).message)

    def thaw(self, cart_id: int, reason: str) -> str:
        from invsync_tui.operations.plans import freeze as plans_freeze

        return self._call(lambda: plans_freeze.thaw(self._session(), "cart", cart_id, reason).message)
