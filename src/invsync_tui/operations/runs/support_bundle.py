"""Support bundles: everything about a run or a SKU that somebody else needs to help, and nothing that opens a door.

Secrets are blacked out three times: headers are never kept, exchanges come redacted from the connection, and every file
goes through the redaction once more here, with the merchant's own secrets known.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from invsync_tui import __version__, clock
from invsync_tui.connectors import secrets
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.rules.redaction import BLACK
from invsync_tui.store.listings.push_batches import Item
from invsync_tui.store.runs import http_log as http_log_rows
from invsync_tui.store.runs import support_bundle
from invsync_tui.store.runs.http_log import ExchangeRow
from invsync_tui.store.settings import carts, columns

EXCHANGES_MOST, ROWS_MOST, SAMPLES = 500, 1000, 20
DAYS = 30
"""Of a SKU's history."""
Files = Iterator[tuple[str, str]]
"""(name, text) of the files of a bundle."""
READ_ME = """\
A support bundle of invsync {version}: {subject}, written {at}.

about.json      versions, and what this bundle is about
run.json        the run: phases, counts, reasons, events
batches.json    what was sent in which batch, by listing
listings.json   the run's listings that were neither updated nor in sync, as the store keeps them
why-*.json      the arithmetic of a SKU, with its sources, its last request and every cause
doctor.json     every check of the guide about the SKU
history.json    what the SKU was over time, and who did what
settings.json   the merchant, its WMS and its carts; secrets are references here, and even these are blacked out
audit.json      who changed or started what
exchanges/      requests and answers with the other side's request ids

Headers are never kept; secrets and the values of fields with telling names are blacked out ({black}).
"""


def of_run(session: Session, run_id: int, folder: Path) -> Path:
    """Write the bundle of a run into a folder; returns the file. NotFoundError if there is no such run."""
    from invsync_tui.operations.runs.views import find

    row = find(session, run_id)
    return _write(session, f"run {run_id}", f"invsync-run-{run_id}", row.merchant_id, _run_files(session, row), folder)


def of_sku(session: Session, word: str, folder: Path) -> Path:
    """Write the bundle of a SKU, alias or cart listing ID into a folder; returns the file. NotFoundError if it is none."""
    from invsync_tui.operations.diagnosis.why import why

    explanation = why(session, word)
    name = "".join(c if c.isalnum() else "-" for c in (explanation.sku or word))[:60].strip("-") or "sku"
    with as_operation_error(), session.store.reading() as cx:
        owner = _owner(cx, [listing.cart_id for listing in explanation.listings if listing.cart_id is not None])
    return _write(session, f"SKU {word}", f"invsync-sku-{name}", owner, _sku_files(session, word, explanation), folder)


def _owner(cx: sqlite3.Connection, cart_ids: Sequence[int]) -> int | None:
    return carts.merchant_of(cx, cart_ids[0]) if cart_ids else None


# --- what is in it -----------------------------------------------------------------------------------------------------


def _run_files(session: Session, row: Any) -> Files:
    from invsync_tui.operations.diagnosis.why import why
    from invsync_tui.operations.runs import runs

    yield "run.json", _json(runs.detail(session, row.id))
    with as_operation_error(), session.store.reading() as cx:
        listed = support_bundle.troubled(cx, row.id, ROWS_MOST) if row.kind == "push" else []
        sent = support_bundle.batches(cx, row.id, ROWS_MOST)
        heard = http_log_rows.of_run(cx, row.id, EXCHANGES_MOST)
        subjects = [f"run:{row.id}", f"merchant:{row.merchant_id}", *([f"cart:{row.key}"] if row.cart else [])]
        done = support_bundle.audit(cx, subjects, ROWS_MOST)
    yield "listings.json", _json(listed)
    yield "batches.json", _json(sent)
    yield "audit.json", _json(done)
    for number, sku in enumerate(_samples(listed, sent), 1):
        try:
            yield f"why-{number:02}.json", _json(why(session, sku, row.key if row.cart else None))
        except NotFoundError as error:
            yield f"why-{number:02}.json", _json({"asked": sku, "error": str(error)})
    yield from _exchange_files(heard)


def _samples(listed: Sequence[Mapping[str, Any]], sent: Sequence[Mapping[str, Any]]) -> list[str]:
    """Remote ids to explain: one of each reason first, then others that had trouble, then some that were sent."""
    by_reason = {listing["reason"]: listing["ref"] for listing in reversed(listed)}
    refs = [
        *by_reason.values(),
        *(listing["ref"] for listing in listed),
        *(Item._make(item).ref for batch in sent[:1] for item in batch["items"]),
    ]
    return list(dict.fromkeys(refs))[:SAMPLES]


