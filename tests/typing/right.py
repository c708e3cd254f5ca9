"""What users may write: mypy --strict and pyright report nothing here. It is never run."""

# pyright: strict

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Unpack, assert_type

import fakeredis
import redis

import kue
import kue_send

Processes = list[tuple[int, int | None, int | None]]

# --- the queue of the process, and others ---

queue = kue.create_queue()
sending = kue_send.create_queue(prefix="mail", lease=timedelta(seconds=30))
assert_type(queue, kue.Queue)
assert_type(sending, kue_send.Queue)

kue.Queue(
    redis="redis://127.0.0.1:6379/1",
    name="mail",
    prefix="{mail}",
    promotion={"interval": 500, "limit": 100, "lock_ttl": timedelta(seconds=2)},
    disable_search=True,
    job_events=False,
    job_flags={"email": {"attempts": 5, "backoff": {"type": "fixed", "delay": 500}}, "pdf": {"ttl": 60_000}},
    lease=30_000,
    ghost_retries=1,
    ghost_delay=2.5,
    max_requeues=None,
    max_connections=10,
    connect_timeout=500,
    answer_timeout=timedelta(seconds=2),
    stuck_after=60_000,
    json_default=str,
)
kue.Queue(redis=None, promotion=None, job_flags=None, json_default=None, job_defaults=None, stats=False)
kue.Queue(purge={"complete": timedelta(days=1), "failed": None}, keep={"complete": 10_000}, job_defaults=None)
kue.Queue(purge=None, keep=None, job_flags={"email": {"purge": {"failed": 5000}, "keep": None, "attempts": 5}})
kue.Queue(job_defaults={"attempts": 5, "backoff": {"type": "fixed", "delay": 500, "jitter": "full"}})
assert_type(queue.configure(job_flags={"email": {"attempts": 5}}, job_defaults=None).reset(), kue.Queue)
print(sending.options.job_flags, queue.options.lease)
kue.Queue(redis=redis.Redis(host="box"))
kue.Queue(redis=fakeredis.FakeRedis())
kue.Queue(redis=os.environ.get("MAIL_REDIS"))
kue.Queue(redis={"host": "box", "port": "7000", "db": 1, "auth": None, "options": {"ssl": True}})
kue.Queue(redis={"socket": Path("/run/redis.sock")})

with kue_send.Queue(redis="embedded:") as private:
    assert_type(private, kue_send.Queue)

# --- jobs ---

job = queue.create("email", {"to": "tj@example.com"}, priority="high", attempts=5, delay=timedelta(minutes=5))
assert_type(job, kue.Job)
assert_type(job.save(), kue.Job)
assert_type(sending.create("email", ttl=5.5, remove_on_complete=True), kue_send.Job)
assert_type(sending.create_job("email", search_keys=("to", "title")), kue_send.Job)
assert_type(sending.create("email").priority("low").attempts(3), kue_send.Job)
queue.create("email", priority=-7, backoff=True, delay=datetime.now(UTC), events=False, search_keys=["to"])
queue.create("email", priority=None, attempts=None, backoff=None, delay=None, ttl=None, remove_on_complete=None)
queue.create("email", backoff={"type": "exponential", "delay": timedelta(seconds=1), "max_delay": 60_000})
queue.create("email", ghost_on_ttl=True, ghost_retries=2, ghost_delay=timedelta(seconds=5)).ghost_on_ttl(None)
queue.create("email", backoff={"type": "fixed", "maxDelay": 5, "delay": None, "jitter": 0.2})
hot = sending.create("email", hotjob=True, hotjob_timeout=timedelta(seconds=5)).hotjob_timeout(5000).hotjob(True).save()
assert_type(hot.hotjob_promise, kue_send.Promise | None)

queue.create("email", unique="order:7").unique(True, within=timedelta(minutes=1)).priority("low")
queue.create("email", unique={"key": "order:7", "until": "started", "within": None, "replace": True})
job.unique("order:7", until="started", within=5000, replace=True).unique(True).unique(None).attempts(3)
sending.create("pdf").unique({"key": True, "within": 5000}).promise()
weekly: kue_send.Schedule = sending.every("1 week", sending.create("pdf"), name="weekly", overlap="skip")
assert_type(weekly.trigger().promise(), kue_send.Promise)
assert_type(sending.schedules()["weekly"].trigger(), kue_send.Job)

