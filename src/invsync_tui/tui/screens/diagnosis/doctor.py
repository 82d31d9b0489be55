"""The troubleshooting guide for one merchant or all: each check with its verdict, causes in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from invsync_tui.plain_text import counted
from invsync_tui.rules.merchant_checks import SAMPLE, Check, Group, Verdict
from invsync_tui.rules.outcomes import REASONS
from invsync_tui.tui.navigation.links import Link, LinkedLines, of_check, of_group
from invsync_tui.tui.screens.base.report_screen import ReportScreen
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.doctor import Checkup
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

WORDS = {Verdict.PASS: "ok", Verdict.FAIL: "problem", Verdict.UNKNOWN: "unknown", Verdict.SKIPPED: "skipped"}
TONES = {
    Verdict.PASS: Tone.GOOD,
    Verdict.FAIL: Tone.BAD,
    Verdict.UNKNOWN: Tone.WARN,
    Verdict.SKIPPED: Tone.FAINT,
}
LEADS = {"cart": "Enter opens this setting of the cart.", "merchant": "Enter opens this setting of the merchant."}
"""By the kind of place that Enter leads to."""
LEAD = 12
"""Cells of mark and verdict."""


def verdict(answer: Checkup) -> Line:
    """How many checks failed, and how many could not be made."""
    by_verdict = {each: sum(check.verdict is each for check in answer.checks) for each in Verdict}
    problems, unknown = by_verdict[Verdict.FAIL], by_verdict[Verdict.UNKNOWN]
    if not problems and not unknown:
        return line(("healthy", Tone.GOOD))
    problem_spans = [(counted(problems, "problem"), Tone.BAD)] if problems else []
    gap = [(", ", Tone.FAINT)] if problems and unknown else []
    return line(*problem_spans, *gap, *([(f"{unknown} unknown", Tone.WARN)] if unknown else []))


def write(answer: Checkup, width: int, glyphs: Glyphs) -> LinkedLines:
    """Checks under the guide's sections, then the groups; what is wrong leads to where it can be mended."""
    rows = LinkedLines()
    section = ""
    for check in answer.checks:
        if check.section != section:
            section = check.section
            rows.append(line((clean(section), Tone.STRONG)))
        jump = of_check(check.id, check.subject) if check.fix else None
        rows.put(_check(check, jump, width, glyphs), jump)
    if answer.groups:
        rows.put([BLANK, line(("Causes", Tone.STRONG))])
    for group in answer.groups:
        rows.put(_group(group, width, glyphs), of_group(group.cart, group.cause))
    return rows


def _check(check: Check, jump: Link | None, width: int, glyphs: Glyphs) -> list[Line]:
    mark = f"  {_mark(check.verdict, glyphs)} {WORDS[check.verdict]}"
    lines = wrap(clean(f"{check.subject}: {check.evidence}"), width - LEAD)
    rows = _beside((fit(mark, LEAD), TONES[check.verdict]), lines)
    if check.cause:
        rows += [line(" " * LEAD, (row, Tone.WARN)) for row in wrap(clean(check.cause), width - LEAD)]
    if check.fix:
        rows += _beside(
            (f"{' ' * LEAD}{glyphs.arrow} ", Tone.FAINT), wrap(clean(_step(check.fix, jump)), width - LEAD - 2)
        )
    return rows


def _step(fix: str, jump: Link | None) -> str:
    """What to do: by a key where one leads to the place, else as the doctor says it."""
    settings = fix.startswith(("invsync carts set ", "invsync merchants set "))
    return LEADS[jump.kind] if settings and jump is not None and jump.kind in LEADS else fix


def _beside(lead: tuple[str, Tone], rows: Iterable[str]) -> list[Line]:
    """Rows with a lead before the first of them."""
    return [line(lead if i == 0 else " " * len(lead[0]), row) for i, row in enumerate(rows)]


def _mark(outcome: Verdict, glyphs: Glyphs) -> str:
    marks = {Verdict.PASS: glyphs.check, Verdict.FAIL: glyphs.cross, Verdict.SKIPPED: glyphs.skipped}
    return marks.get(outcome, "?")


def _group(group: Group, width: int, glyphs: Glyphs) -> list[Line]:
    more = f", {glyphs.more}" if group.count > len(group.sample) and len(group.sample) == SAMPLE else ""
    named = f", e.g. {', '.join(group.sample)}{more}" if group.sample else ""
    number = counted(group.count, "listing")
    text = f"{group.cart}: {number}: {REASONS[group.cause].text.rstrip('.')}{named}"
    return _beside((f"  {glyphs.bullet} ", Tone.WARN), wrap(clean(text), width - 4))


class DoctorScreen(ReportScreen["Checkup"]):
    """It looks at many rows, so it looks again at most every ten seconds."""

    pause = 10.0

    def __init__(self, context: AppContext, merchant_id: int | None, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", *([self._merchant] if self._merchant else []), "Doctor"

    def question(self, session: Session) -> Checkup:
        from invsync_tui.operations.diagnosis import doctor

        return doctor.doctor(session, self._merchant_id)

    def verdict(self, answer: Checkup) -> Line:
        return verdict(answer)

    def write(self, answer: Checkup, width: int) -> Sequence[Line]:
        return write(answer, width, self.context.glyphs)
