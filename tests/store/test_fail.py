"""The script `fail`: the run that holds an active job ends it badly, and the job is tried again or has failed."""

from typing import Any

import pytest

from kue.store import effects
from kue.store.codec import text
from kue.store.stored_error import FIELD, keep_message
from kue.store.transitions import Failure, Retry
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, PYTHON, TYPES, World, job, world

BOOM = Failure("Error: boom\n    at line 1", "Error: boom", "boom")
AT_ONCE, NEVER = Retry("inactive"), Retry("failed")
TTL = Failure("TTL exceeded", "TTL exceeded", "TTL exceeded")
LOCK = "activeJobsTTL:lock"


def fail(
    place: Place,
    retry: Retry = AT_ONCE,
    failure: Failure = BOOM,
    *,
    worker: str = PYTHON,
    type: str = "email",
    **more: Any,
) -> Any:
    return place.scripts.fail(1, worker, type, NOW, failure, retry, **more)


def held(**more: Any) -> World:
    return job(1, "active", **{"workerId": PYTHON, "max_attempts": 3, **more})


def after(state: str, failure: Failure = BOOM, **more: Any) -> World:
    """What `held()` is once it has failed."""
    known = {"workerId": PYTHON, "max_attempts": 3, "attempts": 1, "error": failure.error, "failed_at": NOW}
    return job(1, state, **{**known, "updated_at": NOW, "log": [failure.line], **more})


ERROR = (1, "error", BOOM.error)
ATTEMPT = (1, "failed attempt", "boom", 1)
FAILED = (1, "failed", "boom", None)


def test_while_attempts_remain_the_job_is_queued_again_at_once(place: Place) -> None:
    place.seed(held())
    place.check(
        fail(place),
        reply=[1, "inactive"],
        after=after("inactive"),
        events=[ERROR, (1, "enqueue", "email"), ATTEMPT],
    )


def test_a_failed_attempt_says_when_its_job_was_created(place: Place) -> None:
    """So an observer knows that Python counts the run. The `enqueue` does not say it: the job may be one of Node's."""
    place.seed(held())
    place.run(fail(place))
    stamped = [b'"created_at"' in message for message in place.messages()]
    assert stamped == [False, False, True]


def test_with_a_backoff_it_is_delayed(place: Place) -> None:
    place.seed(held())
    place.check(
        fail(place, Retry("delayed", 750)),
        reply=[1, "delayed"],
        after=after("delayed", delay=750, promote_at=NOW + 750),
        events=[ERROR, ATTEMPT],
    )


@pytest.mark.parametrize(("delay", "wait"), [(750, 0), (750, 1), (750, 749), (2**52, 2**52 - 1)])
def test_with_jitter_it_waits_for_less_than_its_delay(place: Place, delay: int, wait: int) -> None:
    place.seed(held())
    place.check(
        fail(place, Retry("delayed", delay, wait=wait)),
        reply=[1, "delayed"],
        after=after("delayed", delay=delay, promote_at=NOW + wait),
        events=[ERROR, ATTEMPT],
    )


def test_the_longest_delay_keeps_every_digit(place: Place) -> None:
    place.seed(held())
    place.run(fail(place, Retry("delayed", 2**52)))
    assert place.world() == after("delayed", delay=2**52, promote_at=NOW + 2**52)


@pytest.mark.parametrize("delay", [None, 0])
def test_without_a_delay_promote_at_stays_or_is_now(place: Place, delay: int | None) -> None:
    place.seed(held())
    place.run(fail(place, Retry("delayed", delay)))
    kept = {} if delay is None else {"delay": 0, "promote_at": NOW}
    assert place.world() == after("delayed", **kept)


@pytest.mark.parametrize("promote_at", [None, "", "soon"])
def test_a_promote_at_that_is_no_moment_makes_the_job_due_now(place: Place, promote_at: str | None) -> None:
    place.seed(held(promote_at=promote_at))
    place.run(fail(place, Retry("delayed")))
    assert place.world() == after("delayed", promote_at=promote_at, score=NOW)


def test_after_the_last_attempt_it_has_failed(place: Place) -> None:
    place.seed(held(attempts=2))
    place.check(
        fail(place),
        reply=[1, "failed"],
        after=after("failed", attempts=3),
        events=[ERROR, FAILED],
    )


def test_a_job_may_fail_for_good_whatever_attempts_remain(place: Place) -> None:
    place.seed(held())
    place.check(fail(place, NEVER), reply=[1, "failed"], after=after("failed"), events=[ERROR, FAILED])


