"""What each role may do from the command line, as a literal table. A command without a row fails here."""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing

import pytest

from invsync_tui.cli import main
from invsync_tui.operations.roles import Role
from tests.support.stores.acme import acme as _acme
from tests.support.stores.products_store import Shelf

acme = _acme

OPERATOR, ADMIN = "operator", "admin"
WHY = ["--reason", "a test"]
ADD = ["--url", "http://127.0.0.1:9"]

CHANGES = {
    # command: (the least role that may give it, its arguments)
    "sync": (OPERATOR, ["Acme"]),
    "cancel": (OPERATOR, ["2"]),
    "release": (OPERATOR, ["1", *WHY]),
    "discard": (OPERATOR, ["1", *WHY]),
    "apply": (OPERATOR, ["1", *WHY]),
    "undo": (OPERATOR, ["1", *WHY]),
    "safe": (OPERATOR, ["Acme Shop", "--level", "1", *WHY]),
    "freeze": (OPERATOR, ["Acme Shop", *WHY]),
    "unfreeze": (OPERATOR, ["Acme Shop"]),
    "verify": (OPERATOR, ["Acme Shop"]),
    "correct": (OPERATOR, ["Acme Shop", "A", *WHY]),
    "link": (OPERATOR, ["Acme Shop", "L-A", "P"]),
    "unlink": (OPERATOR, ["Acme Shop", "--kind", "ALL"]),
    "identity --accept": (OPERATOR, ["Acme Shop", "--accept", "case"]),
    "sku --exclude": (OPERATOR, ["A", "--exclude", *WHY]),
    "serve": (OPERATOR, ["--until-idle", "0"]),
    "warehouses --disable": (OPERATOR, ["disable", "Acme", "EAST", *WHY]),
    "verify --every": (ADMIN, ["Acme Shop", "--every", "1h"]),
    "merchants add": (ADMIN, ["New", "--source", "sandbox", *ADD]),
    "merchants set": (ADMIN, ["Acme", "--sync", "off"]),
    "merchants rename": (ADMIN, ["Acme", "Acme Ltd"]),
    "merchants remove": (ADMIN, ["Acme", "--yes-remove", "Acme"]),
    "carts rename": (ADMIN, ["Acme Shop", "Acme US"]),
    "carts remove": (ADMIN, ["Acme Shop", "--yes-remove", "Acme Shop"]),
    "carts add": (ADMIN, ["Acme", "New", "--system", "sandbox", "--option", "shop=main", *ADD]),
    "carts set": (ADMIN, ["Acme Shop", "--minimum", "3"]),
    "connections hooks": (ADMIN, ["Acme Shop"]),
    "connections fix --apply": (ADMIN, ["Acme Shop", "track", "--sku", "NONE", "--apply", *WHY]),
    "connections verify --sku": (ADMIN, ["sandbox", "--against", "Acme Shop", "--sku", "NONE", *WHY]),
    "connections login": (ADMIN, ["--cart", "Acme Shop", "--forget"]),
    "db restore": (ADMIN, ["there-is-no-such-backup"]),
    "settings set": (ADMIN, ["cart:Acme Shop", "minimum=3"]),
}
LOOKS = {
    "status", "runs", "held", "plan", "merchants", "warehouses", "levels", "search", "why", "replay", "history", "doctor",
    "bundle", "sku", "carts", "listings", "drift", "aliases", "identity", "compare", "links", "settings", "connections",
    "keys", "completion", "docs", "settings show", "settings diff", "connections test", "connections list", "connections about",
    "connections preview",
    "connections example", "connections verify", "connections new", "merchants list",
    "audit", "bookmarks", "bookmarks remove", "events", "info", "metrics", "carts list", "db", "db check", "db backup",
}  # fmt: skip
OTHERS = {
    "demo", "init", "dev", "dev generate", "dev plant",  # they make a store of their own, or need one made for it
}  # fmt: skip


def commands() -> set[str]:
    """All commands and their sub-commands."""
    found = set()
    top = next(action for action in main.parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, parser in top.choices.items():
        found.add(name)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= {f"{name} {each}" for each in action.choices}
    return found


def test_every_command_has_a_row() -> None:
    listed = {name.partition(" --")[0] for name in CHANGES} | LOOKS | OTHERS
    assert commands() <= listed, sorted(commands() - listed)


def content(our_shelf: Shelf) -> str:
    with closing(sqlite3.connect(our_shelf.bench.store.path)) as connection:
        return "\n".join(connection.iterdump())


@pytest.mark.parametrize("who", ["viewer", "operator", "admin", "read-only"])
@pytest.mark.parametrize("name", CHANGES)
def test_the_table_is_kept(
    acme: Shelf, name: str, who: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    least, arguments = CHANGES[name]
    role = Role.ADMIN if who == "read-only" else Role(who)
    monkeypatch.setattr("invsync_tui.operations.session.role_of", lambda *_: role)
    monkeypatch.setattr("invsync_tui.operations.session.may_serve", lambda *_: False)
    before = content(acme)
    words = [*name.partition(" --")[0].split(), *arguments, "--store", str(acme.bench.store.path)]
    # when
    code = main.run([*words, *(["--read-only"] if who == "read-only" else [])])
    # then
    said = capsys.readouterr().err
    allowed = {"viewer": False, "operator": least == OPERATOR, "admin": True, "read-only": False}[who]
    assert ("Refused" not in said) is allowed, (code, said)
    if allowed:
        assert "See: invsync" not in said and "defect" not in said, said
    else:
        assert code == 2
        assert content(acme) == before
