"""The guide walked over a merchant or all: every check with its verdict, and all causes in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invsync_tui.tui.screens.base.report import ReportScreen
from invsync_tui.tui.screens.diagnosis import doctor_text
from invsync_tui.tui.text.styled import Line

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.doctor import Checkup
    from invsync_tui.tui.context import Desk
    from invsync_tui.tui.gateway import Gateway


class DoctorScreen(ReportScreen["Checkup"]):
    """It looks at many rows, so it looks again at most every ten seconds."""

    pause = 10.0

    def __init__(self, desk: Desk, merchant_id: int | None, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", *([self._merchant] if self._merchant else []), "Doctor"

    def question(self, gateway: Gateway) -> Checkup:
        return gateway.doctor(self._merchant_id)

    def verdict(self, answer: Checkup) -> Line:
        return doctor_text.verdict(answer)

    def write(self, answer: Checkup, width: int) -> Sequence[Line]:
        return doctor_text.write(answer, width, self.desk.glyphs)
