"""Seeds an ordinary queue: six types, jobs in every state, failures, workers, a schedule, and numbers of the last hour.

Moments are so long before the time of Redis, and what is random has a fixed seed, so that it is always the same queue.
"""

import json
import random
from typing import Any

import kue

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
SEED = 20_261_118
SMTP = "SMTPServerDisconnected: Connection unexpectedly closed"
BAD_GATEWAY = "HTTPError: 502 Bad Gateway for url https://hooks.example.net/v1/orders/{id}"
# Queued, delayed, failed and complete jobs; how many run; how long a run takes (ms); how many end in a minute.
TYPES = {
    "email": (30, 8, 12, 20, 3, 400, 212),
    "video conversion": (6, 0, 2, 6, 2, 41_000, 11),
    "report": (2, 3, 0, 9, 1, 3_200, 8),
    "thumbnail": (0, 0, 1, 10, 2, 90, 118),
    "webhook": (0, 2, 5, 12, 0, 200, 24),
    "nightly cleanup": (0, 0, 0, 0, 0, 0, 0),
}
ERRORS = {"email": SMTP, "webhook": BAD_GATEWAY, "video conversion": "TTL exceeded", "thumbnail": "no image: 'a.png'"}
WAITS = {"email": 14 * MINUTE, "video conversion": 3 * MINUTE, "report": 21 * SECOND}
WORKERS = (
    ("worker-3a", 4121, {"email": 6, "webhook": 2}, 3, 3 * 24 * HOUR),
    ("worker-3a", 4122, {"email": 6, "webhook": 2}, 1, 3 * 24 * HOUR),
    ("gpu-1", 977, {"video conversion": 20}, 2, 6 * HOUR),
    ("web-1", 300, {"report": 2, "thumbnail": 2, "nightly cleanup": 1}, 3, HOUR),
)
NODE = "kue:web-2:30114:thumbnail:1"


def now_of(client: Any) -> int:
    """The time of Redis, in ms."""
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def seed_ordinary(queue: kue.Queue, client: Any) -> None:
    """Fill an empty Redis. No type needs attention but email and video conversion, whose jobs wait for long."""
    chance, now = random.Random(SEED), now_of(client)
    for type, (queued, delayed, failed, complete, active, _, _) in TYPES.items():
        client.sadd("q:job:types", type)
        waiting = queue.save_all(_job(queue, type, n) for n in range(queued))
        for place, job in enumerate(waiting):
            client.hset(f"q:job:{job.id}", "promote_at", now - (WAITS[type] if place == 0 else SECOND))
        queue.save_all(_job(queue, type, n).delay(HOUR + n * MINUTE) for n in range(delayed))
        for n, job in enumerate(queue.save_all(_job(queue, type, n) for n in range(failed))):
            job.error(ERRORS[type].format(id=88_000 + n) + "\n  at send (mail.py:41)").failed()
            client.hset(f"q:job:{job.id}", mapping={"failed_at": now - (n + 2) * MINUTE, "attempts": 1})
        for job in queue.save_all(_job(queue, type, n) for n in range(complete)):
            job.complete()
        _run(queue, client, type, active, now)
    _count(client, chance, now)
    _work(client, now)
    queue.every("30 2 * * *", queue.create("nightly cleanup", {"keep": 30}), name="nightly")


def _job(queue: kue.Queue, type: str, n: int) -> kue.Job:
    return queue.create(type, {"title": f"{type.capitalize()} {n + 1}", "to": f"user{n}@example.com"})


def _run(queue: kue.Queue, client: Any, type: str, active: int, now: int) -> None:
    for n, job in enumerate(queue.save_all(_job(queue, type, n) for n in range(active))):
        job.active()
        worker = NODE if type == "thumbnail" else f"{_process(WORKERS[0])}:{type}:{n + 1}"
        client.hset(f"q:job:{job.id}", mapping={"workerId": worker, "started_at": now - (n + 1) * 9 * SECOND})


def _count(client: Any, chance: random.Random, now: int) -> None:
    """What processes counted, by minute and by ten minutes, of each type and of all."""
    totals: dict[str, dict[str, int]] = {}
    for minute in range(70):
        start = (now // MINUTE - minute) * 60
        for type, (*_, run, rate) in TYPES.items():
            counters = _counters(chance, minute, type, run, rate)
            slots = (f"m:{start}", f"t:{start - start % 600}", f"h:{start - start % 3600}")
            for key in (f"{slot}:{name}" for slot in slots for name in (type, "*")):
                total = totals.setdefault(key, {})
                for name, number in counters.items():
                    total[name] = max(total.get(name, 0), number) if name == "max" else total.get(name, 0) + number
    pipe = client.pipeline()
    for key, counters in totals.items():
        if counters:
            pipe.hset(f"q:py:stats:{key}", mapping=counters)
    pipe.execute()


def _counters(chance: random.Random, minute: int, type: str, run: int, rate: int) -> dict[str, int]:
    if not rate:
        return {}
    completed = int(rate * chance.uniform(0.7, 1.3))
    failed = int(rate * chance.uniform(0.2, 0.4)) if type == "email" and 8 <= minute <= 14 else 0
    counters = {"created": completed + failed, "started": completed + failed, "completed": completed, "failed": failed}
    counters["retried"] = int(rate * chance.uniform(0, 0.06))
    for share, factor in ((0.6, 1), (0.3, 2), (0.1, 5)):
        bucket = (int(run * factor * chance.uniform(0.8, 1.2)) ** 2).bit_length() - 1
        counters[f"r{bucket}"] = counters.get(f"r{bucket}", 0) + int(completed * share) + 1
    counters["max"] = 5 * run
    counters[f"w{(int(64 * chance.uniform(0.5, 2)) ** 2).bit_length() - 1}"] = completed
    return {name: number for name, number in counters.items() if number}


def _process(worker: tuple[str, int, dict[str, int], int, int]) -> str:
    return f"kue:{worker[0]}:{worker[1]}-0123456789abcdef"[:-7]


def _work(client: Any, now: int) -> None:
    for worker in WORKERS:
        host, pid, types, busy, up = worker
        record = {"host": host, "pid": pid, "types": json.dumps(types), "busy": busy, "started": now - up}
        client.hset(f"q:py:worker:{_process(worker)}", mapping={**record, "version": "0.2.0", "lease": 30_000})
        client.zadd("q:py:workers", {_process(worker): now + HOUR})
