"""The table of the suite in the manual has every check."""

from __future__ import annotations

from pathlib import Path

from invsync_tui.kit import cart_checks, source_checks

PAGE = Path(__file__).parents[1] / "docs" / "howto" / "add-a-connector.md"


def test_every_check_is_in_the_manual() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    told = {row[0].removeprefix("| "): (row[1], row[2].removesuffix(" |")) for row in rows if len(row) == 3}
    sources = {check.number: check.title for check in source_checks.CHECKS}
    carts = {check.number: check.title for check in cart_checks.CHECKS}
    expected = {str(n): (sources.get(n, "-"), carts.get(n, "-")) for n in sources.keys() | carts.keys()}
    assert {number: row for number, row in told.items() if number.isdecimal()} == expected
