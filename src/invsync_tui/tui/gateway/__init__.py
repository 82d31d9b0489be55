"""What the control room asks of the rest of the program, and nothing more.

Everything here runs on the reader thread (`reader`), because a SQLite session belongs to the thread that opened it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from invsync_tui.config import ConfigError, expanded

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.doctor import Checkup
    from invsync_tui.operations.diagnosis.evidence import Shown
    from invsync_tui.operations.diagnosis.why import Why
    from invsync_tui.operations.list_views import (
        AliasTypeLine,
        CartLine,
        CollisionLine,
        LevelLine,
        ListingFilter,
        ListingLine,
        SearchAnswer,
        SkuView,
        SummaryLine,
        WarehouseLine,
    )
    from invsync_tui.operations.rows import Count, Ordering, Rows
    from invsync_tui.operations.session import Session, Watch
    from invsync_tui.operations.views import Overview, Requested, RunDetail, RunRow
    from invsync_tui.tui.gateway.drift import DriftGateway
    from invsync_tui.tui.gateway.identity import IdentityGateway
    from invsync_tui.tui.gateway.plans import PlansGateway
    from invsync_tui.tui.gateway.runs import HistoryGateway
    from invsync_tui.tui.gateway.settings import FormsGateway

SERVICE_MEMORY = 5.0
"""Seconds for which a reading of the service's signs of life is believed."""

P = ParamSpec("P")
T = TypeVar("T")


class GatewayError(Exception):
    """An expected failure. Its text says what failed, where, and what to do next."""


class Gateway(Protocol):
    """The questions and orders of the control room."""

    @property
    def read_only(self) -> bool: ...
    @property
    def operator(self) -> str:
        """Who acts; '' before `connect`."""

    @property
    def role(self) -> str:
        """What the operator may do: viewer, operator, admin; '' before `connect`."""

    @property
    def label(self) -> str:
        """The store, as an operator would name it."""

    def connect(self) -> None: ...
    def close(self) -> None: ...
    def changed(self) -> bool:
        """Whether any process committed since the last call; cheap."""

    def service_alive(self) -> bool:
        """Whether requests are executed; reads who executes them where that was not read lately."""

    @property
    def service(self) -> str:
        """Who executes requests, as last read: running, detached, not_responding, unknown, none; '' before that."""

    def overview(self) -> Overview: ...
    def run(self, run_id: int) -> RunDetail: ...
    def runs(self, merchant_id: int | None, limit: int) -> tuple[RunRow, ...]: ...
    def start(self, merchant_id: int, cart_id: int | None) -> Requested: ...
    def cancel(self, run_id: int) -> str: ...
    def release(self, run_id: int, reason: str, groups: Sequence[str] = ()) -> str: ...
    def discard(self, run_id: int, reason: str) -> str: ...
    @property
    def forms(self) -> FormsGateway:
        """Settings."""

    @property
    def history(self) -> HistoryGateway:
        """Past runs."""

    @property
    def identity(self) -> IdentityGateway:
        """Which product a listing means."""

    @property
    def plans(self) -> PlansGateway:
        """Plans, undo and freezing."""

    @property
    def drift(self) -> DriftGateway:
        """What carts show otherwise than they accepted."""

    def twin(self) -> Gateway:
        """Another one to the same store, for another thread."""

    # Lists. `Rows` belong to the thread that asked for them.
    def warehouses(self, merchant_id: int) -> Sequence[WarehouseLine]: ...
    def enable_warehouse(self, merchant_id: int, code: str, enabled: bool, reason: str) -> str: ...
    def levels(self, warehouse_id: int, text: str, ordering: Ordering | None) -> Rows[LevelLine]: ...
    def summary(self, merchant_id: int, text: str, ordering: Ordering | None) -> Rows[SummaryLine]: ...
    def search(self, text: str, merchant_id: int | None, limit: int) -> SearchAnswer: ...
    def search_count(self, text: str, merchant_id: int | None) -> int: ...
    def sku(self, product_id: int) -> SkuView: ...
    def why(self, asked: str) -> Why: ...
    def read_back(self, cart_id: int, refs: Sequence[str]) -> Mapping[str, Shown | None]: ...
    def bundle(self, subject: int | str, folder: str) -> str:
        """A support bundle about a run (its number) or a SKU; returns the path of the file."""
        ...

    def doctor(self, merchant_id: int | None) -> Checkup: ...
    def carts(self, merchant_id: int | None) -> Sequence[CartLine]: ...
    def listings(
        self, cart_id: int, which: ListingFilter, text: str, ordering: Ordering | None
    ) -> Rows[ListingLine]: ...
    def tabs(self, cart_id: int) -> Mapping[ListingFilter, Count]: ...
    def alias_types(self, merchant_id: int) -> Sequence[AliasTypeLine]: ...
    def collisions(self, merchant_id: int, kind: int, text: str, ordering: Ordering | None) -> Rows[CollisionLine]: ...
    def missing(self, merchant_id: int, kind: int, text: str, ordering: Ordering | None) -> Rows[SummaryLine]: ...
    def export(
        self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | int | bool | None]], form: str
    ) -> None: ...

    # Changes to listings.
    def sync_listings(self, listing_ids: Sequence[int]) -> Requested: ...
    def set_excluded(self, listing_ids: Sequence[int], on: bool, reason: str) -> str: ...
    def set_locked(self, listing_ids: Sequence[int], on: bool, reason: str) -> str: ...
    def set_override(self, listing_ids: Sequence[int], quantity: int | None, reason: str) -> str: ...


