"""Names of events for which no listener would ever be called: refused on a queue, warned of on a job."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import kue
import kue_send
from kue.store.messages import ARGUMENTS

EVENTS = list(ARGUMENTS)


@pytest.fixture
def queue() -> Iterator[Any]:
    with kue_send.Queue(redis="redis://127.0.0.1:1") as queue:  # no server is there, and none is needed
        yield queue


def ignore(*args: object) -> None: ...


def of_user(caught: pytest.WarningsRecorder) -> list[tuple[str, str]]:
    """The warnings but for those of Python itself: their texts, and the files that caused them."""
    return [(str(one.message), one.filename) for one in caught if one.category is UserWarning]


@pytest.mark.parametrize("event", [event for event in EVENTS if event != "error"])
def test_an_event_of_jobs_is_refused_on_a_queue_and_its_name_there_given(queue: Any, event: str) -> None:
    for add in (queue.on, queue.once):
        with pytest.raises(kue.InvalidOption) as refused:
            add(event, ignore)
        assert str(refused.value) == f"on a queue the event {event!r} of its jobs is called 'job {event}'"
    with pytest.raises(kue.InvalidOption, match="is called"):
        queue.on(event)(ignore)
    assert queue.emit(event) is False


@pytest.mark.parametrize("event", ["error", "deployed", "completed!", "job", "job page", "job ttl"])
def test_its_own_error_and_names_of_ones_own_stay_on_a_queue(
    queue: Any, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_listened", ignore)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert queue.on(event, ignore) is queue
    assert queue.emit(event) is True


NEAR = [
    ("completed", "complete"),
    ("fail", "failed"),
    ("failed_attempt", "failed attempt"),
    ("progressed", "progress"),
    ("removed", "remove"),
    ("started", "start"),
    ("enqueued", "enqueue"),
    ("results", "result"),
    ("ttl_exceeded", "ttl exceeded"),
]


@pytest.mark.parametrize(("event", "near"), [*NEAR, ("job complete", "complete"), ("job start", "start")])
def test_a_job_warns_of_a_name_that_is_almost_that_of_an_event(queue: Any, event: str, near: str) -> None:
    job = queue.create("email")
    for add in (lambda: job.on(event, ignore), lambda: job.once(event, ignore), lambda: job.on(event)(ignore)):
        with pytest.warns(UserWarning) as caught:
            add()
        assert of_user(caught) == [(f"kue sends no event {event!r}: did you mean {near!r}?", __file__)]
    assert job.emit(event) is True


@pytest.mark.parametrize(("event", "near"), [*((f"job {event}", near) for event, near in NEAR), ("result", "result")])
def test_a_queue_warns_of_a_name_that_is_almost_that_of_an_event_of_jobs(
    queue: Any, event: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_listened", ignore)
    with pytest.warns(UserWarning) as caught:
        queue.on(event, ignore)
    assert of_user(caught) == [(f"kue sends no event {event!r}: did you mean 'job {near}'?", __file__)]


@pytest.mark.parametrize("event", [*EVENTS, "result", "page", "sent", "done", "stored"])
def test_a_job_takes_every_event_and_names_of_ones_own_without_a_word(queue: Any, event: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        queue.create("email").on(event, ignore).once(event, ignore)
