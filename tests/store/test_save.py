"""The script `save`: a new job, inactive or delayed, in every key it belongs in."""

from typing import Any

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.store.transitions import NewJob, new_job
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, TYPES, job, world

LATER = NOW + 5000


def new(type: str = "email", when: int | None = None, priority: int = 0, **more: Any) -> NewJob:
    """What a job hands to the script; without `more`, it comes out as `world.job`."""
    data, attempts = more.pop("data", '{"to":"tj"}'), more.pop("max_attempts", 1)
    others = [part for pair in more.items() for part in pair]
    return new_job(type, data.encode(), BEFORE, when, priority, attempts, others)


def save(place: Place, *jobs: NewJob) -> Command:
    return place.scripts.save(*jobs)


def test_an_inactive_job_is_in_every_index_with_a_token_and_an_event(place: Place) -> None:
    place.check(
        save(place, new()),
        reply=1,
        after=world(job(1), {"q:ids": "1"}),
        events=[(1, "enqueue", "email")],
    )


def test_a_delayed_job_has_no_token_and_no_event(place: Place) -> None:
    place.check(
        save(place, new(when=LATER, delay=5000)),
        reply=1,
        after=world(job(1, "delayed", promote_at=LATER, delay=5000), {"q:ids": "1"}),
    )


def test_an_observer_sees_that_python_created_a_job(place: Place) -> None:
    place.run(save(place, new(), new(when=LATER)))
    assert place.messages() == [b'{"id":1,"event":"enqueue","args":["enqueue","email"],"created_at":%d}' % BEFORE]


@pytest.mark.parametrize("priority", [-(2**53), -15, -1, 0, 10, 2**53])
def test_the_priority_is_the_score_of_an_inactive_job(place: Place, priority: int) -> None:
    place.check(
        save(place, new(priority=priority)),
        reply=1,
        after=world(job(1, priority=priority), {"q:ids": "1"}),
        events=[(1, "enqueue", "email")],
    )


def test_a_delayed_job_is_scored_by_time_in_its_state_and_by_priority_elsewhere(place: Place) -> None:
    place.run(save(place, new(when=LATER, priority=-10)))
    assert place.client.zscore(place.keys.state("delayed"), "01|1") == LATER
    assert place.client.zscore(place.keys.type_state("email", "delayed"), "01|1") == -10
    assert place.client.zscore(place.keys.jobs, "01|1") == -10


def test_every_field_is_stored_as_it_was_given(place: Place) -> None:
    options = {
        "max_attempts": 5,
        "ttl": 60_000,
        "removeOnComplete": "true",
        "backoff": '{"type":"exponential","delay":500,"maxDelay":9000}',
        "data": '{"name":"Zo\u00eb \U0001f680","quote":"\\"","rows":[1,2.5,null,true,{}]}',
    }
    place.check(
        save(place, new(**options)),
        reply=1,
        after=world(job(1, **options), {"q:ids": "1"}),  # type: ignore[arg-type]
        events=[(1, "enqueue", "email")],
    )


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_stored_and_published_as_it_is(place: Place, type: str) -> None:
    place.check(
        save(place, new(type)),
        reply=1,
        after=world(job(1, type=type), {"q:ids": "1"}),
        events=[(1, "enqueue", type)],
    )


@pytest.mark.parametrize(("last", "zid"), [(8, "01|9"), (9, "02|10"), (999, "04|1000"), (2**52, "16|4503599627370497")])
def test_an_id_follows_the_last_one_and_is_written_in_full(place: Place, last: int, zid: str) -> None:
    place.seed({"q:ids": str(last)})
    place.check(
        save(place, new()),
        reply=last + 1,
        after=world(job(last + 1), {"q:ids": str(last + 1), "q:jobs": {zid: 0.0}}),
        events=[(last + 1, "enqueue", "email")],
    )


def test_jobs_of_one_pipeline_are_saved_in_order(place: Place) -> None:
    commands = [save(place, new(data=str(n))) for n in range(1, 101)]
    assert place.connections.run(commands) == list(range(1, 101))
    assert place.world() == world(*(job(n, data=str(n)) for n in range(1, 101)), {"q:ids": "100"})
    assert place.events() == [(n, "enqueue", "email") for n in range(1, 101)]


@pytest.mark.parametrize("when", [None, LATER])
def test_a_key_in_the_way_of_the_hash_is_refused_before_any_index_is_written(place: Place, when: int | None) -> None:
    place.seed({"q:job:1": ["in the way"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(save(place, new(when=when)))
    assert place.world() == {"q:job:1": ["in the way"], "q:ids": "1"}
    assert place.events() == []


def test_a_counter_that_is_no_number_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:ids": "seven"})
    with pytest.raises(RedisRefused, match="not an integer"):
        place.run(save(place, new()))
    assert place.world() == {"q:ids": "seven"}
    assert place.events() == []


def test_many_jobs_of_all_kinds_are_saved_by_one_call_in_order(place: Place) -> None:
    place.seed({"q:ids": "8"})
    jobs = [new(data="1"), new("pdf", priority=-10), new(when=LATER, priority=5, ttl=7), new(data="4")]
    place.check(
        save(place, *jobs),
        reply=9,
        after=world(
            job(9, data="1"),
            job(10, type="pdf", priority=-10),
            job(11, "delayed", priority=5, promote_at=LATER, ttl=7),
            job(12, data="4"),
            {"q:ids": "12"},
        ),
        events=[(9, "enqueue", "email"), (10, "enqueue", "pdf"), (12, "enqueue", "email")],
    )


@pytest.mark.parametrize("key", ["q:jobs:pdf:inactive", "q:pdf:jobs", "q:job:2", "q:jobs", "q:job:types"])
def test_of_many_jobs_none_is_saved_if_one_is_refused(place: Place, key: str) -> None:
    place.seed({key: "poison"})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(save(place, new("email"), new("pdf")))
    assert {name: value for name, value in place.world().items() if name != "q:ids"} == {key: "poison"}
    assert place.events() == []


@pytest.mark.parametrize("when", [None, LATER])
def test_a_type_whose_tokens_would_be_where_the_unique_keys_are_is_refused(place: Place, when: int | None) -> None:
    place.seed(before := world({"q:unique:jobs": {"order:7": "9"}}))
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(save(place, new(), new("unique", when)))
    assert place.world() == before
    assert place.events() == []
