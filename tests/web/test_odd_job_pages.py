"""Whatever the fields of a job hold, its page and the form that it fills are shown, and nothing is written."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import kue
import kue.web
from kue.options.values import STATES
from kue.store.job_hash import JobHash
from tests.helpers import keyspace
from tests.web.asgi import ask

GREAT = "9" * 400
TEXTS = st.sampled_from(
    [
        *("0", "-1", "1e999", "NaN", "-0", "1.5", "1e14", GREAT, "1795946053876", "true", "null", '"', "x", "\x00"),
        *("{}", "[]", "[1,2]", '"\\ud800"', '{"title":5}', '{"title":"\\ud800"}', '{"token":"\\ud800"}', "\u202e"),
        *('{"type":"fixed","delay":"x"}', '{"type":[1]}', '{"type":"exponential","delay":-5,"maxDelay":{},"jitter":9}'),
    ]
)
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, 5, "x", "failed", "ghost", [], {}, -1, 1e300, True, 10**20, 1_795_946_053_876]
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        dict.fromkeys(("run", "attempt", "worker", "start", "duration", "outcome", "error"), VALUES),
    ),
    max_size=4,
).map(json.dumps)
HASHES = st.fixed_dictionaries(
    {},
    optional={name: TEXTS for name in JobHash._fields}
    | {"type": st.sampled_from(["email", "a/b", "\u202e"]), "state": st.sampled_from([*STATES, "zzz"])}
    | {"py_runs": RECORDS, "nobody knows it": TEXTS},
)


@pytest.fixture(scope="module")
def app(running: Any) -> Any:
    return kue.web.app(running.queue, auth=kue.web.open_access)


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(HASHES)
@example({"type": "email", "attempts": GREAT, "created_at": GREAT})
@example({"type": "email", "data": "{}", "backoff": '{"title":"\\ud800"}'})
def test_a_job_with_odd_fields_has_a_page(app: Any, client: Any, fields: dict[str, str]) -> None:
    client.flushall()
    client.hset("q:job:1", mapping={"updated_at": 1, **fields})
    before = keyspace(client)
    assert [ask(app, "GET", path).status for path in ("/jobs/1", "/create?from=1")] == [200, 200]
    assert keyspace(client) == before
