"""The demo: a sandbox WMS, two sandbox carts and a service, all processes of its own; and large generated stores."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invsync_tui import clock
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs import runs as run_operations
from invsync_tui.operations.runs.views import find
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import values
from invsync_tui.operations.views import RunState
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Reason
from invsync_tui.sandbox.catalog import PLACES as WAREHOUSES
from invsync_tui.sandbox.data_faults import planted
from invsync_tui.sandbox.demo import PRODUCTS, SEED, DemoCart, DemoMerchant, DemoSetup, setup
from invsync_tui.store import models
from invsync_tui.store.demo.generate import Generated
from invsync_tui.store.demo.generate import generate as make
from invsync_tui.store.demo.generated_rows import Scale
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.settings import schedule
from invsync_tui.store.settings import write as settings_write
from invsync_tui.sync.runs.leases import worker_alive

READY_WITHIN = 30.0
"""Seconds in which a sandbox server or the service has to come up."""
PULL_EVERY = 120
DEADLINE_MS = 10000
CART_SERVERS = ("cart-1", "cart-2")


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the sandbox listens."""

    wms: str
    carts: Mapping[str, str]
    """URL by shop."""


@dataclass(slots=True)
class Demo:
    """A demo that is running. Its processes end with it."""

    store: Path
    runs: tuple[int, ...]
    plan: DemoSetup


@contextmanager
def running(folder: Path, *, products: int = PRODUCTS, seed: int = SEED) -> Iterator[Demo]:
    """Set up and run the demo in `folder`; the store stays there, the processes end. OperationError if one does not start."""
    plan = setup()
    store = folder / "demo.db"
    if store.exists():
        raise OperationError(f"{store}: there is a store already. Choose another folder with --keep, or remove it.")
    token_file = _token(folder)
    with ExitStack() as stack:
        servers = _servers(stack, plan, token_file, products, seed)
        session = Session.create(store)
        stack.callback(session.close)
        merchants = _create(session, plan, servers, f"file:{token_file}")
        stack.enter_context(_service(store, folder))
        requests = [run_request.request(session, merchant, trigger="demo") for merchant in merchants]
        yield Demo(store, tuple(run for requested in requests for run in requested.runs), plan)


def _token(folder: Path) -> Path:
    """The sandbox's password, in a file of mode 0600 as any secret."""
    path = folder.absolute() / "sandbox-token"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    except OSError as error:
        raise OperationError(
            f"{folder}: it cannot be used ({error.strerror}). Choose another folder with --keep."
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(16))
    return path


# --- processes ---------------------------------------------------------------------------------------------------------


def _servers(stack: ExitStack, plan: DemoSetup, token_file: Path, products: int, seed: int) -> Servers:
    """One process for the WMS, two for the carts; the shops are dealt out to the two."""
    arguments = ("--profile", "demo", "--products", str(products), "--seed", str(seed))
    names = ("wms", *CART_SERVERS)
    started = [stack.enter_context(_server(name.partition("-")[0], token_file, arguments)) for name in names]
    urls = [_url(process, name) for name, process in zip(names, started, strict=True)]
    shops = [cart.shop for merchant in plan.merchants for cart in merchant.carts]
    return Servers(urls[0], {shop: urls[1 + number % 2] for number, shop in enumerate(shops)})


@contextmanager
def _server(kind: str, token_file: Path, arguments: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "INVSYNC_SANDBOX_TOKEN": token_file.read_text(encoding="ascii")}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "invsync_tui.sandbox", kind, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _url(process: subprocess.Popen[str], name: str) -> str:
    """The address that a server prints when it listens."""
    line = process.stdout.readline() if process.stdout else ""
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError, TypeError) as error:
        raise OperationError(f"The sandbox {name} did not start. Run: python -m invsync_tui.sandbox --help.") from error


def _end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


