"""`invsync replay`: decides an old push again from what it knew, without the network."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command, row_number
from invsync_tui.cli.text import clean, number, on_off, utc
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Reason

if TYPE_CHECKING:
    from invsync_tui.operations.plans.replay import Because, Recorded, Replay, ReplayLine

EXAMPLES = """\
example:
  invsync replay 17                        would run 17 decide the same again?
  invsync replay 17 --rules today          what today's settings would have made of it, and which setting does it
  invsync replay 17 --rules today --sku DEMO-LAMP-00432 --json

Exit code 0 if everything comes out as it was recorded. By the rules of then 1 says that the program has changed."""
COLUMNS = (
    "listing_id", "sku", "cart_listing_id", "then", "then_outcome", "then_reason", "now", "now_outcome", "now_reason", "step",
    "setting", "setting_then", "setting_today",
)  # fmt: skip


def add_replay(subparsers: Subparsers) -> None:
    """Add `invsync replay` with its arguments."""
    parser = command(subparsers, "replay", "decide an old push again from what it knew", EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="a push")
    parser.add_argument("--rules", choices=("then", "today"), default="then", help="whose settings (default then)")
    parser.add_argument("--sku", metavar="S", help="only this SKU, alias or cart listing ID")
    list_command.add_options(parser)
    parser.set_defaults(run=run_replay)


def run_replay(args: argparse.Namespace) -> int:
    """Decide again, and print what comes out differently."""
    from invsync_tui.operations.plans.replay import RulesOf, replay

    with opened(args) as session:
        result = replay(session, args.number, RulesOf(args.rules), args.sku)
    output = Output(args)
    if not args.csv:
        output.text(_summary(result))
    if output.json or args.csv or result.lines:
        list_command.print_page(
            args, "differences", _shape(), list_command.whole(result.lines, args, _number), _facts(result)
        )
    return Exit.OK if result.identical or args.rules == "today" else Exit.FAILED


def _number(line: ReplayLine) -> int:
    return line.listing_id


def _facts(result: Replay) -> dict[str, Any]:
    return {
        "run": result.run_id,
        "cart": result.cart,
        "rules": result.rules.value,
        "decided": result.decided,
        "differ": len(result.lines),
        "settings": [{"setting": name, "then": was, "today": now} for name, (was, now) in result.settings.items()],
    }


def _summary(result: Replay) -> list[str]:
    whose = "the rules of then" if result.rules == "then" else "today's rules"
    verdict = "identical" if result.identical else f"{len(result.lines):,} differ"
    lines = [clean(f"Run {result.run_id}, {result.cart}: {result.decided:,} decisions by {whose}: {verdict}.")]
    if result.rules == "then" and not result.identical:
        lines.append("The same rules on the same facts came out differently: the program has changed since.")
    return lines + [
        clean(f"  {name}: {_value(was)} then, {_value(now)} today") for name, (was, now) in result.settings.items()
    ]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return on_off(value)
    return "none" if value is None else str(value)


def _shape() -> Shape[ReplayLine]:
    return Shape(
        COLUMNS,
        _cells,
        _record,
        ("SKU", "THEN", "NOW", "STEP", "BECAUSE"),
        lambda line: (
            line.sku,
            _decision_text(line.then),
            _decision_text(line.now),
            line.because.step,
            _because(line.because),
        ),
        "Everything comes out as it was recorded.",
    )


def _decision_text(decision: Recorded) -> str:
    return (
        number(decision.desired)
        if decision.desired is not None
        else _reason(decision) or words.outcome(decision.outcome)
    )


def _because(because: Because) -> str:
    if because.setting is None:
        return "no setting differs"
    return f"{because.setting}: {_value(because.then)} then, {_value(because.today)} today"


def _cells(line: ReplayLine) -> list[Any]:
    because = line.because
    return [
        line.listing_id, line.sku, line.ref, line.then.desired, _outcome(line.then), _reason(line.then), line.now.desired,
        _outcome(line.now), _reason(line.now), because.step, because.setting, _value(because.then), _value(because.today),
    ]  # fmt: skip


def _outcome(decision: Recorded) -> str:
    return words.name(words.OUTCOMES, decision.outcome)


def _reason(decision: Recorded) -> str | None:
    return str(Reason(decision.reason)) if decision.reason else None


def _decision(decision: Recorded) -> dict[str, Any]:
    return {
        "outcome": _outcome(decision),
        "reason": _reason(decision),
        "target": decision.desired,
        "sent": decision.target,
    }


def _record(line: ReplayLine) -> dict[str, Any]:
    return {
        "listing_id": line.listing_id,
        "sku": line.sku,
        "cart_listing_id": line.ref,
        "decided_at": utc(line.decided_at),
        "then": _decision(line.then),
        "now": _decision(line.now),
        "because": asdict(line.because),
    }
