"""Every case; here those of hashes that cannot be read, of workers that are gone, and of what lies about."""

from tests.doctor import filing
from tests.doctor.case import ALIVE, CASES, ENQUEUE, NEIGHBOURS, PROCESS, STATES, Case, add, settled
from tests.store.schedules import schedule
from tests.store.words import indexed
from tests.store.world import NODE, NOW, PYTHON, gone, job, log_of, token_list, without, world

__all__ = ["ALIVE", "CASES", "NEIGHBOURS", "PROCESS", "filing"]

# hashes that cannot be read, or do not say where they belong

TYPELESS = "job 1 is a hash without a type"
LEFT = world(gone(), token_list("email", 1))
DROPPED = "deleted, and removed from every set"
add("no type", without(job(log=["a line"]), "q:job:1/type"), TYPELESS, DROPPED, LEFT)
add("an empty type", job() | {"q:job:1": {"type": "", "state": "inactive"}}, TYPELESS, DROPPED, LEFT)
add(
    "what a removed job leaves when somebody writes to it",
    {"q:job:1": {"updated_at": "1"}, "q:job:1:log": ["late"]},
    TYPELESS,
    DROPPED,
    {},
)
add(
    "no hash",
    world({"q:job:1": ["a", "b"]}, without(job(1, "failed"), "q:job:1")),
    "job 1 is not a hash",
    DROPPED,
    gone(),
)
SAVED_TO = {"delay": 500, "promote_at": NOW + 500}
UNFINISHED = "job 1 (email) has no state: its save was cut off"
for what, before, done, after, events in [
    ("its data written", job(1, state="", tokens=0), "now inactive", settled("inactive"), [ENQUEUE]),
    ("its data not yet written", job(1, state="", tokens=0, data=None), "now removed", gone(), []),
    ("with a delay", job(1, state="", tokens=0, **SAVED_TO), "now delayed", settled("delayed", **SAVED_TO), []),
]:
    cut = without(before, "q:jobs:", "q:jobs:email:", "q:job:1/state")
    add(f"a save cut off, {what}", cut, UNFINISHED, done, after, *events)
    add(f"a save cut off, {what}, not among all jobs", without(cut, "q:jobs"), UNFINISHED, done, after, *events)
LOST = {"failed_at": NOW, "error": "Error: the state of this job was lost"}
FAILED = [(1, "error", LOST["error"]), (1, "failed", LOST["error"], None)]
for state in STATES:
    add(
        f"no state, and listed as {state}",
        without(job(1, state, workerId=NODE), "q:job:1/state"),
        f"job 1 (email) has no state, and is listed as {state}",
        f"now {state}",
        settled(state, workerId=NODE),
    )
add(
    "no state, and listed as two",
    without(world(job(1, "complete"), job(1, "inactive")), "q:job:1/state"),
    "job 1 (email) has no state, and is listed as inactive and complete",
    "now failed",
    world(settled("failed", **LOST), token_list("email", 1)),
    *FAILED,
)
add(
    "a state that nobody knows",
    without(job(1, "paused"), "q:jobs:paused", "q:jobs:email:paused"),
    "job 1 (email) has the unknown state 'paused', and is listed in no state",
    "now failed",
    settled("failed", **LOST),
    *FAILED,
)
NOT_JSON = {"failed_at": NOW, "error": "Error: the data of this job is not JSON", "data": "{oops"}
for state in ("inactive", "delayed"):
    add(
        f"{state}, with data that is not JSON",
        job(1, state, data="{oops"),
        "job 1 (email) is waiting, but its data is not JSON "
        "(Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        "marked as failed, so that you can examine it",
        world(settled("failed", **NOT_JSON), token_list("email", state == "inactive")),
        (1, "error", NOT_JSON["error"]),
        (1, "failed", NOT_JSON["error"], None),
    )
add(
    "inactive, with a number in its data that no float can hold",
    job(1, data='{"a":1e999999}'),
    "job 1 (email) is waiting, but its data is not JSON (the number '1e999999' is too large for a float)",
    "marked as failed, so that you can examine it",
    world(settled("failed", **NOT_JSON | {"data": '{"a":1e999999}'}), token_list("email", 1)),
    (1, "error", NOT_JSON["error"]),
    (1, "failed", NOT_JSON["error"], None),
)

# active jobs whose worker is gone

HELD = {"workerId": PYTHON, "max_attempts": 2}
ABANDONED = f"job 1 (email) is held by {PYTHON}, whose process has no lease"
PUT_BACK = {**HELD, "py_ghosts": 1, "log": ["worker lost: put back (1 of 1)"]}
for what, lease in (("no lease", {}), ("a lease that ran out", {"q:py:workers": {PROCESS: 1.0}})):
    add(
        f"active for a Python process with {what}",
        world(job(1, "active", **HELD), lease),
        ABANDONED,
        "put back in its queue",
        world(settled("inactive", **PUT_BACK), lease),
        ENQUEUE,
    )
