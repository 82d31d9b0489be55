"""What is installed and where: for a report of a problem, and for whoever takes over a machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from invsync_tui.connectors import registry
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import ServiceView
from invsync_tui.store.connection import VERSION
from invsync_tui.store.settings import read as settings_read


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """A store: sizes of its file and of its write-ahead log in bytes, what it has, and who works on it."""

    schema: int
    bytes: int
    wal_bytes: int
    merchants: int
    carts: int
    operator: str
    role: str
    service: ServiceView


@dataclass(frozen=True, slots=True)
class Connectors:
    """Names of the systems that can be connected."""

    wms: tuple[str, ...]
    carts: tuple[str, ...]


def store_info(session: Session) -> StoreInfo:
    """The store of a session, which has the schema of this program once it is open."""
    path = session.store.path
    with as_operation_error(), session.store.reading() as cx:
        merchants, carts = len(settings_read.names(cx)), len(settings_read.cart_names(cx))
    return StoreInfo(
        VERSION,
        path.stat().st_size,
        _size(path.with_name(f"{path.name}-wal")),
        merchants,
        carts,
        session.operator,
        session.role.value,
        workers.service(session),
    )


def connectors() -> Connectors:
    """The connectors that are installed."""
    return Connectors(tuple(registry.systems(registry.SOURCES)), tuple(registry.systems(registry.CARTS)))


def worker_log(store: Path) -> Path:
    """Where detached workers of a store write their log."""
    return workers.log_path(store)


def _size(path: Path) -> int:
    """Bytes of a file; 0 where it is not there, as the log of a store that nobody has open."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
