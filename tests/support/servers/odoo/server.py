"""A real Odoo 19 on loopback, and the words of a stock clerk: receive, reserve, deliver, return, transfer, count.

One server for all tests of a process; each module gets a database of its own (`odoo`), a copy of an empty one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from invsync_tui.connectors.base import Connection
from tests.support.servers.odoo.install import NotAvailableError, command, environment, installation
from tests.support.servers.postgres import PostgresServer
from tests.support.servers.postgres_copies import Databases
from tests.support.servers.tryton.server import _free_port

ADMIN, ADMIN_PASSWORD = "admin", "admin"
ADMIN_ID = 2
USER_PASSWORD = "battery-staple-7"
START_TIMEOUT = 90.0
STOP_TIMEOUT = 10.0
TEMPLATE, PREFIX = "template_odoo", "odoo"
"""Names of databases: what others are copied from, and what a copy's name begins with."""
STOCK_USER = "stock.group_stock_user"
PLAIN_USER = "base.group_user"
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class OdooProcess:
    """A running server without a database of its own."""

    url: str
    process: subprocess.Popen[bytes]
    databases: Databases
    log: Path

    def stop(self) -> None:
        """End the server's whole process group, at once: nobody needs its data."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT)


@dataclass(slots=True)
class OdooServer:
    """A database of a running server, and a session as its administrator."""

    server: OdooProcess
    database: str
    folder: Path
    company: int = 1
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=90))

    @property
    def url(self) -> str:
        """The server's address."""
        return self.server.url

    # --- requests ----------------------------------------------------------------------------------------------------

    def rpc(self, model: str, method: str, *args: Any, **more: Any) -> Any:
        """One call as the administrator; AssertionError with Odoo's own words if it fails."""
        context = {"allowed_company_ids": [self.company], **more.pop("context", {})}
        who = [self.database, ADMIN_ID, ADMIN_PASSWORD]
        parameters = {"service": "object", "method": "execute_kw"}
        parameters["args"] = [*who, model, method, list(args), {**more, "context": context}]  # type: ignore[assignment]
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": parameters}
        answer = self._client.post(f"{self.url}/jsonrpc", json=body).json()
        assert not answer.get("error"), f"{model}.{method}: {answer['error']['data']['message'][:500]}"
        return answer.get("result")

    def create(self, model: str, **values: Any) -> int:
        """Create one record; its id."""
        return int(self.rpc(model, "create", values))

    def write(self, model: str, number: int, **values: Any) -> None:
        """Change one record."""
        self.rpc(model, "write", [number], values)

    def find(self, model: str, domain: list[Any], *names: str) -> list[dict[str, Any]]:
        """Records of a model, archived ones included."""
        rows: list[dict[str, Any]] = self.rpc(
            model, "search_read", domain=domain, fields=list(names), order="id", context={"active_test": False}
        )
        return rows

    def sql(self, statement: str) -> str:
        """A statement on the database itself."""
        return self.server.databases.execute(self.database, statement)

    def api_key(self, user: int = ADMIN_ID) -> str:
        """A new API key for a user, written as Odoo does (`res.users.apikeys._generate`)."""
        key, salt = secrets.token_hex(20), secrets.token_bytes(16)
        sums = (salt, hashlib.pbkdf2_hmac("sha512", key.encode(), salt, 6000))
        parts = [base64.b64encode(part).decode().rstrip("=").replace("+", ".") for part in sums]
        hashed = f"$pbkdf2-sha512$6000${parts[0]}${parts[1]}"
        values = f"'test', {user}, NULL, NULL, '{hashed}', '{key[:8]}'"
        self.sql(f"INSERT INTO res_users_apikeys (name, user_id, scope, expiration_date, key, index) VALUES ({values})")
        return key

    def connection(self, secret: str | None = None, login: str = "", **options: str) -> Connection:
        """Settings that lead our connector here; without a secret it is a new API key of the administrator."""
        path = self.folder / f"secret-{next(_NUMBERS)}"
        path.touch(mode=0o600)
        path.write_text(self.api_key() if secret is None else secret)
        named = {"database": self.database} | options
        return Connection("wms", "odoo", self.url, login, f"file:{path}", named)

    # --- putting things there ----------------------------------------------------------------------------------------

    def reference(self, name: str) -> int:
        """The id of a record that a module brought, such as `stock.stock_location_customers`."""
        module, _, word = name.partition(".")
        domain = [["module", "=", module], ["name", "=", word]]
        return int(self.find("ir.model.data", domain, "res_id")[0]["res_id"])

    def create_user(self, login: str, *groups: str, company: int = 0) -> int:
        """A user with USER_PASSWORD, in groups by their external names."""
        chosen = company or self.company
        ids = [self.reference(group) for group in groups]
        return self.create(
            "res.users", name=login, login=login, password=USER_PASSWORD, group_ids=[[6, 0, ids]],
            company_id=chosen, company_ids=[[6, 0, [chosen]]],
        )  # fmt: skip

    def create_company(self, name: str) -> int:
        """A company with a warehouse of its own, which the administrator may use."""
        company = self.create("res.company", name=name)
        self.write("res.users", ADMIN_ID, company_ids=[[4, company]])
        return company

    def create_warehouse(self, code: str, name: str) -> int:
        """A warehouse of the company."""
        return self.create("stock.warehouse", code=code, name=name, company_id=self.company)

    def warehouse(self, company: int = 0) -> int:
        """The first warehouse of a company."""
        return int(self.find("stock.warehouse", [["company_id", "=", company or self.company]])[0]["id"])

    def create_product(self, code: str | None, **more: Any) -> int:
        """A product whose stock is tracked; its id."""
        values = {"name": f"The {code or 'nameless'}", "default_code": code or False, "is_storable": True} | more
        return self.create("product.product", **values)

    def stock(self, warehouse: int) -> int:
        """The stock location of a warehouse."""
        return self._of_warehouse(warehouse, "lot_stock_id")

    def _of_warehouse(self, warehouse: int, name: str) -> int:
        return int(self.find("stock.warehouse", [["id", "=", warehouse]], name)[0][name][0])

    def picking(self, kind: str, product: int, quantity: float, warehouse: int, origin: int, target: int) -> int:
        """A confirmed document; `kind` is in, out or int."""
        move = {
            "product_id": product, "product_uom_qty": quantity, "location_id": origin, "location_dest_id": target,
        }  # fmt: skip
        number = self.create(
            "stock.picking", picking_type_id=self._of_warehouse(warehouse, f"{kind}_type_id"), location_id=origin,
            location_dest_id=target, move_ids=[[0, 0, move]],
        )  # fmt: skip
        self.rpc("stock.picking", "action_confirm", [number])
        return number

    def finish(self, picking: int) -> None:
        """Do all of a document."""
        self.rpc("stock.picking", "action_assign", [picking])
        for move in self.find("stock.move", [["picking_id", "=", picking]], "product_uom_qty"):
            self.write("stock.move", move["id"], quantity=move["product_uom_qty"], picked=True)
        self.rpc("stock.picking", "button_validate", [picking], context={"skip_backorder": True})
        (row,) = self.find("stock.picking", [["id", "=", picking]], "state")
        assert row["state"] == "done", row

    def receive(self, product: int, warehouse: int, quantity: float) -> int:
        """A receipt from a supplier, done; its id."""
        origin = self.reference("stock.stock_location_suppliers")
        number = self.picking("in", product, quantity, warehouse, origin, self.stock(warehouse))
        self.finish(number)
        return number

    def order(self, product: int, warehouse: int, quantity: float) -> int:
        """A confirmed delivery that nothing is reserved for; its id."""
        target = self.reference("stock.stock_location_customers")
        number = self.picking("out", product, quantity, warehouse, self.stock(warehouse), target)
        self.release(number)
        return number

    def reserve(self, picking: int) -> None:
        """Reserve what a document needs."""
        self.rpc("stock.picking", "action_assign", [picking])

    def release(self, picking: int) -> None:
        """Give back what is reserved for a document."""
        self.rpc("stock.picking", "do_unreserve", [picking])

    def reserve_only(self, picking: int, quantity: float) -> None:
        """Reserve so much in each line of a document, as by hand."""
        for line in self.find("stock.move.line", [["picking_id", "=", picking]]):
            self.write("stock.move.line", line["id"], quantity=quantity)

    def cancel(self, picking: int) -> None:
        """Cancel a document."""
        self.rpc("stock.picking", "action_cancel", [picking])

    def give_back(self, picking: int, quantity: float) -> None:
        """A return of a done document, done."""
        context = {"active_id": picking, "active_ids": [picking], "active_model": "stock.picking"}
        wizard = self.rpc("stock.return.picking", "create", {"picking_id": picking}, context=context)
        for line in self.find("stock.return.picking.line", [["wizard_id", "=", wizard]]):
            self.write("stock.return.picking.line", line["id"], quantity=quantity)
        action = self.rpc("stock.return.picking", "action_create_returns", [wizard], context=context)
        self.finish(action["res_id"])

    def transfer(self, product: int, origin: int, target: int, quantity: float) -> None:
        """Goods from one warehouse to another, done."""
        self.finish(self.picking("int", product, quantity, origin, self.stock(origin), self.stock(target)))

    def move_within(self, product: int, warehouse: int, origin: int, target: int, quantity: float) -> None:
        """Goods from one location of a warehouse to another one of it."""
        self.finish(self.picking("int", product, quantity, warehouse, origin, target))

    def count(self, product: int, location: int, quantity: float) -> None:
        """An inventory count that finds this much in a location."""
        self.count_all(location, {product: quantity})

    def count_all(self, location: int, quantities: Mapping[int, float]) -> None:
        """An inventory count of several products in a location."""
        context = {"inventory_mode": True}
        values = [
            {"product_id": product, "location_id": location, "inventory_quantity": quantity}
            for product, quantity in quantities.items()
        ]
        numbers = self.rpc("stock.quant", "create", values, context=context)
        self.rpc("stock.quant", "action_apply_inventory", numbers, context=context)


