"""The demo's plan: as many jobs as asked for, each type with its share, and never more work than there is time."""

import pytest

from kue.cli.demo.plan import BEFORE_THE_WORKERS, Part, plan_jobs
from kue.cli.demo.scenario import MIN_JOBS, MIN_SECONDS, NODE_PARTS, PYTHON_PARTS

EVERYTHING = PYTHON_PARTS + NODE_PARTS


@pytest.mark.parametrize("parts", [PYTHON_PARTS, EVERYTHING], ids=["python", "with-node"])
@pytest.mark.parametrize("jobs", [MIN_JOBS, 41, 399, 12_345])
def test_a_plan_has_as_many_jobs_as_asked_for_and_some_of_each_type(parts: tuple[Part, ...], jobs: int) -> None:
    plan = plan_jobs(parts, 10, jobs, processes=2)
    assert len(plan) == jobs
    assert {job.type for job in plan} == {part.type for part in parts}
    for part in parts:
        assert {job.maker for job in plan if job.type == part.type} == set(part.makers)


@pytest.mark.parametrize("seconds", [MIN_SECONDS, 10, 60])
@pytest.mark.parametrize("jobs", [MIN_JOBS, 400, 4000])
def test_the_work_of_a_plan_fits_the_time(seconds: float, jobs: int) -> None:
    everything = plan_jobs(EVERYTHING, seconds, jobs, processes=2)
    for part in EVERYTHING:
        processes = 2 if "python" in part.runners else 1
        plan = [job for job in everything if job.type == part.type]
        work = sum(job.data["ms"] * job.attempts for job in plan) / 1000 / part.slots / processes
        assert work <= seconds
        assert max(job.at + job.options.get("delay", 0) / 1000 for job in plan) <= seconds


def test_a_plan_is_in_order_of_creation() -> None:
    plan = plan_jobs(PYTHON_PARTS, 10, 400, processes=2)
    assert [job.at for job in plan] == sorted(job.at for job in plan)
    assert {job.type for job in plan if job.at == BEFORE_THE_WORKERS} == {"alert"}
    # Their order of creation is against their priorities at first.
    priorities = [job.options["priority"] for job in plan if job.type == "alert"]
    assert priorities[:6] == ["low", "normal", "medium", "high", "critical", "low"]


def test_a_plan_for_less_time_has_as_many_jobs_of_each_type() -> None:
    types = [sorted(job.type for job in plan_jobs(EVERYTHING, seconds, 480, 2)) for seconds in (0.5, 8)]
    assert types[0] == types[1]
