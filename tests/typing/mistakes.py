"""What users must not write. It is never run; mypy --strict and pyright each report every line below the mark."""

import redis.asyncio

import kue
import kue_send

queue = kue.create_queue()
sending = kue_send.create_queue()
job = queue.create("email")
sent = sending.create("email")
words: dict[str, str] = {}
# --- each line from here on is a mistake ---

# queues: a name that is no option
kue.create_queue(prefx="x")
kue_send.create_queue(prefx="x")
kue.Queue(prefx="x")
kue_send.Queue(prefx="x")
kue.create_queue(disableSearch=True)
kue.create_queue("redis://box")
kue.Queue("redis://box")

# names that only Kue has
kue.createQueue()
kue_send.createQueue()
kue.Job.rangeByState("failed", 0, -1)
queue.createJob("email")
job.removeOnComplete(True)
job.promise()
job.send("page", 1)
queue.test_mode.processQueue()

# queues: a value that an option does not take
kue.create_queue(prefix=5)
kue.create_queue(prefix=None)
kue.create_queue(name=b"mail")
kue.create_queue(lease="soon")
kue_send.create_queue(lease="soon")
kue.Queue(lease="soon")
kue_send.Queue(lease="soon")
kue.Queue(lease=None)
kue.Queue(disable_search="no")
kue.Queue(job_events=0)
kue.Queue(ghost_retries="1")
kue.Queue(ghost_retries=1.5)
kue.Queue(ghost_delay="1s")
kue.Queue(max_requeues="3")
kue.Queue(max_connections="50")
kue.Queue(stuck_after="1m")
kue.Queue(json_default="str")
kue.Queue(json_default=lambda: 1)
kue.Queue(job_defaults={"atempts": 5})
kue.Queue(job_defaults=[5])
kue.Queue(stats="yes")
kue.Queue(**words)
queue.configure(lease=500)
queue.configure(job_flags={"email": {"atempts": 5}})
queue.configure(job_defaults={"priority": "hihg"})

# queues: dicts inside of the options
kue.Queue(promotion={"intervall": 500})
kue.Queue(promotion={"interval": "500"})
kue.Queue(promotion={"limit": 1.5})
kue.Queue(promotion={"lock_ttl": None})
kue.Queue(promotion=500)
kue.Queue(job_flags={"email": {"atempts": 5}})
kue.Queue(job_flags={"email": {"priority": "hihg"}})
kue.Queue(job_flags={"email": {"backoff": {"type": "linear"}}})
kue.Queue(job_flags={"email": 5})
kue.Queue(job_flags={"email": {"purge": {"active": 5000}}})
kue.Queue(job_defaults={"keep": {"failed": 5}})
kue.Queue(purge={"active": 5000})
kue.Queue(purge={"failed": "1 day"})
kue.Queue(keep={"failed": 1.5})
kue.Queue(job_flags=["email"])

# queues: where Redis is
kue.Queue(redis=6379)
kue.Queue(redis={"hots": "box"})
kue.Queue(redis={"host": 5})
kue.Queue(redis={"port": 6379.5})
kue.Queue(redis=redis.asyncio.Redis())
kue.create_queue(redis=6379)
kue_send.create_queue(redis={"hots": "box"})

# jobs: a name that is no option
queue.create("email", atempts=5)
queue.create_job("email", atempts=5)
sending.create("email", atempts=5)
sending.create_job("email", atempts=5)
queue.create("email", {}, removeOnComplete=True)
queue.create("email", {}, "high")
queue.create(5)

# jobs: a value that an option does not take
queue.create("email", priority="hihg")
queue.create_job("email", priority="hihg")
sending.create("email", priority="hihg")
sending.create_job("email", priority="HIGH")
queue.create("email", priority=1.5)
queue.create("email", attempts="5")
queue.create("email", attempts=1.5)
queue.create("email", delay="5m")
queue.create("email", ttl="1m")
queue.create("email", remove_on_complete="yes")
queue.create("email", search_keys=5)
queue.create("email", search_keys=[5])
queue.create("email", events=1)
queue.create("email", backoff="exponential")
queue.create("email", backoff={"type": "linear"})
queue.create("email", backoff={"delay": 500})
queue.create("email", backoff={"type": "fixed", "delya": 500})
queue.create("email", backoff={"type": "fixed", "delay": "500"})
queue.create("email", backoff=lambda attempts, delay: 500)
queue.create("email", unique=5)
queue.create("email", unique={"kye": "order:7"})
queue.create("email", unique={"key": "order:7", "until": "done"})
queue.create("email", unique={"within": 5000})
queue.create("email", ghost_on_ttl="yes")
queue.create("email", ghost_retries="1")
queue.create("email", ghost_delay="1s")
queue.create("email", remove_on_fail="yes")
queue.create("email", purge={"failed": 5000})
queue.create("email", backoff={"type": "fixed", "jitter": "half"})
queue.create("email", cron="* * * * *")
sending.create("email", hotjob="yes")
sending.create("email", hotjob_timeout="5s")
queue.create("email", **words)

