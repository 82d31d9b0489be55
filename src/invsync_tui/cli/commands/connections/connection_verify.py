"""`invsync connections verify`: the checks of the connector kit, against its own server or against somebody's system."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.connections.connector_checks import CheckResult

EXAMPLES = """\
example:
  invsync connections verify sandbox                        against the server that ships with the connector
  invsync connections verify tryton --against Acme          the merchant's WMS; reads only
  invsync connections verify vendure --against "Acme Shop"  a cart; reads only
  invsync connections verify vendure --against "Acme Shop" --sku MUG-BLUE --reason "new connector"
                                                            sets this listing to one less and puts it back"""
FAKE = "fake"


def add_verify(subcommands: Subparsers) -> None:
    """Add `verify` to the orders of `invsync connections`."""
    parser = command(subcommands, "verify", "run the checks of the connector kit", EXAMPLES)
    parser.add_argument("system", metavar="SYSTEM", help="name of the system, as in invsync connections list")
    parser.add_argument("--against", metavar="NAME", default=FAKE,
                        help="a merchant or cart that uses it (name, number or address): only reads there; without it, the "
                        "server that ships with the connector")  # fmt: skip
    parser.add_argument(
        "--sku", metavar="SKU", help="of a cart: set this listing to one less, and put its quantity back"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why, for the audit; needed with --sku")
    parser.set_defaults(run=_verify)


def _verify(args: argparse.Namespace) -> int:
    if args.sku and not (args.reason and args.against != FAKE):
        raise UsageError("invsync connections verify: give --against NAME and --reason TEXT with --sku.")
    return _own(args) if args.against != FAKE else _shipped(args)


def _shipped(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections.connector_checks import verify

    output = Output(args)
    results = _printed(output, verify(args.system))
    return _end(output, results, {})


def _own(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import own_verification

    output = Output(args)
    with opened(args) as session:
        if args.sku:
            own_verification.allow_writing(session)
        target = own_verification.connection_called(session, args.system, args.against)
        output.text(clean(f"{target.name}: {target.setup.system}, {target.setup.url}"))
        results = _printed(output, own_verification.reading(target))
        written = None
        if args.sku and not _failed(results):
            more, written = own_verification.write_one(session, target, args.sku, args.reason)
            results += _printed(output, more)
    if written is not None:
        output.text(clean(f"{written.sku} showed {written.before} and shows {written.remaining}."))
    elif args.sku:
        output.text("Nothing was written, since a check that only reads has failed.")
    output.text(clean(own_verification.left_out(results)))
    against = {"kind": target.kind, "id": target.id, "name": target.name, "system": target.setup.system}
    return _end(output, results, {"against": against, "written": written._asdict() if written is not None else None})


def _printed(output: Output, results: Iterable[CheckResult]) -> list[CheckResult]:
    printed = []
    for result in results:
        printed.append(result)
        why = f": {result.why}" if result.why else ""
        output.text(clean(f"{result.kind:<4} {result.number:>2}  {result.ended:<7}  {result.title}{why}"))
        output.flush()
    return printed


def _failed(results: Iterable[CheckResult]) -> int:
    return sum(result.ended == "failed" for result in results)


def _end(output: Output, results: list[CheckResult], more: dict[str, Any]) -> int:
    failed = _failed(results)
    output.text(f"{len(results)} checks: {len(results) - failed} passed or skipped, {failed} failed.")
    output.document({"ok": not failed, "checks": [result._asdict() for result in results], **more})
    return Exit.FAILED if failed else Exit.OK
