"""`invsync doctor` and `bundle`: the troubleshooting guide, and a support bundle."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.doctor import Check, Checkup, Group
    from invsync_tui.operations.session import Session

DOCTOR_EXAMPLES = """\
example:
  invsync doctor                                 every merchant and cart
  invsync doctor Acme --cart 'Web shop'          one cart
  invsync doctor --sku DEMO-LAMP-00432           one SKU: a SKU, an alias or a cart's code
  invsync doctor Acme --all                      also what passed and what does not apply
  invsync doctor Acme --json                     for scripts

Exit code 0 healthy, 1 there are findings, 2 it cannot tell: never ran, or the store does not answer."""

NEWS = "invsync status sums up those of a cart that are new in the last hour as one problem."
MARKS = {"pass": "ok", "fail": "FAIL", "unknown": "?", "skipped": "-"}


def add_doctor(subparsers: Subparsers) -> None:
    """Add `invsync doctor` with its arguments."""
    parser = command(
        subparsers, "doctor", "run every check of the guide, with evidence, cause and fix", DOCTOR_EXAMPLES
    )
    parser.add_argument("merchant", metavar="MERCHANT", nargs="?", help="name or number (default: all)")
    parser.add_argument("--cart", metavar="C", help="one cart, by name or number")
    parser.add_argument("--sku", metavar="S", help="one SKU, alias or cart's code")
    parser.add_argument("--all", action="store_true", help="also each check that passed or does not apply")
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    """Walk the checks and print them; 0 healthy, 1 findings, 2 it cannot tell."""
    with opened(args) as session:
        walk = _walk(session, args)
    output = Output(args)
    output.document(document(walk))
    output.prose(_lines(walk, unfolded=args.all))
    return walk.exit_code


def _walk(session: Session, args: argparse.Namespace) -> Checkup:
    from invsync_tui.operations import names
    from invsync_tui.operations.diagnosis.doctor import doctor

    merchant = names.merchant(session, args.merchant).id if args.merchant else None
    cart = names.cart(session, args.cart, merchant) if args.cart else None
    return doctor(session, cart.merchant_id if cart else merchant, cart.id if cart else None, args.sku)


def document(checkup: Checkup) -> dict[str, Any]:
    """The JSON document, see docs/json.md."""
    return {
        "checks": [_check(check) for check in checkup.checks],
        "groups": [_group(group) for group in checkup.groups],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "guide_section": check.section.value,
        "subject": check.subject,
        "verdict": check.verdict.value,
        "evidence": check.evidence,
        "cause": check.cause,
        "fix": check.fix,
    }


def _group(group: Group) -> dict[str, Any]:
    return {"cart": group.cart, "cause": group.cause.value, "count": group.count, "sample": list(group.sample)}


FOLDED = frozenset({"pass", "skipped"})


def _lines(checkup: Checkup, *, unfolded: bool) -> Iterator[str]:
    """Checks under the guide's headings; those that passed or do not apply are counted, or printed too."""
    for section, checks in groupby(checkup.checks, key=lambda check: check.section):
        known = list(checks)
        yield f"\n{section.full}"
        for check in known:
            if unfolded or check.verdict not in FOLDED:
                yield from _check_lines(check)
        if not unfolded:
            yield from _counted(known)
    yield from _summary(checkup)


def _check_lines(check: Check) -> Iterator[str]:
    yield f"  {MARKS[check.verdict]:<4} {check.subject}: {check.evidence}"
    if check.cause:
        yield f"       {check.cause}"
    if check.fix:
        yield f"       -> {check.fix}"


def _counted(checks: Sequence[Check]) -> Iterator[str]:
    passed, skipped = (sum(check.verdict == verdict for check in checks) for verdict in ("pass", "skipped"))
    parts = [f"{counted(passed, 'check')} passed"] if passed else []
    parts += [f"{skipped} do not apply" if skipped > 1 else "1 does not apply"] if skipped else []
    if parts:
        yield f"  {MARKS['pass'] if passed else MARKS['skipped']:<4} {', '.join(parts)}"


def _summary(checkup: Checkup) -> Iterator[str]:
    from invsync_tui.rules.merchant_checks import SAMPLE

    if checkup.groups:
        yield "\nCauses"
    for group in checkup.groups:
        more = ", ..." if len(group.sample) == SAMPLE and group.count > SAMPLE else ""
        yield f"  {group.cart}: {group.count} {group.cause.value} ({', '.join(group.sample)}{more})"
    verdicts = {0: "Healthy.", 1: "There are findings.", 2: "Not enough is known to tell."}
    yield f"\n{verdicts[checkup.exit_code]}"
    problems = sum(check.verdict == "fail" for check in checkup.checks)
    if problems:
        yield f"{counted(problems, 'problem')} by cause and cart. {NEWS}"


BUNDLE_EXAMPLES = """\
example:
  invsync bundle 17                     a run: its phases, settings, batches, requests and answers
  invsync bundle DEMO-LAMP-00432        a SKU, alias or cart listing ID: its arithmetic, checks and history
  invsync bundle 4711 --sku             a SKU that looks like the number of a run

Secrets are blacked out; look into it all the same before you give it away."""


def add_bundle(subparsers: Subparsers) -> None:
    """Add `invsync bundle` with its arguments."""
    parser = command(subparsers, "bundle", "write a support bundle about a run or a SKU", BUNDLE_EXAMPLES)
    parser.add_argument("subject", metavar="RUN|SKU", help="number of a run, or a SKU")
    parser.add_argument("--sku", action="store_true", help="it is a SKU, even if it is a number")
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=Path(), help="where to write it (here)")
    parser.set_defaults(run=run_bundle)


def run_bundle(args: argparse.Namespace) -> int:
    """Write it and say where it is."""
    from invsync_tui.operations.runs import support_bundle

    with opened(args) as session:
        if args.subject.isascii() and args.subject.isdigit() and len(args.subject) < 19 and not args.sku:
            path = support_bundle.of_run(session, int(args.subject), args.output)
        else:
            path = support_bundle.of_sku(session, args.subject, args.output)
    output = Output(args)
    output.text(f"{path}")
    output.document({"path": str(path), "bytes": path.stat().st_size})
    return Exit.OK
