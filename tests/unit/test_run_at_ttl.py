"""What the log says of a run that ended at its ttl: only the reply of Redis tells what became of its job."""

from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.store.transitions import Retry
from kue.worker.outcomes import Failed
from tests.unit.test_run import BOOM, WORKER, Ear

FAILED, PUT_BACK = (
    "failed for good in attempt 1 of 1 after 1500 ms: Error: boom",
    "was ended at its ttl, and is put back",
)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ([1, b"failed"], FAILED),
        ([1, b"delayed", 1, 3], f"{PUT_BACK} (1 of 3)"),
        ([-1, b"failed", WORKER.encode(), b"1"], FAILED),
        ([-1, b"failed", WORKER.encode(), b""], FAILED),
        ([-1, b"delayed", WORKER.encode(), b"1"], FAILED),
        ([-1, b"", b"", b""], FAILED),
        ([-1, b"delayed", WORKER.encode(), b""], PUT_BACK),
        ([-1, b"active", b"another", b"0"], PUT_BACK),
        (ResponseError("OOM"), FAILED),
    ],
    ids=str,
)
def test_the_log_says_what_redis_made_of_a_run_at_its_ttl_even_if_the_first_reply_was_lost(
    caplog: pytest.LogCaptureFixture, reply: Any, said: str
) -> None:
    run = Ear().run
    run.settle(Failed(BOOM, Retry("failed"), "ttl"))
    assert caplog.messages == []
    run.log_end_at_ttl(reply)
    assert caplog.messages == [f"job 7 (email) {said}"]
