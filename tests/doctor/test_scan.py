"""The scan reads every page of a keyspace, in bounded steps, whatever the names are."""

import pytest

import kue
from kue.doctor import examine, repair
from kue.doctor.checks import BATCH_SIZE, Checks
from kue.doctor.findings import Misfiled
from kue.errors import ConnectionFailed, InvalidOption
from kue.store.inspection import PAGE_SIZE as PAGE
from tests.doctor.cases import NEIGHBOURS
from tests.doctor.conftest import Patient
from tests.servers import RedisServer
from tests.store.world import NODE, NOW, TYPES, job, without, world, zid

MANY = 3 * PAGE + 7
on_redis = pytest.mark.parametrize("backend", ["redis"], indirect=True)
on_redis_and_fake = pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)


def save_many(patient: Patient, count: int = MANY) -> None:
    patient.queue.save_all(patient.queue.create("email", {"n": n}) for n in range(count))


@pytest.mark.slow
@on_redis_and_fake
def test_the_scan_reads_every_page(patient: Patient) -> None:
    many = MANY if patient.backend.real else PAGE + 7  # two pages: the scripts are slow in the fake server
    save_many(patient, many)
    client, keys = patient.client, patient.keys
    client.zrem(keys.type_state("email", "inactive"), *(zid(id) for id in range(1, many + 1, 2)))
    client.zadd(keys.state("failed"), {zid(id): 0 for id in range(10_000, 10_000 + many)})
    client.hset(keys.unique, mapping={f"key {n}": 20_000 + n for n in range(many)})
    for id in range(30_000, 30_000 + many):
        client.rpush(keys.log(id), "a line")

    report = patient.examine()
    assert len(report.findings) == (many + 1) // 2 + 3 * many
    assert not report.is_full
    patient.repair(report)
    assert patient.examine().is_clean
    assert client.zcard(keys.type_state("email", "inactive")) == many
    assert client.exists(keys.unique) == client.exists(keys.state("failed")) == 0


@on_redis
def test_the_scan_asks_in_small_steps_and_never_for_all_keys(patient: Patient) -> None:
    save_many(patient)
    patient.client.config_resetstat()
    patient.client.slowlog_reset()
    assert patient.examine().jobs == MANY
    asked = {
        name.removeprefix("cmdstat_"): stats["calls"] for name, stats in patient.client.info("commandstats").items()
    }
    assert not {"keys", "zrange", "hgetall", "lrange", "hkeys", "hvals"} & set(asked)
    assert asked["scan"] >= MANY // PAGE
    assert asked["zscan"] >= 3 * MANY // PAGE
    assert asked["evalsha"] >= 4 * MANY // BATCH_SIZE


@on_redis
def test_the_scan_stops_once_it_has_found_enough_and_finds_the_rest_another_time(patient: Patient) -> None:
    save_many(patient)
    patient.client.delete(patient.keys.jobs)
    report = patient.examine(most=700)
    assert 700 <= len(report.findings) < 700 + PAGE
    assert report.is_full
    rounds = 0
    while not report.is_clean:
        patient.repair(report)
        report = patient.examine(most=700)
        rounds += 1
    assert rounds > 1
    assert patient.client.zcard(patient.keys.jobs) == MANY


@on_redis_and_fake
def test_checks_find_nothing_wrong_with_what_is_gone_since_the_scan(patient: Patient) -> None:
    looks = Checks(patient.queue.runtime.store, None)
    assert looks.jobs(["7"]) == looks.logs(["7"]) == looks.unique(["x"]) == looks.ids(7) == []
    assert looks.members(patient.keys.jobs, "", ["01|7", "x"]) == looks.tokens([], ["x"]) == []


@on_redis_and_fake
@pytest.mark.parametrize("type", TYPES)
def test_a_repair_puts_a_type_in_order_whatever_its_name(patient: Patient, type: str) -> None:
    healthy = world(NEIGHBOURS, job(1, type=type), job(2, "failed", type=type))
    patient.seed(without(healthy, f"q:jobs:{type}:failed", "q:job:types"))
    patient.seed({f"q:jobs:{type}:complete": {"01|3": 0.0}, "q:job:types": {"video"}})
    report = patient.examine()
    assert len(report.findings) == 3
    patient.repair(report)
    assert patient.is_clean(healthy)


@on_redis
def test_a_repair_puts_a_type_that_is_not_utf_8_in_order(patient: Patient) -> None:
    type = b"caf\xe9"
    client, keys = patient.client, patient.keys
    client.set(keys.ids, 1)
    client.hset(keys.job(1), mapping={b"type": type, b"state": b"inactive", b"priority": b"0", b"data": b"{}"})
    client.zadd(keys.jobs, {"01|1": 0})
    client.zadd(keys.state("inactive"), {"01|1": 0})
    report = patient.examine()
    assert len(report.findings) == 2
    assert all("caf\\udce9" in str(finding) for finding in report.findings)
    patient.repair(report)
    assert patient.examine().is_clean
    assert client.smembers(keys.types) == {type}
    assert client.lrange(b"%b:%b:jobs" % (patient.backend.prefix.encode(), type), 0, -1) == [b"1"]


