"""What the addresses of `/api/v1` take beside a body: parts of the path, parameters and headers."""

from __future__ import annotations

from kue.options.schemas import TEXT, Schema, either, one_of, whole
from kue.options.values import ALL_TYPES
from kue.web.api_v1 import jobs, lists, queue
from kue.web.api_v1.schemas import FILTERS, ID, POSITION, TYPE
from kue.web.description import Parameter
from kue.web.read_model.job_list import ORDERS
from kue.web.read_model.job_search import BEST

_KEY: Schema = {"type": "string", "minLength": 1, "maxLength": jobs.MAX_KEY}
_OPERATION_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_MEANINGS = {
    "state": "only jobs in this state",
    "type": "only jobs of this type",
    "match": "only jobs whose data has this text in it",
    "message": "only jobs whose error has this text in its first line",
    "alike": "only jobs of one group of failures: the key of the group",
    "worker": "only jobs whose worker id has this text in it",
    **dict.fromkeys(("created_from", "created_to"), "only jobs created between these moments"),
    **dict.fromkeys(("failed_from", "failed_to"), "only jobs that failed between these moments"),
}

JOB = (Parameter("id", "the id of the job", ID, place="path"),)
OPERATION = (Parameter("id", "the id of the operation", _OPERATION_ID, place="path"),)
ONCE = (Parameter("Idempotency-Key", "requests with the same key make one job in 24 hours", _KEY, place="header"),)
LOG = (Parameter("log_from", "the first line of the log that is wanted", POSITION, 0),)
TYPES = (Parameter("limit", "how many types, 1,000 at most", POSITION, queue.MAX_TYPES),)
STATS = (
    Parameter("since", "how far back (ms)", whole(1, queue.MAX_SINCE_MS), queue.HOUR_MS),
    Parameter("type", "only this type, or all together as *", either({"const": ALL_TYPES}, TYPE)),
)
LIST = (
    *(Parameter(name, _MEANINGS[name], schema) for name, schema in FILTERS.items()),
    Parameter("q", "only jobs that have these words in their data, the best first", TEXT),
    Parameter("any", "with q: true for jobs that have any of the words, not all", one_of(("false", "true")), "false"),
    Parameter(
        "order",
        "newest (if not given) or oldest by id, or next: by priority, as they run; best with q, and no other",
        one_of((*ORDERS, BEST)),
    ),
    Parameter("limit", "how many jobs, 1,000 at most", whole(1, lists.MAX_LIMIT), lists.DEFAULT_LIMIT),
    Parameter("cursor", "where to go on: the cursor of the page before", TEXT),
    Parameter("from", "a position to begin at, with the order next and without other filters", POSITION),
)
LIVE = (Parameter("topics", "what to follow, with commas between them", TEXT, required=True),)
