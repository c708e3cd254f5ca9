"""A priority, promote_at or ttl of `NaN`, as Node writes it for a number it has not got: Redis takes no such score, and
a script that met one half-way would leave its job, and those taken with it, in no set at all."""

from typing import Any

import pytest

from kue.connection.connection import Command
from kue.store import effects
from kue.store.transitions import PROMOTION_LOCK, Failure, Retry, completion
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, PYTHON, World, job, without, world

NAN = {"priority": "NaN", "promote_at": "nan", "ttl": "NaN"}
BOOM = Failure("boom", "boom", "boom")
PROCESS = "kue:host:77-beef0001"


def spoilt(state: str, **fields: Any) -> World:
    """A job whose numbers are none, in sets that are as they should be."""
    good = job(1, state, workerId=PYTHON, max_attempts=3, score=BEFORE if state == "delayed" else None)
    return good | {"q:job:1": good["q:job:1"] | NAN | {name: str(value) for name, value in fields.items()}}


TRANSITIONS = {
    "take": ("inactive", "active", 0.0),
    "complete": ("active", "complete", 0.0),
    "fail, at once": ("active", "inactive", 0.0),
    "fail, later": ("active", "delayed", float(NOW + 700)),
    "fail, when it is due anyway": ("active", "delayed", float(NOW)),
    "fail, for good": ("active", "failed", 0.0),
    "requeue": ("active", "inactive", 0.0),
    "requeue_orphans": ("active", "inactive", 0.0),
    "rescue": ("active", "inactive", 0.0),
    "promote": ("delayed", "inactive", 0.0),
    "restore_stuck": ("inactive", "inactive", 0.0),
    "set_state active": ("failed", "active", 0.0),
    "set_state delayed": ("failed", "delayed", float(NOW)),
    "set_state failed": ("inactive", "failed", 0.0),
    "update": ("delayed", "delayed", float(NOW)),
    "update, with a delay": ("delayed", "delayed", float(NOW + 500)),
}


def command(place: Place, what: str) -> Command:
    scripts, (name, _, how) = place.scripts, what.partition(" ")
    match name.rstrip(","):
        case "take":
            return scripts.take("email", 1, 0, f"{PROCESS}:email:", 3, NOW)
        case "complete":
            return scripts.complete(NOW, completion(1, PYTHON, 5, None))
        case "fail":
            retry = {
                "at once": Retry("inactive"),
                "later": Retry("delayed", 700),
                "when it is due anyway": Retry("delayed"),
                "for good": Retry("failed"),
            }[how]
            return scripts.fail(1, PYTHON, "email", NOW, BOOM, retry)
        case "requeue":
            return scripts.requeue(1, PYTHON, "email", NOW, "no reason")
        case "requeue_orphans":
            return scripts.requeue_orphans("email", f"{PROCESS}:email:", [(3, 3)], b"0", 100, NOW, "no reason")
        case "rescue":
            return scripts.rescue(PROCESS, NOW, 1, 0, [(1, PYTHON)])
        case "promote":
            return scripts.promote("token", NOW, 10)
        case "restore_stuck":
            return scripts.restore_stuck(1, str(BEFORE), NOW)
        case "update":
            return scripts.update(1, NOW, effects.option("promote_at", NOW + 500) if how else ())
    return scripts.set_state(1, how, NOW)


@pytest.mark.parametrize("what", TRANSITIONS)
def test_a_job_goes_where_it_should_with_a_score_of_its_own(place: Place, what: str) -> None:
    old, new, score = TRANSITIONS[what]
    place.seed(world(spoilt(old), {PROMOTION_LOCK: "token"}))
    if what == "restore_stuck":
        place.client.delete(place.keys.type_state("email", "inactive"))
    reply = place.run(command(place, what))
    after = place.world()
    assert after["q:job:1"]["state"] == new
    assert {key: zset for key, zset in after.items() if key.startswith("q:jobs")} == {
        "q:jobs": {"01|1": 0.0},
        f"q:jobs:{new}": {"01|1": score},
        f"q:jobs:email:{new}": {"01|1": 0.0},
    }
    if what.startswith("update"):
        assert reply == [new, str(NOW + 500) if what.endswith("delay") else ""]


def test_the_jobs_taken_with_it_are_none_the_worse(place: Place) -> None:
    place.seed(world(spoilt("inactive"), job(2)))
    _, _, *taken = place.run(place.scripts.take("email", 2, 0, f"{PROCESS}:email:", 3, NOW))
    assert [id for id, _ in taken] == ["1", "2"]
    expected = world(job(2, "active"), without(job(1, "active"), "q:job:1"))
    assert place.world()["q:jobs:active"] == expected["q:jobs:active"]
