"""Which locations an operator means whose goods are not for sale: decided without a server."""

from __future__ import annotations

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources import not_for_sale
from invsync_tui.connectors.sources.not_for_sale import Location

HELD, ALSO_HELD, SHELF, NUMBERED = (
    Location(7, ("Quarantine", "Q-E")),
    Location(8, ("Quarantine", "Q-W")),
    Location(9, ("Shelf  1",)),
    Location(10, ("7", "")),
)
EVERYWHERE = [HELD, ALSO_HELD, SHELF, NUMBERED]


def connection(text: str) -> Connection:
    return Connection("Acme", "tryton", "https://x.example", options={"not_for_sale": text})


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", set()),
        (" , ,", set()),
        ("Q-E", {7}),
        (" q-e ,shelf 1", {7, 9}),
        ("QUARANTINE", {7, 8}),
        ("9", {9}),
        ("7", {7, 10}),
        ("Shelf 1,Shelf 1", {9}),
    ],
)
def test_a_word_means_every_location_of_that_name_code_or_id(text: str, ids: set[int]) -> None:
    words = not_for_sale.words(connection(text))
    assert not_for_sale.chosen(words, EVERYWHERE, connection(text)) == ids


@pytest.mark.parametrize(
    ("locations", "advice"),
    [
        (EVERYWHERE, "Correct the option. There are: 7, Quarantine, Shelf  1."),
        ([], "Correct the option. There are none that this login sees."),
        ([Location(n, (f"S{n}",)) for n in range(9)], "There are: S0, S1, S2, S3, S4, S5, S6, S7 and 1 more."),
        ([Location(n, (f"S{n}",)) for n in range(8)], "There are: S0, S1, S2, S3, S4, S5, S6, S7."),
        ([Location(5, ("", ""))], "There are: 5."),
    ],
)
@pytest.mark.parametrize("word", ["Damaged", "Quarant", "Q-E Q-W", "-7"])
def test_a_word_that_means_none_is_refused_with_those_that_there_are(
    word: str, locations: list[Location], advice: str
) -> None:
    with pytest.raises(NotConfiguredError) as refused:
        not_for_sale.chosen([word], locations, connection(word))
    assert refused.value.what == (
        f"The option not_for_sale names {word!r}, and no location within a warehouse's stock is called so."
    )
    assert refused.value.where == "Acme" and refused.value.advice.endswith(advice)


def test_the_connection_test_says_each_name_once() -> None:
    assert not_for_sale.described([]) == ""
    assert not_for_sale.described([SHELF, HELD, ALSO_HELD]) == " Not for sale: Quarantine, Shelf  1."
