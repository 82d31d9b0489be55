"""The store thread: who gets which answer, what is dropped, and that failures come as words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.message import Message

from invsync_tui.config import ConfigError
from invsync_tui.operations.errors import OperationError
from invsync_tui.tui import store_thread
from invsync_tui.tui.export import Export
from invsync_tui.tui.messages import AnswerReceived, QuestionFailed
from invsync_tui.tui.store_thread import StoreThread
from invsync_tui.tui.text.styled import Tone
from tests.support.fakes.store import FakeStore

PATIENCE = 10.0


class Audience:
    """Keeps what is posted to a screen."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._came = threading.Semaphore(0)

    def post_message(self, message: Message) -> bool:
        self.messages.append(message)
        self._came.release()
        return True

    def next(self) -> Message:
        assert self._came.acquire(timeout=PATIENCE)
        return self.messages[-1]


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def thread(store: FakeStore) -> Iterator[StoreThread]:
    started = StoreThread(store, 0.01)
    started.start()
    yield started
    started.stop()


def ask(thread: StoreThread, question: Any, **more: Any) -> Audience:
    screen = Audience()
    thread.ask(screen, question, print, **more)  # type: ignore[arg-type]
    return screen


def test_a_question_runs_on_the_thread_with_the_session(thread: StoreThread, store: FakeStore) -> None:
    screen = ask(thread, lambda session: (session, threading.current_thread().name))
    answer = screen.next()
    assert isinstance(answer, AnswerReceived)
    assert answer.value == (store, "store")
    assert answer.deliver is print


@pytest.mark.parametrize("kind", [OperationError, ConfigError])
def test_an_expected_failure_is_said_with_keys_for_commands(thread: StoreThread, kind: type[Exception]) -> None:
    def question(_: object) -> None:
        raise kind("Nothing is called so. List them with: invsync carts.")

    failure = ask(thread, question).next()
    assert isinstance(failure, QuestionFailed)
    assert (failure.text, failure.watched) == ("Nothing is called so. List them with :carts.", False)


def test_a_defect_says_that_it_is_one(thread: StoreThread) -> None:
    failure = ask(thread, lambda _: 1 // 0).next()
    assert isinstance(failure, QuestionFailed)
    assert failure.text.startswith("Unexpected ZeroDivisionError") and "please report it" in failure.text


def test_what_is_no_longer_wanted_is_not_asked(thread: StoreThread) -> None:
    asked: list[str] = []
    dropped = ask(thread, lambda _: asked.append("dropped"), wanted=lambda: False)
    ask(thread, lambda _: asked.append("wanted")).next()
    assert asked == ["wanted"]
    assert dropped.messages == []


def test_what_is_watched_is_asked_again_after_a_commit_with_the_service(thread: StoreThread, store: FakeStore) -> None:
    screen = Audience()
    thread.watch(screen, lambda _: "read", print)  # type: ignore[arg-type]
    first = screen.next()
    assert isinstance(first, AnswerReceived) and first.watched and store.service == "running"
    store.alive = False
    store.commit()
    screen.next()
    assert store.service == "none"
    assert thread.commits == 1


def test_a_worker_that_did_not_come_up_is_said_where_the_store_is_watched(
    thread: StoreThread, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "failed_worker", lambda: "A worker was started but did not start. Read store.log.")
    screen = Audience()
    thread.watch(screen, lambda _: "read", print)  # type: ignore[arg-type]
    failure = screen.next()
    assert isinstance(failure, QuestionFailed) and failure.watched
    assert failure.text == "A worker was started but did not start. Read store.log."


def test_a_store_that_does_not_open_refuses_questions_and_is_opened_later(
    store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_thread, "RETRY_AFTER", 0.2)
    store.failure = "The disk is full."
    thread = StoreThread(store, 0.01)
    watching, asking = Audience(), Audience()
    thread.watch(watching, lambda _: "read", print)  # type: ignore[arg-type]
    thread.ask(asking, lambda _: "asked", print)  # type: ignore[arg-type]
    thread.start()
    refused = asking.next()
    assert isinstance(refused, QuestionFailed) and refused.text == "The disk is full."
    store.failure = ""
    while not isinstance(watching.next(), AnswerReceived):
        pass
    thread.stop()
    assert asking.messages == [refused]


def test_of_several_readings_of_what_is_watched_the_last_is_enough() -> None:
    watched, asked = AnswerReceived(print, 1, watched=True), AnswerReceived(print, 1)
    assert watched.can_replace(AnswerReceived(print, 2, watched=True))
    assert not watched.can_replace(asked)
    assert not asked.can_replace(watched)
    assert not asked.can_replace(AnswerReceived(print, 2))
    assert not watched.can_replace(QuestionFailed("no", watched=True))


def test_an_export_of_a_list_that_cannot_be_read_ends(tmp_path: Path) -> None:
    def read() -> Any:
        raise OperationError("The store was replaced.")

    progress = Export(str(tmp_path / "list.csv"), (), lambda _: None).run(read)
    assert (progress.text, progress.tone, progress.ended) == ("The store was replaced.", Tone.BAD, True)
