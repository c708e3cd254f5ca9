"""What the judges of a chaos run object to and what they accept, with runs made up for each case."""

from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import attempts, log_lines
from tests.chaos.history import Job, read
from tests.chaos.plan import COROUTINE, JobPlan
from tests.chaos.record import Line, Run

W = "kue:h:1-ab:python:1"
TAKEN = {"state": "active", "workerId": W, "updated_at": "1000"}
COMPLETE = {"state": "complete", "updated_at": "1900"}
PUT_BACK = {"state": "inactive", "updated_at": "1900"}
LOST = {"py_ghosts": "1", "state": "inactive"}
TOO_LATE = {"state": "inactive", "error": "TTL exceeded", "updated_at": "1900"}
EXPIRED = TOO_LATE | {"updated_at": "6700"}
RAISED = {"state": "inactive", "error": "Planned: attempt 1\n...", "updated_at": "1900"}
Batches = list[list[int]]


def job_of(batches: Batches, end: dict[str, str], holder: str = W) -> Job:
    """A job with a ttl of 500 ms that one run had, reported on in these batches, and ended so."""
    job = Job()
    job.write({"ttl": "500", "max_attempts": "2"})
    job.write(TAKEN | {"workerId": holder})
    for number, batch in enumerate(batches):
        job.log([f"{W} reports {n}" for n in batch], number)
    job.write(end)
    return job


def judged(job: Job, run: Run, cuts: list[tuple[int, int]] | None = None) -> list[str]:
    return list(log_lines.complaints(job, {W: run}, cuts or [], Counter()))


@pytest.mark.parametrize("batches", [[], [[0]], [[0, 1], [2]], [[0], [1], [2]]])
def test_a_run_that_was_lost_may_be_cut_short(batches: Batches) -> None:
    assert judged(job_of(batches, LOST), Run(1000, [1100, 1200, 1300])) == []


@pytest.mark.parametrize("batches", [[[1]], [[0], [2]], [[0, 2]], [[1, 0]], [[0, 1], [1]], [[0], [1], [0]], [[0, 0]]])
def test_lines_out_of_order_and_gaps_are_found(batches: Batches) -> None:
    run = Run(1000, [1100, 1200, 1300])
    assert "found out of order" in judged(job_of(batches, LOST), run, [(1100, 1200)])[0]


@pytest.mark.parametrize(("cut", "excused"), [((1200, 1300), True), ((500, 900), False), ((2000, 2100), False)])
def test_a_batch_may_be_logged_twice_if_a_connection_was_cut_meanwhile(cut: tuple[int, int], excused: bool) -> None:
    job = job_of([[0, 1], [0, 1], [0, 1], [2]], COMPLETE)
    complaint = [] if excused else [f"found twice, and no connection was cut: {W}"]
    assert judged(job, Run(1000, [1100, 1200, 1300]), [cut]) == complaint


@pytest.mark.parametrize(
    ("end", "due"),
    [(COMPLETE, 3), (RAISED, 3), (PUT_BACK, 2), (TOO_LATE, 2), (EXPIRED, 0), (LOST, 0), ({"state": "failed"}, 0)],
)
def test_lines_logged_before_a_run_ended_must_be_in_the_log(end: dict[str, str], due: int) -> None:
    run = Run(1000, [1100, 1200, 1900])  # the third at the very moment of the end
    for count in range(4):
        complaint = f"lines are missing: {W} had reported {due} before it ended, and {count} were found"
        assert judged(job_of([[n] for n in range(count)], end), run) == ([complaint] if count < due else [])


def test_lines_of_a_run_that_does_not_hold_the_job_are_found() -> None:
    other = job_of([[0]], COMPLETE, "kue:h:2-cd:python:1")
    assert judged(other, Run(1000, [1100])) == [f"found a line of a run that did not hold the job: {W}"]
    job = job_of([], TOO_LATE)
    job.log([f"{W} reports 0"], 1)
    assert judged(job, Run(1000, [1950])) == [f"found a line of a run that did not hold the job: {W}"]


def test_lines_that_no_run_logged_are_found() -> None:
    assert judged(job_of([[0, 1]], LOST), Run(1000, [1100])) == []  # killed before it could record the second
    assert "found more than was reported" in judged(job_of([[0, 1, 2]], LOST), Run(1000, [1100]))[0]