@pytest.mark.parametrize("prefix", ["a*b", "[q]", "q?", "back\\slash", "{q}", "d\u00e9j\u00e0"])
@on_redis_and_fake
def test_the_scan_does_not_read_a_prefix_as_a_pattern(patient: Patient, prefix: str) -> None:
    with kue.Queue(redis=patient.backend.redis, prefix=prefix) as queue:
        queue.create("email", {}).save()
        patient.client.zrem(f"{prefix}:jobs:email:inactive", "01|1")
        for other in ("axb", "q", "qx", "backslash"):
            patient.client.rpush(f"{other}:job:7:log", "not ours")
        report = examine(queue, grace=0)
        assert [type(finding).__base__ for finding in report.findings] == [Misfiled]
        assert report.jobs == 1
        repair(queue, report, grace=0)
        assert examine(queue, grace=0).is_clean


WRONG_KINDS = {
    "q:ids": ("list", "string"),
    "q:job:types": ("list", "set"),
    "q:jobs": ("list", "zset"),
    "q:jobs:failed": ("list", "zset"),
    "q:jobs:video:complete": ("list", "zset"),
    "q:video:jobs": ("string", "list"),
    "q:unique:jobs": ("list", "hash"),
    "q:py:within:order:7": ("list", "string"),
    "q:py:worker:kue:host:77-beef0001": ("string", "hash"),
    "q:py:mail:kue:host:77-beef0001": ("string", "list"),
    "q:py:stats:m:1700003700:email": ("list", "hash"),
    "q:py:workers:lost": ("list", "zset"),
    "q:py:flow": ("list", "hash"),
    "q:py:rate:video": ("string", "list"),
    "q:py:purge:lock": ("list", "string"),
    "q:py:observe:lock": ("list", "string"),
    "q:py:recovery:lock": ("list", "string"),
}


@on_redis_and_fake
@pytest.mark.parametrize("key", WRONG_KINDS)
def test_a_repair_leaves_a_key_of_the_wrong_kind_to_its_owner(patient: Patient, key: str) -> None:
    has, due = WRONG_KINDS[key]
    before = NEIGHBOURS | {key: "text" if has == "string" else ["an", "item"]}
    patient.seed(before)
    report = patient.examine()
    says = f"{key} is a {has} and not a {due}: move it away by hand"
    assert [patient.shown(finding) for finding in report.findings] == [says]
    mended = patient.repair(report)
    assert [(one.done, bool(one.problem)) for one in mended] == [("", True)]
    assert patient.world() == before
    assert patient.examine().findings == report.findings


QUEUED = {
    "Stuck": without(job(tokens=0), "q:jobs:email:inactive"),
    "Unfinished": without(job(state="", tokens=0), "q:jobs:", "q:jobs:email:", "q:job:1/state"),
    "Unsettled": without(job(tokens=0), "q:jobs:email:inactive", "q:job:1/state"),
    "LongActive": job(1, "active", workerId=NODE, started_at=1, updated_at=1),
    "Unheld": job(1, "active"),
}


@on_redis_and_fake
@pytest.mark.parametrize("kind", QUEUED)
def test_a_repair_changes_nothing_of_a_job_whose_queue_is_of_the_wrong_kind(patient: Patient, kind: str) -> None:
    fresh = {**NEIGHBOURS, "q:job:11": NEIGHBOURS["q:job:11"] | {"updated_at": str(NOW)}}
    before = world(fresh, QUEUED[kind], {"q:email:jobs": "text"})
    patient.seed(before)
    mended = patient.repair(patient.examine(requeue_active_older_than=1000))
    assert sorted(type(one.finding).__name__ for one in mended) == sorted([kind, "WrongKind"])
    assert all(one.problem for one in mended)
    assert patient.world() == before


@on_redis
@pytest.mark.parametrize("options", [{"grace": -1}, {"grace": "2s"}, {"requeue_active_older_than": -1}])
def test_a_bad_option_of_the_doctor_is_refused(patient: Patient, options: dict[str, object]) -> None:
    with pytest.raises(InvalidOption):
        patient.examine(**options)


def test_the_doctor_reports_a_server_that_is_gone() -> None:
    with RedisServer() as server, kue.Queue(redis=server.url) as queue:
        server.kill()
        with pytest.raises(ConnectionFailed):
            examine(queue)
