"""`invsync demo`: the whole thing on this machine, with nothing but Python."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from invsync_tui.cli.context import configuration
from invsync_tui.cli.output import Output, note, print_json
from invsync_tui.cli.parser import UsageError, given

EXAMPLE = """\
example:
  invsync demo                            a store, a sandbox WMS and two sandbox carts, and the control room on them
  invsync demo --headless --json          the same without a terminal: one JSON document, exit code 0 if every sum holds
  invsync demo --keep /tmp/demo           leaves the store for other commands: invsync --store /tmp/demo/demo.db status
"""


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "demo",
        help="try it: a demo store, a sandbox WMS and two sandbox carts",
        description="Creates a demo store, starts a sandbox WMS and two sandbox carts on loopback, and syncs them.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--headless", action="store_true", help="no terminal: pull, plan, push, then print the result")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="leave the store in this folder")
    parser.add_argument("--products", type=int, default=5000, help="size of the catalogue, at least 300 (default 5000)")
    parser.add_argument("--seed", type=int, default=7, help="another seed gives another catalogue")
    parser.set_defaults(run=run)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="invsync-demo-") as name:
        yield Path(name)


def run(args: argparse.Namespace) -> int:
    """Run the demo; without --headless until the control room is left."""
    if args.products < 300:
        raise UsageError("--products must be at least 300, so that every fault finds its place.")
    with _folder(args.keep) as folder:
        return _headless(args, folder) if args.headless else _terminal(args, folder)


def _headless(args: argparse.Namespace, folder: Path) -> int:
    from invsync_tui.operations.demo import demo

    with demo.running(folder, products=args.products, seed=args.seed) as started:
        demo.finish(started)
        found = demo.document(started, products=args.products, seed=args.seed)
    if given(args, "json", False):
        print_json(found)
    else:
        Output(args).text(_lines(found))
    return 0 if demo.sums_hold(found) else 1


def _lines(found: dict[str, Any]) -> Iterator[str]:
    for one in found["runs"]:
        counts = one["counts"]
        ends = " + ".join(f"{counts[end]} {end}" for end in list(counts)[1:] if counts[end]) or "0"
        where = f"{one['merchant']} -> {one['cart']}" if one["cart"] else one["merchant"]
        yield (f"run {one['id']:>3}  {one['kind']}  {where}: {one['state']}  {counts['total']} = {ends}")
        for reason, n in sorted(one["reasons"].items(), key=lambda item: -item[1]):
            yield (f"         {n:>6}  {reason}")
    yield (f"{len(found['planted'])} faults were planted. Store: {found['store']}")


def _terminal(args: argparse.Namespace, folder: Path) -> int:
    import os

    from invsync_tui.cli.main import is_terminal
    from invsync_tui.tui.terminal import refusal

    refused = refusal(os.environ, is_terminal())
    if refused is not None:
        note(f"{refused.removeprefix('invsync: ')} For the demo: invsync demo --headless.")
        return 2
    from invsync_tui.operations.demo import demo

    found = configuration(args)
    note("starting the sandbox WMS, two sandbox carts and the service ...")
    with demo.running(folder, products=args.products, seed=args.seed) as started:
        from invsync_tui.tui.app import run as run_tui

        return run_tui(
            started.store,
            ascii_only=found.ascii_only,
            mouse=found.mouse,
            theme=found.theme,
            keymap=found.keys,
            open_run=started.runs[0],
        )
