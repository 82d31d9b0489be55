"""The quantity chain as a table, the same on the screen and in commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from invsync_tui.operations.settings.fields import CART
from invsync_tui.operations.settings.setting import Setting
from invsync_tui.rules.quantity import Step

HEAD = ("step", "number", "total", "rule and where it is set")
UNKNOWN, NOT_SENT = "unknown", "not sent"
STEP_WORDS = {
    "sum": "stock",
    "pending": "open orders",
    "cutoff": "minimum",
    "clamp": "not below 0",
    "units": "units per listing",
    "basis": "cart's count",
    "skip": "stop",
}
"""Steps whose names say less than these words."""
_SETTINGS = {setting.step: setting for setting in reversed(CART) if setting.step}
_END_AT = next(setting for setting in CART if setting.name == "end-at")


class TableRow(NamedTuple):
    """One step. `number` is what it adds or takes, `total` what is left after it; both are text with separators."""

    step: str
    number: str
    total: str
    rule: str
    setting: Setting | None


def table_rows(steps: Iterable[Step]) -> list[TableRow]:
    """Steps in their order; a setting is named at the first step that it makes."""
    rows: list[TableRow] = []
    for step in steps:
        setting = setting_of(step.step, step.because)
        named = setting is not None and all(row.setting is not setting for row in rows)
        rule = f"{step.because} (setting: {setting.label})" if setting is not None and named else step.because
        rows.append(TableRow(STEP_WORDS.get(step.step, step.step), _number(step), _total(step), rule, setting))
    return rows


def setting_of(step: str, because: str) -> Setting | None:
    """The setting of the cart that makes a step; None where none does."""
    if step == "cutoff" and because.startswith("at or below"):
        return _END_AT
    return _SETTINGS.get(step)


def _number(step: Step) -> str:
    """What a step adds or takes. A comparison and a stop do neither; what was unknown before is set."""
    if step.after is None or step.step in ("compare", "skip"):
        return ""
    if step.before is None:
        return f"= {step.after:,}"
    change = step.after - step.before
    return f"{change:+,}" if change else "0"


def _total(step: Step) -> str:
    if step.after is None:
        return NOT_SENT if step.step == "skip" else UNKNOWN
    return f"{step.after:,}"
