"""The user's file of filters, bookmarks and columns: for this user alone, bounded, whole after a kill, and never in the way."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.preferences import (
    MOST,
    NAME,
    Alerts,
    Bookmark,
    ColumnChoice,
    Preferences,
    UnknownFilterError,
    filter_name,
)
from invsync_tui.tui.navigation.history import CommandHistory

BOOKMARK = Bookmark("Shop", "store.db", "products", (7, "Demo Cart EU", None), "diff>0", "sku", descending=True)


def test_everything_is_there_again_for_this_user_alone(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    first = Preferences.of(environ)
    assert first.save_filter("late", "diff>0 -locked")
    assert first.save_bookmark(BOOKMARK)
    assert first.choose_columns("ProductSyncScreen", ColumnChoice(("Name",), wide=True))
    again = Preferences.of(environ)
    assert again.filters == {"late": "diff>0 -locked"}
    assert again.bookmarks("store.db") == [BOOKMARK]
    assert again.bookmarks("another.db") == []
    assert again.columns("ProductSyncScreen") == ColumnChoice(("Name",), wide=True)
    assert again.columns("RunsScreen") == ColumnChoice()
    file = tmp_path / "invsync" / NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [NAME]


def test_what_another_control_room_saved_stays(tmp_path: Path) -> None:
    one, other = Preferences(tmp_path / NAME), Preferences(tmp_path / NAME)
    assert one.filters == other.filters == {}
    one.save_filter("a", "diff>0")
    other.save_filter("b", "diff<0")
    assert Preferences(tmp_path / NAME).filters == {"a": "diff>0", "b": "diff<0"}


def test_what_another_control_room_saved_can_be_used_at_once(tmp_path: Path) -> None:
    first, other = Preferences(tmp_path / NAME), Preferences(tmp_path / NAME)
    assert first.filters == other.filters == {}
    first.save_filter("a", "diff>0")
    first.save_bookmark(BOOKMARK)
    assert other.filter_text("@a") == "diff>0" and other.bookmarks("store.db") == [BOOKMARK]
    other.remove_filter("a")
    assert first.filters == {}
    # and a file that is away or broken for a moment costs nothing
    (tmp_path / NAME).write_text("{")
    assert first.bookmarks("store.db") == [BOOKMARK]
    (tmp_path / NAME).unlink()
    assert first.bookmarks("store.db") == [BOOKMARK]


def test_commands_of_two_control_rooms_are_all_kept(tmp_path: Path) -> None:
    first, other = CommandHistory(tmp_path / "history"), CommandHistory(tmp_path / "history")
    assert first.commands == other.commands == []
    first.add("carts")
    other.add("runs")
    first.add("doctor")
    assert CommandHistory(tmp_path / "history").commands == first.commands == ["carts", "runs", "doctor"]
    # also where nothing can be kept
    nowhere = CommandHistory(None)
    nowhere.add("carts")
    nowhere.add("runs")
    assert nowhere.commands == ["carts", "runs"]


def test_what_is_removed_is_gone_and_a_name_has_one_meaning(tmp_path: Path) -> None:
    kept = Preferences(tmp_path / NAME)
    kept.save_filter("a", "diff>0")
    kept.save_filter("a", "diff<0")
    assert kept.filters == {"a": "diff<0"}
    kept.remove_filter("a")
    kept.save_bookmark(BOOKMARK)
    kept.save_bookmark(Bookmark("Shop", "store.db", "drift"))
    assert [each.screen for each in kept.bookmarks("store.db")] == ["drift"]
    kept.remove_bookmark(BOOKMARK)
    kept.choose_columns("RunsScreen", ColumnChoice(wide=True))
    kept.choose_columns("RunsScreen", ColumnChoice())
    kept.choose_alerts(Alerts(bell=True, title=False))
    kept.choose_alerts(Alerts())
    alerts = {"bell": False, "title": True}
    assert json.loads((tmp_path / NAME).read_text()) == {
        "filters": {}, "bookmarks": [], "columns": {}, "alerts": alerts,
    }  # fmt: skip


@pytest.mark.parametrize("bell", [True, False])
@pytest.mark.parametrize("title", [True, False])
def test_alerts_are_kept_and_nonsense_is_the_usual(tmp_path: Path, bell: bool, title: bool) -> None:
    assert Preferences(tmp_path / NAME).alerts == Alerts(bell=False, title=True)
    assert Preferences(tmp_path / NAME).choose_alerts(Alerts(bell, title))
    assert Preferences(tmp_path / NAME).alerts == Alerts(bell, title)
    (tmp_path / NAME).write_text('{"alerts": {"bell": "yes", "title": 0}}')
    assert Preferences(tmp_path / NAME).alerts == Alerts(bell=False, title=True)


def test_there_is_an_end_to_what_is_kept(tmp_path: Path) -> None:
    kept = Preferences(tmp_path / NAME)
    for number in range(MOST + 3):
        kept.save_filter(f"f{number}", "diff>0")
    assert len(Preferences(tmp_path / NAME).filters) == MOST
    assert "f0" not in kept.filters and f"f{MOST + 2}" in kept.filters


def test_where_nothing_can_be_written_it_lasts_as_long_as_the_program(tmp_path: Path) -> None:
    (tmp_path / "invsync").write_text("a file where the folder would be")
    kept = Preferences.of({"XDG_STATE_HOME": str(tmp_path)})
    assert not kept.save_filter("a", "diff>0")
    assert not kept.save_bookmark(BOOKMARK)
    assert kept.filters == {"a": "diff>0"}
    assert kept.bookmarks("store.db") == [BOOKMARK]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("name", "store", "screen", "what", "text", "sort", "descending", "titles", "wide")
ENTRIES = st.dictionaries(st.sampled_from(FIELDS), JSON)
DOCUMENTS = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {
            "filters": st.dictionaries(st.text(), JSON),
            "bookmarks": st.lists(ENTRIES),
            "columns": st.dictionaries(st.text(), ENTRIES),
            "alerts": st.one_of(JSON, st.dictionaries(st.sampled_from(("bell", "title")), JSON)),
        }
    ),
)  # fmt: skip


@given(DOCUMENTS.map(json.dumps).map(str.encode) | st.binary())
def test_nonsense_in_the_file_is_left_out_and_what_is_saved_next_is_there(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / NAME
        file.write_bytes(content)
        kept = Preferences(file)
        assert isinstance(kept.bookmarks("store.db"), list) and isinstance(kept.columns("RunsScreen"), ColumnChoice)
        assert kept.save_filter("after", "diff>0") and kept.save_bookmark(BOOKMARK)
        assert Preferences(file).filters["after"] == "diff>0"
        assert BOOKMARK in Preferences(file).bookmarks("store.db")


@pytest.mark.parametrize("wrong", ["{", '{"filters": 3, "bookmarks": {}, "columns": []}', "[" * 100_000, "\x00"])
def test_a_broken_file_is_an_empty_one(tmp_path: Path, wrong: str) -> None:
    (tmp_path / NAME).write_text(wrong)
    kept = Preferences(tmp_path / NAME)
    assert (kept.filters, kept.bookmarks(""), kept.columns("x")) == ({}, [], ColumnChoice())


def test_a_filter_by_name(tmp_path: Path) -> None:
    kept = Preferences(tmp_path / NAME)
    assert kept.filter_text("diff>0") == "diff>0"
    with pytest.raises(UnknownFilterError, match="F in a list of listings saves one"):
        kept.filter_text("@late")
    kept.save_filter("late", "diff>0")
    assert kept.filter_text("@late") == "diff>0"
    with pytest.raises(UnknownFilterError, match=re.escape("No filter is saved as 'lat'. Saved filters: @late.")):
        kept.filter_text("@lat")


@pytest.mark.parametrize(
    ("typed", "name"), [(" late ", "late"), ("@late", "late"), ("a b", ""), ("", ""), ("@", ""), ("x" * 61, "")]
)
def test_names_of_filters(typed: Any, name: str) -> None:
    assert filter_name(typed) == name