assert_type(job.unique(), kue.UniqueDict | None)
assert_type(job.existing, bool)
assert_type(job.priority(), int)
assert_type(job.attempts(), int)
assert_type(job.delay(), int | None)
assert_type(job.remove_on_complete(), bool)
assert_type(queue.create("email", remove_on_fail=True).remove_on_fail(False).remove_on_fail(None), kue.Job)
assert_type(queue.purge("failed", older_than=timedelta(days=1), keep=5, type="email"), int)
job.priority(kue.PRIORITIES["high"]).backoff({"type": "fixed"}).delay(0).ttl(None).search_keys("to").events(True)
assert_type(job.log(), list[str])
assert_type(job.log("to %s", "tj"), kue.Job)
assert_type(job.created_at, int | float | None)
assert_type(job.attempts_made, int)
assert_type([job.ghost_retries(), job.ghost_delay()], list[int])
assert_type(job.ghost_retries(0).ghost_delay(2.5), kue.Job)
assert_type([(run["run"], run["outcome"], run["error"]) for run in job.runs], list[tuple[int, str, str | None]])
assert_type((job.finished, job.success), tuple[bool, bool | None])
assert_type(job.finished_at, int | float | None)
assert_type(job.total_process_time, int)

# --- recurring jobs ---

hourly = queue.every("1 hour", job, tz="Europe/Berlin", start=datetime.now(UTC), catch_up="all", overlap="skip")
assert_type(hourly, kue.Schedule)
assert_type(hourly.next(3), list[datetime])
assert_type(hourly.trigger(), kue.Job)
assert_type(sending.schedules(), dict[str, kue_send.Schedule])
assert_type(sending.now(sending.create("email")), kue_send.Job)
queue.every(timedelta(minutes=2), job, name="poll", until=None, times=3)
queue.schedule("in 2 minutes", job)
queue.schedule(datetime.now(UTC), job)

# --- states ---

assert_type(job.state(), str | None)
assert_type(job.state("inactive"), kue.Job)
assert_type(queue.state("delayed"), list[int])
assert_type([queue.card("active"), queue.card_by_type("email", "complete"), queue.failed_count("email")], list[int])
assert_type(kue.Job.get(job.id), kue.Job)
assert_type(kue.Job.get_log(job.id, queue=queue), list[str])
assert_type([queue.get(job.id), *queue.range(0, -1), *queue.range_by_state("failed", 0, -1)], list[kue.Job])
assert_type(sending.get("7"), kue_send.Job)
assert_type(sending.range(0, -1, "desc"), list[kue_send.Job])
assert_type(sending.range_by_state("failed", 0, -1), list[kue_send.Job])
assert_type(sending.search("printer fire", any=True, limit=5), list[int])
assert_type(sending.reindex(), int)
assert_type(sending.range_by_type("email", "failed", 0, -1), list[kue_send.Job])
sending.remove_by_id(job.id)
assert_type(kue.Job.range_by_state("failed", 0, -1, "desc"), list[kue.Job])
assert_type([queue.cancel_all("email", "why"), queue.retry_all(), queue.remove_all("failed", "email")], list[int])
assert_type([queue.retry_all("delayed", "email"), sending.retry_all(state="complete")], list[int])
assert_type(job.cancel("why"), kue.State)
assert_type(queue.cancel_by_id(1, "why"), kue.State)
assert_type(kue_send.Job.cancel_by_id(job.id), kue.State)
assert_type(job.cancelled, bool)
assert_type(job.raise_if_cancelled(), kue.Job)
assert_type(kue_send.Job.range_by_type("email", "failed", 0, 9, queue=sending), list[kue_send.Job])

# --- pauses and limits ---

assert_type(queue.pause("email", timedelta(minutes=5)).pause(duration=5000).resume().resume("email"), kue.Queue)
assert_type(sending.pause().resume(None), kue_send.Queue)
assert_type([queue.paused(), sending.paused("email")], list[bool])
assert_type(queue.limit("email", concurrency=5, per=(100, timedelta(minutes=1))), kue.Limit)
assert_type(sending.limit("email", concurrency=None, per=None), kue_send.Limit)
assert_type(queue.limit("email", per=(5, 1000)).concurrency, int | None)
assert_type(queue.limit("email").per, tuple[int, timedelta] | None)

# --- numbers and processes ---

assert_type(queue.stats(), dict[str, kue.TypeStats])
assert_type(queue.stats(since=timedelta(days=1), type="email")["email"].series, Sequence[tuple[int, kue.Numbers]])
numbers: kue_send.Numbers = sending.stats(60_000)["*"]
assert_type([numbers.created, numbers.run, numbers.max], list[int])
assert_type([numbers.p50, numbers.wait_p95], list[float | None])
assert_type(sending.processes(), list[kue_send.Process])
assert_type([(process.types["email"], process.busy, process.lost) for process in queue.processes()], Processes)

# --- workers ---


@queue.process("email", 20)
def send(job: kue.Job) -> dict[str, bool]:
    return {"sent": True}


