"""The script `set_state`: a job goes to a state because somebody says so, from whatever state it is in."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.options.values import STATES
from kue.store import effects
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, World, job, token_list, without, world

MARGIN = 5000


def set_state(place: Place, state: str, changes: effects.Effects = ()) -> Any:
    return place.scripts.set_state(1, state, NOW, changes)


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_any_state_leads_to_any_other(place: Place, old: str, new: str) -> None:
    place.seed(job(1, old))
    tokens = (old == "inactive") + (new == "inactive")  # a token that was there stays: one without a job is normal
    place.check(
        set_state(place, new),
        reply=old,
        after=job(1, new, tokens=tokens, updated_at=NOW),
        events=[(1, "enqueue", "email")] if new == "inactive" else [],
    )


@pytest.mark.parametrize(
    ("state", "score"), [("inactive", -10), ("active", -10), ("complete", -10), ("failed", -10), ("delayed", BEFORE)]
)
def test_each_state_has_its_score(place: Place, state: str, score: int) -> None:
    place.seed(job(1, "failed" if state != "failed" else "complete", priority=-10))
    place.run(set_state(place, state))
    assert place.world() == job(1, state, priority=-10, score=score, updated_at=NOW)


def test_the_fields_that_go_with_it_are_written(place: Place) -> None:
    place.seed(job(1, "active"))
    place.check(
        set_state(place, "failed", (*effects.set_field("failed_at", NOW), *effects.set_field("progress", 100))),
        reply="active",
        after=job(1, "failed", failed_at=NOW, progress=100, updated_at=NOW),
    )


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_what_was_sent_and_counted_is_forgotten_when_an_ended_job_is_to_run_again_and_only_then(
    place: Place, old: str, new: str
) -> None:
    ends = ("complete", "failed")
    runs_again = old in ends and new not in ends
    own = {"py_sent": '{"n":1}', "py_invalid_result": '["result","is nan",1]', "py_requeues": 3, "py_ghosts": 1}
    place.seed(job(1, old, tokens=0, result="2", **own))
    place.run(set_state(place, new))
    kept = {} if runs_again else own
    assert place.world() == job(1, new, updated_at=NOW, result="2", **kept)


@pytest.mark.parametrize(
    ("old", "worker", "margin"), [("active", PYTHON, MARGIN), ("active", NODE, 0), ("inactive", PYTHON, 0)]
)
def test_active_with_a_ttl_has_a_deadline_and_a_margin_only_while_a_run_of_python_holds_it(
    place: Place, old: str, worker: str, margin: int
) -> None:
    place.seed(job(1, old, ttl=500, workerId=worker, tokens=0))
    place.run(set_state(place, "active"))
    assert place.world() == job(1, "active", ttl=500, workerId=worker, score=NOW + 500 + margin, updated_at=NOW)


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_options_that_change_with_the_state_count_for_it_and_agree_with_the_sets(
    place: Place, old: str, new: str
) -> None:
    place.seed(job(1, old, tokens=0, priority=10, backoff="true", removeOnComplete="true", ttl=700))
    given = {"priority": -5, "delay": 500, "promote_at": NOW + 500, "ttl": 900, "max_attempts": 4}
    taken = {"backoff": None, "removeOnComplete": None}
    changes = [part for field, value in (given | taken).items() for part in effects.option(field, value)]
    place.run(set_state(place, new, changes))
    score = {"active": NOW + 900, "delayed": NOW + 500}.get(new, -5)
    tokens = int(new == "inactive")
    assert place.world() == job(1, new, score=score, tokens=tokens, updated_at=NOW, **{**given, **taken})


@pytest.mark.parametrize("promote_at", [None, "", "soon"])
def test_delayed_without_a_moment_is_due_now(place: Place, promote_at: str | None) -> None:
    place.seed(job(1, "failed", promote_at=promote_at))
    place.run(set_state(place, "delayed"))
    assert place.world() == job(1, "delayed", promote_at=promote_at, score=NOW, updated_at=NOW)


@pytest.mark.parametrize("old", ["", None])
def test_a_job_without_a_state_gets_one(place: Place, old: str | None) -> None:
    before = {"q:job:1": {"type": "email"} if old is None else {"type": "email", "state": old}}
    place.seed(before)
    place.check(
        set_state(place, "complete"),
        reply="",
        after={
            "q:job:1": {"type": "email", "state": "complete", "updated_at": str(NOW)},
            "q:jobs:complete": {"01|1": 0.0},
            "q:jobs:email:complete": {"01|1": 0.0},
        },
    )


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(job(1, "failed", type))
    place.check(
        set_state(place, "inactive"),
        reply="failed",
        after=job(1, "inactive", type, updated_at=NOW),
        events=[(1, "enqueue", type)],
    )


def test_neighbouring_jobs_stay_where_they_are(place: Place) -> None:
    others = world(job(2, "failed"), job(3, "failed", "pdf"), job(11, "failed"), token_list("pdf", 1))
    place.seed(world(job(1, "failed"), others))
    place.run(set_state(place, "complete"))
    assert place.world() == world(job(1, "complete", updated_at=NOW), others)


GONE = {"no hash": {}, "no type": without(job(1), "q:job:1/type")}


@pytest.mark.parametrize("before", GONE.values(), ids=GONE)
@pytest.mark.parametrize("state", STATES)
def test_a_job_that_is_gone_is_not_brought_back(place: Place, before: World, state: str) -> None:
    place.seed(before)
    place.check(set_state(place, state), reply=None, after=before)


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(set_state(place, "inactive"))
    assert place.world() == {"q:job:1": ["poison"]}
