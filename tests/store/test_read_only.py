"""A server that has become a replica: it refuses each script at its first write, but still lets a script publish."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.store import effects
from kue.store.effects import Effects
from kue.store.transitions import Retry, Transitions, completion
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.steps import ACTIVE, BOOM, Step
from tests.store.test_out_of_memory import ALL
from tests.store.world import NOW, PYTHON, World, job

End = Callable[[Transitions, Effects], Command]

EVENT = effects.send(1, "page", 7, None, keep=False)  # is published, and written nowhere
GOES = job(1, "active", workerId=PYTHON, removeOnComplete="true")


def completes(scripts: Transitions, reported: Effects) -> Command:
    return scripts.complete(NOW, completion(1, PYTHON, 5, b"1", reported))


def fails(state: str) -> End:
    return lambda scripts, reported: scripts.fail(1, PYTHON, "email", NOW, BOOM, Retry(state), effects=reported)


def is_put_back(scripts: Transitions, reported: Effects) -> Command:
    return scripts.requeue(1, PYTHON, "email", NOW, "no reason", reported)


ENDS: dict[str, tuple[World, End]] = {
    "complete": (ACTIVE, completes),
    "complete, and go": (GOES, completes),
    "fail, at once": (ACTIVE, fails("inactive")),
    "fail, later": (ACTIVE, fails("delayed")),
    "fail, for good": (ACTIVE, fails("failed")),
    "requeue": (ACTIVE, is_put_back),
}
# Nothing that the run has reported is written before its end.
QUIET = {
    f"{what}, {name}": Step(before, lambda scripts, end=end, reported=reported: end(scripts, reported), [])
    for what, (before, end) in ENDS.items()
    for name, reported in (("without effects", ()), ("with an event", EVENT))
}
REFUSED = ALL | QUIET


@contextmanager
def read_only(place: Place) -> Iterator[None]:
    place.client.replicaof("127.0.0.1", 1)
    try:
        yield
    finally:
        place.client.replicaof("NO", "ONE")


@pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey"), indirect=True)
@pytest.mark.parametrize("what", sorted(REFUSED))
def test_a_script_that_a_replica_refuses_has_announced_nothing(place: Place, what: str) -> None:
    step = REFUSED[what]
    place.seed(step.before)
    with read_only(place):
        with pytest.raises(RedisRefused, match="read only replica"):
            place.run(step.command(place.scripts))
        assert place.messages() == []
    assert place.world() == step.before