SPENT = {**HELD, "py_ghosts": 1}
add(
    "active for a Python process without a lease, once too often",
    job(1, "active", **SPENT),
    ABANDONED,
    "it was lost too often, or cancelled: ended as a failed attempt",
    settled("inactive", **SPENT, error="worker lost", failed_at=NOW, attempts=1, log=["worker lost"]),
    (1, "error", "worker lost"),
    ENQUEUE,
    (1, "failed attempt", "worker lost", 1),
)
CANCELLED = {**HELD, "py_cancel": f"{PYTHON}\nCancelled: why"}
add(
    "active for a Python process without a lease, and cancelled",
    job(1, "active", **CANCELLED),
    ABANDONED,
    "it was lost too often, or cancelled: ended as a failed attempt",
    settled("failed", **CANCELLED, error="Cancelled: why", failed_at=NOW, attempts=1, log=["Cancelled: why"]),
    (1, "error", "Cancelled: why"),
    (1, "failed", "Cancelled: why", None),
)

add(
    "active for no worker",
    job(1, "active"),
    "job 1 (email) is active, but no worker ever had it",
    "put back in its queue",
    settled("inactive", py_requeues=1, log=["put back: kue doctor found it active without a worker"]),
    ENQUEUE,
)

# what lies about

add("a log without its job", log_of(1, ["a", "b"]), "the log of job 1 has outlived it", "deleted", {})
add(
    "a unique key without its job",
    world(job(2), {"q:unique:jobs": {"tj": "1", "ry": "2"}}),
    "the unique key 'tj' belongs to job 1, which does not exist",
    "freed",
    world(job(2), {"q:unique:jobs": {"ry": "2"}}),
)
INDEXED = world(job(), indexed(1, HL=2))
add(
    "words of a job that is gone",
    world(indexed(1, HL=1, MN=1), {"q:py:unindex": {"1"}}),
    "the full-text index has words of job 1, which does not exist",
    "2 words removed",
    {},
)
add(
    "a word that only the code has",
    without(INDEXED, "q:search:object:1"),
    "the full-text index has job 1 under the code 'HL' in one direction only: the codes of the job lack it",
    "added",
    INDEXED,
)
add(
    "a word that only the job has",
    without(INDEXED, "q:search:word:HL"),
    "the full-text index has job 1 under the code 'HL' in one direction only: the jobs of the code lack it",
    "added",
    INDEXED,
)
add(
    "a word without its job",
    {"q:search:word:HL": {"1": 1.0}},
    "the full-text index has job 1 under the code 'HL', and the job does not exist",
    "removed",
    {},
)
add(
    "words that were not all written",
    world(job(py_reindex="token"), indexed(1, OLD=1)),
    "job 1 (email) is not in the full-text index with all of its words",
    "its words were written",
    world(job(), indexed(1, TJ=1)),
)
add(
    "a schedule without its hash",
    world(job(2), schedule(), {"q:py:schedules": {"gone": 1.0}}),
    "the schedule 'gone' is listed, but its hash is gone",
    "removed",
    world(job(2), schedule()),
)
NOT_LISTED = "the schedule 'nightly' is never due: it is missing from the set of schedules"
for what, changes, due in (
    ("a schedule that is in no set", {}, NOW + 59_000),
    ("a paused schedule that is in no set", {"paused": 1}, float("inf")),
    ("a paused, unreadable schedule that is in no set", {"paused": 1, "when": "whenever"}, float("inf")),
):
    add(what, without(schedule(**changes), "q:py:schedules"), NOT_LISTED, "listed", schedule(due, **changes))
add(
    "a type that is not listed",
    without(job(), "q:job:types"),
    "the type email has jobs, such as job 1, but is missing from the set of types",
    "listed",
    job(),
)
add(
    "missing tokens",
    world(job(1, tokens=0), job(2), job(3, tokens=0)),
    "the type email has 2 tokens fewer than waiting jobs",
    "2 added",
    world(job(1), job(2), job(3)),
)
add(
    "a multitude of tokens",
    world(job(1), token_list("email", 1001)),
    "the type email has 1001 tokens more than waiting jobs",
    "1001 removed",
    job(1),
)
for last in ("20", "3.5", "many"):
    add(
        f"the last id is {last}",
        world(job(21), {"q:ids": last}),
        f"the last id given out is {last}, but job 21 exists",
        "raised",
        world(job(21), {"q:ids": "21"}),
    )
CASES["the last id is missing"] = Case(
    without(NEIGHBOURS, "q:ids"),
    ["the last id given out is missing, but job 14 exists"],
    ["raised"],
    world(NEIGHBOURS, {"q:ids": "14"}),
)
