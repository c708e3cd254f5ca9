"""The script `update`: what an object changed, options and data, in the state that its job is in."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, job, without, world

MARGIN = 5000
NEW: dict[str, Any] = {"data": '{"to":"\u2709"}', "max_attempts": 4}


def update(place: Place, **options: Any) -> Any:
    """The command that writes new data, and options, given by their fields; None removes one."""
    changes = [part for field, value in options.items() for part in effects.option(field, value)]
    changes += effects.option("max_attempts", NEW["max_attempts"])
    return place.scripts.update(1, NOW, [*changes, *effects.set_field("data", NEW["data"])])


def test_an_inactive_job_is_queued_again_with_another_token_as_in_kue(place: Place) -> None:
    place.seed(job(1))
    place.check(
        update(place),
        reply=["inactive", str(BEFORE)],
        after=job(1, tokens=2, updated_at=NOW, **NEW),
        events=[(1, "enqueue", "email")],
    )


@pytest.mark.parametrize("listed", ["P:jobs:inactive", "nowhere"])
def test_a_job_that_a_node_worker_has_popped_is_not_queued_again(place: Place, listed: str) -> None:
    popped = without(job(1, tokens=0), "q:jobs:email:inactive/01|1")
    if listed == "nowhere":
        popped = without(popped, "q:jobs:inactive/01|1")
    place.seed(popped)
    fields = {"updated_at": str(NOW), "priority": "-10", **_text(NEW)}
    after = world(popped, {"q:job:1": fields, "q:jobs": {"01|1": -10.0}})
    if listed != "nowhere":
        after = world(after, {"q:jobs:inactive": {"01|1": -10.0}})
    place.check(update(place, priority=-10), reply=["inactive", str(BEFORE)], after=after)


@pytest.mark.parametrize("state", ["complete", "failed", "active", "delayed"])
def test_an_update_of_a_job_in_another_state_is_not_published(place: Place, state: str) -> None:
    place.seed(job(1, state))
    place.check(update(place), reply=[state, str(BEFORE)], after=job(1, state, updated_at=NOW, **NEW))


@pytest.mark.parametrize("state", ["inactive", "complete", "failed", "active", "delayed"])
def test_the_new_priority_is_the_score_wherever_it_counts(place: Place, state: str) -> None:
    place.seed(job(1, state, priority=10))
    place.run(update(place, priority=-15))
    tokens = 2 if state == "inactive" else 0
    assert place.world() == job(1, state, priority=-15, tokens=tokens, updated_at=NOW, **NEW)


@pytest.mark.parametrize("state", ["inactive", "complete", "failed", "active", "delayed"])
def test_the_priority_of_the_hash_is_the_score_if_none_is_given(place: Place, state: str) -> None:
    place.seed(job(1, state, priority=-10))
    place.run(update(place))
    tokens = 2 if state == "inactive" else 0
    assert place.world() == job(1, state, priority=-10, tokens=tokens, updated_at=NOW, **NEW)


def test_what_is_not_given_keeps_its_field(place: Place) -> None:
    """Another process may have written it since the object read the job."""
    others = {"ttl": 500, "backoff": "true", "delay": 70, "removeOnComplete": "true", "priority": 5, "max_attempts": 9}
    place.seed(job(1, "failed", **others))
    place.check(
        place.scripts.update(1, NOW, ()),
        reply=["failed", str(BEFORE)],
        after=job(1, "failed", updated_at=NOW, **others),
    )


@pytest.mark.parametrize("field", ["ttl", "backoff", "delay", "removeOnComplete"])
def test_an_option_that_is_taken_away_loses_its_field(place: Place, field: str) -> None:
    place.seed(job(1, "failed", **{field: 500}))
    place.run(update(place, **{field: None}))
    assert place.world() == job(1, "failed", updated_at=NOW, **NEW)


def test_a_new_promote_at_is_the_score_of_a_delayed_job(place: Place) -> None:
    place.seed(job(1, "delayed", failed_at=BEFORE + 7))
    place.check(
        update(place, delay=90_000, promote_at=NOW + 90_000),
        reply=["delayed", str(NOW + 90_000)],
        after=job(
            1, "delayed", failed_at=BEFORE + 7, promote_at=NOW + 90_000, updated_at=NOW, **{"delay": 90_000, **NEW}
        ),
    )


def test_a_delayed_job_keeps_its_moment_if_no_other_is_given(place: Place) -> None:
    place.seed(job(1, "delayed", delay=90_000, promote_at=NOW + 30_000))
    place.run(update(place, priority=-5))
    assert place.world() == job(1, "delayed", priority=-5, delay=90_000, promote_at=NOW + 30_000, updated_at=NOW, **NEW)


def test_a_waiting_job_that_gets_a_delay_becomes_delayed(place: Place) -> None:
    place.seed(world(job(1, priority=5), job(2)))
    delay = {"delay": 90_000, "promote_at": NOW + 90_000}
    place.check(
        update(place, **delay),
        reply=["delayed", str(NOW + 90_000)],
        after=world(job(1, "delayed", tokens=1, priority=5, updated_at=NOW, **{**delay, **NEW}), job(2)),
    )


def test_a_waiting_job_whose_delay_is_taken_away_waits_on(place: Place) -> None:
    place.seed(job(1, delay=90_000))
    place.check(
        update(place, delay=None, promote_at=NOW),
        reply=["inactive", str(NOW)],
        after=job(1, tokens=2, promote_at=NOW, updated_at=NOW, **NEW),
        events=[(1, "enqueue", "email")],
    )


def test_a_job_that_a_node_worker_has_popped_is_not_delayed(place: Place) -> None:
    popped = without(job(1, tokens=0), "q:jobs:email:inactive/01|1")
    place.seed(popped)
    delay = {"delay": 90_000, "promote_at": NOW + 90_000}
    place.check(
        update(place, **delay),
        reply=["inactive", str(NOW + 90_000)],
        after=world(popped, {"q:job:1": {"updated_at": str(NOW), **_text(delay), **_text(NEW)}}),
    )


@pytest.mark.parametrize("state", ["active", "complete", "failed"])
def test_a_delay_moves_promote_at_in_other_states_too_but_not_the_job(place: Place, state: str) -> None:
    place.seed(job(1, state))
    place.run(update(place, delay=2**52, promote_at=NOW + 2**52))
    assert place.world() == job(1, state, delay=2**52, promote_at=NOW + 2**52, updated_at=NOW, **NEW)


@pytest.mark.parametrize(("worker", "margin"), [(PYTHON, MARGIN), (NODE, 0)])
@pytest.mark.parametrize("ttl_before", [None, 10])
def test_the_deadline_of_an_active_job_is_set_by_its_new_ttl(
    place: Place, worker: str, margin: int, ttl_before: int | None
) -> None:
    place.seed(job(1, "active", workerId=worker, ttl=ttl_before, score=NOW - 1))
    place.run(update(place, ttl=60_000))
    score = NOW + 60_000 + margin
    assert place.world() == job(1, "active", workerId=worker, ttl=60_000, score=score, updated_at=NOW, **NEW)


def test_an_active_job_without_a_ttl_any_more_has_no_deadline(place: Place) -> None:
    place.seed(job(1, "active", workerId=NODE, ttl=500, priority=10, score=NOW - 1))
    place.run(update(place, ttl=None))
    assert place.world() == job(1, "active", workerId=NODE, priority=10, updated_at=NOW, **NEW)


def test_the_ttl_that_stays_pushes_the_deadline_as_well(place: Place) -> None:
    place.seed(job(1, "active", workerId=NODE, ttl=500, score=NOW - 1))
    place.run(update(place))
    assert place.world() == job(1, "active", workerId=NODE, ttl=500, score=NOW + 500, updated_at=NOW, **NEW)


@pytest.mark.parametrize("promote_at", [None, "", "soon"])
def test_a_delayed_job_without_a_moment_is_due_now(place: Place, promote_at: str | None) -> None:
    place.seed(job(1, "delayed", promote_at=promote_at, score=0))
    place.run(update(place, priority=-5))
    assert place.world() == job(1, "delayed", priority=-5, promote_at=promote_at, score=NOW, updated_at=NOW, **NEW)


@pytest.mark.parametrize("state", ["", None])
def test_a_job_without_a_state_goes_into_no_state(place: Place, state: str | None) -> None:
    hash = {"type": "email"} if state is None else {"type": "email", "state": state}
    place.seed({"q:job:1": hash})
    place.check(
        update(place),
        reply=["", ""],
        after={"q:job:1": {**hash, "updated_at": str(NOW), **_text(NEW)}, "q:jobs": {"01|1": 0.0}},
    )


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(job(1, type=type))
    place.check(
        update(place),
        reply=["inactive", str(BEFORE)],
        after=job(1, type=type, tokens=2, updated_at=NOW, **NEW),
        events=[(1, "enqueue", type)],
    )


@pytest.mark.parametrize("there", [{}, {"q:job:1": {"state": "inactive"}}])
def test_a_job_that_is_gone_is_not_brought_back(place: Place, there: Any) -> None:
    place.seed(world(there))
    place.check(update(place), reply=[], after=there)


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(update(place, delay=5, promote_at=NOW + 5))
    assert place.world() == {"q:job:1": ["poison"]}


def _text(fields: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}
