"""Fixtures for all tests: the real servers, once per run, and nothing of the user's own settings."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import hypothesis
import pytest

from invsync_tui.connectors.network.http_log import forget_secrets
from tests.support.processes.bytecode import keep_bytecode
from tests.support.processes.forked import STARTED
from tests.support.repository.quick import is_quick
from tests.support.stores import columns
from tests.support.stores.neighbors import WATCHED

keep_bytecode()
columns.hold()

# How long examples take says nothing on a machine that does other work as well.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], parent=hypothesis.settings.default
)
hypothesis.settings.load_profile("suite")

pytest_plugins = [
    "tests.support.processes.skips",
    "tests.support.servers.postgres",
    "tests.support.servers.tryton.server",
    "tests.support.servers.vendure.server",
    "tests.support.servers.odoo.server",
]

TESTS = Path(__file__).parent
LONGEST = tuple(TESTS / path for path in ("sync/runs/test_soak.py", "package/test_package.py", "faults/test_kill.py"))
"""With a test of most of a minute or more: one that began last would be waited for alone."""
SERVERS = ("odoo_process", "medusa_server", "vendure_server", "tryton_server", "postgres_server", "mariadb_server")
"""Fixtures that start a server for all tests of a worker. Files that need the same one come one after the other, and on the same
worker as far as there is time: to start one takes five to fifteen seconds of a processor."""
THREADS = TESTS / "connectors" / "threads"
"""Tests that ask for a server by the name of a system."""
RARELY = (10_000, 20, 20)
"""How many objects, and how many collections of younger ones, are between two collections of garbage."""


def pytest_configure(config: pytest.Config) -> None:
    """Where the workers of this run mark which programs were started by themselves."""
    if not hasattr(config, "workerinput"):
        os.environ[STARTED] = tempfile.mkdtemp(prefix="invsync-started-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(STARTED, ""), ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Half a million objects of modules and tests stay to the end: no collection of garbage goes through them again."""
    gc.disable()
    found = yield
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, object, object]:
    """Mark what `-m quick` runs; after everybody has put them in order, begin with those that take longest.

    The second worker begins with those that need a server: each worker is given a part of the list as it stands.
    """
    for item in items:
        if TESTS in item.path.parents and is_quick(item, item.path.relative_to(TESTS)):
            item.add_marker(pytest.mark.quick)
    done = yield
    needed: dict[Path, int] = {}
    for item in items:
        names = (*getattr(item, "fixturenames", ()), *(("medusa_server",) if THREADS in item.path.parents else ()))
        own = [SERVERS.index(name) for name in names if name in SERVERS]
        needed[item.path] = min([*own, needed.get(item.path, len(SERVERS))])
    items.sort(key=lambda item: (item.path not in LONGEST, needed[item.path]))
    first = [item for item in items if item.path in LONGEST]
    served = [item for item in items[len(first) :] if needed[item.path] < len(SERVERS)]
    others = items[len(first) + len(served) :]
    before = max(0, len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) - len(first))
    items[:] = [*first, *others[:before], *served, *others[before:]]
    return done


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder for whoever asks. Pytest would look through all that it made before for the next number."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    """Config, store and colors of whoever runs the tests must not matter."""
    home = next(homes)
    home.mkdir()
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
