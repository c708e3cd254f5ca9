"""The doctor does not report what looks odd and is in order, and changes nothing of it."""

import pytest

from tests.doctor.cases import ALIVE, NEIGHBOURS, PROCESS
from tests.doctor.conftest import Patient
from tests.store.records import history, record
from tests.store.world import (
    BEFORE,
    NODE,
    NODE_LOOKALIKES,
    NOW,
    PYTHON,
    TYPES,
    World,
    gone,
    job,
    token_list,
    without,
    world,
)

on_redis = pytest.mark.parametrize("backend", ["redis"], indirect=True)
TRICKY = "x:5-a:y"
SPOILT = job(1, "failed")
RUNS = history(record(1, 1, "failed", "Error: boom"), record(2, 2, "snoozed"))
HEALTHY: dict[str, World] = {
    "nothing at all": {},
    "a type without jobs": gone(),
    "an active job of a living Python process": world(job(1, "active", workerId=PYTHON), ALIVE),
    "one of a type that looks like a process": world(
        job(1, "active", type=TRICKY, workerId=f"{PROCESS}:{TRICKY}:3"), ALIVE
    ),
    "one of a type with a line break": world(
        job(1, "active", type="two\nlines", workerId=f"{PROCESS}:two\nlines:3"), ALIVE
    ),
    "an active job of a Node worker, years old": job(1, "active", workerId=NODE, started_at=1, updated_at=1),
    "active jobs of Node workers of types that look like a process": world(
        *(job(id, "active", workerId=worker) for id, worker in enumerate(NODE_LOOKALIKES, 1))
    ),
    "an active job that no worker ever had, with a ttl": job(1, "active", ttl=500, score=NOW),
    "an active job with a ttl that was pushed": job(1, "active", workerId=NODE, ttl=500, score=NOW + 123_456),
    "an active job with a ttl that ran out": job(1, "active", workerId=NODE, ttl=500, score=200_000),
    "a priority that is no whole number": job(1, priority=-5) | {"q:jobs": {"01|1": -5.0}},
    "no priority in the hash": without(job(1, "failed"), "q:job:1/priority"),
    "a priority that is no number": SPOILT | {"q:job:1": SPOILT["q:job:1"] | {"priority": "?"}},
    "a priority that is NaN": SPOILT | {"q:job:1": SPOILT["q:job:1"] | {"priority": "NaN"}},
    "a delayed job without promote_at": job(1, "delayed", promote_at=None, score=NOW),
    "a promote_at with a fraction": job(1, "delayed", promote_at=f"{NOW}.75", score=NOW),
    "tokens of removed jobs": world(gone(), token_list("email", 1000)),
    "tokens beside jobs": world(job(), token_list("email", 999)),
    "tokens of a type that has none": token_list("never saved", 5000),
    "a job that ended with data that is not JSON": world(
        job(1, "complete", data="{oops"), job(2, "failed", data="{oops"), job(3, "active", workerId=NODE, data="{oops")
    ),
    "a job without data": without(job(), "q:job:1/data"),
    "a backoff that is JavaScript": job(1, backoff="function(attempts) { return 100 }"),
    "a unique key of a job": world(job(), {"q:unique:jobs": {"tj": "1"}}),
    "a unique key of a job that has ended": world(job(1, "complete"), {"q:unique:jobs": {"tj": "1"}}),
    "a unique key kept for a time after its job": {"q:py:within:tj": "7"},
    "mail of a process": {"q:py:mail:kue:host:77-beef0001": ["cancel kue:host:77-beef0001:email:3\nCancelled"]},
    "a job whose run was cancelled": job(1, "active", workerId=NODE, py_cancel="kue:host:77-beef0001:email:3\nwhy"),
    "numbers of the past, and a lost process": {
        "q:py:stats:h:1700002800:email": {"started": "1", "max": "5"},
        "q:py:stats:h:1700002800:*": {"started": "1", "max": "5"},
        "q:py:workers:lost": {"kue:host:7-beef00011": 1.0},
    },
    "limits, a pause and the starts of a rate": {
        "q:py:flow": {"": "inf,,,", "email": ",5,100,60000"},
        "q:py:rate:email": ["1700000000001", "1700000000000"],
    },
    "a type named unique": job(1, type="unique"),
    "a type named like a state": world(job(1, type="inactive"), job(2, "failed", type="jobs")),
    "fields of ghosts and of the history": world(
        job(1, py_ghost_on_ttl="true", py_ghost_retries=0, py_ghost_delay=500, **RUNS),
        job(2, "failed", py_ghosts=1, py_runs="[{", py_process_time="much"),
    ),
    "logs": world(job(log=["a"]), job(2, "failed", log=["b"])),
    "other keys": {
        "q:mine": "1",
        "q:job:": "1",
        "q:job:07": "1",
        "q:job:x:log": "1",
        "q:searchtmpkey": {"1": 1.0},
        "q:py:other": "1",
        "promotion:lock": "1",
    },
    "other prefixes": {
        **{name.replace("q:", "qq:", 1): value for name, value in job(1).items()},
        **{name.replace("q:", "q:b:", 1): value for name, value in job(1).items()},
        "queue:job:1": "x",
    },
    **{f"type {type!r}": job(1, type=type) for type in TYPES},
}


