"""The short chaos run, with a fixed seed; README.md says what it does and how to run a long one."""

import subprocess
import sys
from pathlib import Path

import fakeredis
import pytest

from tests.chaos.check import Verdict
from tests.chaos.history import Job
from tests.chaos.indexes import Snapshot
from tests.chaos.plan import CUT, WEIGHTS, Plan
from tests.chaos.record import Line
from tests.conftest import absent
from tests.interop.node import what_is_missing
from tests.processes import unmeasured

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.timeout(300)
def test_no_job_is_lost_or_ends_twice(tmp_path: Path) -> None:
    missing = what_is_missing()
    if missing:
        absent(missing)
    # With this seed each disturbance comes once, and the longest, a worker that is frozen, comes last.
    command = [sys.executable, "-m", "tests.chaos", "--jobs", "1500", "--seed", "9", "--seconds", "60"]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_a_seed_decides_every_choice() -> None:
    first, again, other = Plan(1, 500), Plan(1, 500), Plan(2, 500)
    assert (first.jobs, first.disturbances) == (again.jobs, again.disturbances)
    assert first.jobs != other.jobs and first.disturbances != other.disturbances
    assert {disturbance.kind for disturbance in first.disturbances} == set(WEIGHTS)


def history(*steps: dict[str, str]) -> Job:
    job = Job()
    for fields in steps:
        job.write(fields)
    return job


def test_a_second_end_of_a_job_is_found() -> None:
    taken, done = {"state": "active", "workerId": "kue:h:1-ab:email:1"}, {"state": "complete"}
    assert len(history({"state": "inactive"}, taken, done).ends) == 1
    assert len(history({"state": "inactive"}, taken, done, taken, done).ends) == 2
    assert len(history({"state": "inactive"}, taken, {"state": "failed"}, done).ends) == 2
    assert len(history({"state": "inactive"}, taken, done, done).ends) == 2


@pytest.mark.parametrize(("stopped_at", "excused"), [(20, True), (40, False)])
def test_only_what_was_done_to_a_worker_before_its_job_ran_again_is_a_reason(stopped_at: int, excused: bool) -> None:
    first, second = "kue:h:1-ab:email:1", "kue:h:2-cd:email:1"
    put_back = {"state": "inactive", "updated_at": "25"}
    steps = [{"state": "active", "workerId": first}, put_back, {"state": "active", "workerId": second}]
    lines = [
        Line(10, "start", 7, first, {}),
        Line(stopped_at, "fate", None, first, {"kind": "SIGTERM"}),
        Line(30, "start", 7, second, {}),
        Line(35, "end", 7, second, {}),
    ]
    verdict = Verdict({}, {}, lines, {7: history(*steps, {"state": "complete", "updated_at": "35"})})
    verdict.judge(Snapshot(fakeredis.FakeRedis()))
    assert [violation for violation in verdict.violations if "without a reason" in violation] == (
        [] if excused else [f"job 7 ran again without a reason: {verdict.story(7)}"]
    )


@pytest.mark.parametrize(
    ("end", "cut", "alarms"), [("inactive", True, 1), ("inactive", False, 0), ("rescued", True, 0)]
)
def test_a_worker_whose_outcome_counted_lost_nothing(end: str, cut: bool, alarms: int) -> None:
    first, second = "kue:h:1-ab:email:1", "kue:h:2-cd:email:1"
    failed = {"state": "inactive", "error": "Planned: attempt 1", "updated_at": "20"}
    rescued = {"py_ghosts": "1", "state": "inactive"}
    steps = [
        {"state": "active", "workerId": first},
        rescued if end == "rescued" else failed,
        {"state": "active", "workerId": second},
    ]
    lost = Line(40, "error", 7, "::1-", {"kind": "JobLost", "text": "lost"})
    cuts = [Line(10, "fate", None, "", {"kind": CUT}), Line(30, "over", None, "", {"kind": CUT})] if cut else []
    verdict = Verdict({}, {}, [*cuts, lost], {7: history(*steps)})
    assert (verdict.false_alarms, len(verdict.violations)) == (alarms, 1 - alarms)


@pytest.mark.parametrize(
    ("fields", "is_nodes"),
    [
        ({"state": "inactive"}, True),
        ({"error": "TTL exceeded"}, True),
        ({"state": "active"}, False),
        ({"state": "inactive", "updated_at": "9"}, False),
        ({"updated_at": "9"}, False),
    ],
)
def test_a_change_by_node_in_a_job_of_python_is_known_by_its_single_field(
    fields: dict[str, str], is_nodes: bool
) -> None:
    job = history({"state": "delayed"}, {"state": "inactive"})  # Node's promoter, in time
    assert not job.changed_by_node
    job.write({"state": "active", "workerId": "kue:h:1-ab:email:1", "updated_at": "8"})
    job.write(fields)
    assert job.changed_by_node == is_nodes


def test_a_state_that_node_passes_through_is_no_end() -> None:
    taken, failed = {"state": "active", "workerId": "kue:h:1:email:1"}, {"state": "failed"}
    assert len(history(taken, failed, failed, {"state": "delayed"}).ends) == 0
    assert len(history(taken, failed, failed).ends) == 1


def test_a_job_that_removes_itself_ends_once() -> None:
    job = history({"state": "active", "workerId": "kue:h:1-ab:email:1"})
    job.remove()
    assert len(job.ends) == 1
    of_node = history({"state": "active", "workerId": "kue:h:1:email:1"}, {"state": "complete"})
    of_node.remove()
    assert len(of_node.ends) == 1