@sending.process(["pdf", "png"])
async def render(job: kue_send.Job) -> None:
    job.send("page", 1)


@queue.process("parcel", 2)
def deliver(job: kue.Job, ctx: kue.Context, done: Callable[..., None]) -> None:
    ctx.pause(1000)
    done(None, {"at": job.log("%s", job.data["to"]).progress(1, 2).get_field("shelf")})


@queue.process("report")
def put_off(job: kue.Job) -> None:
    if job.finished:
        raise kue.NoRetry("never")
    raise kue.Snooze(timedelta(minutes=5)) if job.data else kue_send.Snooze(datetime.now(UTC))


@queue.use
def measured(job: kue.Job) -> Generator[None, Any, None]:
    result = yield
    job.log("%s", result)


@sending.use
def announced(job: kue_send.Job) -> Iterator[None]:
    job.send("began", 1)
    yield


assert_type(queue.use(measured)(job), Generator[None, Any, None])
assert_type(sending.use(measured)(sending.create("email")), Generator[None, Any, None])


@queue.process(["letter", "parcel"], 10, shared=True, backoff=lambda attempts, delay: attempts * delay)
def sort(job: kue.Job) -> None:
    print(job.type)


def wait(attempts: int, delay: int) -> timedelta:
    return timedelta(seconds=2 * attempts + delay)


def show(id: int, result: object) -> None:
    print(id, result)


queue.process("letter", lambda job: job.data["to"])
queue.process("letter", lambda job: job.data["to"], backoff=wait)
queue.process(["letter", "parcel"], 2, sort, shared=True, backoff=wait)
queue.process(["letter", "parcel"], 2, lambda job: job.data["to"], shared=True)
queue.process(["letter", "parcel"], 2, lambda job, done: done(None, job))
queue.process("crawl", 1, lambda job, ctx, done: ctx.pause(5000) or done())
queue.on("job complete", lambda id, result: print(result, id)).on("job start", lambda id: print("job", id))
queue.on("job progress", lambda id, percent, data: print(id, data, percent)).off("job start")
queue.create("letter").on("promotion", lambda: print("due")).once("complete", lambda result: print("done", result))
assert_type(queue.workers, list[kue.Worker])
assert_type(queue.save_all([job]), list[kue.Job])
assert_type(kue.current_job(), kue.Job | None)
assert_type(kue_send.current_job(), kue_send.Job | None)
assert_type(sending.create("pdf").promise(timeout=10_000).job, kue_send.Job)
assert_type(sending.create("pdf").promise(timeout=10_000).job.id, int | None)
queue.on("error", print).on("job complete", show)
job.on("complete", print).once("failed", print).off("complete").save()
queue.test_mode.enter(process=True)
print(queue.health()["ready"], [job.type for job in queue.test_mode.jobs])
assert_type(queue.client, redis.Redis)
queue.shutdown(5000, requeue=True)

# --- wrappers and settings of users ---


def enqueue(type: str, data: object, **options: Unpack[kue.JobOptionsDict]) -> kue.Job:
    return queue.create(type, data, **options).save()


def open_queue(**options: Unpack[kue.QueueOptionsDict]) -> kue_send.Queue:
    return kue_send.Queue(redis="redis://box", **options)


def counts(states: tuple[kue.State, ...] = ("active", "failed")) -> Iterator[int]:
    return (queue.card(state) for state in states)


def urgent(name: kue.PriorityName) -> kue.Job:
    return enqueue("email", None, priority=name)


def of_a_config_file(read: Mapping[str, Any], options: dict[str, Any]) -> kue.Job:
    return kue.create_queue(prefix=read["prefix"], **options).create("email", priority=read["priority"], **options)


backoff: kue.BackoffDict = {"type": "fixed", "delay": 500}
flags: dict[str, kue.JobFlagsDict] = {"email": {"backoff": backoff}}
promotion: kue.PromotionDict = {"interval": 500}
address: kue.RedisDict = {"host": "box"}
limits: tuple[kue.PurgeDict, kue.KeepDict] = {"failed": 5000}, {"complete": 5}
of_types: dict[str, kue.JobFlagsDict] = {"email": {"backoff": backoff, "purge": limits[0], "keep": limits[1]}}
settings: kue.QueueOptionsDict = {"job_flags": flags, "promotion": promotion}
other_settings: kue.QueueOptionsDict = {"job_flags": of_types, "purge": None}
kue.create_queue(**other_settings)
kue_send.create_queue(redis=address, **settings)
kue.create_queue(redis=address, **settings)
enqueue("email", {}, backoff=backoff, attempts=5)
open_queue(prefix="mail")
