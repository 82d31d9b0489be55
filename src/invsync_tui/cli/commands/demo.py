"""`invsync demo` and `dev`: a demo on this machine, and tools for developers."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from invsync_tui.cli.context import configuration
from invsync_tui.cli.output import Exit, Output, note, print_document
from invsync_tui.cli.parser import Parser, Subparsers, UsageError, command, given
from invsync_tui.cli.text import clean
from invsync_tui.config import file_to_write

EXAMPLE = """\
example:
  invsync demo                            a store, a sandbox WMS and two sandbox carts, and the control room on them
  invsync demo --headless --json          the same without a terminal: one JSON document, exit code 0 if every sum holds
  invsync demo --keep /tmp/demo           leaves the store for other commands: invsync --store /tmp/demo/demo.db status
"""


def add_demo(subparsers: Any) -> None:
    """Add `invsync dev` with its arguments."""
    parser = subparsers.add_parser(
        "demo",
        help="try it: a demo store, a sandbox WMS and two sandbox carts",
        description="Creates a demo store, starts a sandbox WMS and two sandbox carts on loopback, and syncs them.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--headless", action="store_true", help="no terminal: pull, plan, push, then print the result")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="leave the store in this folder")
    parser.add_argument("--products", type=int, default=5000, help="size of the catalog, at least 300 (default 5000)")
    parser.add_argument("--seed", type=int, default=7, help="another seed gives another catalog")
    parser.set_defaults(run=run_demo)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="invsync-demo-") as name:
        yield Path(name)


def run_demo(args: argparse.Namespace) -> int:
    """Run the demo; without --headless until the control room is left."""
    if args.products < 300:
        raise UsageError("--products must be at least 300, so that every fault finds its place.")
    with _folder(args.keep) as folder:
        return _headless(args, folder) if args.headless else _terminal(args, folder)


def _headless(args: argparse.Namespace, folder: Path) -> int:
    from invsync_tui.operations.demo import demo

    with demo.running(folder, products=args.products, seed=args.seed) as started:
        demo.finish(started)
        document = demo.document(started, products=args.products, seed=args.seed)
    if given(args, "json", False):
        print_document(document)
    else:
        Output(args).text(_lines(document))
    return 0 if demo.sums_hold(document) else 1


def _lines(document: dict[str, Any]) -> Iterator[str]:
    for run in document["runs"]:
        counts = run["counts"]
        ends = " + ".join(f"{counts[end]} {end}" for end in list(counts)[1:] if counts[end]) or "0"
        where = f"{run['merchant']} -> {run['cart']}" if run["cart"] else run["merchant"]
        yield (f"run {run['id']:>3}  {run['kind']}  {where}: {run['state']}  {counts['total']} = {ends}")
        for reason, n in sorted(run["reasons"].items(), key=lambda item: -item[1]):
            yield (f"         {n:>6}  {reason}")
    yield (f"{len(document['planted'])} faults were planted. Store: {document['store']}")


def _terminal(args: argparse.Namespace, folder: Path) -> int:
    import os

    from invsync_tui.cli.main import is_terminal
    from invsync_tui.tui.terminal import refusal

    refused = refusal(os.environ, is_terminal())
    if refused is not None:
        note(f"{refused.removeprefix('invsync: ')} For the demo: invsync demo --headless.")
        return 2
    from invsync_tui.operations.demo import demo

    config = configuration(args)
    note("starting the sandbox WMS, two sandbox carts and the service ...")
    with demo.running(folder, products=args.products, seed=args.seed) as started:
        from invsync_tui.tui.app import run as run_tui

        return run_tui(
            started.store,
            ascii_only=config.ascii_only,
            mouse=config.mouse,
            theme=config.theme,
            keymap=config.keys,
            config_file=file_to_write(given(args, "config"), os.environ),
            open_run=started.runs[0],
        )


DEV_EXAMPLES = """\
example:
  invsync dev generate /tmp/million.db                        1,000,000 products x 5 warehouses x 3 carts
  invsync dev generate --products 5000 --seed 2 /tmp/small.db
  invsync --store /tmp/million.db                             look at it
  invsync dev plant --seed 5 /tmp/small.db                    break some of it, and tell what must be found

The same arguments make the same rows; their times are counted from --at."""


def add_dev(subparsers: Subparsers) -> None:
    """Add `invsync dev`, for trials, with its commands."""
    parser = command(subparsers, "dev", "make a large demo store for measurements, plant faults in one", DEV_EXAMPLES)
    subcommands = parser.add_subparsers(metavar="generate|plant", required=True, parser_class=Parser)
    making = command(subcommands, "generate", "make a large demo store", DEV_EXAMPLES)
    making.add_argument("file", metavar="FILE", type=Path, help="where; must not exist")
    making.add_argument("--products", metavar="N", type=int, default=1_000_000, help="default 1000000")
    making.add_argument("--warehouses", metavar="W", type=int, default=5, help="default 5")
    making.add_argument("--carts", metavar="C", type=int, default=3, help="default 3")
    making.add_argument("--seed", metavar="S", type=int, default=7, help="another seed gives other rows")
    making.add_argument("--at", metavar="EPOCH", type=int, help="the time of the last load (default: now)")
    making.set_defaults(run=run_dev)
    planting = command(subcommands, "plant", "plant faults in a sandbox's store", DEV_EXAMPLES)
    planting.add_argument("file", metavar="STORE", type=Path, help="a store of the demo or of `generate`")
    planting.add_argument("--seed", metavar="N", type=int, required=True, help="another seed plants other faults")
    planting.set_defaults(run=run_plant)


def run_dev(args: argparse.Namespace) -> int:
    """Make a store of a given size for trials."""
    from invsync_tui.operations.demo.demo import Scale, generate

    output = Output(args)
    at = int(time.time()) if args.at is None else args.at
    scale = Scale(args.products, args.warehouses, args.carts, args.seed, at)
    generated = generate(args.file, scale, lambda step: _tell(output, step))
    counted = asdict(generated)
    output.text(f"{args.file}: " + ", ".join(f"{n:,} {what}" for what, n in counted.items()))
    output.document({"store": str(args.file.absolute()), **counted})
    return Exit.OK


def _tell(output: Output, step: str) -> None:
    output.text(f"{step} ...")
    output.flush()


def run_plant(args: argparse.Namespace) -> int:
    """Spoil part of a store and print what was spoiled."""
    from invsync_tui.operations.demo.plant_faults import plant
    from invsync_tui.operations.session import Session

    output = Output(args)
    session = Session.open(args.file, read_only=given(args, "read_only", False))
    try:
        planted = plant(session, args.seed)
    finally:
        session.close()
    faults = [(fault.cart, fault.sku, fault.ref, sorted(fault.causes)) for fault in planted.sown]
    output.text(clean(f"{cart}: {sku}: {', '.join(causes)}") for cart, sku, _, causes in faults)
    rows = [{"cart": cart, "sku": sku, "cart_listing_id": ref, "causes": causes} for cart, sku, ref, causes in faults]
    output.document({"store": str(args.file.absolute()), "seed": args.seed, "planted": rows})
    return Exit.OK
