"""A run fails and has its job removed with that, and the reply of Redis never comes back, or the request is lost."""

import threading

import pytest

from kue.errors import JobLost
from kue_send.job import Job
from tests.crash.conftest import Watched, call_of
from tests.crash.proxy import Proxy
from tests.crash.test_lost_replies import warm_up
from tests.helpers import wait_until


@pytest.mark.parametrize("lose", ["lose_reply", "lose_request"])
def test_a_failure_that_was_cut_off_and_has_removed_its_job_is_no_loss(
    proxy: Proxy, far: Watched, near: Watched, lose: str
) -> None:
    def fail(job: Job) -> None:
        if "warm" not in job.data:
            raise RuntimeError("boom")

    failed: list[int] = []
    near.on("job failed", lambda id, message: failed.append(id))
    warm_up(far, near, fail)
    loss = getattr(proxy, lose)(call_of("fail"))
    job = near.create("email", remove_on_fail=True).save()
    wait_until(loss.is_set)
    wait_until(lambda: failed)
    far.shutdown(5000)

    assert failed == [job.id]
    assert near.active_count() == near.failed_count() == 0
    assert [problem for problem in far.errors if isinstance(problem, JobLost)] == []
    numbers = near.stats(type="email")["email"]
    assert (numbers.failed, numbers.retried, numbers.cancelled) == (1, 0, 0)


@pytest.mark.parametrize("lose", ["lose_reply", "lose_request"])
@pytest.mark.parametrize("remove_on_fail", [False, True])
def test_a_cancelled_run_whose_end_was_cut_off_counts_as_cancelled(
    proxy: Proxy, far: Watched, near: Watched, lose: str, remove_on_fail: bool
) -> None:
    began = threading.Event()

    def fail(job: Job) -> None:
        if "warm" not in job.data:
            began.set()
            wait_until(lambda: job.cancelled)
            raise RuntimeError("boom")

    warm_up(far, near, fail)
    loss = getattr(proxy, lose)(call_of("fail"))
    job = near.create("email", remove_on_fail=remove_on_fail, attempts=2).save()
    began.wait(10)
    job.cancel()
    wait_until(loss.is_set)
    wait_until(lambda: near.active_count() == 0)
    far.shutdown(5000)

    numbers = near.stats(type="email")["email"]
    assert (numbers.failed, numbers.retried, numbers.cancelled) == (0, 0, 1)
    assert [problem for problem in far.errors if isinstance(problem, JobLost)] == []
