"""Cases of sets that disagree with the hashes: members without business, jobs missing, in two states, badly scored."""

from tests.doctor.case import ALIVE, ENQUEUE, STATES, add, member
from tests.store.world import NO_ZIDS, NODE, NOW, PYTHON, gone, job, token_list, without, world, zid

# members that have no business where they are

for key in ("q:jobs", *(f"q:jobs:{state}" for state in STATES), *(f"q:jobs:email:{state}" for state in STATES)):
    add(f"no job, {key}", world(gone(), member(key)), f"{key} lists job 1, which does not exist", "removed", gone())
for garbage in NO_ZIDS:
    add(
        f"no zid, {garbage!r}",
        world(gone(), member("q:jobs:email:inactive", 0.0, garbage)),
        f"q:jobs:email:inactive holds {garbage!r}, which does not name a job",
        "removed",
        gone(),
    )
add(
    "in a set of another type",
    world(job(), gone("pdf"), member("q:jobs:pdf:inactive")),
    "q:jobs:pdf:inactive lists job 1, which is of type email",
    "removed",
    world(job(), gone("pdf")),
)
add(
    "in a set of a type that nobody knows",
    world(job(), member("q:jobs:x:y:complete")),
    "q:jobs:x:y:complete lists job 1, which is of type email",
    "removed",
    job(),
)

# hash and sets disagree

# Each state stands once in the hash and once in the sets that are too many. The scripts treat all pairs alike, but for
# those with the two states that they treat in a way of their own.
OTHER_STATES = {
    "inactive": ["active", "failed"],
    "active": ["complete", "inactive"],
    "complete": ["delayed"],
    "delayed": ["inactive"],
    "failed": ["active"],
}
for state in STATES:
    good = job(1, state, priority=-5, workerId=NODE)
    says = f"job 1 (email) has the state {state}, but"
    for key in ("q:jobs", f"q:jobs:{state}", f"q:jobs:email:{state}"):
        stuck = key == "q:jobs:email:inactive"
        add(
            f"{state}, missing from {key}",
            world(without(good, key), gone()),
            f"{says} is missing from {key}",
            "put back in its queue" if stuck else "its sets were corrected",
            # its token was there all the time, and another does no harm
            world(good, token_list("email", 1 if stuck else 0)),
            *([ENQUEUE] if stuck else []),
        )
        wrong = world(good, {key: {zid(1): 7.0}})
        due = {"q:jobs:active": -5, "q:jobs:delayed": int(good["q:jobs:delayed"][zid(1)]) if state == "delayed" else 0}
        add(
            f"{state}, wrong score in {key}",
            wrong,
            f"{says} has the score 7 in {key} instead of {due.get(key, -5)}",
            "its sets were corrected",
            good,
        )
    for other in OTHER_STATES[state]:
        add(
            f"{state} and {other}",
            world(good, member(f"q:jobs:{other}"), member(f"q:jobs:email:{other}")),
            f"{says} is also in q:jobs:{other}, is also in q:jobs:email:{other}",
            "its sets were corrected",
            good,
        )
add(
    "stuck, as Node leaves it that dies between its steps",
    without(job(tokens=0), "q:jobs:email:inactive"),
    "job 1 (email) has the state inactive, but is missing from q:jobs:email:inactive",
    "put back in its queue",
    job(),
    ENQUEUE,
)
add(
    "in no set at all",
    {"q:job:1": job()["q:job:1"], **gone()},
    "job 1 (email) has the state inactive, but is missing from q:jobs, is missing from q:jobs:inactive, "
    "is missing from q:jobs:email:inactive",
    "put back in its queue",
    job(),
    ENQUEUE,
)
add(
    "with a ttl, and among no active jobs",
    world(without(job(1, "active", workerId=NODE, ttl=500), "q:jobs:active"), gone()),
    "job 1 (email) has the state active, but is missing from q:jobs:active",
    "its sets were corrected",
    job(1, "active", workerId=NODE, ttl=500, score=NOW + 500),
)
add(
    "held by a living Python process, with a ttl, and among no active jobs",
    world(without(job(1, "active", workerId=PYTHON, ttl=500), "q:jobs:active"), ALIVE),
    "job 1 (email) has the state active, but is missing from q:jobs:active",
    "its sets were corrected",
    world(job(1, "active", workerId=PYTHON, ttl=500, score=NOW + 5500), ALIVE),
)
