"""The checklist, walked key by key at 80x24 in the control room of the real demo."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository.checklist import PRODUCTS, SEED, STEPS, Step
from tests.support.terminal.pty import Terminal

DEMO = (sys.executable, "-m", "invsync_tui", "demo", "--products", str(PRODUCTS), "--seed", str(SEED))
HOME = "2 merchants"
NAMED = ("Enter", "Down", "End", "PageDown")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("checklist")
    with Terminal([*DEMO, "--keep", str(folder)], environ={"XDG_STATE_HOME": str(folder / "state")}) as terminal:
        terminal.wait_for("download]", 120)
        terminal.wait_for("Demo Outdoor C", 120)
        home(terminal)
        # A form shows what there was when it was opened: whichever step comes first, the first runs have ended.
        terminal.wait_until(lambda: _ended(terminal.lines()), "the end of the first runs", 120)
        yield terminal
        terminal.send("q")


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.section}: {step.question}")
def test_the_keys_lead_to_the_answer(room: Terminal, step: Step) -> None:
    home(room)
    for key in step.keys:
        if key.startswith("~"):
            room.wait_for(key[1:])
        else:
            room.send(key.lower() if key in NAMED else key)
    room.wait_until(lambda: any(step.shown(f"{line} ") for line in room.lines()), f"{step.shows!r} in a row")


def _ended(lines: list[str]) -> bool:
    return any("0 running" in line for line in lines) and any(
        "Demo Outdoor" in line and "success" in line for line in lines
    )


def home(room: Terminal) -> None:
    """The list of merchants, on the first one."""
    for _ in range(8):
        if HOME in "\n".join(room.lines()[:2]):
            room.send("home")
            room.wait_for("Demo Outdoor  3 carts")
            return
        room.send("escape")
        room.settle(0.3, 3)
    raise AssertionError("no way back to the merchants from:\n" + "\n".join(room.lines()))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.section}: {step.question}")
def test_every_question_is_answered_yes_or_no(step: Step) -> None:
    assert re.fullmatch("(yes|no)(: .+)?", step.answer)


@pytest.mark.parametrize(
    ("shows", "row", "whether"),
    [
        ("Demo Outdoor ... HH:MM, AGE ", "Demo Outdoor sandbox on   13:02, just now    success ", True),
        ("Demo Outdoor ... HH:MM, AGE ", "Demo Outdoor sandbox on   N/A                never run ", False),
        ("Demo Outdoor ... success ", "Demo Outdoor sandbox on   13:02, 1 min ago   failed: x ", False),
        ("Level 3 ", "Level         3 ", True),
        ("Level 3 ", "Level         30 ", False),
        ("in N min ", "in 12 min ", True),
        ("in N min ", "in a min ", False),
    ],
)
def test_a_step_sees_its_answer_and_no_other(shows: str, row: str, whether: bool) -> None:
    assert Step("", "", (), shows, "yes").shown(row) is whether


def test_every_section_is_walked() -> None:
    """Each part of the guide, in its order, and what does all of it at once."""
    assert list(dict.fromkeys(step.section for step in STEPS)) == [
        "Merchant settings", "Cart settings", "The SKU in the WMS", "The SKU in the cart", "Checks of the system", "By itself",
    ]  # fmt: skip
    assert Path(__file__).parents[2].joinpath("docs", "checklist.md").exists()