def _wait(server: OdooProcess) -> None:
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{server.url}/web/health", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    server.stop()
    raise NotAvailableError(f"Odoo did not start: {server.log.read_text()[-600:]}")


def _with_us() -> list[str]:
    """What ends a command when the test process is killed, where the machine has it (util-linux)."""
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def start(databases: Databases, folder: Path) -> OdooProcess:
    """A server with a template database beside it; the caller stops it."""
    installed = installation(databases)
    databases.restore(TEMPLATE, installed.dump)
    port, log = _free_port(), folder / "odoo.log"
    # Only its own: a database of other tests on the same PostgreSQL, if it is the only one, would be taken for Odoo's.
    arguments = [f"--http-port={port}", "--max-cron-threads=0", "--db_maxconn=16", f"--db-filter=^{PREFIX}[0-9]+$"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_with_us(), *command(installed, databases, folder / "data"), *arguments],
            env=environment(installed.path),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = OdooProcess(f"http://127.0.0.1:{port}", process, databases, log)
    _wait(server)
    return server


@pytest.fixture(scope="session")
def odoo_process(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OdooProcess]:
    """One for all tests of a process; skips where it cannot be had, fails if INVSYNC_CI=1."""
    try:
        server = start(Databases(postgres_server), tmp_path_factory.mktemp("odoo"))
    except NotAvailableError as error:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(f"Odoo is not available: {error}")
        pytest.skip(f"Odoo is not available: {error}")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def odoo(odoo_process: OdooProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OdooServer]:
    """A database of the module's own with Inventory and Manufacturing, one company and its warehouse."""
    name = f"{PREFIX}{next(_NUMBERS)}"
    odoo_process.databases.create(name, TEMPLATE)
    yield OdooServer(odoo_process, name, tmp_path_factory.mktemp(name))
    odoo_process.databases.drop(name)
