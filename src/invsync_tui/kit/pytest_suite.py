"""The suite as a class of tests: `TestMine = source_suite(MySource, my_server)`. Imports pytest only where a check is skipped."""

from __future__ import annotations

import re
from typing import Any

from invsync_tui.kit.checks import Check
from invsync_tui.kit.running import Fake, checks_of, run_check
from invsync_tui.kit.servers import CartFake, SourceFake


def source_suite(connector: type, fake: SourceFake, exempt: dict[int, str] | None = None) -> type:
    """Tests of a source. `exempt`: by number of a check, why it cannot apply to this system."""
    return _suite(connector, fake, exempt or {})


def cart_suite(connector: type, fake: CartFake, exempt: dict[int, str] | None = None) -> type:
    """Tests of a cart. `exempt`: by number of a check, why it cannot apply to this system."""
    return _suite(connector, fake, exempt or {})


def _suite(connector: type, fake: Fake, exempt: dict[int, str]) -> type:
    unknown = exempt.keys() - {check.number for check in checks_of(connector)}
    if unknown:
        raise ValueError(f"There is no check {sorted(unknown)}.")
    tests = {_name(check): _test(check, connector, fake, exempt.get(check.number)) for check in checks_of(connector)}
    return type(f"Test{connector.__name__}", (), {**tests, "connector": connector})


def _name(check: Check) -> str:
    return f"test_{check.number:02}_{re.sub(r'[^a-z0-9]+', '_', check.title.lower()).strip('_')}"


def _test(check: Check, connector: type, fake: Fake, exempt: str | None) -> Any:
    def test(self: object) -> None:
        import pytest

        if exempt is not None:
            pytest.skip(exempt)
        try:
            run_check(check, connector, fake)
        except NotImplementedError as reason:
            pytest.skip(str(reason))

    test.__doc__ = check.run.__doc__
    return test
