"""A real Vendure on loopback, seeded, one for the whole test run: import the fixture `vendure_server` from here.

The packages and a seeded database are kept in the cache, so that only the first run on a machine takes a minute.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers.node_packages import NoPackagesError, Packages, cache_folder, digest, install, locked
from tests.support.servers.vendure import seed as vendure_seed

DEPENDENCIES = {"@vendure/core": "3.7.3", "sql.js": "1.16.0"}
NAME = "vendure-3.7.3"
SCRIPT = Path(__file__).with_name("server.js")
LOGIN, PASSWORD = "superadmin", "a-test-password"
BOOT_TIMEOUT = 120.0
"""Seconds until READY; about 5 on an idle machine."""

_VARIANTS = """
query($options: ProductVariantListOptions) { productVariants(options: $options) { totalItems items {
  id sku trackInventory updatedAt stockLevels { stockLocationId stockOnHand stockAllocated } } } }"""
_CREATE = "mutation($i: [CreateProductVariantInput!]!) { createProductVariants(input: $i) { id } }"
_UPDATE = "mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }"


class VendureError(Exception):
    """The server refused what a test asked of it directly."""


@dataclass(slots=True)
class VendureServer:
    """A running server, with what a test needs to arrange and to look at behind the connector's back."""

    url: str
    process: subprocess.Popen[str]
    log: Path
    login: str = LOGIN
    password: str = PASSWORD
    locations: dict[str, str] = field(default_factory=dict)
    """Name to id."""
    _token: str = ""

    def ask(self, document: str, **variables: Any) -> Any:
        """Data of a query or mutation, asked as the administrator."""
        if not self._token:
            self._token = self._log_in()
        answer, _ = self._post(document, variables, {"authorization": f"Bearer {self._token}"})
        return answer

    def _log_in(self) -> str:
        document = "mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
        _, headers = self._post(document, {"u": self.login, "p": self.password}, {})
        return headers["vendure-auth-token"]

    def _post(
        self, document: str, variables: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[Any, Mapping[str, str]]:
        body = json.dumps({"query": document, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/admin-api", body, {"content-type": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = json.load(answer)
            if content.get("errors"):
                raise VendureError(json.dumps(content["errors"])[:1000])
            return content["data"], {name.lower(): value for name, value in answer.headers.items()}

    def refresh_locations(self) -> None:
        """Read the locations' ids."""
        stock_locations = self.ask("{ stockLocations { items { id name } } }")["stockLocations"]["items"]
        self.locations = {at["name"]: at["id"] for at in stock_locations}

    def create_location(self, name: str) -> str:
        """A further stock location; variants that exist have no level there."""
        answer = self.ask("mutation($n: String!) { createStockLocation(input: {name: $n}) { id } }", n=name)
        self.locations[name] = answer["createStockLocation"]["id"]
        return self.locations[name]

    def delete_location(self, name: str) -> None:
        """Delete a stock location."""
        location = self.locations.pop(name)
        self.ask("mutation($i: ID!) { deleteStockLocation(input: {id: $i}) { result } }", i=location)

    def create_variants(
        self, skus: Sequence[str], *, stock: int = 10, location: str = "East", **more: Any
    ) -> list[str]:
        """Variants with these SKUs and their stock at one location (0 at the others); the ids in the same order."""
        levels = [{"stockLocationId": self.locations[location], "stockOnHand": stock}]
        rows = [
            {
                "productId": product,
                "sku": sku,
                "price": 100,
                "translations": [{"languageCode": "en", "name": f"Name of {sku}"}],
                "stockLevels": levels,
                **more,
            }
            for product, sku in zip(self._create_products(skus), skus, strict=True)
        ]
        return [variant["id"] for variant in self.ask(_CREATE, i=rows)["createProductVariants"]]

    def _create_products(self, names: Sequence[str]) -> list[str]:
        """A product each, in one request: variants without options cannot share one."""
        text = 'languageCode: en, description: "", name: $n{0}, slug: $n{0}'
        ours = " ".join(
            f"p{n}: createProduct(input: {{translations: [{{{text.format(n)}}}]}}) {{ id }}" for n in range(len(names))
        )
        arguments = ", ".join(f"$n{n}: String!" for n in range(len(names)))
        products = self.ask(f"mutation({arguments}) {{ {ours} }}", **{f"n{n}": name for n, name in enumerate(names)})
        return [products[f"p{n}"]["id"] for n in range(len(names))]

    def delete_variant(self, variant: str) -> None:
        """Delete a variant."""
        self.ask("mutation($i: ID!) { deleteProductVariant(id: $i) { result } }", i=variant)

    def variants(self) -> list[Mapping[str, Any]]:
        """All variants with their stock."""
        rows: list[Mapping[str, Any]] = []
        while True:
            options = {"skip": len(rows), "take": 500, "sort": {"id": "ASC"}}
            page = self.ask(_VARIANTS, options=options)["productVariants"]
            rows += page["items"]
            if len(rows) >= page["totalItems"]:
                return rows

    def stock(self, variant: str, location: str = "East") -> int | None:
        """The stock on hand of a variant at a location, None without a level there."""
        options = {"filter": {"id": {"eq": variant}}}
        levels = self.ask(_VARIANTS, options=options)["productVariants"]["items"][0]["stockLevels"]
        at = self.locations[location]
        return next((level["stockOnHand"] for level in levels if level["stockLocationId"] == at), None)

    def set_stock(self, variant: str, quantity: int, location: str = "East") -> None:
        """Set the stock of a variant, as somebody else than the connector."""
        levels = [{"stockLocationId": self.locations[location], "stockOnHand": quantity}]
        self.ask(_UPDATE, i=[{"id": variant, "stockLevels": levels}])

    def place_order(self, variant: str, quantity: int) -> str:
        """The id of an order that allocates stock where the variant has some."""
        return vendure_seed.place_order(self.ask, variant, quantity)

    def add_to_order(self, order: str, variant: str, quantity: int) -> None:
        """Units come to an order that was placed."""
        vendure_seed.add_to_order(self.ask, order, variant, quantity)

    def cancel_order(self, order: str) -> None:
        """Cancel an order as a whole."""
        vendure_seed.cancel_order(self.ask, order)

    def fill_cart(self, variant: str) -> None:
        """Somebody's cart that was not ordered yet."""
        vendure_seed.fill_cart(self.ask, variant)

    def end_sessions(self) -> None:
        """Make every token of the administrator stale: a logout ends all sessions of the user."""
        self.ask("mutation { logout { success } }")
        self._token = ""

    def save(self, database: Path) -> None:
        """Write the database to a file."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"SAVE {database}\n")
        self.process.stdin.flush()
        _await_line("SAVED", self.process, self.log, timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_line(line: str, process: subprocess.Popen[str], log: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while line not in log.read_text(errors="replace").splitlines():
        if process.poll() is not None or time.monotonic() > deadline:
            raise VendureError(f"No {line} from Vendure: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[str]) -> None:
    """End the server and whatever it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return


@contextmanager
def running(packages: Packages, folder: Path, database: Path | None) -> Iterator[VendureServer]:
    """A server with an in-memory copy of `database`, or a blank one."""
    port, log = _free_port(), folder / "vendure.log"
    settings = {"PORT": str(port), "LOGIN": LOGIN, "PASSWORD": PASSWORD, "DATABASE": str(database or "")}
    with log.open("w") as out:
        process = subprocess.Popen(
            ["node", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**packages.environment, **settings},
            cwd=folder,
            text=True,
            start_new_session=True,
        )
    try:
        _await_line("READY", process, log, BOOT_TIMEOUT)
        yield VendureServer(f"http://127.0.0.1:{port}", process, log)
    finally:
        stop(process)


def seeded_database(packages: Packages, folder: Path) -> Path:
    """The seeded database from the cache; it is made again when the seed or the server changes."""
    sources = (Path(vendure_seed.__file__).read_text(), SCRIPT.read_text(), json.dumps(DEPENDENCIES))
    database = cache_folder() / f"{NAME}-seed-{digest(*sources)}.sqlite"
    with locked(database.stem):
        if not database.exists():
            with running(packages, folder, None) as server:
                vendure_seed.seed(server.ask)
                server.save(database.with_suffix(".part"))
            shutil.move(database.with_suffix(".part"), database)
    return database


def _packages() -> Packages:
    try:
        return install(NAME, DEPENDENCIES)
    except NoPackagesError as error:
        reason = f"Vendure cannot be installed: {error}"
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def vendure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendureServer]:
    """A seeded server that all tests of the session share: each makes variants of its own."""
    packages = _packages()
    folder = tmp_path_factory.mktemp("vendure")
    with running(packages, folder, seeded_database(packages, folder)) as server:
        server.refresh_locations()
        yield server
