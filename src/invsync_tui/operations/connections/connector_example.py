"""Something to try a connector on: its example files in a folder, and the commands that read them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import Example, ExampleLevel, Maker, maker_of
from invsync_tui.operations.connections.connector_pages import GROUPS, WMS, ConnectorPage, commands, pages
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.sandbox.catalog import generate

PRODUCTS, WAREHOUSES = 40, 3
PASSWORD = "demo-token"  # noqa: S105 (what the sandbox takes by itself)
SECRET_FILE = "sandbox-password"  # noqa: S105 (a file's name)


class MadeExample(NamedTuple):
    """What was made for a connector, and what to type."""

    kind: str
    """wms or cart."""
    title: str
    folder: str
    """'' where nothing was made: the connector needs a system of one's own."""
    files: tuple[str, ...]
    server: str
    """The command that starts what is read, in a terminal of its own; '' where there is none."""
    commands: tuple[str, ...]


def make(system: str, into: Path) -> list[MadeExample]:
    """The examples of a system's connectors. OperationError where the folder cannot be made or is there already."""
    chosen = [(page, _maker(page)) for page in pages(system)]
    folder = into.absolute() / f"invsync-example-{system}"
    if any(maker for _, maker in chosen):
        _make_folder(folder, into)
    return [_make_example(page, maker, folder) for page, maker in chosen]


def _maker(page: ConnectorPage) -> Maker | None:
    with as_operation_error():
        return maker_of(registry.connector(GROUPS[page.kind], page.system))


def _make_folder(folder: Path, into: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise OperationError(f"{folder} is there already. Choose another folder with --into, or remove it.") from error
    except OSError as error:
        raise OperationError(
            f"{into}: it cannot be used ({error.strerror}). Choose another folder with --into."
        ) from error


def stock() -> list[ExampleLevel]:
    """What every example has: that of a sandbox WMS of the same size, in the warehouses that it names."""
    catalog = generate(PRODUCTS, WAREHOUSES)
    return [
        ExampleLevel(product.sku, product.name, product.code("UPC"), place.code, level.on_hand, level.available)
        for ref, product in catalog.products.items()
        for place in catalog.places
        if place.ref and (level := catalog.levels[place.ref].get(ref)) is not None
    ]


def _make_example(page: ConnectorPage, maker: Maker | None, folder: Path) -> MadeExample:
    if maker is None:
        return MadeExample(page.kind, page.title, "", (), "", commands(page))
    try:
        example = maker(folder, stock())
        names = (*example.files, *([_password(folder)] if example.sandbox else ()))
    except OSError as error:
        raise OperationError(f"{folder}: its files cannot be written ({error.strerror}).") from error
    server = ""
    if example.sandbox:
        # The password is said, since the environment may have another one for another sandbox.
        more = ("--token", PASSWORD, "--products", str(PRODUCTS), "--warehouses", str(WAREHOUSES))
        server = shlex.join((sys.executable, "-m", "invsync_tui.sandbox", *example.sandbox, *more))
    return MadeExample(page.kind, page.title, str(folder), names, server, tuple(_commands(page, example, folder)))


def _password(folder: Path) -> str:
    descriptor = os.open(folder / SECRET_FILE, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(PASSWORD)
    return SECRET_FILE


def _commands(page: ConnectorPage, example: Example, folder: Path) -> Iterator[str]:
    merchant, cart = f"Example {page.system}", "Example shop"
    settings = ["--url", example.url]
    if example.sandbox:
        settings += ["--secret", f"file:{folder / SECRET_FILE}"]
    for name, value in example.options.items():
        settings += ["--option", f"{name}={value}"]
    if page.kind == WMS:
        yield shlex.join(("invsync", "merchants", "add", merchant, "--source", page.system, *settings, "--sync", "on"))
        yield shlex.join(("invsync", "connections", "test", merchant))
        yield shlex.join(("invsync", "sync", merchant, "--wait"))
        yield shlex.join(("invsync", "levels", merchant))
        return
    yield shlex.join(("invsync", "carts", "add", merchant, cart, "--system", page.system, *settings, "--upload", "on"))
    yield shlex.join(("invsync", "connections", "test", merchant, "--cart", cart))
    yield shlex.join(("invsync", "sync", merchant, "--wait"))
