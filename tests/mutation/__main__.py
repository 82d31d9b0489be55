"""`python -m tests.mutation`: plants one-line faults, one at a time, and counts how many the tests find.

    python -m tests.mutation --most 150 --seed 7          a sample over all rooms, about 25 minutes on two idle cores
    python -m tests.mutation --room store --most 40       of one room
    python -m tests.mutation --only src/.../runs.py:120   faults of one line
    python -m tests.mutation --write                      puts the table into docs/planted-faults.md

For each fault the tests that reach its line run in a copy of the tree, the fastest first, up to the first that fails.
No real server is started: tests marked `real` are left out. Which test reaches which line is measured once for a state
of the tree and kept in ~/.cache/invsync-tests/mutation.

Why not mutmut or cosmic-ray: neither looks into SQL, where half of what matters here stands (a scope forgotten in a
WHERE, a boundary, an order); both start an interpreter and import everything for each fault, which for these tests takes
longer than the tests. Here a process that has imported the libraries is forked for each.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutation import harmless, rooms, table
from tests.mutation.faults import Fault, faults
from tests.mutation.reach import Mentions, asked
from tests.mutation.running import Question, Verdict, Yard

ROOT = Path(__file__).parent.parent.parent


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Plant faults and count those found.")
    parser.add_argument("--room", action="append", choices=rooms.ROOMS, help="again for several; default: all but tui")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--most", type=int, default=150, help="faults over all rooms (default 150)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0, help="of tests that a fault is given (default 30)")
    parser.add_argument(
        "--tests", action="append", metavar="FOLDER", help="ask the tests of this folder or file below tests/ alone"
    )
    parser.add_argument("--only", metavar="FILE[:LINE]", help="all faults of one module, or of one line")
    parser.add_argument("--list", action="store_true", help="only say which faults there are")
    parser.add_argument("--write", action="store_true", help="put the table into docs/planted-faults.md")
    return parser.parse_args(given)


def chosen(wanted: argparse.Namespace) -> list[tuple[str, Fault]]:
    """(room, fault): a sample with at most one fault a line, in the same proportion for each room."""
    if wanted.only:
        name, _, line = wanted.only.partition(":")
        found = faults(name, (ROOT / name).read_text(encoding="utf-8"))
        return [(Path(name).parts[2], one) for one in found if not line or one.line == int(line)]
    dice = random.Random(wanted.seed)
    names = wanted.room or [room for room in rooms.ROOMS if room != "tui"]
    picked: list[tuple[str, Fault]] = []
    for n, room in enumerate(names):
        share = (wanted.most - len(picked)) // (len(names) - n)
        picked += [(room, fault) for fault in _sample(room, share, dice)]
    return picked


def _sample(room: str, most: int, dice: random.Random) -> list[Fault]:
    by_line: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for path in rooms.modules(ROOT, room):
        for fault in faults(str(path), (ROOT / path).read_text(encoding="utf-8")):
            by_line[fault.path, fault.line].append(fault)
    places = sorted(by_line)
    return [dice.choice(by_line[place]) for place in sorted(dice.sample(places, min(most, len(places))))]


def main(given: Sequence[str]) -> int:
    """Run it; the exit code is 0 whatever was found, since the share is a measure and not a promise."""
    wanted = arguments(given)
    picked = chosen(wanted)
    if wanted.list:
        for room, fault in picked:
            print(f"{room:11} {fault.path}:{fault.line} [{fault.kind}] {fault.what}")
        return 0
    began = time.monotonic()
    with Yard(ROOT, wanted.jobs) as yard:
        rooms_asked = {room for room, _ in picked}
        folders = wanted.tests or dict.fromkeys(one for room in sorted(rooms_asked) for one in rooms.TESTS[room])
        reach = yard.reach(rooms.test_files(ROOT, [rooms.ALWAYS, *folders]))
        texts = {str(path): (ROOT / path).read_text(encoding="utf-8") for path in _all_modules()}
        mentions = Mentions(texts)
        questions = [
            Question(room, fault, tuple(asked(fault, room, reach, mentions, wanted.seconds)), reach)
            for room, fault in picked
        ]
        verdicts = list(_told(yard.ask(questions), len(questions)))
    known = harmless.load()
    text = table.text(verdicts, known, given, time.monotonic() - began)
    print(text)
    if wanted.write:
        (ROOT / "docs" / "planted-faults.md").write_text(table.document(verdicts, known, given), encoding="utf-8")
    return 0


def _all_modules() -> list[Path]:
    return [path.relative_to(ROOT) for path in sorted((ROOT / rooms.SOURCE).rglob("*.py"))]


def _told(verdicts: Iterable[Verdict], total: int) -> Iterable[Verdict]:
    for n, one in enumerate(verdicts, 1):
        fault = one.question.fault
        print(f"{n}/{total} {one.end:9} {fault.path}:{fault.line} [{fault.kind}] {fault.what}", flush=True)
        yield one


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
