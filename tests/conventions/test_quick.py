"""What the selection of quick tests names is there: a renamed file or test would be left in, or out, in silence."""

from __future__ import annotations

import re

from tests.support.repository.quick import LONG, LONG_TESTS, QUICK
from tests.support.repository.tree import ROOT

TESTS = ROOT / "tests"


def test_every_file_and_folder_of_the_selection_is_there() -> None:
    assert [path for path in QUICK if not (TESTS / path).exists()] == []
    assert [pattern for pattern in LONG if next(TESTS.glob(pattern), None) is None] == []


def test_every_test_that_is_left_out_by_name_is_there() -> None:
    named = [name.split("::") for name in LONG_TESTS]
    lost = [
        name
        for path, name in named
        if not re.search(rf"^(async )?def {name}\(", (TESTS / path).read_text("utf-8"), re.MULTILINE)
    ]
    assert lost == []
