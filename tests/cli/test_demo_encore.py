"""The jobs that go on after the demo: of all types, in proportion, and mixed."""

from collections import Counter
from itertools import groupby, islice

from kue.cli.demo.encore import endless_jobs
from kue.cli.demo.scenario import NODE_PARTS, PYTHON_PARTS

PARTS = PYTHON_PARTS + NODE_PARTS


def test_the_jobs_come_in_proportion_to_the_shares_of_their_types() -> None:
    whole = sum(part.share for part in PARTS)
    assert Counter(job.type for job in islice(endless_jobs(PARTS), 3 * whole)) == {
        part.type: 3 * part.share for part in PARTS
    }


def test_the_types_are_mixed_and_none_is_missing_for_long() -> None:
    types = [job.type for job in islice(endless_jobs(PARTS), 200)]
    assert max(len(list(same)) for _, same in groupby(types)) <= 2
    assert all(set(types[start : start + 60]) == {part.type for part in PARTS} for start in range(100))


def test_each_job_of_a_type_has_a_number_of_its_own() -> None:
    emails = [job.data["to"] for job in islice(endless_jobs(PARTS), 100) if job.type == "email"]
    assert len(emails) == len(set(emails)) > 10
