"""The scripts, called by a user who may not read the hashes of jobs: what they cannot read they leave as it is."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kue.errors import RedisRefused
from kue.store.purging import NO_TURN
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, job, world

each_server = pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey"), indirect=True)
STEM = "kue:host:77-beef0001:email:"
WAITING = world(job(1), job(2))
DELAYED = world(job(1, "delayed", promote_at=BEFORE), job(2, "delayed", promote_at=BEFORE), {"promotion:lock": "token"})
OVERDUE = world(job(1, "active", workerId=NODE, ttl=500, score=NOW), {"activeJobsTTL:lock": "token"})
COMPLETE = world(job(1, "complete"), job(2, "complete"))


@contextmanager
def without_rights(place: Place, *commands: str) -> Iterator[None]:
    place.client.execute_command("ACL", "SETUSER", "default", *(f"-{command}" for command in commands))
    try:
        yield
    finally:
        place.client.execute_command("ACL", "SETUSER", "default", "+@all")


STEPS = {
    "take": (WAITING, lambda place: place.scripts.take("email", 2, 0, STEM, 3, NOW)),
    "drop_broken": (WAITING, lambda place: place.scripts.drop_broken(1, ["email"])),
    "promote": (DELAYED, lambda place: place.scripts.promote("token", NOW, 10)),
    "announce_expired": (OVERDUE, lambda place: place.scripts.announce_expired("token", NOW, 10)),
    "purge_old": (COMPLETE, lambda place: place.purging.purge_old(NO_TURN, "email", "complete", 0, NOW, NOW)),
    "purge_surplus": (COMPLETE, lambda place: place.purging.purge_surplus(NO_TURN, "email", "complete", 0, NOW, NOW)),
}


@each_server
@pytest.mark.parametrize("what", STEPS)
def test_jobs_that_cannot_be_read_are_neither_dropped_nor_moved(place: Place, what: str) -> None:
    before, command = STEPS[what]
    place.seed(before)
    with without_rights(place, "hmget", "hget"), pytest.raises(RedisRefused, match=r"permission|can't run"):
        place.run(command(place))
    assert place.world() == before
    assert place.messages() == []
