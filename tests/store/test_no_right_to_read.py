"""The scripts, called by a user who may not read the hashes of jobs: what they cannot read they leave as it is."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.options.unique import Unique
from kue.store.indexing import IndexingCommands
from kue.store.purging import NO_TURN
from kue.store.repairs import Repairs
from kue.store.script_text import source
from kue.store.stats import StatsCommands
from kue.store.transitions import new_job
from kue.store.unique_job import unique_job
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.schedules import DUE, fire, schedule
from tests.store.world import BEFORE, NODE, NOW, World, job, world

each_server = pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey"), indirect=True)
NEW = new_job("email", b'{"to":"tj"}', NOW, None, others=["py_unique", "k"])
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


RUNS = world(job(1, "active", workerId=f"{STEM}1"), job(2, "active", workerId=f"{STEM}2"))
FAILED = world(job(1, "failed"), job(2, "failed"))
HELD = world(job(1, py_unique="k"), {"q:unique:jobs": {"k": "1"}})
OPEN = world(job(7), schedule(overlap="skip", last_job_id=7))
PROCESS = STEM.removesuffix(":email:")

STEPS: dict[str, tuple[World, Callable[[Place], Command]]] = {
    "take": (WAITING, lambda place: place.scripts.take("email", 2, 0, STEM, 3, NOW)),
    "drop_broken": (WAITING, lambda place: place.scripts.drop_broken(1, ["email"])),
    "promote": (DELAYED, lambda place: place.scripts.promote("token", NOW, 10)),
    "announce_expired": (OVERDUE, lambda place: place.scripts.announce_expired("token", NOW, 10)),
    "rescue": (RUNS, lambda place: place.scripts.rescue(PROCESS, NOW, 1, 0, [(1, f"{STEM}1"), (2, f"{STEM}2")])),
    "requeue_orphans": (
        RUNS,
        lambda place: place.scripts.requeue_orphans("email", STEM, [(1, 9)], b"0", 9, NOW, "why"),
    ),
    "lost_runs": (RUNS, lambda place: place.store.commands.lost_runs(b"0", 10)),
    "save_unique": (HELD, lambda place: place.scripts.save_unique(unique_job(Unique("k"), NEW))),
    "fire": (OPEN, lambda place: fire(place, DUE)),
    "cancel": (WAITING, lambda place: place.bulk.cancel([1, 2], NOW, "Cancelled")),
    "cancel alone": (WAITING, lambda place: place.bulk.cancel([1], NOW, "Cancelled", alone=True)),
    "retry_jobs": (FAILED, lambda place: place.bulk.retry_jobs([1, 2], "failed", "", NOW)),
    "remove_jobs": (FAILED, lambda place: place.bulk.remove_jobs([1, 2], "failed", "", NOW)),
    "purge_old": (COMPLETE, lambda place: place.purging.purge_old(NO_TURN, "email", "complete", 0, NOW, NOW)),
    "purge_surplus": (COMPLETE, lambda place: place.purging.purge_surplus(NO_TURN, "email", "complete", 0, NOW, NOW)),
    "examine_jobs": (WAITING, lambda place: Repairs(place.keys).examine_jobs(["1"], None)),
    "drop_unreadable": (WAITING, lambda place: Repairs(place.keys).drop_unreadable("1", "not a hash", ["email"])),
    "start_indexing": (WAITING, lambda place: IndexingCommands(place.keys).start_indexing("token", [1])),
    "flush_stats": ({}, lambda place: StatsCommands(place.keys).flush_stats(60, {"email": (1, {"created": 1})})),
    "oldest_wait": (WAITING, lambda place: StatsCommands(place.keys).oldest_wait("email")),
}


@each_server
@pytest.mark.parametrize("what", STEPS)
def test_jobs_that_cannot_be_read_are_neither_dropped_nor_moved(place: Place, what: str) -> None:
    before, command = STEPS[what]
    place.seed(before)
    lacking = (
        ["hmget"] if what == "save_unique" else ["hmget", "hget"]
    )  # its first HGET is one that Redis refuses itself
    refused = r"permission to run \w+ on q:|\bHM?GET q:\S+ was refused: .*(can't run|permission)"
    with without_rights(place, *lacking), pytest.raises(RedisRefused, match=refused):
        place.run(command(place))
    assert place.world() == before
    assert place.messages() == []


MANY = ["cancel", "retry_jobs", "remove_jobs", "purge_old", "purge_surplus"]


@pytest.mark.parametrize("backend", ["redis", "valkey"], indirect=True)  # Redis 6.2 does not tell in advance
@pytest.mark.parametrize("what", MANY)
def test_a_script_for_many_jobs_changes_nothing_without_the_right_to_any_of_its_commands(
    place: Place, what: str
) -> None:
    before, command = STEPS[what]
    place.seed(before)
    called = set(re.findall(r"\bredis\.p?call\('(\w+)'", source(what)))
    assert {"ZREM", "ZADD" if what in ("cancel", "retry_jobs") else "DEL"} <= called
    for name in called:
        with without_rights(place, name), pytest.raises(RedisRefused, match=f"(?i)permission.* {name}"):
            place.run(command(place))
    assert place.world() == before
    assert place.messages() == []


@pytest.mark.parametrize("backend", ["redis", "valkey"], indirect=True)
def test_nor_without_the_right_to_the_channel_of_events(place: Place) -> None:
    place.seed(WAITING)
    place.client.execute_command("ACL", "SETUSER", "default", "resetchannels")
    with pytest.raises(RedisRefused, match="permission to run PUBLISH on q:events"):
        place.run(STEPS["cancel"][1](place))
    place.client.execute_command("ACL", "SETUSER", "default", "allchannels")
    assert place.world() == WAITING
