"""Records of runs and of requests for them."""

from __future__ import annotations

from typing import NamedTuple


class RunRow(NamedTuple):
    """A run with the names an operator knows it by. JSON columns are text."""

    id: int
    kind: str
    key: int
    merchant_id: int
    state: str
    trigger: str
    requested_by: str
    requested_at: int
    after_run: int | None
    full: int
    again: int
    cancel_requested: int
    epoch: int
    started_at: int | None
    ended_at: int | None
    heartbeat_at: int | None
    phase: str
    done: int
    total: int | None
    phases: str
    counts: str
    reasons: str
    rate: str
    trips: str
    released: str
    plan_seq: int | None
    error: str
    rev: int
    groups: str
    plan_id: int | None
    then_push: int
    after_again: int
    again_for: str
    not_before: int | None
    merchant: str
    cart: str | None
    of_cart: int | None
    """The cart of which the cart is a further location."""

    @property
    def lease_key(self) -> str:
        """The key under which one worker at a time may execute runs of this kind for this merchant or cart.

        A drift check shares it with the pushes of its cart, so that it never reads in the middle of one, and all locations
        of a cart share it: they have one login and one rate limit.
        """
        return f"pull:{self.key}" if self.kind == "pull" else f"push:{self.of_cart or self.key}"


class RunRequest(NamedTuple):
    """What is asked for. `key` is the merchant id of a pull, the cart id of a push.

    `after_run`: it starts when that run has ended well. `pushes`: a pull that is followed by a push of every cart of the
    merchant that is switched on.
    """

    kind: str
    key: int
    merchant_id: int
    trigger: str
    by: str
    after_run: int | None = None
    full: bool = False
    pushes: bool = False