# jobs: the methods
job.priority("hihg")
sent.priority("hihg")
job.priority(1.5)
job.attempts("5")
job.attempts(1.5)
job.backoff({"type": "linear"})
job.backoff({"type": "fixed", "delya": 500})
job.backoff("exponential")
job.delay("5m")
job.ttl("1m")
job.remove_on_complete("yes")
job.search_keys(5)
job.events(1)
job.unique(7)
job.unique("order:7", until="done")
job.unique("order:7", within="5s")
job.unique("order:7", replace="yes")
sent.unique("order:7", untli="started")
job.ghost_on_ttl("yes")
job.ghost_retries(1.5)
job.ghost_delay("1s")
job.remove_on_fail("yes")
job.hotjob(True)
sent.hotjob("yes")
sent.hotjob_timeout("5s")
queue.create("email").priority("hihg")
job.priority("low").attempts(3).priority("hihg")
job.priority("low").atempts(3)
job.priority(1, 2)

# recurring jobs
queue.every("1 hour", job, catch_up="some")
queue.every("1 hour", job, overlap=True)
queue.every("1 hour", job, tmes=3)
queue.every("1 hour", "email")
queue.every(None, job)
queue.schedule(None, job)
queue.now("email")

# states and orders
job.state("done")
sent.state("waiting")
queue.state("done")
queue.card("done")
queue.purge("delayed", keep=5)
queue.purge("failed", older_than="1 day")
queue.purge("failed", keep=1.5)
sending.card("done")
queue.card_by_type("email", "done")
kue.Job.range_by_state("done", 0, -1)
kue.Job.range_by_state("failed", 0, -1, "newest")
kue_send.Job.range_by_type("email", "done", 0, -1)
kue.Job.range_by_type("email", "failed", 0, -1, "newest")
kue.Job.range(0, -1, "newest")
queue.range_by_state("done", 0, -1)
queue.search(["printer"])
sending.range_by_type("email", "failed", 0, -1, "newest")
queue.get(1.5)

# many jobs at once, and cancelling
queue.retry_all("active")
queue.remove_all("done")
sending.remove_all()
queue.cancel_all("email", reason=7)
queue.cancel_by_id(1.5)
kue.Job.cancel_by_id(1, 7)
job.cancel(7)
job.cancelled()
kue.HeldByNode()
kue.Cancelled(7)

# pauses and limits
queue.pause(5)
queue.pause(["email", "pdf"])
queue.pause("email", "5m")
queue.pause("email", until=5000)
sending.resume(5)
queue.paused(None, "email")
queue.limit()
queue.limit(None, concurrency=5)
queue.limit("email", 5)
queue.limit("email", concurrency="5")
queue.limit("email", concurrency=1.5)
queue.limit("email", per=100)
queue.limit("email", per=("100", 5000))
queue.limit("email", per=(100, "1m"))
sending.limit("email", rate=(100, 5000))

# numbers and processes
queue.stats("1h")
queue.stats(type=5)
queue.stats(until=5000)
queue.stats("email")
print(sending.stats()["email"].complete)
queue.processes("email")
queue.processes()[0].types["email"] = 5
queue.processes()[0].lost = None

# outcomes
kue.Snooze("soon")
kue.Snooze()
kue_send.Snooze(None)

# handlers
queue.process(["email", "pdf"], 2, print, shared="yes")
queue.process("email", 2, print, backoff={"type": "fixed"})
queue.process("email", 2, print, backoff=lambda attempts: 5)
queue.process("email", 2, print, backof=lambda attempts, delay: 5)

# middleware
queue.use(print)
queue.use(lambda job: None)
queue.use(lambda job, call_next: call_next(job))
queue.use("logging")
sending.use(None)
sending.use()

# annotations of wrappers
priority: kue.PriorityName = "hihg"
state: kue.State = "done"
backoff: kue.BackoffDict = {"delay": 500}
options: kue.JobOptionsDict = {"atempts": 5}
promotion: kue.PromotionDict = {"intervall": 500}
settings: kue.QueueOptionsDict = {"prefx": "x"}
address: kue.RedisDict = {"hots": "box"}
more: kue_send.JobOptionsDict = {"atempts": 5}
