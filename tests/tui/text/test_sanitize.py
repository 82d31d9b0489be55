"""External text is data: whatever a name contains, columns stay where they are and the terminal gets no command."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from invsync_tui.tui.text.sanitize import clean, fit, fit_right, width_of, wrap

HOSTILE = {
    "escape": ("\x1b[2Jgone", "?[2Jgone"),
    "markup": ("[red]x[/]", "[red]x[/]"),
    "line break": ("a\nb\r\tc", "a b  c"),
    "c1": ("a\x9b31mb", "a?31mb"),
    "bidi override": ("invoice\u202egpj.exe", "invoicegpj.exe"),
    "joiner": ("👩\u200d🔧", "👩🔧"),
    "skin": ("👍🏽", "👍"),
    "flag": ("🇩🇪", "DE"),
    "selector": ("❤\ufe0f", "❤"),
    "surrogate": ("a\ud800b", "a?b"),
    "zalgo": ("a" + "\u0316" * 40, "a\u0316\u0316"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(name: str) -> None:
    given_text, expected = HOSTILE[name]
    assert clean(given_text) == expected


@example("\ua9be", 2)
@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cell_is_exactly_as_wide_as_its_column(text: str, width: int) -> None:
    assert cell_len(fit(clean(text), width)) == width
    assert cell_len(fit_right(clean(text), width)) == width


@given(st.text(max_size=200), st.integers(2, 40))
def test_wrapped_text_fits_and_loses_no_letter(text: str, width: int) -> None:
    cleaned = clean(text)
    lines = wrap(cleaned, width)
    assert all(width_of(each) <= width for each in lines)
    assert "".join("".join(lines).split()) == "".join(cleaned.split())
