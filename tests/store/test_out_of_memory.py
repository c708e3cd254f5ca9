"""A Redis without memory to spare: a script is refused whole, with nothing written and nothing told that would be told
again, or it is carried out whole."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kue.errors import RedisRefused
from kue.store.transitions import Retry
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.steps import ACTIVE, BOOM, STEPS, Step
from tests.store.world import NOW, PYTHON

EXPIRES = {
    f"fail, {mode}": Step(
        ACTIVE, lambda scripts, mode=mode: scripts.fail(1, PYTHON, "email", NOW, BOOM, Retry("failed"), mode=mode), []
    )
    for mode in ("ttl", "asked")
}
ALL = STEPS | EXPIRES
FREEING = {
    what for what in ALL if what.startswith(("take", "remove", "set_state", "trim_tokens", "end_lease", "purge"))
}

WORDS = r"^Redis refused: OOM command not allowed when used memory > 'maxmemory'\.?$"  # and not where in which script

each_server = pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey"), indirect=True)


@contextmanager
def no_memory(place: Place) -> Iterator[None]:
    place.client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        place.client.config_set("maxmemory", 0)


@each_server
@pytest.mark.parametrize("what", sorted(ALL.keys() - FREEING))
def test_a_refused_script_has_changed_nothing_and_published_nothing(place: Place, what: str) -> None:
    step = ALL[what]
    place.seed(step.before)
    with no_memory(place), pytest.raises(RedisRefused, match=WORDS):
        place.run(step.command(place.scripts))
    assert place.world() == step.before
    assert place.messages() == []


@each_server
@pytest.mark.parametrize("what", sorted(FREEING))
def test_what_frees_memory_first_is_carried_out_whole_or_not_at_all(place: Place, what: str) -> None:
    step = ALL[what]
    place.seed(step.before)
    place.run(step.command(place.scripts))
    whole = place.world(), place.messages()
    place.client.flushall()
    place.seed(step.before)
    with no_memory(place):
        try:
            place.run(step.command(place.scripts))
        except RedisRefused:
            whole = step.before, []
    assert (place.world(), place.messages()) == whole
