"""A request reaches Redis, and its reply never comes back; or the request itself is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from kue.errors import JobLost
from kue_send.job import Job
from tests.crash.conftest import LEASE, Watched, call_of
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer

MakeQueue = Callable[..., Watched]


def warm_up(far: Watched, near: Watched, handler: Callable[[Job], Any], **options: Any) -> Job:
    """Have `far` work; a job that has been through it shows that every script is loaded.

    The job is saved once `far` waits for a token. Else the first look might find the job, and its token would have
    `far` look again at any later moment.
    """
    far.process("email", 3, handler)
    assert far._pool is not None
    token_wait = far._pool.loop._idle._token_wait
    wait_until(lambda: token_wait.types)
    job = near.create("email", {"warm": True}, **options).save()
    wait_until(lambda: near.complete_count() == 1)
    return job


@pytest.mark.parametrize("lose", ["lose_reply", "lose_request"])
def test_no_job_is_stranded_by_a_take_that_was_cut_off(proxy: Proxy, far: Watched, near: Watched, lose: str) -> None:
    runs: list[int | None] = []
    warm_up(far, near, lambda job: runs.append(job.id))
    for round in range(1, 4):
        loss = getattr(proxy, lose)(call_of("take"))
        near.save_all(near.create("email") for _ in range(3))
        wait_until(loss.is_set)
        wait_until(lambda round=round: near.complete_count() == 1 + 3 * round)

    assert sorted(runs) == list(range(1, 11))
    assert {job.attempts_made for job in near.job_class.range(0, -1, queue=near)} == {1}
    assert [near.job_class.get(id, queue=near).get_field("py_ghosts") for id in runs] == [None] * 10


def test_no_job_is_stranded_by_a_worker_that_ends_before_it_has_looked(
    proxy: Proxy, far: Watched, near: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.worker.io.orphans._SECONDS_BETWEEN_PAGES", 3600.0)
    warm_up(far, near, lambda job: None)
    loss = proxy.lose_reply(call_of("take"))
    job = near.create("email").save()
    wait_until(loss.is_set)
    wait_until(lambda: far.outages == ["lost", "back"])
    assert near.active() == [job.id]
    far.shutdown(5000)
    assert near.inactive() == [job.id]
    assert near.job_class.get_log(job.id, queue=near) == ["put back: the reply to its take was lost"]


def test_nothing_is_looked_for_after_a_cut_while_no_take_was_on_its_way(
    proxy: Proxy, server: RedisServer, near: Watched, make_queue: MakeQueue
) -> None:
    far = make_queue(proxy.url, lease=60 * LEASE)  # so that nothing else is looked for meanwhile
    held, go_on = threading.Event(), threading.Event()

    def hold(job: Job) -> None:
        if "warm" not in job.data:
            held.set()
            go_on.wait(20)

    far.process("email", hold)
    near.create("email").save()
    wait_until(held.is_set)
    with server.client() as client:
        client.config_resetstat()
        for cut in (1, 2, 3):
            proxy.cut()
            wait_until(lambda cut=cut: far.outages == ["lost", "back"] * cut)
        asked = client.info("commandstats")
    go_on.set()
    wait_until(lambda: near.complete_count() == 1)
    assert not {"cmdstat_zscan", "cmdstat_script|load"} & set(asked)


def test_no_job_is_stranded_by_a_take_that_comes_late(
    proxy: Proxy, server: RedisServer, near: Watched, make_queue: MakeQueue
) -> None:
    far = make_queue(f"{proxy.url}?socket_timeout=0.3")
    runs: list[int | None] = []
    go_on = threading.Event()

    def hold(job: Job) -> None:
        runs.append(job.id)
        if job.data["first"]:
            go_on.wait(20)

    for round in (1, 2):  # the second late take of a process is repaired as the first
        late = proxy.delay_request(call_of("take"))
        go_on.clear()
        if round == 1:
            far.process("email", 1, hold)
        first = near.create("email", {"first": True}).save()
        wait_until(late.is_set)
        with server.client() as client:
            client.config_resetstat()
            wait_until(lambda first=first: runs[-1:] == [first.id])  # over a new connection
            wait_until(lambda client=client: "cmdstat_zscan" in client.info("commandstats"))  # the first look is over
        second = near.create("email", {"first": False}).save()
        late.deliver()
        found = wait_until(lambda second=second: taken(near, second))  # by nobody who knows of it
        assert found.worker_id
        wait_until(lambda second=second: near.inactive() == [second.id])
        go_on.set()
        wait_until(lambda round=round: near.complete_count() == 2 * round)

        assert runs[-2:] == [first.id, second.id]
        assert near.job_class.get(second.id, queue=near).get_field("py_ghosts") is None
        assert near.job_class.get_log(second.id, queue=near) == ["put back: the reply to its take was lost"]
    assert len(runs) == 4


def taken(queue: Watched, job: Job) -> Job | None:
    """The job once a worker has taken it."""
    found = queue.job_class.get(job.id or 0, queue=queue)
    return found if found.worker_id else None


def test_no_orphan_is_sought_while_outcomes_are_kept(
    proxy: Proxy, far: Watched, near: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.worker.io.orphans._MAX_START_DELAY", 0)
    said, go_on = threading.Event(), threading.Event()

    def chatter(job: Job) -> None:
        if "chats" in job.data:
            said.set()
            go_on.wait(20)
            for n in range(8):  # each is a report of its own, and only one of them can be on its way
                job.log("%d", n)
                wait_until(lambda n=n: len(outbox._kept) > n)

    warm_up(far, near, chatter)
    assert far._pool is not None
    outbox, transitions = far._pool.outbox, far.runtime.store.transitions
    kept: list[bool] = []
    build = transitions.requeue_orphans

    def noted(*args: Any) -> Any:
        kept.append(outbox.keeps)
        return build(*args)

    monkeypatch.setattr(transitions, "requeue_orphans", noted)
    near.create("email", {"chats": True}).save()
    assert said.wait(10)
    proxy.refuse()
    loss = proxy.lose_reply(call_of("take"))
    near.create("email").save()
    wait_until(loss.is_set)
    proxy.cut()
    wait_until(lambda: far.outages == ["lost"])
    go_on.set()
    wait_until(lambda: len(outbox._kept) >= 9)  # with the outcome
    proxy.admit()
    wait_until(lambda: near.complete_count() == 3)
    wait_until(lambda: kept)
    assert not any(kept)


@pytest.mark.parametrize("lose", ["lose_reply", "lose_request"])
@pytest.mark.parametrize("remove_on_complete", [False, True])
def test_an_outcome_that_was_cut_off_counts_once(
    proxy: Proxy, far: Watched, near: Watched, lose: str, remove_on_complete: bool
) -> None:
    runs: list[int | None] = []
    heard: list[int] = []
    near.on("job complete", heard.append)
    warm_up(far, near, lambda job: runs.append(job.id))

    loss = getattr(proxy, lose)(call_of("complete"))
    job = near.create("email", remove_on_complete=remove_on_complete).save()
    wait_until(loss.is_set)
    last = near.create("email").save()
    wait_until(lambda: last.id in heard)
    far.shutdown(5000)

    assert runs == heard == [1, job.id, last.id]
    assert [problem for problem in far.errors if isinstance(problem, JobLost)] == []
    assert near.active_count() == 0
    assert near.work_time() < 60_000


@pytest.mark.parametrize("lose", ["lose_reply", "lose_request"])
def test_a_failure_that_was_cut_off_uses_up_one_attempt(proxy: Proxy, far: Watched, near: Watched, lose: str) -> None:
    def fail(job: Job) -> None:
        if "warm" not in job.data:
            raise RuntimeError("boom")

    warm_up(far, near, fail)
    loss = getattr(proxy, lose)(call_of("fail"))
    backoff = {"type": "fixed", "delay": 600_000}
    job = near.create("email", attempts=5, backoff=backoff).save()
    wait_until(loss.is_set)
    wait_until(lambda: near.delayed_count() == 1)
    far.shutdown(5000)

    found = near.job_class.get(job.id, queue=near)
    assert (found.attempts_made, found.state()) == (1, "delayed")
    assert near.job_class.get_log(job.id, queue=near) == ["RuntimeError: boom"]
    assert [problem for problem in far.errors if isinstance(problem, JobLost)] == []


@pytest.mark.parametrize("ends", ["complete", "fail"])
def test_an_outcome_that_never_arrived_is_lost_if_the_job_was_rescued_meanwhile(
    proxy: Proxy, far: Watched, near: Watched, ends: str
) -> None:
    held: list[Job] = []

    def end(job: Job) -> str:
        if "warm" not in job.data:
            held.append(job)
            if len(held) == 1:
                proxy.refuse()
                if ends == "fail":
                    raise RuntimeError("boom")
        return "done"

    near.process("another type", lambda job: None)  # so that it looks for lost jobs
    warm_up(far, near, end)
    loss = proxy.lose_request(call_of(ends))
    job = near.create("email", attempts=3).save()
    wait_until(loss.is_set)
    proxy.cut()
    wait_until(lambda: near.job_class.get(job.id, queue=near).get_field("py_ghosts") == "1", 20)
    proxy.admit()
    wait_until(lambda: near.complete_count() == 2)

    wait_until(lambda: [problem.id for problem in far.errors if isinstance(problem, JobLost)] == [job.id])
    assert held[0].lost
    with pytest.raises(JobLost):
        held[0].remove()
    assert near.job_class.get(job.id, queue=near).attempts_made == 1


@pytest.mark.parametrize("gives_back", [False, True])
def test_an_end_that_counted_is_no_loss_though_another_has_the_job_by_now(
    proxy: Proxy, far: Watched, near: Watched, monkeypatch: pytest.MonkeyPatch, gives_back: bool
) -> None:
    monkeypatch.setattr("kue.queue.queue._AFTER_TIMEOUT_SECONDS", 20.0)  # so that it is there to ask again

    def end(job: Job) -> None:
        assert far._pool is not None
        if "warm" not in job.data:
            proxy.refuse()  # so that the other one has the job before this one can ask again
            began.set()
            if not gives_back:
                far._pool.pause("email", None)  # it must not take the job again in the round trip that is cut off
                raise RuntimeError("boom")
            wait_until(lambda: job.lost)

    began = threading.Event()
    warm_up(far, near, end)
    loss = proxy.lose_reply(call_of("requeue" if gives_back else "fail"))
    job = near.create("email", attempts=3).save()
    wait_until(began.is_set)
    stopping = threading.Thread(target=far.shutdown, args=(0,), kwargs={"requeue": True})
    if gives_back:
        stopping.start()
    wait_until(loss.is_set)
    near.process("email", lambda job: "done")
    wait_until(lambda: near.complete_count() == 2)
    proxy.admit()
    if gives_back:
        stopping.join(20)
    else:
        far.shutdown(5000)

    assert not stopping.is_alive()
    assert far.outages == ["lost", "back"]
    assert near.job_class.get(job.id, queue=near).attempts_made == (1 if gives_back else 2)
    assert [problem for problem in far.errors if isinstance(problem, JobLost)] == []


def test_what_a_handler_reports_survives_a_cut_in_order(proxy: Proxy, far: Watched, near: Watched) -> None:
    def chatter(job: Job) -> None:
        if "warm" not in job.data:
            for n in range(50):
                job.log("%d", n)
                if n == 25:
                    wait_until(loss.is_set)

    warm_up(far, near, chatter)
    loss = proxy.lose_request(call_of("apply_effects"))
    job = near.create("email").save()
    wait_until(lambda: near.complete_count() == 2)

    assert near.job_class.get_log(job.id, queue=near) == [str(n) for n in range(50)]
