"""The script `complete`: the run that holds an active job ends it well."""

import json
from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from kue.store.transitions import completion
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, World, gone, job, without, world

DURATION = 1234
WORK_TIME: World = {"q:stats:work-time": str(DURATION)}


def complete(place: Place, id: int = 1, *, worker: str = PYTHON, result: bytes | None = None, said: Any = ()) -> Any:
    return place.scripts.complete(NOW, completion(id, worker, DURATION, result, said))


def held(id: int = 1, **more: Any) -> World:
    return job(id, "active", **{"workerId": PYTHON, "started_at": NOW - DURATION, **more})


def done(id: int = 1, **more: Any) -> World:
    """What `held(id)` is once it was completed."""
    known = {"workerId": PYTHON, "started_at": NOW - DURATION, "updated_at": NOW, "duration": DURATION}
    return world(job(id, "complete", **{**known, "progress": 100, "attempts": 1, **more}), WORK_TIME)


def test_a_job_is_complete_without_a_result(place: Place) -> None:
    place.seed(held())
    place.check(complete(place), reply=[[1]], after=done(), events=[(1, "complete", None, None)])


@pytest.mark.parametrize(
    ("result", "value"),
    [
        (b'{"ok":true}', {"ok": True}),
        (b"0", 0),
        (b"false", False),
        (b'""', ""),
        (b"[]", []),
        (b"12345678901234567890", 12345678901234567890),
        ('"\u2709 \U0001f680 \\" \\\\ \\u0000"'.encode(), '\u2709 \U0001f680 " \\ \0'),
    ],
)
def test_a_result_is_stored_byte_for_byte_and_published(place: Place, result: bytes, value: Any) -> None:
    place.seed(held())
    place.check(
        complete(place, result=result),
        reply=[[1]],
        after=done(result=result.decode()),
        events=[(1, "complete", value, None)],
    )


@pytest.mark.parametrize(("size", "is_cut"), [(4_000_000, False), (4_000_001, True)])
def test_a_result_of_more_than_4_mb_is_left_out_of_the_event(place: Place, size: int, is_cut: bool) -> None:
    text = "x" * (size - 2)
    place.seed(held())
    assert place.run(complete(place, result=b'"%s"' % text.encode())) == [[1]]
    assert place.world() == done(result=f'"{text}"')
    message = json.loads(place.messages()[0])
    assert message["args"] == ["complete", None if is_cut else text, None]
    assert message.get("cut") is (True if is_cut else None)


def test_a_result_is_not_left_out_of_the_event_if_the_job_is_removed(place: Place) -> None:
    text = "x" * 4_000_001
    place.seed(held(removeOnComplete="true"))
    place.check(
        complete(place, result=b'"%s"' % text.encode()),
        reply=[[1]],
        after=world(gone(), WORK_TIME),
        events=[(1, "complete", text, None), (1, "remove", "email")],
    )


def test_the_further_keys_of_complete_are_written_but_the_stamp_alone_is_for_remove(place: Place) -> None:
    more = b',"created_at":1700000000000,"invalid":true'
    place.seed(held(removeOnComplete="true"))
    place.run(place.scripts.complete(NOW, completion(1, PYTHON, DURATION, b"1", (), more)))
    assert place.messages() == [
        b'{"id":1,"event":"complete","args":["complete",1,null],"created_at":1700000000000,"invalid":true}',
        b'{"id":1,"event":"remove","args":["remove","email"],"created_at":1700000000000}',
    ]


def test_work_time_adds_up(place: Place) -> None:
    place.seed(world(held(), {"q:stats:work-time": "1000"}))
    place.run(complete(place))
    assert place.world() == world(done(), {"q:stats:work-time": "2234"})


@pytest.mark.parametrize("poison", ["12.5", "a while", ["a list"]])
def test_a_work_time_that_is_no_number_does_not_stop_the_transition(place: Place, poison: Any) -> None:
    place.seed(world(held(), {"q:stats:work-time": poison}))
    place.check(
        complete(place),
        reply=[[1]],
        after=world(without(done(), "q:stats:work-time"), {"q:stats:work-time": poison}),
        events=[(1, "complete", None, None)],
    )


@pytest.mark.parametrize(
    ("attempts", "max_attempts", "then"),
    [
        (None, 1, 1),
        (None, 5, 1),
        (2, 5, 3),
        (4, 5, 5),
        (5, 5, 5),  # never beyond
        (7, 5, 7),  # nor back
        (None, None, None),  # without max_attempts Node never counts
        (2, None, 2),
    ],
)
def test_an_attempt_is_counted_up_to_the_most(
    place: Place, attempts: int | None, max_attempts: int | None, then: int | None
) -> None:
    place.seed(held(attempts=attempts, max_attempts=max_attempts))
    place.run(complete(place))
    assert place.world() == done(attempts=then, max_attempts=max_attempts)


@pytest.mark.parametrize("priority", [-15, 10])
def test_a_complete_job_is_scored_by_priority(place: Place, priority: int) -> None:
    place.seed(held(priority=priority))
    place.run(complete(place))
    assert place.world() == done(priority=priority)


def test_a_deadline_leaves_with_the_active_score(place: Place) -> None:
    place.seed(held(ttl=500, score=NOW + 5500))
    place.run(complete(place))
    assert place.world() == done(ttl=500)


@pytest.mark.parametrize("flag", ["true", "1", "false"])
def test_remove_on_complete_leaves_nothing_but_the_type_and_the_work_time(place: Place, flag: str) -> None:
    place.seed(held(removeOnComplete=flag, log=["one"]))
    place.check(
        complete(place, result=b"[1]"),
        reply=[[1]],
        after=world(gone(), WORK_TIME),
        events=[(1, "complete", [1], None), (1, "remove", "email")],
    )


