"""Files in a user's home stay that user's, also where root writes them: sudo often keeps HOME."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invsync_tui import config
from invsync_tui.config_file import set_theme
from invsync_tui.preferences import NAME, Preferences
from invsync_tui.tui import crash_report
from invsync_tui.tui.navigation.history import CommandHistory
from invsync_tui.tui.terminal import greeting
from tests.support.processes.skips import AS_ROOT

USER = 54321


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, USER, USER)
    return folder


def owners(folder: Path) -> set[tuple[int, int]]:
    return {(each.lstat().st_uid, each.lstat().st_gid) for each in folder.rglob("*")}


@pytest.mark.skipif(os.geteuid() != 0, reason=AS_ROOT)
def test_what_root_writes_in_the_home_of_a_user_is_that_users(home: Path) -> None:
    environ = {"XDG_STATE_HOME": str(home / ".local" / "state")}
    assert Preferences.of(environ).save_filter("late", "diff>0")
    CommandHistory.of(environ).add("carts")
    assert greeting(environ) and not greeting(environ)
    crash_report.sentence(ValueError("defect"), "", environ)
    set_theme(home / ".config" / "invsync" / "config.toml", "light")
    names = {each.name.partition("-")[0] for each in home.rglob("*") if each.is_file()}
    assert names == {NAME, "command", "control", "defect", "config.toml"}
    assert owners(home) == {(USER, USER)}
    # and a file stays whose it was
    os.chown(home / ".config" / "invsync" / "config.toml", USER, 12)
    set_theme(home / ".config" / "invsync" / "config.toml", "dark")
    assert (home / ".config" / "invsync" / "config.toml").stat().st_gid == 12


@pytest.mark.skipif(os.geteuid() != 0, reason=AS_ROOT)
def test_what_root_writes_for_itself_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "config.toml"
    set_theme(path, "light")
    assert config.load(config.Flags(config=str(path)), {}).theme == "light"
    assert owners(tmp_path) == {(0, 0)}
