"""Runs the suite of the kit against the server that ships with a connector (entry point group `invsync.fakes`)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import NamedTuple

from invsync_tui.connectors import registry
from invsync_tui.operations.connections.connector_pages import GROUPS, pages
from invsync_tui.operations.errors import NotFoundError, as_operation_error

FAKES = "invsync.fakes"


class CheckResult(NamedTuple):
    """How a check of the suite ended."""

    system: str
    kind: str
    """wms or cart."""
    number: int
    title: str
    ended: str
    """passed, failed or skipped."""
    why: str


def verify(system: str) -> Iterator[CheckResult]:
    """Each check as it ends, for a system that is a WMS, a cart, or both."""
    from invsync_tui.kit.running import run_all

    servers = {point.name: point for point in entry_points(group=FAKES)}
    chosen = [page for page in pages(system) if f"{system}-{page.kind}" in servers]
    if not chosen:
        raise NotFoundError(
            f"{system} comes with no server to check it against (the entry point {system}-wms or {system}-cart in the group "
            f"{FAKES}). Check it against your own: invsync connections verify {system} --against NAME, where NAME is the "
            "merchant or the cart that uses it."
        )
    for page in chosen:
        with as_operation_error():
            connector = registry.connector(GROUPS[page.kind], system)
        for result in run_all(connector, servers[f"{system}-{page.kind}"].load()):
            yield CheckResult(system, page.kind, result.check.number, result.check.title, str(result.ended), result.why)
