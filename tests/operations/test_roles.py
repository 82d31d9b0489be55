"""Where a role comes from. What each may do is a table: `test_rights`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invsync_tui.config import ConfigError, Flags, load
from invsync_tui.operations import roles
from invsync_tui.operations.errors import OperationError, RefusedError
from invsync_tui.operations.roles import Right, Role, role_of
from invsync_tui.operations.runs import runs
from invsync_tui.operations.session import Session
from tests.support.stores.products_store import Shelf


def test_a_viewer_is_offered_no_action(acme: Shelf) -> None:
    run = acme.bench.request("pull", acme.merchant)
    assert runs.detail(acme.viewer(), run).actions == frozenset()
    assert runs.detail(acme.viewer(Role.OPERATOR), run).actions


def test_without_roles_everybody_is_admin_and_with_them_the_unlisted_are_viewers() -> None:
    assert role_of("ann", None) is Role.ADMIN
    listed = {"operator": ["ann"], "admin": ["bob", "ann"]}
    assert [role_of(user, listed) for user in ("ann", "bob", "eve")] == [Role.ADMIN, Role.ADMIN, Role.VIEWER]
    assert role_of("ann", {}) is Role.VIEWER


def test_the_session_takes_its_role_from_the_configuration(
    acme: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "roles.toml"
    monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    monkeypatch.setattr("invsync_tui.operations.session.system_user", lambda _: "ann")
    for text, role in (("", Role.ADMIN), ('[roles]\noperator = ["ann"]\n', Role.OPERATOR), ("[roles]\n", Role.VIEWER)):
        config.write_text(text)
        session = Session.open(acme.bench.store.path)
        assert session.role is role
        session.close()
    config.write_text("[roles]\nadmin = 'ann'\n")
    with pytest.raises(OperationError, match="list of system users"):
        Session.open(acme.bench.store.path)


def test_an_open_session_has_the_rights_of_the_configuration_as_it_is_now(
    acme: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "roles.toml"
    monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    monkeypatch.setattr("invsync_tui.operations.session.system_user", lambda _: "ann")
    # given a control room that an admin opened days ago
    config.write_text('[roles]\nadmin = ["ann"]\n')
    session = Session.open(acme.bench.store.path)
    session.allow(Right.SETTINGS, "change settings")
    # when the right is taken away, it is gone
    config.write_text('[roles]\nadmin = ["bob"]\n')
    with pytest.raises(RefusedError, match="is viewer, this takes admin"):
        session.allow(Right.SETTINGS, "change settings")
    assert not session.may(Right.SYNC)
    # when it is given another one, it has that
    config.write_text('[roles]\noperator = ["ann", "someone"]\n')
    assert session.may(Right.SYNC) and not session.may(Right.SETTINGS) and session.role is Role.OPERATOR
    # when the file cannot be read any more, nothing is allowed, and it says what is wrong
    config.write_text("[roles\n")
    assert not session.may(Right.SYNC)
    with pytest.raises(OperationError, match="not TOML"):
        session.allow(Right.SYNC, "sync")
    # when an editor takes it away for a moment, nobody gets rights by that
    config.unlink()
    assert session.role is Role.OPERATOR and not session.may(Right.SETTINGS)
    session.close()


def test_the_environment_cannot_lend_a_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "boss")
    monkeypatch.setenv("LOGNAME", "boss")
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert roles.system_user(tmp_path) == "54321"
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert roles.system_user(tmp_path) == "boss", "sudo leads to root"


@pytest.mark.parametrize("text", ['[roles]\nboss = ["ann"]\n', "roles = 3\n", "[roles]\nadmin = [1]\n"])
def test_a_mistake_in_the_roles_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"c\.toml:1"):
        load(Flags(config=str(path)), {})
