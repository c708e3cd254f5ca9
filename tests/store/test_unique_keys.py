"""A unique key and the scripts that end, remove and restart its job: it is free then, unless it is another job's."""

from collections.abc import Callable
from typing import Any

import pytest

from kue.connection.connection import Command
from kue.store.bulk import BulkCommands
from kue.store.repairs import Repairs
from kue.store.transitions import Failure, Retry, Transitions, completion
from tests.store.conftest import Place
from tests.store.world import NOW, PYTHON, World, job, without, world

KEYS = "q:unique:jobs"
HELD: World = {KEYS: {"order:7": "1"}}
OTHERS: World = {KEYS: {"order:7": "2", "1": "1", "order:8": "1"}}
BOOM = Failure("boom", "boom", "boom")
OF_RUN: dict[str, Any] = {"workerId": PYTHON, "max_attempts": 2, "py_unique": "order:7"}


def fails(retry: Retry) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.fail(1, PYTHON, "email", NOW, BOOM, retry)


def sets(state: str) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.set_state(1, state, NOW)


ENDS: dict[str, tuple[World, Callable[[Transitions], Command]]] = {
    "complete": (job(1, "active", **OF_RUN), lambda scripts: scripts.complete(NOW, completion(1, PYTHON, 5, b"1"))),
    "complete, and go": (
        job(1, "active", **OF_RUN, removeOnComplete="true"),
        lambda scripts: scripts.complete(NOW, completion(1, PYTHON, 5, b"1")),
    ),
    "fail for good": (job(1, "active", **OF_RUN), fails(Retry("failed"))),
    "cancel": (
        job(1, "inactive", py_unique="order:7"),
        lambda scripts: BulkCommands(scripts.keys).cancel([1], NOW, "Cancelled", alone=True),
    ),
    "fail since it was cancelled": (
        job(1, "active", **OF_RUN, py_cancel=f"{PYTHON}\nCancelled"),
        fails(Retry("inactive")),
    ),
    "give back though it was cancelled": (
        job(1, "active", **OF_RUN, py_cancel=f"{PYTHON}\nCancelled"),
        lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason"),
    ),
    "remove with others": (
        job(1, "failed", py_unique="order:7"),
        lambda scripts: BulkCommands(scripts.keys).remove_jobs([1], "failed", "", NOW),
    ),
    "remove": (job(1, "inactive", py_unique="order:7"), lambda scripts: scripts.remove(1)),
    "set to complete": (job(1, "delayed", py_unique="order:7"), sets("complete")),
    "set to failed": (job(1, "active", **OF_RUN), sets("failed")),
    "found without a state": (
        without(world(job(1, "complete"), job(1, "failed", py_unique="order:7")), "q:job:1/state"),
        lambda scripts: Repairs(scripts.keys).settle_state("1", "7    ", NOW, "Error: lost"),
    ),
    "found unreadable": (
        job(1, data="{oops", py_unique="order:7"),
        lambda scripts: Repairs(scripts.keys).fail_unreadable("1", b"{oops", NOW, "Error: no JSON"),
    ),
}


def run(place: Place, command: Callable[[Transitions], Command]) -> Any:
    """The reply, and the mark of the hash for the script that wants one."""
    return place.run(command(place.scripts))


def settle(place: Place, end: str) -> Callable[[Transitions], Command]:
    if end != "found without a state":
        return ENDS[end][1]
    [[_, mark, *_]] = place.run(Repairs(place.keys).examine_jobs(["1"], None))
    return lambda scripts: Repairs(scripts.keys).settle_state("1", mark, NOW, "Error: lost")


@pytest.mark.parametrize("end", ENDS)
def test_a_job_that_ends_lets_its_key_go(place: Place, end: str) -> None:
    place.seed(world(ENDS[end][0], HELD))
    assert run(place, settle(place, end)) not in (0, [[-1]])
    assert KEYS not in place.world()


@pytest.mark.parametrize("end", ENDS)
def test_a_job_that_ends_leaves_a_key_that_is_another_job_s(place: Place, end: str) -> None:
    place.seed(world(ENDS[end][0], OTHERS))
    run(place, settle(place, end))
    assert place.world()[KEYS] == OTHERS[KEYS]


