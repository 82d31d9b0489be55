"""What connectors say of themselves: addresses and options that are right, those that are not, and their pages."""

from __future__ import annotations

import re

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import KIT, About, Option, OptionKind
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import NotConfiguredError

FEED = About("Feed", schemes=("file", "https", "sftp"), example="/srv/feeds")
DATABASE = About("Database", schemes=("postgresql", "sqlite"), example="postgresql://db.example.com/wms")


@pytest.mark.parametrize(
    ("about", "text"),
    [
        (FEED, "/srv/feeds"),
        (FEED, "file:///srv/feeds"),
        (FEED, "https://files.example.com/stock.csv"),
        (FEED, "sftp://files.example.com:2222/out"),
        (DATABASE, "postgresql://db.example.com:5432/wms"),
        (DATABASE, "sqlite:///srv/wms.db"),
        (About("Web"), "http://127.0.0.1:8000"),
    ],
)
def test_an_address_of_a_declared_kind_is_right(about: About, text: str) -> None:
    assert about.wrong_address(text) == ""


@pytest.mark.parametrize(
    ("about", "text", "words"),
    [
        (FEED, "feeds/stock.csv", "begins with /"),
        (FEED, "ftp://files.example.com", "file, https or sftp"),
        (FEED, "file://host/srv", "not an address"),
        (FEED, "file:///", "not an address"),
        (FEED, "", "not an address"),
        (FEED, "sftp:///out", "not an address"),
        (FEED, "sftp://me@files.example.com/out", "login"),
        (DATABASE, "postgresql://db.example.com/wms?password=x", "query"),
        (DATABASE, "sqlite://wms.db", "not an address"),
        (DATABASE, "/srv/wms.db", "not an address"),
        (About("Web"), "https://a.example:0/x", "not an address"),
        (About("Web"), "https://[::1/x", "not an address"),
        (About("Web"), "sftp://a.example/x", "https or http"),
    ],
)
def test_an_address_of_another_kind_is_refused_with_the_right_ones(about: About, text: str, words: str) -> None:
    assert words in about.wrong_address(text)


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        (Option("n", "number", kind=OptionKind.NUMBER, least=1, most=10), "11", "1 to 10"),
        (Option("n", "number", kind=OptionKind.NUMBER, least=1, most=10), "0", "1 to 10"),
        (Option("n", "number", kind=OptionKind.NUMBER), "-1", "whole number"),
        (Option("n", "number", kind=OptionKind.NUMBER), "\u0664", "whole number"),
        (Option("c", "choice", kind=OptionKind.CHOICE, choices=("on", "off")), "yes", "on, off"),
        (Option("t", "text", required=True), " ", "required"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_refused(option: Option, text: str, words: str) -> None:
    assert words in option.wrong(text)


def test_what_an_option_takes_is_right() -> None:
    number = Option("n", "number", kind=OptionKind.NUMBER, least=1, most=10)
    assert (number.wrong("1"), number.wrong("10"), number.wrong("")) == ("", "", "")
    assert Option("c", "choice", kind=OptionKind.CHOICE, choices=("on",)).wrong(" on ") == ""


def test_a_connector_of_another_kit_is_refused_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "other"

        def load(self) -> type:
            return type("Other", (), {"about": About("Other", kit=KIT + 1)})

    monkeypatch.setattr(registry, "_entry_points", lambda group: {"other": Point()})
    with pytest.raises(NotConfiguredError, match=f"kit {KIT + 1}") as caught:
        registry.connector(registry.SOURCES, "other")
    assert "newer invsync" in caught.value.advice


@pytest.mark.parametrize("group", [registry.SOURCES, registry.CARTS])
def test_every_connector_of_ours_says_what_a_person_needs(group: str) -> None:
    for system in registry.systems(group):
        about = registry.about(group, system)
        assert about is not None, system
        assert about.title and about.versions and about.setup and about.behavior, system
        assert about.wrong_address(about.example) == "", system
        assert all(option.default in ("", *option.choices) for option in about.options if option.choices), system


def sentences(about: About) -> list[str]:
    """Everything that a connector's page says, sentence by sentence."""
    texts = (*about.setup, *about.behavior, *about.known_limits)
    return [sentence for text in texts for sentence in re.split(r"(?<=[.;])\s+", text)]


DENIES = re.compile(r"\b(never|none|nothing|no)\b", re.IGNORECASE)
CHANGES = re.compile(r"\b(switch\w*|creat\w*|activat\w*|tick\w*|turn\w* on)\b", re.IGNORECASE)


@pytest.mark.parametrize("system", registry.systems(registry.CARTS))
def test_no_page_denies_what_the_connector_changes_on_request(system: str) -> None:
    about = registry.about(registry.CARTS, system)
    assert about is not None
    if about.fixes:
        said = [sentence for sentence in sentences(about) if DENIES.search(sentence) and CHANGES.search(sentence)]
        wrong = [sentence for sentence in said if "by itself" not in sentence and "it is asked to" not in sentence]
        assert wrong == []


BATCHES = re.compile(r"\bbatch\b.*?\b(?:up to|of|has) ([0-9][0-9,]*)")


@pytest.mark.parametrize("system", registry.systems(registry.CARTS))
def test_a_batch_has_as_many_rows_as_its_page_says(system: str) -> None:
    about = registry.about(registry.CARTS, system)
    assert about is not None
    said = {int(match[1].replace(",", "")) for text in about.behavior if (match := BATCHES.search(text))}
    assert said <= {_declared(system)}
    assert said or system == "sandbox"


def _declared(system: str) -> int:
    cart = registry.connector(registry.CARTS, system)
    connection = Connection("shop", system, "https://shop.example.com")
    return int(cart(connection).capabilities.max_batch)
