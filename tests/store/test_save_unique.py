"""The script `save_unique`: a new job with a unique key, or the job that stands for that key already."""

from typing import Any

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.options.unique import Unique
from kue.store.transitions import NewJob, new_job
from kue.store.unique_job import unique_job
from tests.store.conftest import Place
from tests.store.world import NOW, PYTHON, World, job, without, world

LATER = NOW + 5000
HELD = {"q:unique:jobs": {"order:7": "1"}}
COUNTED = {"q:ids": "1"}
EVENT = [(1, "enqueue", "email")]


def new(type: str = "email", when: int | None = None, data: str = '{"to":"tj"}', until: str = "") -> NewJob:
    others = ["py_unique", "order:7", *(["py_unique_until", until] if until else [])]
    if when is not None:
        others += ["delay", str(when - NOW)]
    return new_job(type, data.encode(), NOW, when, others=others)


def save(place: Place, job: NewJob | None = None, within: int | None = None, replace: bool = False) -> Command:
    unique = Unique("order:7", within=within, replace=replace)
    return place.scripts.save_unique(unique_job(unique, new() if job is None else job))


def saved(id: int = 1, state: str = "inactive", **fields: Any) -> World:
    """A job that this script has saved just now."""
    moments = {"created_at": NOW, "updated_at": NOW, "promote_at": NOW}
    return job(id, state, **{"py_unique": "order:7", **moments, **fields})


def standing(state: str = "inactive", **fields: Any) -> World:
    """Job 1, which holds the key, and was saved a while ago."""
    return world(job(1, state, **{"py_unique": "order:7", **fields}), HELD, COUNTED)


def flat(before: World, id: int = 1) -> list[str]:
    return [part for pair in before[f"q:job:{id}"].items() for part in pair]


def check_existing(place: Place, before: World, command: Command, after: World | None = None) -> None:
    """The script answers job 1 and its hash, and changes nothing, or what `after` says."""
    place.seed(before)
    id, fields = place.run(command)
    hash = dict(zip(fields[::2], fields[1::2], strict=True))
    assert (id, hash) == ("1", (after or before)["q:job:1"])
    assert place.world() == (after or before)
    assert place.events() == []


def test_a_new_job_holds_its_key(place: Place) -> None:
    place.check(save(place), reply=[1], after=world(saved(), HELD, COUNTED), events=EVENT)


def test_a_new_delayed_job_holds_its_key(place: Place) -> None:
    place.check(
        save(place, new(when=LATER)),
        reply=[1],
        after=world(saved(1, "delayed", promote_at=LATER, delay=5000), HELD, COUNTED),
    )


@pytest.mark.parametrize("state", ["inactive", "delayed", "active"])
def test_a_job_that_waits_or_runs_stands(place: Place, state: str) -> None:
    check_existing(place, standing(state, workerId=PYTHON), save(place))


def test_a_job_of_another_type_stands_as_well(place: Place) -> None:
    check_existing(place, world(job(1, type="pdf", py_unique="order:7"), HELD, COUNTED), save(place))


def test_a_job_of_node_s_kue_unique_stands_as_well(place: Place) -> None:
    check_existing(place, world(job(1, data='{"unique":"order:7"}'), HELD, COUNTED), save(place))


@pytest.mark.parametrize("state", ["complete", "failed", "", "paused"])
def test_a_job_that_has_ended_or_is_in_no_known_state_holds_nothing(place: Place, state: str) -> None:
    place.seed(before := standing(state))
    after = world(before, saved(2), {"q:unique:jobs": {"order:7": "2"}, "q:ids": "2"})
    place.check(save(place), reply=[2], after=after, events=[(2, "enqueue", "email")])


@pytest.mark.parametrize("fields", [{}, {"type": ""}], ids=["none", "empty"])
def test_a_job_without_a_type_holds_nothing(place: Place, fields: World) -> None:
    place.seed(world(without(standing(), "q:job:1/type"), {"q:job:1": fields}))
    data = place.world()["q:job:1"]["data"]
    assert place.run(save(place, new(data="[2]"), replace=True)) == [2]
    assert (place.world()["q:unique:jobs"], place.world()["q:job:1"]["data"]) == ({"order:7": "2"}, data)


