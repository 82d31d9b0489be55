"""The troubleshooting guide for one merchant or all: each check with its verdict, causes in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.plain_text import counted
from invsync_tui.rules.merchant_checks import SAMPLE, Check, Group, Verdict
from invsync_tui.rules.outcomes import REASONS
from invsync_tui.tui.navigation.links import LinkedLines, follow, of_group
from invsync_tui.tui.screens.base.report_screen import ReportScreen
from invsync_tui.tui.screens.diagnosis.finding_links import SAYS, fix_of, list_of
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.text_view import LinkedTextView

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
FOLDED = frozenset({Verdict.PASS, Verdict.SKIPPED})
LEAD, STEP = 12, 9
"""Cells of mark and verdict, and of the guide's step."""
UNFOLD_KEY = "v"


class Findings(LinkedLines):
    """Lines with the check that each finding's first line is about."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: dict[int, Check] = {}

    def put_check(self, check: Check, rows: Sequence[Line]) -> None:
        """Append a finding: Enter opens its list, `f` what fixes it."""
        self.checks[len(self)] = check
        self.select(rows, list_of(check))


def verdict(answer: Checkup) -> Line:
    """How many checks failed, and how many could not be made."""
    by_verdict = {each: sum(check.verdict is each for check in answer.checks) for each in Verdict}
    problems, unknown = by_verdict[Verdict.FAIL], by_verdict[Verdict.UNKNOWN]
    if not problems and not unknown:
        return line(("healthy", Tone.GOOD))
    by = [(" by cause and cart", Tone.FAINT)] if problems > 1 else []
    problem_spans = [(counted(problems, "problem"), Tone.BAD), *by] if problems else []
    gap = [(", ", Tone.FAINT)] if problems and unknown else []
    return line(*problem_spans, *gap, *([(f"{unknown} unknown", Tone.WARN)] if unknown else []))


def write(answer: Checkup, width: int, glyphs: Glyphs, *, unfolded: bool = False) -> Findings:
    """Checks under the guide's headings, then the groups. Those that passed or do not apply are counted, or shown too."""
    rows = Findings()
    headings = dict.fromkeys(check.section.heading for check in answer.checks)
    for heading in headings:
        checks = [check for check in answer.checks if check.section.heading == heading]
        rows.put([*([BLANK] if rows else []), line((clean(heading), Tone.STRONG))])
        for check in checks:
            if check.verdict not in FOLDED:
                rows.put_check(check, _check(check, width, glyphs))
        if unfolded:
            for check in checks:
                if check.verdict in FOLDED:
                    rows.put(_check(check, width, glyphs))
        elif any(check.verdict in FOLDED for check in checks):
            rows.put([_folded(checks, glyphs)])
    if answer.groups:
        rows.put([BLANK, line(("Causes", Tone.STRONG))])
    for group in answer.groups:
        rows.put(_group(group, width, glyphs), of_group(group.cart, group.cause))
    return rows


def _folded(checks: Sequence[Check], glyphs: Glyphs) -> Line:
    """How many checks passed, and how many do not apply."""
    passed, skipped = (sum(check.verdict is each for check in checks) for each in (Verdict.PASS, Verdict.SKIPPED))
    parts = []
    if passed:
        parts += [(f"  {glyphs.check} ", Tone.GOOD), (f"{counted(passed, 'check')} passed", Tone.FAINT)]
    if skipped:
        lead = (", ", Tone.FAINT) if passed else (f"  {glyphs.skipped} ", Tone.FAINT)
        parts += [lead, (f"{counted(skipped, 'check')} skipped", Tone.FAINT)]
    return line(*parts)


def _check(check: Check, width: int, glyphs: Glyphs) -> list[Line]:
    mark = fit(f"  {_mark(check.verdict, glyphs)} {WORDS[check.verdict]}", LEAD)
    margin = LEAD + STEP
    lead = ((mark, TONES[check.verdict]), (fit(check.section.step, STEP), Tone.FAINT))
    lines = wrap(clean(f"{check.subject}: {check.evidence}"), width - margin)
    rows = [line(*(lead if n == 0 else (" " * margin,)), text) for n, text in enumerate(lines)]
    if check.cause:
        rows += [line(" " * margin, (row, Tone.WARN)) for row in wrap(clean(check.cause), width - margin)]
    if check.fix:
        arrow = (f"{' ' * margin}{glyphs.arrow} ", Tone.FAINT)
        rows += _beside(arrow, wrap(clean(_steps(check)), width - margin - 2))
    return rows


def _steps(check: Check) -> str:
    """What to do, with its key, and what Enter opens."""
    link = list_of(check)
    opens = f" Enter opens {SAYS[link.kind]}." if link is not None and link.kind in SAYS else ""
    text = fix_of(check).text
    return f"{text}{'.' * text.endswith(')')}{opens}"


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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f", "fix", "Fix", tooltip="Open what fixes the selected finding, or copy its command", id="doctor.fix"
        ),
        Binding(
            UNFOLD_KEY,
            "unfold",
            "All checks",
            tooltip="Show or fold the checks that passed or do not apply",
            id="doctor.all",
        ),
    ]

    def __init__(self, context: AppContext, merchant_id: int | None, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        self._unfolded = False
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
        return write(answer, width, self.context.glyphs, unfolded=self._unfolded)

    def action_unfold(self) -> None:
        """Show every check, or only what is to be done."""
        self._unfolded = not self._unfolded
        self.show_answer()

    @property
    def finding(self) -> Check | None:
        """The finding under the cursor."""
        sheet = self.query_one("#sheet", LinkedTextView)
        return sheet.lines.checks.get(sheet.selected) if isinstance(sheet.lines, Findings) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "fix":
            return self.is_mounted and self.finding is not None
        return super().check_action(action, parameters)

    def copied(self) -> str:
        """The selected finding, else everything."""
        if (check := self.finding) is None:
            return super().copied()
        lines = (f"{check.section.full}: {check.subject}: {check.evidence}", check.cause, check.fix)
        return "\n".join(text for text in lines if text)

    def action_fix(self) -> None:
        """Open the place where the selected finding is fixed; a command is sent to the clipboard."""
        if (check := self.finding) is None:
            return
        fix = fix_of(check)
        if fix.link is not None:
            follow(self, fix.link)
        elif fix.command:
            self.send_to_clipboard(fix.command)
        else:
            self.notice(clean(fix.text))
