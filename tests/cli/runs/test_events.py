"""`invsync events`: pages, CSV, JSON, and what is followed."""

from __future__ import annotations

import csv
import io
import sqlite3
import time

import pytest

from tests.support.processes.shell import INVSYNC, Shell, check

WHEN = int(time.time()) - 3600


def write(shell: Shell, *texts: str, at: int = WHEN, level: str = "info") -> None:
    with sqlite3.connect(shell.store) as cx:
        for n, text in enumerate(texts):
            sql = (
                "INSERT INTO run_event (run_id, n, at, level, text) SELECT max(r.id), "
                "coalesce((SELECT max(n) FROM run_event), 0) + 1, ?, ?, ? FROM run AS r"
            )
            cx.execute(sql, (at + n, level, text))


@pytest.fixture
def ran(acme: Shell) -> Shell:
    """A merchant with a requested run that has events."""
    with sqlite3.connect(acme.store) as cx:
        cx.execute(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at) "
            "SELECT 'pull', id, id, 'done', 'manual', 'tester', 1 FROM merchant LIMIT 1"
        )
    write(acme, "began", "went on")
    write(acme, "broke", at=WHEN + 60, level="error")
    return acme


def test_a_page_in_text_json_and_csv(ran: Shell) -> None:
    assert ran.ok("events").out.index("broke") < ran.ok("events").out.index("began")
    first = ran.json("events", "--limit", "2")
    assert [event["text"] for event in first["events"]] == ["broke", "went on"] and first["count"]["n"] == 3
    rest = ran.json("events", "--after", first["next"])
    assert [event["text"] for event in rest["events"]] == ["began"] and rest["next"] is None
    rows = list(csv.DictReader(io.StringIO(ran.ok("events", "--csv", "--severity", "warning").out)))
    assert [(row["severity"], row["text"]) for row in rows] == [("error", "broke")]


def test_times_narrow(ran: Shell) -> None:
    assert [e["text"] for e in ran.json("events", "--since", str(WHEN + 30))["events"]] == ["broke"]
    assert [e["text"] for e in ran.json("events", "--until", str(WHEN))["events"]] == ["began"]


@pytest.mark.parametrize(
    "options",
    [("--for", "5"), ("--follow", "--csv"), ("--follow", "--for", "0"), ("--follow", "--until", "-1h")],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(ran: Shell, options: tuple[str, ...]) -> None:
    assert ran.run("events", *options).code == 2


def test_following_prints_what_is_new_and_ends(ran: Shell) -> None:
    import subprocess

    with subprocess.Popen(
        [*INVSYNC, "events", "--follow", "--for", "8", "--severity", "error", "--json"],
        env=ran.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        # It is not known when it begins to follow: an error is written until one of them is seen.
        deadline = time.monotonic() + 60
        number = 0
        while following.poll() is None and time.monotonic() < deadline:
            write(ran, f"error {number}", at=int(time.time()), level="error")
            write(ran, "nothing", at=int(time.time()))
            number += 1
            time.sleep(0.5)
        lines = following.stdout.read().splitlines()
    assert following.returncode == 0 and lines
    import json

    documents = [json.loads(line) for line in lines]
    for document in documents:
        check("events", document)
    numbers = [int(document["event"]["text"].removeprefix("error ")) for document in documents]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