@pytest.mark.parametrize("what", [{}, {"q:job:1": ["no hash"]}], ids=["nothing", "a list"])
def test_a_job_that_is_gone_holds_nothing(place: Place, what: World) -> None:
    place.seed(before := world(HELD, COUNTED, what))
    after = world(before, saved(2), {"q:unique:jobs": {"order:7": "2"}, "q:ids": "2"})
    place.check(save(place), reply=[2], after=after, events=[(2, "enqueue", "email")])


def test_a_job_that_holds_its_key_until_it_is_started_holds_it_while_it_waits(place: Place) -> None:
    check_existing(place, standing(py_unique_until="started"), save(place))


def test_a_job_that_holds_its_key_until_it_is_started_has_let_it_go_when_it_runs(place: Place) -> None:
    place.seed(before := standing("active", py_unique_until="started", workerId=PYTHON))
    after = world(before, saved(2, py_unique_until="started"), {"q:unique:jobs": {"order:7": "2"}, "q:ids": "2"})
    place.check(save(place, new(until="started")), reply=[2], after=after, events=[(2, "enqueue", "email")])


POPPED = (
    "q:jobs:email:inactive"  # where it is no more once a Node worker has popped it, though its hash is inactive yet
)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("others", [{}, {POPPED: {"01|9": 0.0}}], ids=["alone", "with others"])
def test_a_job_that_node_has_popped_has_let_its_key_go_if_it_holds_it_until_it_is_started(
    place: Place, replace: bool, others: World
) -> None:
    before = world(without(standing(tokens=0, py_unique_until="started"), POPPED), others)
    place.seed(before)
    after = world(before, saved(2, data="[2]"), {"q:unique:jobs": {"order:7": "2"}, "q:ids": "2"})
    place.check(save(place, new(data="[2]"), replace=replace), reply=[2], after=after, events=[(2, "enqueue", "email")])


def test_a_job_that_node_has_popped_stands_until_it_has_ended_else(place: Place) -> None:
    check_existing(place, without(standing(tokens=0), POPPED), save(place, new(until="started")))


def test_the_job_that_holds_the_key_says_until_when(place: Place) -> None:
    check_existing(place, standing("active", workerId=PYTHON), save(place, new(until="started")))


class TestWithin:
    def test_a_save_notes_for_how_long_it_is_the_only_one(self, place: Place) -> None:
        after = world(saved(), HELD, COUNTED, {"q:py:within:order:7": "1"})
        place.check(save(place, within=5000), reply=[1], after=after, events=EVENT)
        assert 4000 < place.client.pttl(place.keys.within("order:7")) <= 5000

    @pytest.mark.parametrize("state", ["complete", "failed"])
    def test_a_job_that_has_ended_stands_in_that_time(self, place: Place, state: str) -> None:
        before = world(without(standing(state), "q:unique:jobs"), {"q:py:within:order:7": "1"})
        check_existing(place, before, save(place, within=5000, replace=True))
        assert place.run(save(place))[0] == "1"  # also if the new job has no such time

    def test_a_job_that_is_gone_stands_in_that_time_without_fields(self, place: Place) -> None:
        place.seed(before := world(COUNTED, {"q:py:within:order:7": "1"}))
        place.check(save(place), reply=["1", []], after=before)

    @pytest.mark.parametrize("last", ["abc", "0", "-1", "1.5", ""])
    def test_what_is_no_id_of_a_job_does_not_count(self, place: Place, last: str) -> None:
        place.seed({"q:py:within:order:7": last})
        assert place.run(save(place, within=5000)) == [1]
        assert place.world()["q:py:within:order:7"] == "1"

    def test_after_that_time_another_job_may_be_saved(self, place: Place) -> None:
        place.seed(before := without(standing("complete"), "q:unique:jobs"))
        after = world(before, saved(2), {"q:unique:jobs": {"order:7": "2"}, "q:ids": "2"})
        place.check(save(place), reply=[2], after=after, events=[(2, "enqueue", "email")])