@contextmanager
def _service(store: Path, folder: Path) -> Iterator[None]:
    """`invsync serve` for this store."""
    with (folder / "service.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "invsync_tui", "--store", str(store.absolute()), "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = clock.elapsed() + READY_WITHIN
        while not worker_alive(store):
            if process.poll() is not None or clock.elapsed() > deadline:
                raise OperationError(f"The service did not start. Read {folder / 'service.log'}.")
            time.sleep(0.05)
        yield
    finally:
        _end(process)


# --- settings ----------------------------------------------------------------------------------------------------------


def _create(session: Session, plan: DemoSetup, servers: Servers, secret: str) -> list[int]:
    """The demo's merchants and carts, as an operator would have set them up; returns the merchants' numbers."""
    with as_operation_error(), session.store.session() as db:
        numbers = [_create_merchant(db, merchant, servers, secret) for merchant in plan.merchants]
    with as_operation_error(), session.store.transaction() as tx:
        for number in numbers:
            schedule.put(tx, "pull", number, PULL_EVERY, 10, clock.seconds() + PULL_EVERY)
    return numbers


def _create_merchant(db: Any, demo_merchant: DemoMerchant, servers: Servers, secret: str) -> int:
    options = json.dumps(dict(demo_merchant.source_options))
    source = models.Source(
        merchant_id=0,
        system=demo_merchant.system,
        url=servers.wms,
        secret=secret,
        options=options,
        deadline_ms=DEADLINE_MS,
    )
    stale_after = demo_merchant.stale_after_hours * 3600
    merchant = settings_write.add_merchant(
        db, demo_merchant.name, source, inventory_sync=demo_merchant.sync_on, stale_after=stale_after
    )
    number = settings_write.number(merchant)
    chosen = {code for cart in demo_merchant.carts for code in cart.warehouses}
    for ref, code, name in (place for place in WAREHOUSES if place[1] in chosen):
        db.add(models.Warehouse(merchant_id=number, ref=ref, code=code, name=name))
    db.flush()
    for cart in demo_merchant.carts:
        _create_cart(db, number, cart, servers, secret)
    return number


def _create_cart(db: Any, merchant_id: int, demo_cart: DemoCart, servers: Servers, secret: str) -> None:
    chosen = [
        settings_write.number(w) for w in settings_write.warehouses(db, merchant_id) if w.code in demo_cart.warehouses
    ]
    push_kind = settings_write.ensure_alias_type(db, merchant_id, demo_cart.alias_type) if demo_cart.alias_type else 0
    cart = models.Cart(
        merchant_id=merchant_id,
        name=demo_cart.name,
        system=demo_cart.system,
        url=servers.carts[demo_cart.shop],
        secret=secret,
        options=json.dumps(demo_cart.options),
        deadline_ms=DEADLINE_MS,
        upload_enabled=demo_cart.upload_on,
        push_kind=push_kind,
        cutoff_below=demo_cart.cutoff_below,
        created_at=clock.seconds(),
    )
    settings_write.add_cart(db, cart, chosen)


# --- headless ----------------------------------------------------------------------------------------------------------


def finish(demo: Demo, within: float = 300.0) -> None:
    """Wait until every run of the demo has ended, releasing first pushes as its operator. OperationError on a time-out."""
    session = Session.open(demo.store)
    deadline = clock.elapsed() + within
    try:
        while not _ended(session, demo.runs):
            if clock.elapsed() > deadline:
                raise OperationError(
                    f"The demo's runs did not end within {within:.0f} s. See: invsync runs --store {demo.store}."
                )
            time.sleep(0.1)
    finally:
        session.close()


def _ended(session: Session, runs: tuple[int, ...]) -> bool:
    states = {run: RunState(find(session, run).state) for run in runs}
    for run, state in states.items():
        if state is RunState.HELD:
            run_operations.release(session, run, "demo: the first push was reviewed")
    return all(state.final for state in states.values())


def document(demo: Demo, *, products: int = PRODUCTS, seed: int = SEED) -> dict[str, Any]:
    """What `invsync demo --headless --json` prints: runs with their sums, and what was planted."""
    session = Session.open(demo.store)
    try:
        run_documents = [_run(find(session, run)) for run in demo.runs]
    finally:
        session.close()
    faults = [
        {"cart": fault.cart, "sku": fault.sku, "causes": [c.value for c in fault.causes]}
        for fault in planted(products, seed)
    ]
    return {"store": str(demo.store), "runs": run_documents, "planted": faults}


def _run(row: RunRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": words.name(words.RUN_KINDS, row.kind),
        "merchant": row.merchant,
        "cart": row.cart,
        "state": words.name(words.STATES, row.state),
        "phases": json.loads(row.phases),
        "counts": words.named(words.OUTCOMES, json.loads(row.counts)),
        "reasons": {str(Reason(code)): n for code, n in json.loads(row.reasons).items()},
    }


def sums_hold(demo_document: Mapping[str, Any]) -> bool:
    """Whether every run of a document is done and its outcomes add up to its total."""
    return all(
        run["state"] == "done" and 2 * run["counts"]["total"] == sum(run["counts"].values())
        for run in demo_document["runs"]
    )


__all__ = ["Generated", "Scale", "generate"]

PRODUCTS_MOST = 10_000_000


def generate(path: Path, scale: Scale, tell: Callable[[str], None]) -> Generated:
    """Make it at `path`; an existing file is left alone. `tell` hears of each step."""
    if path.exists():
        raise OperationError(f"{path}: there is a file already. Choose another name, or remove it.")
    values.whole("--products", str(scale.products), 1, PRODUCTS_MOST)
    values.whole("--warehouses", str(scale.warehouses), 1, 100)
    values.whole("--carts", str(scale.carts), 0, 50)
    with as_operation_error():
        return make(path, scale, tell)
