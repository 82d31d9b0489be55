"""A plugin of pytest that writes down which lines each test reached and how long it took."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest

WHERE = "INVSYNC_MUTATION_MAP"
"""Names the file that the map is written to; `<folder>|<source root>`."""


class Tracer:
    """Lines by test, measured by coverage."""

    def __init__(self, out: Path, source: str) -> None:
        self._out = out
        self._coverage = coverage.Coverage(data_file=None, source=[source], config_file=False, messages=False)
        self._times: dict[str, float] = {}
        self._passed: dict[str, bool] = {}
        self._coverage.start()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        began = time.monotonic()
        yield
        self._times[item.nodeid] = time.monotonic() - began
        self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        good = report.outcome == "passed"
        self._passed[report.nodeid] = self._passed.get(report.nodeid, True) and good

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines: dict[str, Any] = {}
        for file in data.measured_files():
            by_line = data.contexts_by_lineno(file)
            lines[file] = {str(line): [c for c in found if c] for line, found in by_line.items()}
        record = {"lines": lines, "times": self._times, "passed": self._passed}
        self._out.write_text(json.dumps(record), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    # A property test reaches its lines with a few examples as with a hundred.
    hypothesis.settings.register_profile("traced", max_examples=10, deadline=None)
    hypothesis.settings.load_profile("traced")
    out, source = os.environ[WHERE].split("|")
    config.pluginmanager.register(Tracer(Path(out), source))
