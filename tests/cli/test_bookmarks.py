"""`invsync bookmarks`: what the control room keeps, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.preferences import NAME, Bookmark, Preferences
from tests.support.processes.shell import INVSYNC, Shell
from tests.support.terminal.pty import Terminal


@pytest.fixture
def kept(tmp_path: Path) -> Shell:
    """Two bookmarks of this store and one of another."""
    shell = Shell(tmp_path)
    shell.ok("init")
    preferences = Preferences(shell.home / ".local/state/invsync" / NAME)
    label = f"~/{shell.store.relative_to(shell.home)}"
    preferences.save_bookmark(Bookmark("Shop / Drift", label, "drift", (7, "Shop", "Acme"), "oversell", "sku", True))
    preferences.save_bookmark(Bookmark("Runs", label, "runs", (None, "", None, "")))
    preferences.save_bookmark(Bookmark("Elsewhere", "~/other.db", "runs"))
    return shell


def test_the_bookmarks_of_this_store_are_listed(kept: Shell) -> None:
    document = kept.json("bookmarks")
    assert [each["name"] for each in document["bookmarks"]] == ["Shop / Drift", "Runs"]
    assert document["bookmarks"][0] == {
        "name": "Shop / Drift", "screen": "drift", "filter": "oversell", "sort": "sku", "descending": True,
    }  # fmt: skip
    text = kept.ok("bookmarks").out
    assert "Shop / Drift" in text and "sku, descending" in text and "Elsewhere" not in text
    assert kept.ok("bookmarks", "--csv").out.splitlines()[0] == "name,screen,filter,sort,descending"
    first = kept.json("bookmarks", "--limit", "1")
    assert [each["name"] for each in kept.json("bookmarks", "--after", first["next"])["bookmarks"]] == ["Runs"]


def test_one_is_removed_by_its_name(kept: Shell) -> None:
    assert kept.json("bookmarks", "remove", "Runs")["removed"] == "Runs"
    assert [each["name"] for each in kept.json("bookmarks")["bookmarks"]] == ["Shop / Drift"]
    refused = kept.run("bookmarks", "remove", "Shop / Drif")
    assert refused.code == 2 and "Did you mean 'Shop / Drift'?" in refused.error
    # the other store's stays
    assert kept.run("bookmarks", "remove", "Elsewhere").code == 2


def test_the_control_room_begins_on_none_that_does_not_exist(kept: Shell) -> None:
    refused = kept.run("--open-bookmark", "Shop / Drif")
    assert refused.code == 2 and "Did you mean 'Shop / Drift'?" in refused.error


def test_the_control_room_begins_on_a_bookmark(kept: Shell) -> None:
    command = [*INVSYNC, "--open-bookmark", "Runs"]
    with Terminal(
        command, 80, 24, environ={**kept.environment(), "XDG_STATE_HOME": str(kept.home / ".local/state")}
    ) as terminal:
        terminal.wait_for("No runs yet.")
        terminal.send("\x1b")
        terminal.wait_for("merchant")
