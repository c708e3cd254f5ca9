"""Jobs are cancelled by many at once, while workers run, fail, put off and promote them."""

import asyncio
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue.doctor import examine
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.script import run_script

THREADS = 32
JOBS = 320


def in_threads(count: int, work: Callable[[int], None]) -> None:
    problems: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


@pytest.mark.parametrize("delay", [None, 1, 3_600_000], ids=["inactive", "due", "delayed"])
def test_a_job_that_many_cancel_fails_once(queue: Any, delay: int | None) -> None:
    jobs = queue.save_all(queue.create("export", delay=delay) for _ in range(5))
    heard: Counter[tuple[int, str]] = Counter()
    for event in ("error", "failed"):
        queue.on(f"job {event}", lambda id, *args, event=event: heard.update([(id, event)]))

    def cancel(number: int) -> None:
        for job in jobs:
            assert queue.cancel_by_id(job.id, f"by {number}") == "failed"

    in_threads(THREADS, cancel)
    wait_until(lambda: len(heard) == 2 * len(jobs))
    assert set(heard.values()) == {1}
    for job in jobs:
        assert queue.get_log(job.id) == [queue.get(job.id).error()]
    assert examine(queue, grace=10).findings == ()


class Work:
    """Handlers that end in every way, and the runs that they began."""

    def __init__(self) -> None:
        self.runs: dict[int, int] = defaultdict(int)
        self.lock = threading.Lock()

    def began(self, job: Any) -> random.Random:
        with self.lock:
            self.runs[job.id] += 1
            return random.Random(job.id * 100 + self.runs[job.id])

    def ends(self, choice: random.Random) -> None:
        match choice.choice(["returns", "raises", "snoozes"]):
            case "raises":
                raise ValueError("boom")
            case "snoozes":
                raise kue.Snooze(choice.choice([0, 5]))

    def plain(self, job: Any) -> None:
        choice = self.began(job)
        job.raise_if_cancelled()
        self.ends(choice)

    async def coroutine(self, job: Any) -> None:
        choice = self.began(job)
        await asyncio.sleep(choice.random() / 50)
        self.ends(choice)


@pytest.mark.slow
@pytest.mark.parametrize("round", range(5))
def test_a_cancelled_job_begins_no_other_run_whatever_the_last_one_comes_to(
    make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch, round: int
) -> None:
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS", 0.01)
    queue, work = make_queue(), Work()
    for _ in range(3):
        worker = make_queue(promotion={"interval": 5})
        worker.process("export", 3, work.plain)
        worker.process("import", 10, work.coroutine)
    words: dict[int, str] = {}
    runs_then: dict[int, int] = {}
    starting, never = threading.Barrier(THREADS), threading.Event()

    def cancel(number: int) -> None:
        chance = random.Random(round * 1000 + number)
        starting.wait()
        for n in range(JOBS // THREADS):
            type, delay = ("export", "import")[n % 2], chance.choice([None, 5])
            backoff = {"type": "fixed", "delay": 5}
            job = queue.create(type, attempts=5, delay=delay, backoff=chance.choice([None, backoff])).save()
            never.wait(chance.random() * 0.03)  # so that it is at any point of its life
            words[job.id] = queue.cancel_by_id(job.id)
            with work.lock:
                runs_then[job.id] = work.runs[job.id]

    in_threads(THREADS, cancel)
    wait_until(lambda: queue.complete_count() + queue.failed_count() == JOBS, 60)

    ends: Counter[str] = Counter()
    for id, word in words.items():
        job = queue.get(id)
        ends[f"{word}, then {job.state()}"] += 1
        assert len(job.runs) >= work.runs[id]
        assert job.state() in {"active": ("complete", "failed")}.get(word, (word,))
        if word == "failed":
            assert work.runs[id] == runs_then[id], "it ran after it had failed"
        if word == "active":  # its run may have begun just before or after the count was noted
            assert work.runs[id] <= runs_then[id] + 1
            assert job.state() == "complete" or job.error() == "Cancelled" == job.runs[-1]["error"]
    assert ends["failed, then failed"] and ends["active, then failed"], ends
    assert examine(queue, grace=10).findings == ()


@pytest.mark.slow
def test_many_processes_cancel_and_retry_all_of_a_type_and_each_change_is_made_once(
    redis_url: str, make_queue: MakeQueue
) -> None:
    queue = make_queue()
    queue.save_all(queue.create("export") for _ in range(2000))
    told = run_script(
        redis_url,
        """
        def count(change):
            def work():
                own = kue.Queue(redis=os.environ["KUE_REDIS_URL"])
                tell(changed=change(own))
                own.shutdown()
            ended(*[forked(work) for _ in range(32)])

        count(lambda own: own.cancel_all("export"))
        tell(failed=queue.failed_count())
        count(lambda own: own.retry_all())
        tell(inactive=queue.inactive_count())
        count(lambda own: own.remove_all("inactive"))
        queue.shutdown()
        """,
    )
    changed = [fact["changed"] for fact in told if "changed" in fact]
    assert [sum(changed[start : start + 32]) for start in (0, 32, 64)] == [2000] * 3
    assert [fact for fact in told if "changed" not in fact] == [{"failed": 2000}, {"inactive": 2000}]
    assert queue.types() == ["export"] and queue.failed_count() == queue.inactive_count() == 0
