"""A real Tryton on loopback with a database of its own, and the words to put stock into it.

`tryton_server` is empty; `tryton_seeded` holds the small warehouse described at `Seeded`.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from invsync_tui.connectors.base import Connection
from tests.support.servers.tryton.install import (
    ADMIN_PASSWORD,
    Installation,
    NotAvailableError,
    environment,
    installation,
    write_config,
)

DATABASE = "wms"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
USER_PASSWORD = "battery-staple-7"
QUICK_HASHES = """
from pwdlib.hashers.argon2 import Argon2Hasher

Argon2Hasher.__init__.__defaults__ = (1, 8, 1, *Argon2Hasher.__init__.__defaults__[3:])
"""
"""Run by the server's Python at its start: each login would take 64 MB and a third of a second of a processor, on purpose."""
EAN_RED = "4006381333931"
EAN_BLANK = "5901234123457"
SHARED_ALIAS = "SHARED-ALIAS"

Identifiers = tuple[tuple[str | None, str], ...]


@dataclass(slots=True)
class TrytonServer:
    """A running server, and a session as its administrator."""

    url: str
    database: str
    folder: Path
    process: subprocess.Popen[bytes]
    login: str = "admin"
    password: str = ADMIN_PASSWORD
    company: int | None = None
    customer: int | None = None
    currency: int | None = None
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))
    _authorization: str = ""

    # --- requests ----------------------------------------------------------------------------------------------------

    def rpc(self, method: str, *params: Any) -> Any:
        """One call as the administrator; AssertionError with Tryton's own words if it fails."""
        if not self._authorization:
            user, token, *_ = self._post("common.db.login", [self.login, {"password": self.password}, "en"])
            text = f"{self.login}:{user}:{token}"
            self._authorization = "Session " + base64.b64encode(text.encode()).decode()
        return self._post(method, [*params, self.context])

    def _post(self, method: str, params: list[Any]) -> Any:
        headers = {"authorization": self._authorization} if self._authorization else {}
        body = {"id": 1, "method": method, "params": params}
        response = self._client.post(f"{self.url}/{self.database}/rpc/", json=body, headers=headers)
        response.raise_for_status()
        answer = response.json()
        assert not answer.get("error"), f"{method}: {str(answer['error'])[:500]}"
        return answer["result"]

    @property
    def context(self) -> dict[str, Any]:
        """The company, once there is one."""
        return {} if self.company is None else {"company": self.company, "companies": [self.company]}

    def create(self, model: str, **values: Any) -> int:
        """Create one record; its id."""
        (number,) = self.rpc(f"model.{model}.create", [values])
        return int(number)

    def find(self, model: str, domain: list[Any], *names: str) -> list[dict[str, Any]]:
        """Records of a model."""
        rows: list[dict[str, Any]] = self.rpc(f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], names)
        return rows

    def connection(self, *, login: str = "", password: str | None = None, **options: str) -> Connection:
        """Settings that lead our connector here; the password goes into a file of mode 0600."""
        user = login or self.login
        default = self.password if user == self.login else USER_PASSWORD
        secret = self.folder / f"secret-{user}-{len(list(self.folder.glob('secret-*')))}"
        secret.touch(mode=0o600)
        secret.write_text(default if password is None else password)
        named = {"database": self.database} | options
        return Connection("wms", "tryton", self.url, user, f"file:{secret}", named)

    # --- putting things there ----------------------------------------------------------------------------------------

    def create_company(self, name: str = "Merchant") -> int:
        """A company, which becomes the administrator's current one; the first of them also gets a customer."""
        self.currency = self.currency or self.create("currency.currency", name="Euro", code="EUR", symbol="E")
        party = self.create("party.party", name=name)
        company = self.create("company.company", party=party, currency=self.currency)
        self.rpc("model.res.user.write", [1], {"companies": [["add", [company]]], "company": company})
        if self.company is None:
            self.company = company
            self.customer = self.create("party.party", name="Customer", addresses=[["create", [{"street": "1 Road"}]]])
        return company

    def location(self, kind: str) -> int:
        """The first location of a type."""
        return int(self.find("stock.location", [["type", "=", kind]])[0]["id"])

    def create_warehouse(self, code: str, name: str) -> int:
        """A warehouse with its own input, output and storage."""
        parts = {
            f"{part}_location": self.create("stock.location", name=f"{name} {part}", type="storage")
            for part in ("input", "output", "storage")
        }
        others = {f"{kind}_location": self.location(kind) for kind in ("lost_found", "production")}
        return self.create("stock.location", name=name, code=code, type="warehouse", **others, **parts)

    def create_product(
        self, code: str | None, *identifiers: tuple[str | None, str], unit: str = "u", kind: str = "goods"
    ) -> int:
        """A product with one variant; `kind` is goods or service."""
        return self.create_variants("", (code, identifiers), unit=unit, kind=kind)[0]

    def create_variants(
        self, prefix: str, *variants: tuple[str | None, Identifiers], unit: str = "u", kind: str = "goods"
    ) -> list[int]:
        """A template and its variants, whose codes are the prefix and their own suffix."""
        uom = self.find("product.uom", [["symbol", "=", unit]])[0]["id"]
        products = [
            {"suffix_code": suffix, "identifiers": [["create", [{"type": t, "code": c} for t, c in identifiers]]]}
            for suffix, identifiers in variants
        ]
        template = self.create(
            "product.template",
            name=f"The {prefix or variants[0][0] or 'nameless'}",
            code=prefix or None,
            type=kind,
            default_uom=uom,
            list_price={"__class__": "Decimal", "decimal": "10"},
            cost_price_method="fixed",
            products=[["create", products]],
        )
        return [row["id"] for row in self.find("product.product", [["template", "=", template]])]

    def rename(self, product: int, code: str) -> None:
        """Give a variant another code."""
        self.rpc("model.product.product.write", [product], {"suffix_code": code})

    def deactivate(self, product: int) -> None:
        """Hide a product."""
        self.rpc("model.product.product.write", [product], {"active": False})

    def storage(self, warehouse: int) -> int:
        """Its storage location."""
        return int(self.find("stock.location", [["id", "=", warehouse]], "storage_location")[0]["storage_location"])

    def _move(self, product: int, quantity: float, origin: int, target: int, **more: Any) -> int:
        unit = self.find("product.product", [["id", "=", product]], "default_uom")[0]["default_uom"]
        values = {
            "product": product,
            "unit": unit,
            "quantity": float(quantity),
            "from_location": origin,
            "to_location": target,
            "company": self.company,
            "planned_date": _today(),
        }
        return self.create("stock.move", **(values | more))

    def receive(self, product: int, warehouse: int, quantity: float) -> None:
        """Add to the stock of a warehouse."""
        move = self._move(product, quantity, self.location("lost_found"), self.storage(warehouse))
        self.rpc("model.stock.move.do", [move])

    def transfer(self, product: int, origin: int, target: int, quantity: float) -> None:
        """Move goods from one location of a warehouse to another one of it."""
        day, kind = _today(), "stock.shipment.internal"
        shipment = self.create(
            kind, from_location=origin, to_location=target, company=self.company, planned_date=day,
            planned_start_date=day,
        )  # fmt: skip
        self._move(product, quantity, origin, target, shipment=f"{kind},{shipment}")
        for step in ("wait", "assign_force", "do"):
            self.rpc(f"model.{kind}.{step}", [shipment])

    def set_stock(self, product: int, warehouse: int, quantity: float) -> None:
        """Count the stock of a warehouse and find this much on hand, more or less than before."""
        self.set_stocks(warehouse, {product: quantity})

    def set_stocks(self, warehouse: int, quantities: Mapping[int, float]) -> None:
        """Count several products of a warehouse at once."""
        lines = [{"product": product, "quantity": float(quantity)} for product, quantity in quantities.items()]
        inventory = self.create(
            "stock.inventory",
            location=self.storage(warehouse),
            date=_today(),
            company=self.company,
            lines=[["create", lines]],
        )
        self.rpc("model.stock.inventory.confirm", [inventory])

    def draft(self, product: int, warehouse: int, quantity: float) -> int:
        """A shipment to the customer that reserves nothing yet; its id."""
        address = self.find("party.address", [["party", "=", self.customer]])[0]["id"]
        names = ("storage_location", "output_location")
        places = self.find("stock.location", [["id", "=", warehouse]], *names)[0]
        shipment = self.create(
            "stock.shipment.out",
            customer=self.customer,
            delivery_address=address,
            warehouse=warehouse,
            warehouse_storage=places["storage_location"],
            warehouse_output=places["output_location"],
            company=self.company,
        )
        self._move(
            product,
            quantity,
            places["output_location"],
            self.location("customer"),
            currency=self.currency,
            unit_price={"__class__": "Decimal", "decimal": "10"},
            shipment=f"stock.shipment.out,{shipment}",
        )
        self.rpc("model.stock.shipment.out.wait", [shipment])
        return shipment

    def reserve(self, product: int, warehouse: int, quantity: float) -> int:
        """Assign stock to a shipment to the customer; its id."""
        shipment = self.draft(product, warehouse, quantity)
        self.rpc("model.stock.shipment.out.assign_force", [shipment])
        return shipment

    def release(self, shipment: int) -> None:
        """Give the stock of a reserved shipment back."""
        self.rpc("model.stock.shipment.out.wait", [shipment])

    def create_user(self, login: str, *, company: int | None, groups: tuple[str, ...] = ()) -> int:
        """A user with USER_PASSWORD, in the named groups, with or without a company."""
        ids = [row["id"] for row in self.find("res.group", [["name", "in", list(groups)]])]
        return self.create(
            "res.user",
            name=login,
            login=login,
            password=USER_PASSWORD,
            companies=[["add", [company] if company else []]],
            company=company,
            groups=[["add", ids]],
        )

    def delete_rows(self, product: int, tables: Sequence[str], own: str) -> None:
        """Delete a product with all that points to it, in the database itself."""
        with contextlib.closing(_open_sqlite(self.folder / f"{self.database}.sqlite")) as db, db:
            for table in tables:
                db.execute(f"DELETE FROM {table} WHERE product = ?", (product,))
            db.execute(f"DELETE FROM {own} WHERE id = ?", (product,))

    def end_sessions(self) -> None:
        """Forget every session, as a server does when they expire; ours is renewed at the next call."""
        self._authorization = ""
        with contextlib.closing(_open_sqlite(self.folder / f"{self.database}.sqlite")) as db, db:
            db.execute("DELETE FROM ir_session")

    # --- process -----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End the server's whole process group."""
        self._client.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT)
                return


