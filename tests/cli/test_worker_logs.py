"""`kue worker` sets up logging if the module has not."""

import json
from collections.abc import Callable

import pytest

import kue
from tests.cli.command import Command
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

TASKS = """
    import logging
    import kue

    {set_up}
    queue = kue.Queue()

    @queue.process("bad")
    def bad(job):
        raise ValueError("no such address")

    @queue.process("good")
    def good(job):
        logging.getLogger("shop").info("sending")
"""


def run_both(redis_url: str) -> tuple[int | None, int | None]:
    """The ids of a job that fails and of one that completes, once both have."""
    with kue.Queue(redis=redis_url) as queue:
        bad, good = queue.create("bad").save().id, queue.create("good").save().id
        wait_until(lambda: queue.failed_count() == queue.complete_count() == 1, timeout=30)
    return bad, good


@pytest.mark.parametrize("processes", [1, 2])
def test_warnings_and_errors_are_logged_as_text(start: Start, module: Module, redis_url: str, processes: int) -> None:
    module("tasks", TASKS.format(set_up=""))
    worker = start("worker", "tasks:queue", "--processes", str(processes), KUE_REDIS_URL=redis_url)
    bad, _ = run_both(redis_url)
    wait_until(lambda: len(worker.errors) > 4 and "ValueError" in worker.errors[-1], 30)
    assert f"ERROR kue.run: job {bad} (bad) failed for good" in worker.errors[0]
    assert worker.errors[1].startswith("Traceback")
    assert worker.errors[-1] == "ValueError: no such address"
    worker.errors.clear()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_level_and_json_are_options(start: Start, module: Module, redis_url: str, processes: int) -> None:
    module("tasks", TASKS.format(set_up=""))
    options = ("--log-level", "info", "--log-format", "json", "--processes", str(processes))
    worker = start("worker", "tasks:queue", *options, KUE_REDIS_URL=redis_url)
    bad, good = run_both(redis_url)
    wait_until(lambda: len(worker.errors) == 3, 30)
    records = [json.loads(line) for line in worker.errors]
    by_job = {(one["job_id"], one["logger"]): one for one in records}
    assert set(by_job) == {(bad, "kue.run"), (good, "kue.run"), (good, "shop")}
    failed, completed = by_job[bad, "kue.run"], by_job[good, "kue.run"]
    assert (failed["level"], failed["job_type"], failed["attempt"]) == ("ERROR", "bad", 1)
    assert "ValueError: no such address" in failed["exception"] and failed["timestamp"]
    assert (completed["level"], by_job[good, "shop"]["message"]) == ("INFO", "sending")
    worker.errors.clear()


def test_the_logging_of_the_module_stays(start: Start, module: Module, redis_url: str) -> None:
    set_up = "logging.basicConfig(format='own: %(message)s')"
    module("tasks", TASKS.format(set_up=set_up))
    worker = start("worker", "tasks:queue", "--log-level", "debug", KUE_REDIS_URL=redis_url)
    bad, _ = run_both(redis_url)
    wait_until(lambda: bool(worker.errors) and "ValueError" in worker.errors[-1], 30)
    assert worker.errors[0].startswith(f"own: job {bad} (bad) failed for good")
    assert not any("sending" in line or "completed" in line for line in worker.errors)
    worker.errors.clear()
