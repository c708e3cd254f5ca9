"""Options that a handler set on its job: they are effects of the outcome of its run, and count for that outcome."""

from typing import Any

import pytest

from kue.store import effects
from kue.store.effects import Effects
from kue.store.transitions import Failure, Retry, completion
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, PYTHON, World, gone, job, world

MARGIN = 5000
BOOM = Failure("boom", "boom", "boom")
OLD = {"max_attempts": 3, "ttl": 700, "backoff": "true", "removeOnComplete": ""}
SET = {"priority": -5, "max_attempts": 4, "ttl": 900, "delay": 50, "promote_at": NOW + 50}
TAKEN_AWAY = {"backoff": None, "removeOnComplete": None}
NEW = SET | TAKEN_AWAY


def options(fields: dict[str, Any]) -> Effects:
    return tuple(part for field, content in fields.items() for part in effects.option(field, content))


def held(id: int = 1, **more: Any) -> World:
    return job(id, "active", **{"workerId": PYTHON, "priority": 10, "score": NOW + 9, **OLD, **more})


def ended(state: str, id: int = 1, **more: Any) -> World:
    return job(id, state, **{"workerId": PYTHON, "updated_at": NOW, **OLD, **NEW, **more})


def complete(place: Place, said: Effects, id: int = 1) -> Any:
    return place.scripts.complete(NOW, completion(id, PYTHON, 5, None, said))


def fail(place: Place, said: Effects, retry: Retry) -> Any:
    return place.scripts.fail(1, PYTHON, "email", NOW, BOOM, retry, effects=said)


COMPLETED = {"duration": 5, "progress": 100, "attempts": 1}
FAILED = {"attempts": 1, "error": "boom", "failed_at": NOW, "log": ["boom"]}
WORK_TIME: World = {"q:stats:work-time": "5"}


class TestEachOutcome:
    """The hash has the new options, and every set the new priority."""

    def test_complete(self, place: Place) -> None:
        place.seed(held())
        place.run(complete(place, options(NEW)))
        assert place.world() == world(ended("complete", **COMPLETED), WORK_TIME)

    @pytest.mark.parametrize(
        ("retry", "more"),
        [
            (Retry("inactive"), {}),
            (Retry("failed"), {}),
            (Retry("delayed", 700), {"delay": 700, "promote_at": NOW + 700}),
            (Retry("delayed"), {}),
        ],
        ids=["at once", "for good", "later", "when it is due"],
    )
    def test_fail(self, place: Place, retry: Retry, more: dict[str, Any]) -> None:
        place.seed(held())
        place.run(fail(place, options(NEW), retry))
        assert place.world() == ended(retry.state, **FAILED, **more)

    def test_requeue(self, place: Place) -> None:
        place.seed(held())
        place.run(place.scripts.requeue(1, PYTHON, "email", NOW, "why", options(NEW)))
        assert place.world() == ended("inactive", py_requeues=1, log=["put back: why"])

    def test_a_run_that_lost_its_job_changes_no_option(self, place: Place) -> None:
        before = held(workerId=NODE)
        place.seed(before)
        assert place.run(complete(place, options(NEW)))[0][0] == -1
        assert place.run(fail(place, options(NEW), Retry("inactive")))[0] == -1
        assert place.run(place.scripts.requeue(1, PYTHON, "email", NOW, "why", options(NEW)))[0] == -1
        assert place.world() == before


@pytest.mark.parametrize(
    ("made", "before", "after", "state"),
    [(0, 3, 1, "failed"), (0, 1, 3, "inactive"), (1, 5, 2, "failed"), (2, 5, 1, "failed"), (None, None, 2, "inactive")],
)
def test_new_attempts_decide_whether_the_job_runs_again(
    place: Place, made: int | None, before: int | None, after: int, state: str
) -> None:
    place.seed(held(attempts=made, max_attempts=before))
    assert place.run(fail(place, options({"max_attempts": after}), Retry("inactive"))) == [1, state]
    count = min((made or 0) + 1, after) if (made or 0) < after else made
    expected = {**FAILED, "attempts": count, "max_attempts": after, "updated_at": NOW, "score": 10}
    assert place.world() == job(1, state, **{**OLD, "workerId": PYTHON, "priority": 10, **expected})


class TestRemoval:
    def test_a_job_that_is_to_go_goes(self, place: Place) -> None:
        place.seed(held(removeOnComplete=None))
        place.check(
            complete(place, options({"priority": 7, "removeOnComplete": "true"})),
            reply=[[1]],
            after=world(gone(), WORK_TIME),
            events=[(1, "complete", None, None), (1, "remove", "email")],
        )

    def test_a_job_that_is_to_stay_stays(self, place: Place) -> None:
        place.seed(held(removeOnComplete="true"))
        place.check(
            complete(place, options({"removeOnComplete": None})),
            reply=[[1]],
            after=world(
                job(
                    *(1, "complete"),
                    **{**OLD, **COMPLETED, "removeOnComplete": None, "workerId": PYTHON, "updated_at": NOW},
                    priority=10,
                ),
                WORK_TIME,
            ),
            events=[(1, "complete", None, None)],
        )


def test_of_many_runs_only_the_one_that_set_an_option_has_it(place: Place) -> None:
    place.seed(world(held(1), held(2), held(3)))
    runs = [
        completion(id, PYTHON, 5, None, said)
        for id, said in [(1, effects.log("a", (), NOW)), (2, options({"priority": -5})), (3, ())]
    ]
    assert place.run(place.scripts.complete(NOW, *runs)) == [[1]] * 3
    known = {**OLD, **COMPLETED, "workerId": PYTHON, "updated_at": NOW}
    assert place.world() == world(
        job(1, "complete", priority=10, log=["a"], **known),
        job(2, "complete", priority=-5, **known),
        job(3, "complete", priority=10, **known),
        {"q:stats:work-time": "15"},
    )


def test_what_was_set_last_counts(place: Place) -> None:
    place.seed(held())
    place.run(complete(place, (*options({"priority": 3}), *effects.log("a", (), NOW), *options({"priority": -5}))))
    assert place.client.zscore(place.keys.jobs, "01|1") == -5
    assert place.world()["q:jobs:complete"] == place.world()["q:jobs:email:complete"] == {"01|1": -5.0}
    assert place.world()["q:job:1"]["priority"] == "-5"


class TestTtlWithProgress:
    """A new ttl goes with the progress from which it counts, and is written: hash and deadline agree."""

    @pytest.mark.parametrize("before", [None, 700])
    @pytest.mark.parametrize(("ttl", "score"), [(900, NOW + 900 + MARGIN), (None, -10)])
    def test_the_deadline_is_that_of_the_new_ttl(
        self, place: Place, before: int | None, ttl: int | None, score: int
    ) -> None:
        place.seed(held(ttl=before, score=BEFORE))
        said = (*options({"ttl": ttl}), *effects.progress(1, 1, 2, None, NOW, None)[1])
        place.check(
            place.scripts.apply_effects(1, PYTHON, NOW, said),
            reply=[1],
            after=held(ttl=ttl, score=score, progress=50, updated_at=NOW),
            events=[(1, "progress", 50, None)],
        )

    def test_without_progress_the_deadline_stays(self, place: Place) -> None:
        place.seed(held(score=BEFORE))
        place.run(place.scripts.apply_effects(1, PYTHON, NOW, options({"ttl": 900})))
        assert place.world() == held(ttl=900, score=BEFORE)
