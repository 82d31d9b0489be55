"""Fixtures for all tests: the real servers, once per run, and nothing of the user's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.connectors.http_log import forget_secrets
from tests.support.neighbors import WATCHED

pytest_plugins = ["tests.support.servers.tryton", "tests.support.servers.vendure"]

TESTS = Path(__file__).parent
NOT_QUICK = frozenset({"acceptance", "cli", "faults", "tui/terminal"})
"""Folders whose tests start processes, real terminals or real servers."""
LONG = frozenset(
    {
        "operations/test_sharing.py", "sandbox/test_process.py", "sync/runs/test_soak.py", "sync/runs/test_week.py",
        "sync/test_never_zeroed.py", "test_order.py",
    }
)  # fmt: skip
"""Files in other folders that take longest, by `--durations`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `-m quick` runs: everything in one process that is neither real, slow, nor long by measurement."""
    for item in items:
        if TESTS in item.path.parents and is_quick(item):
            item.add_marker(pytest.mark.quick)


def is_quick(item: pytest.Item) -> bool:
    """Whether a test belongs to the selection for an answer in three minutes."""
    path = item.path.relative_to(TESTS)
    folders = {folder.as_posix() for folder in path.parents}
    marked = item.get_closest_marker("real") or item.get_closest_marker("slow")
    return not marked and not folders & NOT_QUICK and path.as_posix() not in LONG


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Config, store and colours of whoever runs the tests must not matter."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    for name in ("INVSYNC_STORE", "INVSYNC_CONFIG", "INVSYNC_READ_ONLY", "NO_COLOR", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """What one test's connections remember as secret is not hidden in the next one's texts."""
    forget_secrets()
    yield
    forget_secrets()


@pytest.fixture(autouse=True)
def _the_neighbors_are_left_alone() -> Iterator[None]:
    """Whatever a test does for its merchant and its carts: not one row of anybody else in the same store moves."""
    WATCHED.clear()
    yield
    moved = [line for crowd in WATCHED for line in crowd.moved()]
    WATCHED.clear()
    assert moved == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Files and tests come in another order in every run; this is how to have the same one again."""
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(
            f"Random order; the same again: python -m pytest -p randomly --randomly-seed={seed}"
        )