def test_an_empty_remove_on_complete_means_no(place: Place) -> None:
    place.seed(held(removeOnComplete=""))
    place.run(complete(place))
    assert place.world() == done(removeOnComplete="")


def test_what_the_run_reported_comes_first_and_in_order(place: Place) -> None:
    percent, progress = effects.progress(1, 1, 3, {"k": "v"}, NOW - 5, None)
    one, two = effects.log("one", (), NOW - 9), effects.log("two", (), NOW - 4)
    said = (*one, *progress, *effects.set_field("page", 7), *two)
    place.seed(held(log=["zero"]))
    place.check(
        complete(place, said=said),
        reply=[[1]],
        after=done(log=["zero", "one", "two"], progress_data='{"k":"v"}', page=7),
        events=[(1, "progress", percent, {"k": "v"}), (1, "complete", None, None)],
    )


def test_what_was_reported_of_a_job_that_removes_itself_is_published_and_goes_with_it(place: Place) -> None:
    said = (*effects.log("one", (), NOW), *effects.send(1, "result", {"pages": 2}, None, keep=True))
    place.seed(held(removeOnComplete="true"))
    place.check(
        complete(place, said=said),
        reply=[[1]],
        after=world(gone(), WORK_TIME),
        events=[(1, "result", {"pages": 2}), (1, "complete", None, None), (1, "remove", "email")],
    )


def test_a_key_in_the_way_of_the_log_costs_only_the_lines(place: Place) -> None:
    in_the_way = {"q:job:1:log": "poison"}
    place.seed(world(held(), in_the_way))
    said = (*effects.log("x", (), BEFORE), *effects.set_field("page", 7))
    place.check(
        complete(place, said=said),
        reply=[[1]],
        after=world(done(page=7), in_the_way),
        events=[(1, "complete", None, None)],
    )


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_completed_and_removed_as_it_is(place: Place, type: str) -> None:
    place.seed(world(held(1, type=type), held(2, type=type, removeOnComplete="true")))
    place.run(complete(place, 1))
    place.run(complete(place, 2))
    assert place.world() == world(done(1, type=type), {"q:stats:work-time": str(2 * DURATION)})
    assert place.events() == [(1, "complete", None, None), (2, "complete", None, None), (2, "remove", type)]


NOT_HELD = {
    "by another run": (held(workerId=NODE), ["active", NODE]),
    "by a later run of the same slot": (held(workerId=PYTHON + "1"), ["active", PYTHON + "1"]),
    "while inactive": (job(1, workerId=PYTHON), ["inactive", PYTHON]),
    "while complete": (job(1, "complete", workerId=PYTHON), ["complete", PYTHON]),
    "while delayed": (job(1, "delayed", workerId=PYTHON), ["delayed", PYTHON]),
    "while failed": (job(1, "failed", workerId=PYTHON), ["failed", PYTHON]),
    "by nobody": (job(1, "active"), ["active", ""]),
    "since it has no type": (without(held(), "q:job:1/type"), ["active", PYTHON]),
    "since it is gone": ({}, ["", ""]),
}


@pytest.mark.parametrize(("before", "answer"), NOT_HELD.values(), ids=NOT_HELD)
def test_a_late_outcome_changes_nothing_and_publishes_nothing(place: Place, before: World, answer: list[str]) -> None:
    place.seed(before)
    said = effects.log("too late", (), NOW)
    place.check(complete(place, result=b"1", said=said), reply=[[-1, *answer, ""]], after=before)


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(complete(place, said=effects.log("x", (), NOW)))
    assert place.world() == {"q:job:1": ["poison"]}
    assert place.events() == []


def test_many_runs_end_in_one_call_each_answered_for_itself(place: Place) -> None:
    place.seed(
        world(
            held(1),
            held(2, type="pdf", priority=5),
            job(3, "active", workerId=NODE, attempts=4),
            held(4, removeOnComplete="true"),
            held(5, log=["before"]),
        )
    )
    runs = [
        completion(1, PYTHON, 10, b"1"),
        completion(2, PYTHON, 20, None, effects.set_field("mine", "x")),
        completion(3, PYTHON, 40, b"3"),
        completion(4, PYTHON, 100, b"4"),
        completion(6, PYTHON, 200, None),
        completion(5, PYTHON, 1000, b"5", effects.log("after", (), NOW)),
    ]
    place.check(
        place.scripts.complete(NOW, *runs),
        reply=[[1], [1], [-1, "active", NODE, "4"], [1], [-1, "", "", ""], [1]],
        after=world(
            done(1, duration=10, result="1"),
            done(2, type="pdf", priority=5, duration=20, mine="x"),
            job(3, "active", workerId=NODE, attempts=4),
            done(5, duration=1000, result="5", log=["before", "after"]),
            {"q:stats:work-time": "1130"},
        ),
        events=[
            (1, "complete", 1, None),
            (2, "complete", None, None),
            (4, "complete", 4, None),
            (4, "remove", "email"),
            (5, "complete", 5, None),
        ],
    )


@pytest.mark.parametrize("key", ["q:jobs:pdf:active", "q:jobs:pdf:complete", "q:job:3"])
def test_of_many_runs_none_ends_if_one_is_refused(place: Place, key: str) -> None:
    before = world(held(1), held(2, type="pdf"), held(3)) | {key: "poison"}
    place.seed(before)
    runs = [completion(id, PYTHON, 10, None, effects.log("x", (), NOW)) for id in (1, 2, 3)]
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(place.scripts.complete(NOW, *runs))
    assert place.world() == before
    assert place.events() == []
