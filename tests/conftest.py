"""Fixtures for all tests: the real servers, once per run, and nothing of the user's own settings."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.servers.tryton", "tests.servers.vendure"]


ON_A_CLOCK = ("tests/tui/", "tests/cli/test_sync.py", "tests/faults/", "tests/sync/")
"""Tests that wait for real terminals and processes. On a busy machine one may come too late; a fault comes every time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give them two more chances; the report counts each that was needed as a rerun."""
    for item in items:
        if item.nodeid.startswith(ON_A_CLOCK):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Config, store and colours of whoever runs the tests must not matter."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    for name in ("INVSYNC_STORE", "INVSYNC_CONFIG", "INVSYNC_READ_ONLY", "NO_COLOR", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
