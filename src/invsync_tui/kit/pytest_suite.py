"""The suite as a class of tests: `TestMine = source_suite(MySource, my_server)`. Imports pytest only where a check is skipped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from invsync_tui.kit.checks import Check
from invsync_tui.kit.running import Fake, checks_of, run_check
from invsync_tui.kit.servers import CartFake, SourceFake

Numbered = Mapping[int, str]
"""Reasons by the number of a check."""


def source_suite(
    connector: type, fake: SourceFake, exempt: Numbered | None = None, skips: Numbered | None = None
) -> type:
    """Tests of a source. `exempt`: by number of a check, why it cannot apply to this system.

    `skips`, where it is given: all checks that say themselves that they do not apply, with what they say. Any other check that
    is skipped fails then, and so does one of these that is not.
    """
    return _suite(connector, fake, exempt or {}, skips)


def cart_suite(connector: type, fake: CartFake, exempt: Numbered | None = None, skips: Numbered | None = None) -> type:
    """Tests of a cart; `exempt` and `skips` as for a source."""
    return _suite(connector, fake, exempt or {}, skips)


def _suite(connector: type, fake: Fake, exempt: Numbered, skips: Numbered | None) -> type:
    unknown = (exempt.keys() | (skips or {}).keys()) - {check.number for check in checks_of(connector)}
    if unknown:
        raise ValueError(f"There is no check {sorted(unknown)}.")
    tests = {
        _name(check): _test(
            check, connector, fake, exempt.get(check.number), None if skips is None else skips.get(check.number, "")
        )
        for check in checks_of(connector)
    }
    return type(f"Test{connector.__name__}", (), {**tests, "connector": connector})


def _name(check: Check) -> str:
    return f"test_{check.number:02}_{re.sub(r'[^a-z0-9]+', '_', check.title.lower()).strip('_')}"


def _test(check: Check, connector: type, fake: Fake, exempt: str | None, skip: str | None) -> Any:
    """`skip`: the reason that the check has to give for not applying, '' where it has to apply; None: either is right."""

    def test(self: object) -> None:
        import pytest

        if exempt is not None:
            pytest.skip(exempt)
        try:
            run_check(check, connector, fake)
        except NotImplementedError as reason:
            assert skip in (None, str(reason)), f"skipped: {reason}"
            pytest.skip(str(reason))
        assert not skip, f"it applies, and was to be skipped: {skip}"

    test.__doc__ = check.run.__doc__
    return test
