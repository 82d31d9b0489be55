"""With INVSYNC_CI=1 a test that is skipped has failed: what CI runs, it runs whole. A plugin of pytest.

Whoever runs the tests is root or is not: tests that are about one of the two are skipped for the other in CI as well. Checks of
the kit say themselves that they do not apply to a connector, and `skips` of its suite names them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator

import pytest

WITHOUT = "INVSYNC_WITHOUT"
"""Names programs, with blanks between them, that cannot be had where CI runs; it says so, and leaves out their tests alone."""
AS_ROOT, AS_OTHERS = "only root can do this", "root may do everything"
"""Reasons of tests that are about who runs them."""
KIT = "invsync_tui.kit.pytest_suite"
"""Where the checks of a connector's suite are from."""


def needs(program: str) -> pytest.MarkDecorator:
    """For tests of what works with another program only."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=_absent(program))


def _absent(program: str) -> str:
    return f"{program} is not on this machine"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip as a failure with its reason."""
    report = yield
    if os.environ.get("INVSYNC_CI") != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return report
    if report.when == "call" and getattr(getattr(item, "function", None), "__module__", "") == KIT:
        return report  # a check of the kit that says that it does not apply to this connector
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    known = (AS_ROOT, AS_OTHERS, *map(_absent, os.environ.get(WITHOUT, "").split()))
    if not reason.endswith(known):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was not run, and INVSYNC_CI=1 wants all of them: {reason}"
    return report