def _sku_files(session: Session, word: str, explanation: Any) -> Files:
    from invsync_tui.operations.diagnosis.doctor import doctor
    from invsync_tui.operations.diagnosis.sku_history import histories

    yield "why-01.json", _json(explanation)
    yield "doctor.json", _json(doctor(session, sku=explanation.sku or word))
    try:
        yield "history.json", _json(histories(session, word, None, clock.seconds() - DAYS * 86400))
    except NotFoundError as error:
        yield "history.json", _json({"asked": word, "error": str(error)})
    cart_ids = sorted({listing.cart_id for listing in explanation.listings if listing.cart_id is not None})
    with as_operation_error(), session.store.reading() as cx:
        done = support_bundle.audit(cx, [f"cart:{cart}" for cart in cart_ids], ROWS_MOST)
        batches = [listing.sent.batch for listing in explanation.listings if listing.sent is not None]
        heard = [row for batch in batches for row in http_log_rows.of_batch(cx, batch)]
    yield "audit.json", _json(done)
    yield from _exchange_files(heard)


def _exchange_files(heard: Sequence[ExchangeRow]) -> Files:
    for number, row in enumerate(heard, 1):
        status = row.status if row.status is not None else "no-answer"
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(row.at_ms / 1000))
        text = (
            f"{row.method} {row.url}\nsent {at}.{row.at_ms % 1000:03}Z, took {row.took_ms} ms, status {status}\n"
            f"batch {row.batch_id or '-'}\ntheir request id {row.vendor_id or '-'}\n"
            f"{f'error {row.error}' if row.error else ''}\n"
            f"--- request\n{row.request.decode('utf-8', 'replace')}\n--- answer\n{row.answer.decode('utf-8', 'replace')}\n"
        )
        yield f"exchanges/{number:04}-{row.method}-{status}.txt", text


def _settings_file(session: Session, merchant_id: int | None) -> str:
    if merchant_id is None:
        return _json({})
    with as_operation_error(), session.store.reading() as cx:
        merchant = columns.of_merchant(cx, merchant_id)
        source = columns.of_source(cx, merchant_id)
        every_cart = [columns.of_cart(cx, number) for number in carts.of_merchant(cx, merchant_id) or ()]
    _learn_secrets([row for row in (source, *every_cart) if row is not None])
    document = {"merchant": merchant, "source": _closed(source), "carts": [_closed(cart) for cart in every_cart]}
    return _json(document)


def _learn_secrets(connections: Sequence[Mapping[str, Any]]) -> None:
    """Resolve what can be resolved here, so that the redaction knows it; what cannot be is in no process's hands."""
    parts = [part for connection in connections for part in json.loads(connection["secrets"]).values()]
    secrets.learn([*(str(connection["secret"]) for connection in connections), *parts])


def _closed(row: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if row is None:
        return None
    parts = {name: _kind(reference) for name, reference in json.loads(row["secrets"]).items()}
    login = BLACK if row["login"] else ""
    return {**row, "secret": _kind(str(row["secret"])), "secrets": json.dumps(parts), "login": login}


def _kind(reference: str) -> str:
    """Of a reference its kind alone: paths and commands tell of the machine."""
    return f"{reference.partition(':')[0]}:{BLACK}" if reference else ""


# --- writing -----------------------------------------------------------------------------------------------------------


def _write(session: Session, subject: str, stem: str, merchant_id: int | None, files: Files, folder: Path) -> Path:
    """Write it beside its final name first, open to its owner only, so that half a bundle is never taken for one."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path = folder / f"{stem}-{at.replace(':', '').replace('-', '')}.zip"
    part = path.with_suffix(".part")
    settings = _settings_file(session, merchant_id)  # first: it teaches the redaction the merchant's secrets
    about = {
        "invsync": __version__, "python": platform.python_version(), "system": platform.system(), "about": subject,
        "at": at, "schema": session.store.schema(),
    }  # fmt: skip
    try:
        with (
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            bundle.writestr("README.txt", READ_ME.format(version=__version__, subject=subject, at=at, black=BLACK))
            bundle.writestr("about.json", _json(about))
            bundle.writestr("settings.json", redacted(settings))
            for name, text in files:
                bundle.writestr(name, redacted(text))
        part.replace(path)
    except OSError as error:
        raise OperationError(
            f"The bundle cannot be written to {folder}: {error.strerror or error}. Give another folder with --output."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _json(value: Any) -> str:
    return json.dumps(_plain(value), indent=1, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Anything of ours as JSON has it: records by their fields, words as text."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):
        return {key: _plain(element) for key, element in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(element) for key, element in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(element) for element in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
