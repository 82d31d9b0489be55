"""A fake of Odoo 14 to 18 by JSON-RPC, for what no real one here is: strict about fields, context keys and logins.

From https://www.odoo.com/documentation/18.0/developer/reference/external_rpc_api.html and OCA/stock-logistics-availability#82
(18 reads `warehouse_id`); a real Odoo 14 that was measured once (it reads `warehouse`); storable products are
`type = product` up to 17 and `is_storable` since 18.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.servers.http_stub import Answer, Request, as_json

DATABASE, LOGIN, PASSWORD, USER = "wms", "bot", "the-password-of-the-bot", 7
EAST, WEST = 1, 2
VIEWS = {EAST: 10, WEST: 20}
PRODUCT_FIELDS = {
    "default_code", "barcode", "name", "active", "type", "free_qty", "qty_available", "incoming_qty", "outgoing_qty",
    "stock_move_ids", "product_tmpl_id", "write_date",
}  # fmt: skip


@dataclass
class OdooFake:
    """Use `answer` as what a stub server answers. `stock` is by product and warehouse: on hand and free."""

    major: int = 17
    version: str = ""
    stock: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict)
    products: list[dict[str, Any]] = field(default_factory=list)
    ignores_warehouse: bool = False
    ignores_location: bool = False
    denied: set[str] = field(default_factory=set)
    """Models that the user may not read."""
    calls: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    logins: int = 0
    change: Callable[[list[dict[str, Any]]], Any] | None = None
    """What becomes of the records of products."""

    @property
    def key(self) -> str:
        """The context key that this version heeds."""
        return "warehouse_id" if self.major >= 18 else "warehouse"

    def add(self, number: int, code: str, *, kind: str = "goods", **stock: tuple[float, float]) -> None:
        """A product; stock as `east=(on hand, free)`."""
        goods = kind == "goods"
        typed = (
            {"type": "consu" if goods else kind, "is_storable": goods}
            if self.major >= 18
            else {"type": "product" if goods else kind}
        )
        self.products.append(
            {"id": number, "default_code": code, "barcode": False, "name": code, "active": True, **typed}
        )
        for name, warehouse in (("east", EAST), ("west", WEST)):
            self.stock[number, warehouse] = stock.get(name, (0.0, 0.0))

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """JSON-RPC alone: there is no /web/version and no /json/2."""
        if request.path != "/jsonrpc" or request.method != "POST":
            return Answer(404, b"<!DOCTYPE html><title>404 Not Found</title>", {"Content-Type": "text/html"})
        body = request.json()
        assert body["jsonrpc"] == "2.0" and body["method"] == "call"
        params = body["params"]
        assert params.keys() == {"service", "method", "args"}
        if params["service"] == "common":
            return self._common(params["method"], params["args"])
        assert (params["service"], params["method"]) == ("object", "execute_kw")
        database, user, password, model, method, args, named = params["args"]
        assert args == [] and database == DATABASE
        if (user, password) != (USER, PASSWORD):
            return _failed("odoo.exceptions.AccessDenied", "Access Denied")
        self.calls.append((model, method, named))
        if model in self.denied:
            return _failed("odoo.exceptions.AccessError", f"You are not allowed to access '{model}' records.")
        return as_json({"jsonrpc": "2.0", "id": 1, "result": self._execute(model, method, named)})

    def _common(self, method: str, args: list[Any]) -> Answer:
        if method == "version":
            info = [self.version.rpartition(".")[0] or self.major, 0, 0, "final", 0, ""]
            text = self.version or f"{self.major}.0"
            return as_json({"jsonrpc": "2.0", "id": 1, "result": {"server_version": text, "server_version_info": info}})
        assert method == "login"
        self.logins += 1
        database, login, password = args
        if database != DATABASE:
            return _failed("psycopg2.OperationalError", f'FATAL:  database "{database}" does not exist\n')
        return as_json({"jsonrpc": "2.0", "id": 1, "result": USER if (login, password) == (LOGIN, PASSWORD) else False})

    def _execute(self, model: str, method: str, named: Mapping[str, Any]) -> Any:
        if (model, method) == ("res.users", "context_get"):
            return {"lang": "de_DE", "tz": False, "uid": USER}
        if method == "fields_get":
            known = PRODUCT_FIELDS | ({"is_storable"} if self.major >= 18 else set())
            return {name: {"type": "char"} for name in named["allfields"] if name in known}
        assert method == "search_read"
        records = self._records(model, named)
        assert records is not None, f"{model} is not known to this fake"
        return records

    def _records(self, model: str, named: Mapping[str, Any]) -> Any:
        stamp = "2026-11-23 12:00:00"
        answer: Any = None
        match model:
            case "res.users":
                answer = [{"id": USER, "company_id": [1, "Shop"], "company_ids": [1]}]
            case "res.company":
                answer = [{"id": 1, "name": "Shop", "create_date": "2026-01-02 03:04:05"}]
            case "stock.warehouse":
                names = ((EAST, "E", "East"), (WEST, "W", "West"))
                answer = [
                    {"id": w, "code": code, "name": name, "active": True, "view_location_id": [VIEWS[w], code],
                     "lot_stock_id": [VIEWS[w] + 1, code]} for w, code, name in names
                ]  # fmt: skip
            case "stock.quant" if "quantity" in named["fields"]:
                (root,) = [clause[2] for clause in named["domain"] if clause[1] == "child_of"]
                answer = [
                    {"id": n, "product_id": [p, "P"], "quantity": here}
                    for n, ((p, w), (here, _)) in enumerate(self.stock.items(), 1) if VIEWS[w] == root and here
                ]  # fmt: skip
            case "stock.quant" if "product_id" in named["fields"]:
                answer = [{"id": p, "product_id": [p, "P"]} for p, _ in self.stock]
            case "stock.move" | "stock.quant":
                answer = [{"id": 1, "write_date": stamp}]
            case "product.product":
                answer = self._products(named)
        return answer

    def _products(self, named: Mapping[str, Any]) -> list[dict[str, Any]]:
        unknown = set(named["fields"]) - PRODUCT_FIELDS - ({"is_storable"} if self.major >= 18 else set()) - {"id"}
        assert not unknown, f"this version has no {unknown}"
        context, domain = named["context"], [clause for clause in named["domain"] if isinstance(clause, list)]
        assert context["allowed_company_ids"] == [1]
        rows = [row for row in self.products if all(_holds(row, clause) for clause in domain)]
        rows = sorted(rows, key=lambda row: row["id"])[: named.get("limit")]
        chosen = [
            {"id": row["id"], "write_date": "2026-11-23 12:00:00", **row, **self._of(row["id"], context)}
            for row in rows
        ]
        chosen = [{name: row[name] for name in ("id", *named["fields"])} for row in chosen]
        return chosen if self.change is None else self.change(chosen)

    def _of(self, product: int, context: Mapping[str, Any]) -> dict[str, float]:
        """Quantities for the warehouse or location of the context; of all for a context that names none it knows."""
        places = list(VIEWS)
        if not self.ignores_warehouse and self.key in context:
            places = [context[self.key]]
        elif not self.ignores_location and "location" in context:
            places = [warehouse for warehouse, view in VIEWS.items() if context["location"] in (view, view + 1)]
        held = [self.stock.get((product, place), (0.0, 0.0)) for place in places]
        sums = {"qty_available": sum(here for here, _ in held), "free_qty": sum(free for _, free in held)}
        return {**sums, "incoming_qty": 0.0, "outgoing_qty": 0.0}


def _holds(row: Mapping[str, Any], clause: list[Any]) -> bool:
    name, operator, value = clause
    if "." in name or name == "write_date":
        return True
    assert name in row, f"the field {name} does not exist in this version"
    return {"=": row[name] == value, ">": operator == ">" and row[name] > value,
            "in": operator == "in" and row[name] in value}[operator]  # fmt: skip


def _failed(name: str, message: str) -> Answer:
    data = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback (most recent"}
    error = {"code": 200, "message": "Odoo Server Error", "data": data}
    return as_json({"jsonrpc": "2.0", "id": 1, "error": error})
