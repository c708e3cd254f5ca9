"""The script `remove`: a job and every trace of it but its token."""

import pytest

from kue.errors import RedisRefused
from kue.options.values import STATES
from tests.store.conftest import Place
from tests.store.world import PYTHON, TYPES, World, gone, job, token_list, without, world


@pytest.mark.parametrize("state", STATES)
def test_a_job_in_any_state_leaves_nothing_but_its_type_and_its_token(place: Place, state: str) -> None:
    place.seed(job(1, state, log=["one"], workerId=PYTHON, result="1"))
    place.check(
        place.scripts.remove(1),
        reply=1,
        after=world(gone(), token_list("email", state == "inactive")),
        events=[(1, "remove", "email")],
    )


def test_neighbours_stay(place: Place) -> None:
    others = world(job(2, log=["two"]), job(11, priority=-10), job(3, type="pdf"))
    place.seed(world(job(1, tokens=0), others))
    place.check(place.scripts.remove(1), reply=1, after=others, events=[(1, "remove", "email")])


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_removed_and_published_as_it_is(place: Place, type: str) -> None:
    place.seed(job(1, "complete", type))
    place.check(place.scripts.remove(1), reply=1, after=gone(type), events=[(1, "remove", type)])


@pytest.mark.parametrize("state", ["", None])
def test_a_job_without_a_state_goes_too(place: Place, state: str | None) -> None:
    hash = {"type": "email"} if state is None else {"type": "email", "state": state}
    place.seed({"q:job:1": hash, "q:jobs": {"01|1": 0.0}})
    place.check(place.scripts.remove(1), reply=1, after={}, events=[(1, "remove", "email")])


GONE = {"no hash": {}, "no type": without(job(1), "q:job:1/type")}


@pytest.mark.parametrize("before", GONE.values(), ids=GONE)
def test_a_job_that_is_gone_is_no_job(place: Place, before: World) -> None:
    place.seed(before)
    place.check(place.scripts.remove(1), reply=0, after=before)


def test_a_second_remove_reports_that_the_job_is_gone(place: Place) -> None:
    place.seed(job(1, "failed"))
    assert [place.run(place.scripts.remove(1)) for _ in range(2)] == [1, 0]
    assert place.events() == [(1, "remove", "email")]


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(place.scripts.remove(1))
    assert place.world() == {"q:job:1": ["poison"]}