@pytest.mark.parametrize("end", ENDS)
def test_a_job_ends_though_the_keys_are_no_hash(place: Place, end: str) -> None:
    place.seed(world(ENDS[end][0], {KEYS: ["1"]}))
    run(place, settle(place, end))
    after = place.world()
    assert after[KEYS] == ["1"]
    assert after.get("q:job:1", {"state": "gone"})["state"] in ("complete", "failed", "gone")


OF_NODE: dict[str, Any] = {"workerId": PYTHON, "data": '{"to":{"unique":"no"},"unique":"order:7"}'}
REMOVES: dict[str, tuple[World, Callable[[Transitions], Command]]] = {
    "remove": (job(1, "complete", **OF_NODE), lambda scripts: scripts.remove(1)),
    "complete, and go": (
        job(1, "active", **OF_NODE, removeOnComplete="true"),
        lambda scripts: scripts.complete(NOW, completion(1, PYTHON, 5, b"1")),
    ),
}


@pytest.mark.parametrize("removal", REMOVES)
class TestJobOfNode:
    """Its key is in its data."""

    def test_a_job_that_is_removed_lets_its_key_go(self, place: Place, removal: str) -> None:
        before, command = REMOVES[removal]
        place.seed(world(before, HELD))
        run(place, command)
        assert KEYS not in place.world()

    def test_a_job_leaves_a_key_that_is_another_job_s(self, place: Place, removal: str) -> None:
        before, command = REMOVES[removal]
        place.seed(world(before, OTHERS))
        run(place, command)
        assert place.world()[KEYS] == OTHERS[KEYS]

    @pytest.mark.parametrize(
        ("number", "key"),
        [("7", "7"), ("-12", "-12"), ("0", "0"), (str(2**53), str(2**53)), ("4e3", "4000")],
    )
    def test_a_key_that_is_a_number_is_let_go_as_well(self, place: Place, removal: str, number: str, key: str) -> None:
        before, command = REMOVES[removal]
        place.seed(world(before, {"q:job:1": {"data": f'{{"unique":{number}}}'}}, {KEYS: {key: "1", "other": "1"}}))
        run(place, command)
        assert place.world()[KEYS] == {"other": "1"}

    @pytest.mark.parametrize("value", ["1.5", "1e300", "true", "null", '["1"]'])
    def test_a_value_that_is_neither_text_nor_a_whole_number_is_no_key(
        self, place: Place, removal: str, value: str
    ) -> None:
        before, command = REMOVES[removal]
        keys = {KEYS: {"1": "1", "1.5": "1", "true": "1", f"{1e300:.0f}": "1"}}
        place.seed(world(before, {"q:job:1": {"data": f'{{"unique":{value}}}'}}, keys))
        run(place, command)
        assert place.world()[KEYS] == keys[KEYS]

    @pytest.mark.parametrize(
        "data",
        ['{"unique":7}', '{"to":{"unique":"order:7"}}', '["unique"]', '"\\"unique\\""', '{"unique":"order:7"', ""],
    )
    def test_a_job_whose_data_holds_no_key_is_removed_as_any(self, place: Place, removal: str, data: str) -> None:
        before, command = REMOVES[removal]
        place.seed(world(before, {"q:job:1": {"data": data}}, HELD))
        run(place, command)
        after = place.world()
        assert (after[KEYS], "q:job:1" in after) == (HELD[KEYS], False)

    def test_a_job_is_removed_though_the_keys_are_no_hash(self, place: Place, removal: str) -> None:
        before, command = REMOVES[removal]
        place.seed(world(before, {KEYS: ["1"]}))
        run(place, command)
        after = place.world()
        assert (after[KEYS], "q:job:1" in after) == (["1"], False)


PROCESS = "kue:host:77-beef0001"
GOES_ON: dict[str, Callable[[Transitions], Command]] = {
    "fail, at once": fails(Retry("inactive")),
    "fail, later": fails(Retry("delayed", 500)),
    "snooze": lambda scripts: scripts.snooze(1, PYTHON, "email", NOW, 500),
    "requeue": lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason"),
    "requeue what was taken without a reply": lambda scripts: scripts.requeue_orphans(
        "email", f"{PROCESS}:email:", [(1, 99)], b"0", 100, NOW, "no reason"
    ),
    "rescue, at once": lambda scripts: scripts.rescue(PROCESS, NOW, 1, 0, [(1, PYTHON)]),
    "rescue, later": lambda scripts: scripts.rescue(PROCESS, NOW, 1, 500, [(1, PYTHON)]),
    "set to inactive": sets("inactive"),
    "set to delayed": sets("delayed"),
}


