"""`invsync dev`: for those who work on invsync itself."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, command, given
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync dev generate /tmp/million.db                        1,000,000 products x 5 warehouses x 3 carts
  invsync dev generate --products 5000 --seed 2 /tmp/small.db
  invsync --store /tmp/million.db                             look at it
  invsync dev plant --seed 5 /tmp/small.db                    break some of it, and tell what must be found

The same arguments make the same rows; their times are counted from --at."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "dev", "make a large demo store for measurements, plant faults in one", EXAMPLES)
    orders = parser.add_subparsers(metavar="generate|plant", required=True, parser_class=Parser)
    making = command(orders, "generate", "make a large demo store", EXAMPLES)
    making.add_argument("file", metavar="FILE", type=Path, help="where; must not exist")
    making.add_argument("--products", metavar="N", type=int, default=1_000_000, help="default 1000000")
    making.add_argument("--warehouses", metavar="W", type=int, default=5, help="default 5")
    making.add_argument("--carts", metavar="C", type=int, default=3, help="default 3")
    making.add_argument("--seed", metavar="S", type=int, default=7, help="another seed gives other rows")
    making.add_argument("--at", metavar="EPOCH", type=int, help="the time of the last load (default: now)")
    making.set_defaults(run=run)
    planting = command(orders, "plant", "plant faults in a sandbox's store", EXAMPLES)
    planting.add_argument("file", metavar="STORE", type=Path, help="a store of the demo or of `generate`")
    planting.add_argument("--seed", metavar="N", type=int, required=True, help="another seed plants other faults")
    planting.set_defaults(run=run_plant)


def run(args: argparse.Namespace) -> int:
    """Make it."""
    from invsync_tui.operations.demo.generate import Scale, generate

    output = Output(args)
    at = int(time.time()) if args.at is None else args.at
    scale = Scale(args.products, args.warehouses, args.carts, args.seed, at)
    made = generate(args.file, scale, lambda step: _tell(output, step))
    counted = asdict(made)
    output.text(f"{args.file}: " + ", ".join(f"{n:,} {what}" for what, n in counted.items()))
    output.document({"store": str(args.file.absolute()), **counted})
    return Exit.OK


def _tell(output: Output, step: str) -> None:
    output.text(f"{step} ...")
    output.flush()


def run_plant(args: argparse.Namespace) -> int:
    """Plant faults."""
    from invsync_tui.operations.demo.plant_faults import plant
    from invsync_tui.operations.session import Session

    output = Output(args)
    session = Session.open(args.file, read_only=given(args, "read_only", False))
    try:
        found = plant(session, args.seed)
    finally:
        session.close()
    told = [(one.cart, one.sku, one.ref, sorted(one.causes)) for one in found.sown]
    output.text(clean(f"{cart}: {sku}: {', '.join(causes)}") for cart, sku, _, causes in told)
    rows = [{"cart": cart, "sku": sku, "remote_id": ref, "causes": causes} for cart, sku, ref, causes in told]
    output.document({"store": str(args.file.absolute()), "seed": args.seed, "planted": rows})
    return Exit.OK
