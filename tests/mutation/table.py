"""The table of what was planted and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.mutation.running import Verdict

GOAL = 85
"""Percent of the faults that are not harmless."""


def _rooms(verdicts: Sequence[Verdict], known: Mapping[str, str]) -> list[tuple[str, int, int, int, int]]:
    """(room, planted, harmless, found, survived), and the sum of all."""
    rows = []
    names = list(dict.fromkeys(verdict.question.room for verdict in verdicts))
    for room in [*names, "all"]:
        own = [verdict for verdict in verdicts if room in ("all", verdict.question.room)]
        survived = [one for one in own if not one.found]
        harmless = [one for one in survived if one.question.fault.key in known]
        rows.append((room, len(own), len(harmless), len(own) - len(survived), len(survived) - len(harmless)))
    return rows


def _share(found: int, survived: int) -> str:
    return f"{100 * found // (found + survived)} %" if found + survived else "-"


def survivors(verdicts: Sequence[Verdict], known: Mapping[str, str]) -> list[Verdict]:
    """Those that no test found and nobody called harmless."""
    return [verdict for verdict in verdicts if not verdict.found and verdict.question.fault.key not in known]


def text(verdicts: Sequence[Verdict], known: Mapping[str, str], given: Sequence[str], seconds: float) -> str:
    """For the terminal."""
    lines = [f"python -m tests.mutation {' '.join(given)}  ({seconds / 60:.0f} min)", ""]
    lines.append(f"{'room':12}{'planted':>9}{'harmless':>10}{'found':>7}{'survived':>10}{'share':>8}")
    for room, planted, harmless, found, survived in _rooms(verdicts, known):
        lines.append(f"{room:12}{planted:9}{harmless:10}{found:7}{survived:10}{_share(found, survived):>8}")
    left = survivors(verdicts, known)
    lines += ["", "Survived:"] if left else ["", "None survived."]
    for one in left:
        fault = one.question.fault
        lines.append(
            f"  {fault.path}:{fault.line} [{fault.kind}] {fault.what}  ({len(one.question.tests)} tests asked)"
        )
    return "\n".join(lines)


def document(verdicts: Sequence[Verdict], known: Mapping[str, str], given: Sequence[str]) -> str:
    """docs/planted-faults.md."""
    shown = " ".join(word for word in given if word != "--write")
    lines = [
        "# Planted faults",
        "",
        "How many one-line faults the tests find without real servers: boundaries, scopes of statements, units, guards,",
        f"swapped arguments, forgotten waits. The goal is {GOAL} % of those that are not harmless. This table is written by",
        "",
        "```sh",
        f"python -m tests.mutation {shown} --write".replace("  ", " "),
        "```",
        "",
        "Another seed plants other faults. Harmless ones are listed by hand, with reasons, in `tests/mutation/harmless.txt`.",
        "",
        "| room | planted | harmless | found | survived | share found |",
        "|---|---|---|---|---|---|",
    ]
    for room, planted, harmless, found, survived in _rooms(verdicts, known):
        lines.append(f"| {room} | {planted} | {harmless} | {found} | {survived} | {_share(found, survived)} |")
    left = survivors(verdicts, known)
    if left:
        lines += ["", "## Survived", ""]
        lines += [f"* `{one.question.fault.path}`: {one.question.fault.kind}, `{_quoted(one)}`" for one in left]
    return "\n".join([*lines, ""])


def _quoted(verdict: Verdict) -> str:
    return verdict.question.fault.what.replace("`", "'")
