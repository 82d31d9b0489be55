"""Small answers of databases: what a login could write, and the number of an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invsync_tui.connectors.sources.sql import mariadb
from invsync_tui.connectors.sources.sql.databases import Sqlite


@pytest.mark.parametrize(("may", "tables"), [(True, 1), (False, 0)])
def test_a_file_that_could_be_written_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may: bool, tables: int
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: may)
    count, text = Sqlite(f"sqlite://{tmp_path}/stock.db", "wms", 5.0).could_write()
    assert count == tables
    assert ("may only read" in text) != may


@pytest.mark.parametrize(
    ("error", "number"),
    [(Exception(), 0), (Exception("gone"), 0), (Exception(2013, "lost"), 2013), (Exception(True), 0)],
)
def test_the_number_of_an_error_is_the_server_s_or_none(error: Exception, number: int) -> None:
    assert mariadb._code(error) == number