@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
@pytest.mark.parametrize("what", HEALTHY)
def test_the_doctor_finds_nothing_wrong_with_what_only_looks_odd(patient: Patient, what: str) -> None:
    before = world(NEIGHBOURS, HEALTHY[what]) if HEALTHY[what] else {}
    patient.seed(before)
    assert patient.findings() == []
    assert patient.is_clean(before)
    assert patient.messages() == []


@on_redis
def test_data_with_bytes_that_are_no_utf8_is_fine_because_workers_run_it(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, job(1)))
    patient.client.hset(patient.keys.job(1), "data", b'"caf\xe9"')
    assert patient.findings() == []


HOUR = 3_600_000
OLD = {"started_at": BEFORE - 2 * HOUR, "updated_at": BEFORE - 2 * HOUR, "workerId": NODE}


@on_redis
@pytest.mark.parametrize("worker", [NODE, None])
def test_a_job_that_node_left_active_goes_back_only_if_asked_for(patient: Patient, worker: str | None) -> None:
    before = world(NEIGHBOURS, job(1, "active", ttl=500, score=200_000, **OLD | {"workerId": worker}))
    patient.seed(before)
    assert patient.is_clean(before)

    report = patient.examine(requeue_active_older_than=HOUR)
    assert [str(finding) for finding in report.findings] == [
        f"job 1 (email) {f'is held by {worker}' if worker else 'is active without a worker'}, "
        "and was not updated for too long"
    ]
    assert [one.done for one in patient.repair(report)] == ["put back in its queue"]
    line = "put back: kue doctor found it active for too long"
    start = BEFORE - 2 * HOUR
    run = record(1, 1, "ghost", line, worker=NODE, start=start, duration=NOW - start)
    fields = OLD | {"workerId": worker, "updated_at": NOW, "py_requeues": 1, **(history(run) if worker else {})}
    after = world(NEIGHBOURS, job(1, ttl=500, log=[line], **fields))
    assert patient.world() == after
    assert patient.events() == [(1, "enqueue", "email")]
    assert patient.examine(requeue_active_older_than=HOUR).is_clean


@on_redis
@pytest.mark.parametrize(
    "fields",
    [
        {**OLD, "updated_at": NOW - HOUR},
        {**OLD, "started_at": NOW - HOUR},
        {**OLD, "workerId": PYTHON},
        {**OLD, "started_at": None, "updated_at": NOW - 1},
    ],
)
def test_a_job_touched_since_or_held_by_python_stays_active(patient: Patient, fields: dict[str, object]) -> None:
    before = world(NEIGHBOURS, ALIVE, job(1, "active", **fields))
    patient.seed(before)
    assert patient.examine(requeue_active_older_than=HOUR).is_clean


@on_redis
def test_a_job_that_node_touches_before_the_repair_stays_active(patient: Patient) -> None:
    patient.seed(world(NEIGHBOURS, job(1, "active", **OLD)))
    report = patient.examine(requeue_active_older_than=HOUR)
    patient.client.hset(patient.keys.job(1), "updated_at", NOW - 1)
    before = patient.world()
    assert [one.done for one in patient.repair(report)] == [""]
    assert patient.world() == before
