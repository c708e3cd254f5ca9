"""What Kue's routes that read answer: real Kue and we on one Redis, request for request."""

import itertools
from typing import Any

import pytest

from tests.web.conftest import Both

pytestmark = pytest.mark.node

NOW = "1700000000000"
PLAIN = {"type": "email", "data": '{"to":"a"}', "priority": "0", "max_attempts": "3", "state": "complete"}
TIMES = {"created_at": NOW, "promote_at": NOW, "updated_at": NOW}
HASHES: dict[int, dict[str, str | None]] = {
    1: {"result": '{"x":[1,"é"]}', "progress": "100", "duration": "12", "started_at": NOW, "workerId": "kue:h:1:e:1"},
    2: {"attempts": "1", "ttl": "5000", "delay": "10", "backoff": '{"type":"fixed"}', "removeOnComplete": "true"},
    3: {"data": "no JSON"},
    4: {"data": None, "max_attempts": None, "attempts": "2"},
    5: {"result": "no JSON"},
    6: {"progress_data": '{"step":"smtp"}', "progress": "50.5", "error": "Error: boom\n    at x", "failed_at": NOW},
    7: {"priority": None, "state": None, "created_at": None, "promote_at": None, "updated_at": None},
    8: {"data": "12", "error": "", "workerId": "", "delay": "0", "ttl": "0", "result": '""', "progress": "0"},
    9: {"data": "null", "result": "null", "progress": "", "progress_data": "null", "priority": ""},
    10: {"data": "", "result": "", "priority": "1.5", "attempts": "x", "max_attempts": "y"},
    11: {"type": "a/b c", "data": '{"html":"<b>&\u2028"}', "state": "failed", "priority": "-10"},
    12: {"type": "ünï%?#", "state": "delayed", "delay": "1000"},
    13: {"attempts": "2.5", "max_attempts": "0x10", "priority": "1e21"},
    14: {"attempts": "-1", "priority": "abc"},
    15: {"attempts": "2", "max_attempts": ""},
    16: {"attempts": "2", "max_attempts": "3abc", "priority": "0x1F"},
    17: {"attempts": "1e3", "max_attempts": "Infinity", "priority": "0.0000001"},
    18: {"type": "email", "data": '{"n":12345678901234567890}', "state": "active"},
    **{id: {"type": "email", "state": "inactive", "priority": str(id % 3)} for id in range(100, 112)},
}
UNREADABLE = {3, 5}  # Node quotes the words of its own parser

IDS = ("1", "11", "01", "1.0", "+1", "-1", "1%20", "%31", "abc", "0", "99", "1e0", "4294967296", "9" * 20, "%C3%A9")
RANGES = (
    *("0..0", "0..3", "0..-1", "-3..-1", "5..2", "-1..0", "0..100", "1.9..3", "2abc..5x", "%201..2", "+1..2", "1e1..2"),
    *("a..3", "0..b", "0..9223372036854775807", "0..99999999999999999999", "-99999999999999999999..3", "0x1..5"),
    *("0..1.9", "..5", "0..", "0...5", "0....5", "0..1..2", "9007199254740993..9007199254740995"),
)
SETS = ("", "/complete", "/failed", "/Complete", "/nope", "/email/complete", "/email/inactive", "/a%2Fb%20c/failed")
ODD_SETS = ("/%C3%BCn%C3%AF%25%3F%23/delayed", "/email/nope", "/nope/inactive", "/email/Inactive", "/__proto__/active")
ORDERS = ("", "/asc", "/desc", "/DESC", "/x", "/desc/", "/5..6", "/stats")
LISTS = (
    *(f"/jobs/{span}" for span in RANGES),
    *(f"/jobs{where}/0..-1" for where in (*SETS, *ODD_SETS)),
    *(f"/jobs{where}/{span}{order}" for where, span, order in itertools.product(SETS, ("0..4", "-4..-2"), ORDERS)),
)
SINGLE = (
    *(f"/job/{id}" for id in (*IDS, *map(str, HASHES.keys() - UNREADABLE))),
    *(f"/job/{id}/log" for id in (*IDS, "6", "4")),
    *("/JOB/1", "/job/1/", "/job/1?", "/job/1?x=1", "/Job/6/LOG/", "/job/1#x", "/job/1/x", "/job/1/log/x", "//job/1"),
)
OTHERS = (
    *("/stats", "/STATS/", "/stats?", "/stats/x", "/job/types", "/JOB/TYPES/", "/nope", "/job", "/./stats"),
    *(f"/jobs/{type}/{state}/stats" for type in ("email", "nope", "a%2Fb%20c") for state in ("complete", "nope")),
    *("/jobs/inactive/stats", "/jobs/email/complete/stats/", "/jobs/a/b/c/0..1", "/job/search/log", "/stats/%zz"),
    *("/job/%zz", "/jobs/%E4/failed/0..1", "/job/%E4/log", "/job/%00"),
)
ACCEPTS = (
    *("application/json", "*/*", "application/*", "", "text/html", "text/plain", "image/png", "application/json;q=0"),
    *("text/html, application/json;q=0.5", "text/html,*/*;q=0.8", "*/*;q=0", "*/*, application/json;q=0", "json"),
    *("APPLICATION/JSON", "application/json; charset=utf-8", "text/*", "application/xml, */*;q=0.1"),
    *("*/json", "*/json;q=0, */*", "application/json;q=0.5;x=1", "application/json;x=1;q=0.5"),
)
# Of these the body in Node is a page, which shows a stack trace for a bad escape. Ours is JSON.
PAGES = (400, 404)