@pytest.mark.parametrize("step", GOES_ON)
class TestWaitsAgain:
    def test_a_job_keeps_its_key(self, place: Place, step: str) -> None:
        place.seed(world(job(1, "active", **OF_RUN), HELD))
        run(place, GOES_ON[step])
        assert place.world()[KEYS] == HELD[KEYS]

    def test_a_job_takes_its_key_again_if_another_one_had_it_in_the_meantime(self, place: Place, step: str) -> None:
        place.seed(job(1, "active", **OF_RUN, py_unique_until="started"))
        run(place, GOES_ON[step])
        assert place.world()[KEYS] == HELD[KEYS]

    def test_a_job_does_not_take_its_key_from_one_that_holds_it(self, place: Place, step: str) -> None:
        place.seed(world(job(1, "active", **OF_RUN, py_unique_until="started"), job(2), {KEYS: {"order:7": "2"}}))
        run(place, GOES_ON[step])
        assert place.world()[KEYS] == {"order:7": "2"}

    def test_a_job_takes_no_key_once_there_is_a_type_whose_tokens_would_have_its_place(
        self, place: Place, step: str
    ) -> None:
        place.seed(world(job(1, "active", **OF_RUN), {"q:job:types": {"unique"}}))
        run(place, GOES_ON[step])
        assert KEYS not in place.world()

    def test_a_job_goes_on_though_the_keys_are_no_hash(self, place: Place, step: str) -> None:
        place.seed(world(job(1, "active", **OF_RUN), {KEYS: ["1"]}))
        run(place, GOES_ON[step])
        after = place.world()
        assert after[KEYS] == ["1"]
        assert after["q:job:1"]["state"] in ("inactive", "delayed")

    def test_a_plain_job_takes_no_key(self, place: Place, step: str) -> None:
        place.seed(job(1, "active", workerId=PYTHON, max_attempts=2))
        run(place, GOES_ON[step])
        assert KEYS not in place.world()


def test_a_job_that_the_doctor_puts_back_takes_its_key_again(place: Place) -> None:
    place.seed(job(1, "active", py_unique="order:7", py_unique_until="started"))
    repairs = Repairs(place.keys)
    [[_, mark, *_]] = place.run(repairs.examine_jobs(["1"], None))
    assert place.run(repairs.requeue_old("1", mark, NOW)) == 1
    assert place.world()[KEYS] == HELD[KEYS]


@pytest.mark.parametrize("old", ["complete", "failed"])
@pytest.mark.parametrize("new", ["inactive", "delayed", "active"])
class TestRestart:
    def test_a_job_takes_its_key_again(self, place: Place, old: str, new: str) -> None:
        place.seed(job(1, old, py_unique="order:7"))
        run(place, sets(new))
        assert place.world()[KEYS] == HELD[KEYS]

    def test_a_job_takes_its_key_from_one_that_has_ended(self, place: Place, old: str, new: str) -> None:
        place.seed(world(job(1, old, py_unique="order:7"), job(2, "complete"), {KEYS: {"order:7": "2"}}))
        run(place, sets(new))
        assert place.world()[KEYS] == HELD[KEYS]

    def test_a_job_does_not_take_its_key_from_one_that_holds_it(self, place: Place, old: str, new: str) -> None:
        place.seed(world(job(1, old, py_unique="order:7"), job(2), {KEYS: {"order:7": "2"}}))
        run(place, sets(new))
        assert place.world()[KEYS] == {"order:7": "2"}

    def test_a_job_runs_again_though_the_keys_are_no_hash(self, place: Place, old: str, new: str) -> None:
        place.seed(world(job(1, old, py_unique="order:7"), {KEYS: ["1"]}))
        run(place, sets(new))
        after = place.world()
        assert (after[KEYS], after["q:job:1"]["state"]) == (["1"], new)

    def test_a_plain_job_takes_no_key(self, place: Place, old: str, new: str) -> None:
        place.seed(job(1, old))
        run(place, sets(new))
        assert KEYS not in place.world()