class TestReplace:
    def test_an_inactive_job_gets_the_data(self, place: Place) -> None:
        after = standing(data="[2]", updated_at=NOW)
        check_existing(place, standing(), save(place, new(when=LATER, data="[2]"), replace=True), after)

    def test_a_delayed_job_gets_the_data_and_the_delay(self, place: Place) -> None:
        before = standing("delayed", promote_at=NOW + 100, delay=100, priority=-5)
        after = standing("delayed", promote_at=LATER, delay=5000, priority=-5, data="[2]", updated_at=NOW)
        check_existing(place, before, save(place, new(when=LATER, data="[2]"), replace=True), after)

    def test_a_delayed_job_is_due_if_the_new_one_has_no_delay(self, place: Place) -> None:
        before = standing("delayed", promote_at=LATER, delay=5000)
        after = standing("delayed", promote_at=NOW, data="[2]", updated_at=NOW)
        check_existing(place, before, save(place, new(data="[2]"), replace=True), after)

    @pytest.mark.parametrize("state", ["inactive", "delayed"])
    def test_a_job_of_another_type_keeps_its_data_and_its_delay(self, place: Place, state: str) -> None:
        before = standing(state, delay=9)
        check_existing(place, before, save(place, new("pdf", when=LATER, data="[2]"), replace=True))

    def test_a_job_that_runs_keeps_its_data(self, place: Place) -> None:
        check_existing(place, standing("active", workerId=PYTHON), save(place, new(data="[2]"), replace=True))

    @pytest.mark.parametrize("state", ["inactive", "delayed"])
    def test_a_job_of_node_s_kue_unique_gets_the_field_of_the_key_too(self, place: Place, state: str) -> None:
        when = {"promote_at": LATER, "delay": 5000} if state == "delayed" else {}
        before = world(job(1, state, data='{"unique":"order:7"}', **when), HELD, COUNTED)
        after = standing(state, data="[2]", updated_at=NOW, **when)
        check_existing(place, before, save(place, new(when=LATER, data="[2]"), replace=True), after)

    def test_a_job_with_another_key_in_its_hash_keeps_that(self, place: Place) -> None:
        before = standing(py_unique="order:8")
        after = standing(py_unique="order:8", data="[2]", updated_at=NOW)
        check_existing(place, before, save(place, new(data="[2]"), replace=True), after)

    def test_a_job_that_node_has_popped_keeps_its_data(self, place: Place) -> None:
        before = without(standing(tokens=0), POPPED)
        check_existing(place, before, save(place, new(data="[2]"), replace=True))


class TestTypeUnique:
    """Its tokens have the key of the unique keys."""

    @pytest.mark.parametrize("tokens", [0, 1])
    def test_if_there_is_such_a_type_no_job_can_have_a_unique_key(self, place: Place, tokens: int) -> None:
        place.seed(before := job(1, type="unique", tokens=tokens))
        place.check(save(place), reply=[0], after=before)

    def test_a_job_of_this_type_can_have_no_key(self, place: Place) -> None:
        place.check(save(place, new("unique")), reply=[0], after={})

    def test_a_type_that_has_it_in_its_name_is_a_type_as_any(self, place: Place) -> None:
        place.seed(job(1, "complete", type="unique "))
        assert place.run(save(place, new("unique jobs"))) == [1]


@pytest.mark.parametrize(
    "key", ["q:unique:jobs", "q:py:within:order:7", "q:jobs", "q:job:types", "q:jobs:email:inactive", "q:email:jobs"]
)
def test_a_key_of_the_wrong_kind_is_refused_and_nothing_is_written(place: Place, key: str) -> None:
    place.seed(before := {key: "poison" if key == "q:email:jobs" else ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(save(place, within=5))
    assert place.world() == before
    assert place.events() == []


@pytest.mark.parametrize("key", ["q:jobs:delayed", "q:jobs:email:delayed"])
def test_a_delay_that_cannot_be_changed_leaves_the_data_as_it_is(place: Place, key: str) -> None:
    before = without(standing("delayed"), key) | {key: ["poison"]}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(save(place, new(when=LATER, data="[2]"), replace=True))
    assert place.world() == before