def _today() -> dict[str, Any]:
    today = date.today()
    return {"__class__": "date", "year": today.year, "month": today.month, "day": today.day}


def _open_sqlite(path: Path) -> Any:
    import sqlite3

    return sqlite3.connect(path, timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    body = {"id": 0, "method": "common.server.version", "params": []}
    with contextlib.suppress(httpx.HTTPError):
        return httpx.post(f"{url}/rpc/", json=body, timeout=5).status_code == 200
    return False


def _wait(server: TrytonServer, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and server.process.poll() is None:
        if _answers(server.url):
            return
        time.sleep(0.1)
    server.stop()
    raise NotAvailableError(f"trytond did not start: {log.read_text()[-600:]}")


def start(installed: Installation, folder: Path) -> TrytonServer:
    """A server with a fresh copy of the empty database; the caller stops it."""
    shutil.copy(installed.empty_database, folder / f"{DATABASE}.sqlite")
    port = _free_port()
    config = write_config(folder, port, folder)
    (folder / "sitecustomize.py").write_text(QUICK_HASHES)
    log = folder / "trytond.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            # Naming the database loads it before the first request: one that is loaded lazily can stay broken.
            [installed.trytond, "-c", config, "-d", DATABASE],
            env=environment() | {"PYTHONPATH": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = TrytonServer(f"http://127.0.0.1:{port}", DATABASE, folder, process)
    _wait(server, log)
    return server


@contextmanager
def served(folder: Path) -> Iterator[TrytonServer]:
    """An empty Tryton; skips where it cannot be installed, fails if INVSYNC_CI=1."""
    try:
        server = start(installation(), folder)
    except NotAvailableError as error:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(f"Tryton is not available: {error}")
        pytest.skip(f"Tryton is not available: {error}")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def tryton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """One for all tests of a process."""
    with served(tmp_path_factory.mktemp("tryton")) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Seeded:
    """A small merchant. On hand, in brackets available:

    | code | EAST | WEST | |
    |---|---|---|---|
    | MUG-RED | 5 (5) | 0 | an EAN, the shared alias; 2 drafted in EAST |
    | MUG-BLUE | 20 (16) | 7 (7) | an MPN, the shared alias; 4 reserved in EAST |
    | none | 3 (3) | 0 | an EAN is its only code |
    | FLOUR | 2.75 kg | 0 | two decimals |
    | GONE, ENGRAVING | | | inactive; a service |
    """

    server: TrytonServer
    company: int
    east: int
    west: int
    red: int
    blue: int
    blank: int
    flour: int

    @property
    def goods(self) -> list[str]:
        """References of all products that a source must report."""
        return [str(ref) for ref in sorted((self.red, self.blue, self.blank, self.flour))]


def seed(server: TrytonServer) -> Seeded:
    """Put the merchant of `Seeded` into an empty server."""
    company = server.create_company()
    east, west = server.location("warehouse"), server.create_warehouse("WEST", "West")
    red, blue = server.create_variants(
        "MUG-",
        ("RED", (("ean", EAN_RED), (None, SHARED_ALIAS))),
        ("BLUE", (("mpn", "B-77"), (None, SHARED_ALIAS))),
    )
    blank = server.create_product(None, ("ean", EAN_BLANK))
    flour = server.create_product("FLOUR", unit="kg")
    server.create_product("ENGRAVING", kind="service")
    server.deactivate(server.create_product("GONE"))
    for product, warehouse, quantity in (
        (red, east, 5),
        (blue, east, 20),
        (blue, west, 7),
        (blank, east, 3),
        (flour, east, 2.75),
    ):
        server.receive(product, warehouse, quantity)
    server.reserve(blue, east, 4)
    server.draft(red, east, 2)
    return Seeded(server, company, east, west, red, blue, blank, flour)


@pytest.fixture(scope="session")
def tryton_seeded(tryton_server: TrytonServer) -> Seeded:
    """The merchant of `Seeded`. A test that changes stock puts it back."""
    return seed(tryton_server)
