"""Read-only and roles are kept below every front end: nobody gets past them by another way in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from invsync_tui.config import ConfigError, Flags, load
from invsync_tui.operations import cart_settings, forms, merchant_settings, roles, runs, service, sku, sync
from invsync_tui.operations.errors import OperationError, RefusedError
from invsync_tui.operations.roles import Right, Role, role_of
from invsync_tui.operations.session import Session
from tests.operations.shelf import Shelf

ORDERS: dict[str, tuple[Right, Callable[[Session], object]]] = {
    "sync": (Right.SYNC, lambda s: sync.request(s, 1)),
    "cancel": (Right.SYNC, lambda s: runs.cancel(s, 1)),
    "sync listings": (Right.SYNC, lambda s: sku.sync_now(s, [1])),
    "release": (Right.DECIDE, lambda s: runs.release(s, 1, "why")),
    "discard": (Right.DECIDE, lambda s: runs.discard(s, 1, "why")),
    "exclude": (Right.LISTING, lambda s: sku.set_excluded(s, [1], True, "why")),
    "lock": (Right.LISTING, lambda s: sku.set_locked(s, [1], True, "why")),
    "override": (Right.LISTING, lambda s: sku.set_override(s, [1], 2, "why")),
    "serve": (Right.SERVE, lambda s: service.serve(s, 0.0, lambda _: None)),
    "add a merchant": (
        Right.SETTINGS,
        lambda s: merchant_settings.add(s, "New", {"source": "sandbox", "url": "http://x"}),
    ),
    "change a merchant": (Right.SETTINGS, lambda s: merchant_settings.change(s, "Acme", {"sync": "off"})),
    "add a cart": (
        Right.SETTINGS,
        lambda s: cart_settings.add(s, "Acme", "New", {"system": "sandbox", "url": "http://x"}),
    ),
    "change a cart": (Right.SETTINGS, lambda s: cart_settings.change(s, "Acme Shop", {"minimum": "3"})),
    "save a form": (Right.SETTINGS, lambda s: forms.save(s, "cart:1", 1, {"minimum": "3"})),
}


def refused(session: Session, order: Callable[[Session], object]) -> bool:
    """Whether it was refused; any other end is none of this test's business."""
    try:
        order(session)
    except RefusedError:
        return True
    except OperationError:
        return False
    return False


@pytest.mark.parametrize("name", ORDERS)
def test_read_only_refuses_every_order(acme: Shelf, name: str) -> None:
    assert refused(acme.viewer(Role.ADMIN, read_only=True), ORDERS[name][1])
    assert acme.audited() == []


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("role", Role)
def test_every_order_needs_its_role(acme: Shelf, name: str, role: Role) -> None:
    acme.list(["A"])
    right, order = ORDERS[name]
    if name == "serve" and roles.has(role, right):
        return
    assert refused(acme.viewer(role), order) is not roles.has(role, right)


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