@pytest.mark.parametrize(
    ("attempts", "max_attempts", "then", "state"),
    [
        (None, 1, 1, "failed"),
        (None, 2, 1, "inactive"),
        (1, 2, 2, "failed"),
        (2, 2, 2, "failed"),  # never beyond
        (5, 2, 5, "failed"),  # nor back
        (1, 3, 2, "inactive"),
        (None, None, None, "failed"),  # without max_attempts Node never counts, and never tries again
        (4, None, 4, "failed"),
        ("", 2, 1, "inactive"),
    ],
)
def test_attempts_are_counted_up_to_the_most(
    place: Place, attempts: Any, max_attempts: Any, then: int | None, state: str
) -> None:
    place.seed(held(attempts=attempts, max_attempts=max_attempts))
    said = (*ATTEMPT[:3], then) if state == "inactive" else FAILED
    queued = [(1, "enqueue", "email")] if state == "inactive" else []
    place.check(
        fail(place),
        reply=[1, state],
        after=after(state, attempts=then, max_attempts=max_attempts),
        events=[ERROR, *queued, said],
    )


@pytest.mark.parametrize("priority", [-15, 10])
@pytest.mark.parametrize("retry", [AT_ONCE, Retry("delayed", 10), NEVER])
def test_scores_follow_the_state(place: Place, retry: Retry, priority: int) -> None:
    place.seed(held(priority=priority, ttl=500, score=NOW + 5500))
    place.run(fail(place, retry))
    delayed = {"delay": 10, "promote_at": NOW + 10} if retry.state == "delayed" else {}
    assert place.world() == after(retry.state, priority=priority, ttl=500, **delayed)


def test_tokens_that_wait_already_stay(place: Place) -> None:
    place.seed(held(tokens=2))
    place.run(fail(place))
    assert place.world() == after("inactive", tokens=3)


@pytest.mark.parametrize(
    "failure",
    [
        Failure("plain words", "", "plain words"),
        Failure("E: \u2709 \U0001f680 \" \\ '\n\tat <x>", "E: \u2709 \U0001f680", '\u2709 \U0001f680 " \\'),
        Failure("", "", ""),
        Failure("E: half \ud83d a pair", "E: half \ud83d", "half \ud83d a pair"),
    ],
    ids=["a string", "quotes", "nothing", "half a surrogate pair"],
)
def test_the_words_of_an_error_are_stored_logged_and_published(place: Place, failure: Failure) -> None:
    written = [words.replace("\ud83d", "\\ud83d") for words in (failure.error, failure.line, failure.message)]
    kept = keep_message(failure.error, failure.message)  # for what the words alone do not tell
    own = {FIELD: text(kept[2])} if kept else {}
    place.seed(held(log=["before"]))
    place.check(
        fail(place, NEVER, failure),
        reply=[1, "failed"],
        after=after("failed", Failure(*written), log=["before", written[1]], **own),
        events=[(1, "error", failure.error), (1, "failed", failure.message, None)],
    )


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_again_as_it_is(place: Place, type: str) -> None:
    place.seed(held(type=type))
    place.check(
        fail(place, type=type),
        reply=[1, "inactive"],
        after=after("inactive", type=type),
        events=[ERROR, (1, "enqueue", type), ATTEMPT],
    )


def test_what_the_run_reported_comes_before_the_error(place: Place) -> None:
    one, two = effects.log("one", (), BEFORE), effects.log("two", (), BEFORE)
    sent = effects.send(1, "page", 7, None, keep=False)
    place.seed(held())
    place.check(
        fail(place, effects=(*one, *sent, *two, *effects.set_field("page", 7))),
        reply=[1, "inactive"],
        after=after("inactive", log=["one", "two", "Error: boom"], page=7),
        events=[(1, "page", 7), ERROR, (1, "enqueue", "email"), ATTEMPT],
    )


def test_a_key_in_the_way_of_the_log_costs_only_the_lines(place: Place) -> None:
    in_the_way = {"q:job:1:log": "poison"}
    place.seed(world(held(), in_the_way))
    place.check(
        fail(place, effects=effects.log("x", (), BEFORE)),
        reply=[1, "inactive"],
        after=world(after("inactive", log=None), in_the_way),
        events=[ERROR, (1, "enqueue", "email"), ATTEMPT],
    )


# how the ttl comes in