@pytest.fixture(scope="module")
def seeded(both: Both) -> Both:
    client = both.redis
    for id, fields in HASHES.items():
        hash = {name: value for name, value in {**PLAIN, **TIMES, **fields}.items() if value is not None}
        client.hset(f"q:job:{id}", mapping=hash)
        client.sadd("q:job:types", hash["type"])
        member, state = f"{len(str(id)):02d}|{id}", hash.get("state", "complete")
        for key in ("q:jobs", f"q:jobs:{state}", f"q:jobs:{hash['type']}:{state}"):
            client.zadd(key, {member: id % 3})
    client.zadd("q:jobs", {"no zid": 0, "02|98": 0})  # neither has a hash
    client.rpush("q:job:6:log", "one", "two\n", "ü \x1b[31m", b"\xff")
    client.set("q:job:4:log", "a key of the wrong kind")
    client.set("q:stats:work-time", "1234")
    return both


# Node rounds it to a float; we pass the digits on.
LARGE, ROUNDED = "12345678901234567890", "12345678901234567000"


def outcome(answer: Any) -> tuple[Any, ...]:
    if answer.status in PAGES:
        return (answer.status,)
    return answer.status, answer.type, answer.body.decode().replace(LARGE, ROUNDED)


def test_a_large_integer_keeps_its_digits(seeded: Both) -> None:
    assert f'{{"n":{LARGE}}}' in seeded.ours.get("/job/18").body.decode()
    assert f'{{"n":{ROUNDED}}}' in seeded.node.get("/job/18").body.decode()


def test_there_are_enough_requests() -> None:
    assert len({*LISTS, *SINGLE, *OTHERS}) + len(ACCEPTS) > 250


@pytest.mark.parametrize("requests", [LISTS, SINGLE, OTHERS], ids=["lists", "single", "others"])
def test_node_and_we_answer_alike(seeded: Both, requests: tuple[str, ...]) -> None:
    different = []
    for path in dict.fromkeys(requests):
        node, ours = outcome(seeded.node.get(path)), outcome(seeded.ours.get(path))
        if node != ours:
            different += [path, f"node: {node}", f"ours: {ours}"]
    assert different == []


@pytest.mark.parametrize("id", sorted(UNREADABLE))
def test_a_job_that_cannot_be_read_is_an_error(seeded: Both, id: int) -> None:
    node, ours = (side.get(f"/job/{id}") for side in (seeded.node, seeded.ours))
    assert (node.status, node.type, list(node.json)) == (ours.status, ours.type, list(ours.json))
    assert f"job {id} has " in ours.json["error"]


@pytest.mark.parametrize("path", ["/stats", "/job/1", "/jobs/0..1", "/job/1/log", "/job/types"])
def test_the_header_accept_counts_alike(seeded: Both, path: str) -> None:
    different = []
    for accept in ACCEPTS:
        node, ours = (outcome(side.get(path, ("Accept", accept))) for side in (seeded.node, seeded.ours))
        if node != ours:
            different += [accept, f"node: {node}", f"ours: {ours}"]
    assert different == []


@pytest.mark.parametrize("path", ["/stats", "/job/1", "/jobs/0..5", "/job/99", "/nope", "/job/1/log"])
def test_head_is_answered_as_get_without_a_body(seeded: Both, path: str) -> None:
    node, ours = (side.ask("HEAD", path) for side in (seeded.node, seeded.ours))
    assert (node.status, node.body) == (ours.status, ours.body)
    if node.status == 200:
        assert (node.type, node.headers["content-length"]) == (ours.type, ours.headers["content-length"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("OPTIONS", path) for path in ("/stats", "/job", "/job/1", "/jobs/0..1", "/nope", "/job/1/priority/5")),
        *((method, "/stats") for method in ("POST", "PUT", "DELETE", "PATCH")),
        *((method, "/job/1") for method in ("POST", "PUT", "PATCH")),
    ],
)
def test_a_method_that_an_address_does_not_take(seeded: Both, method: str, path: str) -> None:
    node, ours = (side.ask(method, path) for side in (seeded.node, seeded.ours))
    assert outcome(node) == outcome(ours)
    assert node.headers.get("allow") == ours.headers.get("allow")
