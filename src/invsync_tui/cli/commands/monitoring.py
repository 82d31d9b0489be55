"""`invsync metrics` and `invsync info`: what a monitor reads, and where everything is."""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from invsync_tui import __version__, config
from invsync_tui.cli.context import configuration, opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command, given
from invsync_tui.cli.text import clean, fields
from invsync_tui.plain_text import counted

METRICS_EXAMPLES = """\
example:
  invsync metrics                                                    Prometheus' text format
  invsync metrics > /var/lib/node_exporter/invsync.prom.new && mv /var/lib/node_exporter/invsync.prom.new \\
    /var/lib/node_exporter/invsync.prom                              for node_exporter's textfile collector

Alerts for them: docs/howto/monitor.md"""
INFO_EXAMPLES = """\
example:
  invsync info                             versions, paths, the store, the service, the connectors
  invsync info --json"""


def add_metrics(subparsers: Subparsers) -> None:
    """Add `invsync metrics` with its arguments."""
    command(subparsers, "metrics", "print the state of the store for Prometheus", METRICS_EXAMPLES).set_defaults(
        run=run_metrics
    )


def run_metrics(args: argparse.Namespace) -> int:
    """Print all metrics."""
    from invsync_tui.operations.service import metrics

    with opened(args) as session:
        samples = metrics.samples(session)
    output = Output(args)
    output.text(metrics.exposition(samples))
    output.document(
        {"metrics": [{"name": sample.name, "labels": dict(sample.labels), "value": sample.value} for sample in samples]}
    )
    return Exit.OK


def add_info(subparsers: Subparsers) -> None:
    """Add `invsync info` with its arguments."""
    command(
        subparsers, "info", "show versions, paths, the store, the service and the connectors", INFO_EXAMPLES
    ).set_defaults(run=run_info)


def run_info(args: argparse.Namespace) -> int:
    """Print what is installed and where; a store that is not there is said to be."""
    from invsync_tui.operations import info

    store = configuration(args).store
    file = config.file_in_use(given(args, "config"), os.environ)
    document: dict[str, Any] = {
        "program": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "paths": {
            "program": str(Path(__file__).parents[2]),
            "config": None if file is None else str(file),
            "store": str(store),
            "worker_log": str(info.worker_log(store)),
        },
        "store": _store(args) if store.exists() else None,
        "connectors": asdict(info.connectors()),
    }
    output = Output(args)
    output.text(_lines(document))
    output.document(document)
    return Exit.OK


def _store(args: argparse.Namespace) -> dict[str, Any]:
    from invsync_tui.cli import json_records
    from invsync_tui.operations import info

    with opened(args) as session:
        store_info = info.store_info(session)
    names = ("schema", "bytes", "wal_bytes", "merchants", "carts", "operator", "role")
    return {**{name: getattr(store_info, name) for name in names}, "service": json_records.service(store_info.service)}


def _lines(document: dict[str, Any]) -> list[str]:
    store, paths = document["store"], document["paths"]
    rows = [
        ("Program", f"{document['program']}, Python {document['python']}, {document['system']}"),
        ("Installed in", paths["program"]),
        ("Configuration", paths["config"] or "none; see docs/configuration.md"),
        ("Store", paths["store"] if store else f"{paths['store']}: not there. Create one with: invsync init"),
    ]
    if store:
        rows += [
            ("Size", f"{store['bytes']:,} B, and {store['wal_bytes']:,} B in its write-ahead log"),
            ("Schema", str(store["schema"])),
            ("Contains", f"{counted(store['merchants'], 'merchant')}, {counted(store['carts'], 'cart')}"),
            ("Service", store["service"]["text"] or store["service"]["state"]),
            ("Operator", f"{store['operator']}, role {store['role']}"),
            ("Worker log", paths["worker_log"]),
        ]
    rows += [
        ("WMS connectors", ", ".join(document["connectors"]["wms"])),
        ("Cart connectors", ", ".join(document["connectors"]["carts"])),
    ]
    return [clean(row) for row in fields(rows)]
