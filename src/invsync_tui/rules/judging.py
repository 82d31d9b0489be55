"""What became of a row that was sent: judged by the quantity that the cart returns, not by the absence of an error."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from invsync_tui.rules.outcomes import Outcome, Reason


class Verdict(NamedTuple):
    """The end of a sent row, or `outcome` PLANNED where the cart has to be read to know."""

    outcome: Outcome
    reason: Reason | None
    error: str


class Confirmation(StrEnum):
    """Where the quantity came from that a row is judged by."""

    ANSWER = "answer"
    READ_BACK = "read_back"


def judge(sent: int, returned: int | None, error: str | None, reason: Reason | None, by: Confirmation) -> Verdict:
    """Judge one row. An answer without a quantity is no success: it asks for a read-back."""
    if error is not None or reason is not None:
        return Verdict(Outcome.FAILED, reason or Reason.REJECTED_BY_CART, error or "")
    if type(returned) is int and returned == sent:  # in Python True is 1, and 5.0 is 5
        return Verdict(Outcome.SET, None, "")
    if by is Confirmation.ANSWER:
        return Verdict(Outcome.PLANNED, None, "the answer does not confirm the quantity")
    shows = "no quantity" if returned is None else str(returned)
    return Verdict(Outcome.FAILED, Reason.VERIFY_FAILED, f"sent {sent}, the cart shows {shows}")
