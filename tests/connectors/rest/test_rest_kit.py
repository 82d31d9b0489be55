"""The source `rest` passes the suite of the kit on the sandbox WMS, read by the description in the manual."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.connectors.sources import rest
from invsync_tui.connectors.sources.rest import RestSource
from invsync_tui.kit import source_suite
from invsync_tui.kit.running import checks_of, run_check
from invsync_tui.sandbox import kit_servers
from invsync_tui.sandbox.kit_servers import WmsServer
from tests.support.connectors.rest_example import example

EVERY_ROW_ONCE = 1


@dataclass
class DescribedWms:
    """The sandbox WMS, and a file that describes it with pages of `limit` records."""

    wms: WmsServer
    description: Path

    @property
    def url(self) -> str:
        return self.wms.url

    def connection(self, url: str) -> Connection:
        return replace(self.wms.connection(url), system="rest", options={"description": str(self.description)})

    def secrets(self) -> tuple[str, ...]:
        return self.wms.secrets()

    def skus(self) -> Mapping[str, str]:
        return self.wms.skus()

    def levels(self) -> Mapping[tuple[str, str], int]:
        return self.wms.levels()

    def add(self, sku: str) -> str:
        return self.wms.add(sku)

    def remove(self, product: str) -> None:
        self.wms.remove(product)

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self.wms.set_level(product, warehouse, available)

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        self.wms.set_odd(product, warehouse, value)


@contextmanager
def described_wms(limit: int = 2) -> Iterator[DescribedWms]:
    """`limit`: records of a page. The suite sets the size of pages by the capabilities; here the file alone says it."""
    text, changes = re.subn(r"limit = \d+", f"limit = {limit}", example())
    assert changes == 1
    with kit_servers.wms() as wms, TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "BACKOFF_MOST", 0.01)
        # The description allows at most 100 requests per second, which hundreds of pages of one record would wait for.
        patch.setattr(rest, "RateLimiter", lambda rate, burst: RateLimiter(rate * 100, burst * 100))
        file = Path(folder) / "description.toml"
        file.write_text(text)
        yield DescribedWms(wms, file)


TestRest = source_suite(RestSource, described_wms)


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_of_other_sizes_give_every_row_once(limit: int) -> None:
    (check,) = [check for check in checks_of(RestSource) if check.number == EVERY_ROW_ONCE]
    run_check(check, RestSource, partial(described_wms, limit))
