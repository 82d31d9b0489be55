"""A configuration that others can write is refused, with the command that mends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invsync_tui import config
from invsync_tui.config import ConfigError
from tests.support.processes.skips import AS_ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "of ours").mkdir()
    made = tmp_path / "of ours" / "config.toml"
    made.write_text("ascii = true\n")
    return made


def load(path: Path) -> config.Config:
    return config.load(config.Flags(config=str(path)), {})


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_what_others_only_read_is_used(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert load(path).ascii_only


@pytest.mark.parametrize("mode", [0o646, 0o602, 0o666])
def test_what_everybody_can_write_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"others can write it.*chmod go-w '{path}'"):
        load(path)


def test_what_a_shared_group_can_write_is_refused_and_a_group_of_ones_own_is_not(path: Path) -> None:
    path.chmod(0o660)
    assert load(path).ascii_only
    if os.geteuid() == 0:
        os.chown(path, -1, 1)
        with pytest.raises(ConfigError, match="others can write it"):
            load(path)


def test_what_can_be_replaced_in_its_folder_is_refused(path: Path) -> None:
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match=f"others can replace it.*chmod o-w '{path.parent}'"):
        load(path)
    path.parent.chmod(0o1777)
    assert load(path).ascii_only


@pytest.mark.skipif(os.geteuid() != 0, reason=AS_ROOT)
def test_what_another_user_owns_is_refused(path: Path) -> None:
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigError, match="it belongs to another user"):
        load(path)
