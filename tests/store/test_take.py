"""The script `take`: the first jobs of a type become active, each under a run of its own."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store.job_hash import FIELDS, JobHash, from_take
from tests.store.conftest import Place
from tests.store.world import BEFORE, NO_ZIDS, NODE, NOW, PYTHON, TYPES, World, gone, job, token_list, without, world

STEM = "kue:host:77-beef0001:email:"
NODE_STEM = "kue:host:77:email:"
MARGIN = 5000


def take(place: Place, count: int = 1, *, tokens: int = 0, type: str = "email", stem: str = STEM) -> Any:
    return place.scripts.take(type, count, tokens, stem, 3, NOW)


def taken(id: int, run: int = 3, *, stem: str = STEM, **more: Any) -> World:
    """What `job(id)` is once it was taken."""
    return job(id, "active", started_at=NOW, updated_at=NOW, workerId=f"{stem}{run}", **more)


def row(world: World, id: int = 1) -> list[str | None]:
    """The hash as the script answers it: as it was before."""
    return [world[f"q:job:{id}"].get(name) for name in FIELDS]


def test_a_job_becomes_active_with_its_token(place: Place) -> None:
    place.seed(job(1))
    place.check(
        take(place),
        reply=[1, [], ["1", row(job(1))]],
        after=taken(1),
        events=[(1, "start", "email", None)],
    )


def test_nothing_waiting_changes_nothing(place: Place) -> None:
    before = world(token_list("email", 2), job(1, "delayed"), job(2, "active"), job(3, type="other"))
    place.seed(before)
    place.check(take(place, 5), reply=[0, []], after=before)


def test_the_lowest_score_is_first_then_the_lowest_id_and_runs_are_numbered_in_that_order(place: Place) -> None:
    place.seed(world(job(2), job(10), job(3, priority=-10), job(1, priority=10), job(4)))
    place.check(
        take(place, 4),
        reply=[4, [], *[[str(id), row(job(id, priority=p), id)] for id, p in ((3, -10), (2, 0), (4, 0), (10, 0))]],
        after=world(taken(3, 3, priority=-10), taken(2, 4), taken(4, 5), taken(10, 6), job(1, priority=10)),
        events=[(id, "start", "email", None) for id in (3, 2, 4, 10)],
    )


def test_fewer_jobs_than_asked_for_are_all_taken(place: Place) -> None:
    place.seed(world(job(1), job(2)))
    place.check(
        take(place, 100),
        reply=[2, [], ["1", row(job(1))], ["2", row(job(2), 2)]],
        after=world(taken(1, 3), taken(2, 4)),
        events=[(1, "start", "email", None), (2, "start", "email", None)],
    )


def test_a_hundred_jobs_are_taken_at_once(place: Place) -> None:
    place.seed(world(*(job(id) for id in range(1, 121))))
    assert place.run(take(place, 100))[0] == 100
    expected = [*(taken(id, id + 2) for id in range(1, 101)), *(job(id) for id in range(101, 121))]
    assert place.world() == world(*expected)


@pytest.mark.parametrize(
    ("waiting", "count", "in_hand", "left_over"),
    [
        (3, 1, 0, 2),  # one token for each job taken
        (3, 3, 0, 0),
        (2, 2, 1, 0),  # one came by BLPOP and is off the list already
        (2, 1, 1, 2),
        (1, 1, 2, 1),  # more in hand than jobs: none is added or taken
        (3, 2, 0, 0),  # tokens are missing: the list is emptied, no error
    ],
)
def test_tokens_follow_the_jobs(place: Place, waiting: int, count: int, in_hand: int, left_over: int) -> None:
    on_the_list = left_over + max(0, count - in_hand)
    if (waiting, count, in_hand) == (3, 2, 0):
        on_the_list = 1
    jobs = [job(id, tokens=0) for id in range(1, waiting + 1)]
    place.seed(world(*jobs, token_list("email", on_the_list)))
    place.run(take(place, count, tokens=in_hand))
    expected = [taken(id, id + 2) for id in range(1, count + 1)]
    assert place.world() == world(*expected, *jobs[count:], token_list("email", left_over))


@pytest.mark.parametrize(("ttl", "margin_of"), [(60_000, PYTHON), (60_000, NODE), (1, PYTHON), (1, NODE)])
def test_a_ttl_is_the_deadline_in_the_score_a_margin_later_for_python(place: Place, ttl: int, margin_of: str) -> None:
    stem = margin_of[:-1]
    score = NOW + ttl + (MARGIN if margin_of == PYTHON else 0)
    place.seed(job(1, ttl=ttl))
    place.run(take(place, stem=stem))
    assert place.world() == taken(1, stem=stem, ttl=ttl, score=score)


@pytest.mark.parametrize("ttl", ["0", "", "-5", "soon"])
def test_a_ttl_that_is_none_scores_by_priority(place: Place, ttl: str) -> None:
    place.seed(job(1, ttl=ttl))
    place.run(take(place))
    assert place.world() == taken(1, ttl=ttl)


@pytest.mark.parametrize("priority", [-15, 10])
def test_without_a_ttl_the_score_is_minus_the_size_of_the_priority(place: Place, priority: int) -> None:
    place.seed(job(1, priority=priority))
    place.run(take(place))
    assert place.world() == taken(1, priority=priority, score=-abs(priority))


def test_the_score_of_no_priority_is_plain_zero_as_node_writes_it(place: Place) -> None:
    place.seed(job(1))
    place.run(take(place))
    score = place.connections.call("ZSCORE", place.keys.state("active"), "01|1")
    assert score == b"0"


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_taken_and_published_as_it_is(place: Place, type: str) -> None:
    place.seed(job(1, type=type))
    place.check(
        take(place, type=type),
        reply=[1, [], ["1", row(job(1, type=type))]],
        after=taken(1, type=type),
        events=[(1, "start", type, None)],
    )


def test_a_job_without_a_priority_counts_as_zero(place: Place) -> None:
    place.seed(without(job(1), "q:job:1/priority"))
    place.run(take(place))
    assert place.world() == without(taken(1), "q:job:1/priority")


def test_a_job_that_ran_before_runs_under_its_new_name(place: Place) -> None:
    before = job(1, started_at=BEFORE, workerId=NODE, attempts=1, error="Error: boom")
    place.seed(before)
    place.check(
        take(place),
        reply=[1, [], ["1", row(before)]],
        after=taken(1, attempts=1, error="Error: boom"),
        events=[(1, "start", "email", None)],
    )


BROKEN = {
    "no type": world(without(job(2, log=["was here"]), "q:job:2/type")),
    "an empty type": world(job(2), {"q:job:2": {"type": ""}}),
    "no hash": without(job(2), "q:job:2"),
    "no hash, but a log": without(job(2, log=["was here"]), "q:job:2"),
    "another thing than a hash": world(without(job(2), "q:job:2"), {"q:job:2": ["poison"]}),
    "in many states": world(
        without(job(2, "active"), "q:job:2"), without(job(2, "failed"), "q:job:2"), without(job(2), "q:job:2")
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_job_is_dropped_from_every_index_and_its_neighbours_are_taken(place: Place, broken: World) -> None:
    place.seed(world(job(1), broken, job(3)))
    place.check(
        take(place, 3),
        reply=[3, ["2"], ["1", row(job(1))], ["3", row(job(3), 3)]],
        after=world(taken(1, 3), taken(3, 4)),
        events=[(1, "start", "email", None), (3, "start", "email", None)],
    )


def test_a_queue_of_broken_jobs_only_is_emptied(place: Place) -> None:
    place.seed(world(without(job(1), "q:job:1"), without(job(2), "q:job:2")))
    place.check(take(place, 2), reply=[2, ["1", "2"]], after=gone())


@pytest.mark.parametrize("state", ["active", "complete", "failed", "delayed"])
def test_a_job_listed_as_waiting_that_is_in_another_state_only_leaves_the_waiting(place: Place, state: str) -> None:
    listed = {"q:jobs:inactive": {"01|1": 0.0}, "q:jobs:email:inactive": {"01|1": 0.0}}
    place.seed(world(job(1, state), listed, job(2)))
    place.check(
        take(place, 2),
        reply=[2, [], ["2", row(job(2), 2)]],
        after=world(job(1, state), taken(2)),
        events=[(2, "start", "email", None)],
    )


def test_a_job_listed_under_the_wrong_type_stays_where_it_belongs(place: Place) -> None:
    place.seed(world(job(1, type="pdf"), {"q:jobs:email:inactive": {"01|1": 0.0}}, job(2)))
    place.check(
        take(place, 2),
        reply=[2, [], ["2", row(job(2), 2)]],
        after=world(job(1, type="pdf"), taken(2)),
        events=[(2, "start", "email", None)],
    )


def test_a_queue_of_nothing_but_jobs_of_another_type_is_emptied(place: Place) -> None:
    place.seed(world(job(1, type="pdf"), {"q:jobs:email:inactive": {"01|1": 0.0}}))
    place.check(take(place), reply=[1, []], after=job(1, type="pdf"))


@pytest.mark.parametrize("member", NO_ZIDS)
def test_a_member_that_is_no_zid_leaves_the_indexes_and_is_never_published(place: Place, member: str) -> None:
    """Told, it would be a message that is not JSON, which crashes every Node process that listens."""
    named = {f"q:job:{member.rpartition('|')[2]}": {"type": "email", "state": "inactive"}}
    listed = {name: {member: -1.0} for name in ("q:jobs", "q:jobs:inactive", "q:jobs:email:inactive")}
    place.seed(world(job(9), listed, named, token_list("email", 1)))
    place.check(
        take(place, 2),
        reply=[2, [member], ["9", row(job(9), 9)]],
        after=world(taken(9), named),
        events=[(9, "start", "email", None)],
    )


def test_a_token_list_of_another_kind_is_refused_before_anything_is_written(place: Place) -> None:
    before = world(job(1, tokens=0), {"q:email:jobs": "poison"})
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(take(place))
    assert place.world() == before
    assert place.events() == []


def test_no_field_is_read_that_few_jobs_need() -> None:
    assert [name for name in FIELDS if name.startswith("py_")] == ["py_requeues"]


def test_the_hash_of_a_taken_job_lacks_the_other_fields() -> None:
    values = [name.encode() for name in FIELDS]
    assert from_take(values) == JobHash(*values)