def test_the_last_fields_are_those_of_the_run_that_completed() -> None:
    fields = {"progress_data": f'{{"by":"{W}","n":1}}', "py_sent": f'"{W}"'}
    assert list(log_lines.complaints_of_last(W, 2, fields)) == []
    assert list(log_lines.complaints_of_last(W, 0, {})) == []
    assert len(list(log_lines.complaints_of_last(W, 3, fields))) == 1
    assert len(list(log_lines.complaints_of_last("kue:h:2-cd:python:1", 2, fields))) == 2


def tried(job: Job, run: Run, *, fail: int = 1, late: int = 1, harmed: bool = False, state: str = "") -> list[str]:
    plan = JobPlan(1, COROUTINE, {"fail": fail, "late": late}, {"attempts": 2, "ttl": 500})
    return list(attempts.complaints(plan, job, state or job.steps[-1].state, {W: run}, lambda _: harmed))


def test_a_run_may_end_at_its_ttl_and_not_before() -> None:
    cancelled = Run(1000, was_cancelled=True)
    assert tried(job_of([], TOO_LATE), cancelled) == []
    assert tried(job_of([], TOO_LATE), cancelled, fail=0, late=0) == []  # something held it up
    early = job_of([], TOO_LATE | {"updated_at": "1400"})
    assert tried(early, cancelled) == [f"ended before its ttl: {W}, after 400 ms of 500"]


def test_a_handler_past_its_ttl_must_learn_that_its_job_is_lost() -> None:
    def returned(asked_at: int, lost: bool) -> Run:
        return Run(1000, returned=Line(9999, "end", 1, W, {"asked_at": asked_at, "lost": lost}))

    assert tried(job_of([], TOO_LATE), returned(1950, True), late=0) == []
    assert tried(job_of([], TOO_LATE), returned(1850, False), late=0) == []
    assert "did not learn" in tried(job_of([], TOO_LATE), returned(1950, False), late=0)[0]
    assert tried(job_of([], EXPIRED), returned(6800, False), late=0) == []  # the checker of another process ended it


def test_a_coroutine_past_its_ttl_must_be_cancelled() -> None:
    assert "not cancelled" in tried(job_of([], TOO_LATE), Run(1000))[0]
    assert tried(job_of([], TOO_LATE), Run(1000), harmed=True) == []
    assert tried(job_of([], EXPIRED), Run(1000)) == []


def test_attempts_must_go_as_planned() -> None:
    assert "failed otherwise: Planned" in tried(job_of([], RAISED), Run(1000))[0]
    assert tried(job_of([], RAISED), Run(1000), late=0) == []
    assert "complete by attempt 1, which overruns its ttl" in tried(job_of([], COMPLETE), Run(1000))[0]
    once = COMPLETE | {"attempts": "1"}
    assert tried(job_of([], once), Run(1000), fail=0, late=0) == []
    assert "miscounted" in tried(job_of([], COMPLETE | {"attempts": "2"}), Run(1000), fail=0, late=0)[0]
    assert "failed after 1 of 2" in tried(job_of([], TOO_LATE), Run(1000, was_cancelled=True), state="failed")[0]


def test_the_history_knows_which_lines_one_transaction_wrote(tmp_path: Path) -> None:
    commands = [
        "SELECT 0",
        "HSET q:job:7 workerId w state active updated_at 10",
        "MULTI|RPUSH q:job:7:log a|HSET q:job:7 updated_at 11|RPUSH q:job:7:log b|EXEC",
        "RPUSH q:job:7:log c",
        "MULTI|RPUSH q:job:7:log d|HSET q:job:7 state complete updated_at 12|EXEC",
        "RPUSH q:job:7:log e|HSET q:job:7 error late",
    ]
    folder = tmp_path / "appendonlydir"
    folder.mkdir()
    with (folder / "appendonly.aof.1.incr.aof").open("w") as file:
        for command in "|".join(commands).split("|"):
            words = command.split()
            file.write(f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words))
    job = read(tmp_path)[7]
    found = [(batch.holder, batch.lines) for batch in job.batches]
    assert found == [("w", ["a", "b"]), ("w", ["c"]), ("w", ["d"]), ("", ["e"])]
    assert [step.at for step in job.steps] == [10, 12]
    assert job.changed_by_node
