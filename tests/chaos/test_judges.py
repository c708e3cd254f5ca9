"""What the judges of a chaos run object to, and what they let pass: runs made up for each."""

from tests.chaos import attempts
from tests.chaos.history import Job
from tests.chaos.plan import COROUTINE, JobPlan
from tests.chaos.record import Line, Run

W = "kue:h:1-ab:python:1"
TAKEN = {"state": "active", "workerId": W, "updated_at": "1000"}
COMPLETE = {"state": "complete", "updated_at": "1900"}
TOO_LATE = {"state": "inactive", "error": "TTL exceeded", "updated_at": "1900"}
EXPIRED = TOO_LATE | {"updated_at": "6700"}
RAISED = {"state": "inactive", "error": "Planned: attempt 1\n...", "updated_at": "1900"}


def job_of(end: dict[str, str]) -> Job:
    """A job with a ttl of 500 ms that one run had, and ended so."""
    job = Job()
    job.write({"ttl": "500", "max_attempts": "2"})
    job.write(TAKEN)
    job.write(end)
    return job


def tried(job: Job, run: Run, *, fail: int = 1, late: int = 1, harmed: bool = False, state: str = "") -> list[str]:
    plan = JobPlan(1, COROUTINE, {"fail": fail, "late": late}, {"attempts": 2, "ttl": 500})
    return list(attempts.complaints(plan, job, state or job.steps[-1].state, {W: run}, lambda _: harmed))


def test_a_run_may_end_at_its_ttl_and_not_before() -> None:
    cancelled = Run(1000, was_cancelled=True)
    assert tried(job_of(TOO_LATE), cancelled) == []
    assert tried(job_of(TOO_LATE), cancelled, fail=0, late=0) == []  # something held it up
    early = job_of(TOO_LATE | {"updated_at": "1400"})
    assert tried(early, cancelled) == [f"ended before its ttl: {W}, after 400 ms of 500"]


def test_a_handler_past_its_ttl_is_told() -> None:
    def returned(asked_at: int, lost: bool) -> Run:
        return Run(1000, returned=Line(9999, "end", 1, W, {"asked_at": asked_at, "lost": lost}))

    assert tried(job_of(TOO_LATE), returned(1950, True), late=0) == []
    assert tried(job_of(TOO_LATE), returned(1850, False), late=0) == []
    assert "not told" in tried(job_of(TOO_LATE), returned(1950, False), late=0)[0]
    assert tried(job_of(EXPIRED), returned(6800, False), late=0) == []  # the checker of another process ended it


def test_a_coroutine_past_its_ttl_is_cancelled() -> None:
    assert "not cancelled" in tried(job_of(TOO_LATE), Run(1000))[0]
    assert tried(job_of(TOO_LATE), Run(1000), harmed=True) == []
    assert tried(job_of(EXPIRED), Run(1000)) == []


def test_attempts_go_as_planned() -> None:
    assert "failed otherwise: Planned" in tried(job_of(RAISED), Run(1000))[0]
    assert tried(job_of(RAISED), Run(1000), late=0) == []
    assert "complete by attempt 1, which overruns its ttl" in tried(job_of(COMPLETE), Run(1000))[0]
    once = COMPLETE | {"attempts": "1"}
    assert tried(job_of(once), Run(1000), fail=0, late=0) == []
    assert "miscounted" in tried(job_of(COMPLETE | {"attempts": "2"}), Run(1000), fail=0, late=0)[0]
    assert "failed after 1 of 2" in tried(job_of(TOO_LATE), Run(1000, was_cancelled=True), state="failed")[0]
