"""The README's set-up, typed as it stands there, on a real Tryton and a real Vendure: then the shop shows the stock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.shell import Answer, Shell
from tests.support.repository import readme
from tests.support.servers.tryton.server import USER_PASSWORD, Seeded
from tests.support.servers.vendure.server import VendureServer

pytestmark = [pytest.mark.real, pytest.mark.slow]

MERCHANT, CART = "My Shop", "Web shop"
"""The README's names."""


class FirstDay:
    """A new user's home folder, the two systems, and the README's commands."""

    def __init__(self, home: Path, tryton: Seeded, vendure: VendureServer) -> None:
        self.shell = Shell(home)
        self.tryton = tryton
        self.vendure = vendure
        self.steps = [words[1:] for words in readme.commands("Set it up") if words[0] == "invsync"]
        self.variants: dict[str, str] = {}

    def step(self, *beginning: str) -> Answer:
        """The README's one command that begins with these words, with our addresses and secrets."""
        (words,) = [step for step in self.steps if tuple(step[: len(beginning)]) == beginning]
        return self.shell.run(*readme.with_values(words, self._values(beginning[0])), env=self._environment())

    def run(self, *words: str) -> Answer:
        return self.shell.run(*words, env=self._environment())

    def document(self, *words: str) -> dict[str, Any]:
        answer = self.run(*words, "--json")
        assert "Traceback" not in answer.err, answer
        return dict(json.loads(answer.out.splitlines()[-1]))

    def _environment(self) -> dict[str, str]:
        return {"VENDURE_PASSWORD": self.vendure.password}

    def _values(self, family: str) -> dict[str, str]:
        if family == "merchants":
            secret = self.shell.home / "tryton-secret"
            secret.touch(mode=0o600)
            secret.write_text(self.tryton.server.password)
            server = self.tryton.server
            return {
                "--url": server.url, "--login": server.login, "--secret": f"file:{secret}",
                "--option": f"database={server.database}",
            }  # fmt: skip
        return {"--url": self.vendure.url, "--login": self.vendure.login, "--option": "location=East"}

    def shows(self, sku: str) -> int | None:
        return self.vendure.stock(self.variants[sku])


@pytest.fixture(scope="module")
def day(tryton: Seeded, vendure: VendureServer, tmp_path_factory: pytest.TempPathFactory) -> FirstDay:
    return FirstDay(tmp_path_factory.mktemp("first-day"), tryton, vendure)


def test_the_readme_sets_up_a_shop_that_shows_the_stock(day: FirstDay) -> None:
    # given a shop whose listings show anything
    skus = ["MUG-RED", "MUG-BLUE", "NOWHERE"]
    day.variants = dict(zip(skus, day.vendure.create_variants(skus, stock=77), strict=True))
    # when the README is followed
    for beginning in (("init",), ("merchants", "add"), ("connections", "test"), ("carts", "add")):
        answer = day.step(*beginning)
        assert answer.code == 0, (beginning, answer)
    # then the first sync is held for a look before anything is sent
    held = day.run("sync", MERCHANT, "--wait")
    assert held.code == 3, held
    assert [day.shows(sku) for sku in skus] == [77, 77, 77]
    status = day.document("status")
    assert "held" in json.dumps(status)
    # when the operator looks at it and releases it
    run = next(run for run in day.document("runs")["runs"] if run["state"] == "held")
    assert day.run("held", str(run["id"])).code == 0
    released = day.run("release", str(run["id"]), "--reason", "looked at it")
    assert released.code == 0, released
    done = day.run("sync", MERCHANT, "--wait")
    assert done.code == 0, done
    # then the shop shows what the warehouses have, and what it does not know is left alone and said
    assert [day.shows(sku) for sku in skus] == [5, 16 + 7, 77]
    why = day.run("why", "NOWHERE", "--cart", CART)
    assert "NOWHERE" in why.out and day.run("why", "MUG-RED", "--cart", CART).code in (0, 1)
    # and no secret is in the store
    for file in (path for path in day.shell.home.rglob("*") if path.is_file() and "secret" not in path.name):
        content = file.read_bytes()
        assert day.vendure.password.encode() not in content
        assert day.tryton.server.password.encode() not in content
        assert USER_PASSWORD.encode() not in content