class OperationsGateway:
    """The gateway to `invsync_tui.operations`, imported on first use, so that heavy libraries follow the first frame."""

    def __init__(
        self, store: Path, *, read_only: bool = False, say: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._store = store
        self._say = say
        self._session: Session | None = None
        self._watch: Watch | None = None
        self._service = (float("-inf"), False)
        self.read_only = read_only
        self.operator = ""
        self.role = ""
        self.service = ""
        self.label = short_path(store)

    def connect(self) -> None:
        from invsync_tui.operations.session import Session, Watch

        session = self._call(lambda: Session.open(self._store, read_only=self.read_only, say=self._say))
        # Nobody reads while this thread waits: a worker that does not come up is told by a later reading.
        session.waits_for_worker = False
        self._session = session
        self._watch = self._call(Watch, session)
        self.operator = session.operator
        self.role = session.role.value
        self.read_only = session.read_only

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = self._watch = None

    def changed(self) -> bool:
        return self._watch is not None and self._call(self._watch.changed)

    def service_alive(self) -> bool:
        read_at, alive = self._service
        if time.monotonic() - read_at > SERVICE_MEMORY:
            alive = self.overview().pulse.service_alive
        return alive

    def overview(self) -> Overview:
        from invsync_tui.operations import overview as operations_overview
        from invsync_tui.operations.runs import request as run_request

        if failure := self._call(run_request.failed_worker, self._open):
            raise GatewayError(failure)
        overview = self._call(operations_overview.overview, self._open)
        self._service = (time.monotonic(), overview.pulse.service_alive)
        self.service = str(overview.pulse.service.state)
        return overview

    def run(self, run_id: int) -> RunDetail:
        from invsync_tui.operations.runs import runs

        return self._call(runs.detail, self._open, run_id)

    def runs(self, merchant_id: int | None, limit: int) -> tuple[RunRow, ...]:
        from invsync_tui.operations.runs import runs

        return self._call(lambda: runs.recent(self._open, merchant_id=merchant_id, limit=limit))

    def start(self, merchant_id: int, cart_id: int | None) -> Requested:
        from invsync_tui.operations.runs import request as run_request

        return self._call(run_request.request, self._open, merchant_id, cart_id)

    def cancel(self, run_id: int) -> str:
        from invsync_tui.operations.runs import runs

        return self._call(runs.cancel, self._open, run_id)

    def release(self, run_id: int, reason: str, groups: Sequence[str] = ()) -> str:
        from invsync_tui.operations.runs import runs

        return self._call(runs.release, self._open, run_id, reason, groups)

    def discard(self, run_id: int, reason: str) -> str:
        from invsync_tui.operations.runs import runs

        return self._call(runs.discard, self._open, run_id, reason)

    @cached_property
    def forms(self) -> FormsGateway:
        from invsync_tui.tui.gateway.settings import FormsOperations

        return FormsOperations(lambda: self._open, self._call)

    @cached_property
    def history(self) -> HistoryGateway:
        from invsync_tui.tui.gateway.runs import HistoryOperations

        return HistoryOperations(lambda: self._open, self._call)

    @cached_property
    def identity(self) -> IdentityGateway:
        from invsync_tui.tui.gateway.identity import IdentityOperations

        return IdentityOperations(lambda: self._open, self._call)

    @cached_property
    def plans(self) -> PlansGateway:
        from invsync_tui.tui.gateway.plans import PlansOperations

        return PlansOperations(lambda: self._open, self._call)

    @cached_property
    def drift(self) -> DriftGateway:
        from invsync_tui.tui.gateway.drift import DriftOperations

        return DriftOperations(lambda: self._open, self._call)

    def twin(self) -> Gateway:
        return OperationsGateway(self._store, read_only=self.read_only)

    # -- lists --------------------------------------------------------------------------------------------------------

    def warehouses(self, merchant_id: int) -> Sequence[WarehouseLine]:
        from invsync_tui.operations.catalog import stock

        return self._call(stock.warehouses, self._open, merchant_id)

    def enable_warehouse(self, merchant_id: int, code: str, enabled: bool, reason: str) -> str:
        from invsync_tui.operations.catalog import warehouses

        return self._call(lambda: warehouses.set_enabled(self._open, merchant_id, code, enabled=enabled, reason=reason))

    def levels(self, warehouse_id: int, text: str, ordering: Ordering | None) -> Rows[LevelLine]:
        from invsync_tui.operations.catalog import stock

        return self._call(stock.levels, self._open, warehouse_id, text, ordering)

    def summary(self, merchant_id: int, text: str, ordering: Ordering | None) -> Rows[SummaryLine]:
        from invsync_tui.operations.catalog import stock

        return self._call(stock.summary, self._open, merchant_id, text, ordering)

    def search(self, text: str, merchant_id: int | None, limit: int) -> SearchAnswer:
        from invsync_tui.operations.catalog import search

        return self._call(search.search, self._open, text, merchant_id, limit)

    def search_count(self, text: str, merchant_id: int | None) -> int:
        from invsync_tui.operations.catalog import search

        return self._call(search.exact_count, self._open, text, merchant_id)

    def sku(self, product_id: int) -> SkuView:
        from invsync_tui.operations.catalog import sku

        return self._call(sku.view, self._open, product_id)

    def read_back(self, cart_id: int, refs: Sequence[str]) -> Mapping[str, Shown | None]:
        from invsync_tui.operations.diagnosis import evidence

        return self._call(evidence.read_back, self._open, cart_id, refs)

    def bundle(self, subject: int | str, folder: str) -> str:
        from invsync_tui.operations.runs import support_bundle

        there = self._call(expanded, folder)
        if isinstance(subject, int):
            return str(self._call(support_bundle.of_run, self._open, subject, there))
        return str(self._call(support_bundle.of_sku, self._open, subject, there))

    def why(self, asked: str) -> Why:
        from invsync_tui.operations.diagnosis import why

        return self._call(why.why, self._open, asked)

    def doctor(self, merchant_id: int | None) -> Checkup:
        from invsync_tui.operations.diagnosis import doctor

        return self._call(doctor.doctor, self._open, merchant_id)

    def carts(self, merchant_id: int | None) -> Sequence[CartLine]:
        from invsync_tui.operations.listings import carts

        return self._call(carts.carts, self._open, merchant_id)

    def listings(self, cart_id: int, which: ListingFilter, text: str, ordering: Ordering | None) -> Rows[ListingLine]:
        from invsync_tui.operations.listings import product_sync

        return self._call(product_sync.listings, self._open, cart_id, which, text, ordering)

    def tabs(self, cart_id: int) -> Mapping[ListingFilter, Count]:
        from invsync_tui.operations.listings import product_sync

        return self._call(product_sync.tabs, self._open, cart_id)

    def alias_types(self, merchant_id: int) -> Sequence[AliasTypeLine]:
        from invsync_tui.operations.catalog import aliases

        return self._call(aliases.types, self._open, merchant_id)

    def collisions(self, merchant_id: int, kind: int, text: str, ordering: Ordering | None) -> Rows[CollisionLine]:
        from invsync_tui.operations.catalog import aliases

        return self._call(aliases.collisions, self._open, merchant_id, kind, ordering, text)

    def missing(self, merchant_id: int, kind: int, text: str, ordering: Ordering | None) -> Rows[SummaryLine]:
        from invsync_tui.operations.catalog import aliases

        return self._call(aliases.missing, self._open, merchant_id, kind, ordering, text)

    def export(
        self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | int | bool | None]], form: str
    ) -> None:
        from invsync_tui.operations import export

        self._call(export.write, path, columns, rows, form)

    # -- orders for listings ------------------------------------------------------------------------------------------

    def sync_listings(self, listing_ids: Sequence[int]) -> Requested:
        from invsync_tui.operations.catalog import sku

        return self._call(sku.sync_now, self._open, listing_ids)

    def set_excluded(self, listing_ids: Sequence[int], on: bool, reason: str) -> str:
        from invsync_tui.operations.catalog import sku

        return self._call(sku.set_excluded, self._open, listing_ids, on, reason)

    def set_locked(self, listing_ids: Sequence[int], on: bool, reason: str) -> str:
        from invsync_tui.operations.catalog import sku

        return self._call(sku.set_locked, self._open, listing_ids, on, reason)

    def set_override(self, listing_ids: Sequence[int], quantity: int | None, reason: str) -> str:
        from invsync_tui.operations.catalog import sku

        return self._call(sku.set_override, self._open, listing_ids, quantity, reason)

    @property
    def _open(self) -> Session:
        if self._session is None:
            raise GatewayError("The store is not open yet.")
        return self._session

    @staticmethod
    def _call(question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask, and turn what operations expect to fail into this module's error."""
        from invsync_tui.operations.errors import OperationError

        try:
            return question(*args, **kwargs)
        except (OperationError, ConfigError) as error:
            raise GatewayError(str(error)) from error


def short_path(path: Path) -> str:
    """The path with the home folder as `~`."""
    try:
        home = Path.home()
    except RuntimeError:
        return str(path)
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
