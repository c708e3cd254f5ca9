"""Other programs may publish anything on the events channel: listeners ignore it and hear what comes next."""

import json
from typing import Any

import pytest

from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

ODD: list[Any] = [
    b"",
    b" ",
    b"not JSON",
    b"{",
    b"null",
    b"true",
    b"7",
    b'"text"',
    b"[]",
    b"{}",
    b"[[[[",
    b"\xff\xfe",
    b"\0",
    b'{"id":1}',
    b'{"id":1,"event":"complete"}',
    b'{"id":1,"event":"complete","args":null}',
    b'{"id":1,"event":"complete","args":"complete"}',
    b'{"id":1,"event":"complete","args":{}}',
    b'{"id":1,"event":"complete","args":{"0":"complete"}}',
    b'{"id":1,"event":"complete","args":[]}',
    b'{"id":1,"event":"complete","args":[null]}',
    b'{"id":1,"event":"complete","args":[7]}',
    b'{"id":1,"event":"complete","args":[["complete"]]}',
    b'{"id":1,"event":"complete","args":[""]}',
    b'{"id":1,"event":"complete","args":["complete",NaN]}',
    b'{"id":1,"event":"complete","args":["complete",Infinity]}',
    b'{"id":1,"event":"complete","args":["complete",1e999]}',
    b'{"id":1,"event":"complete","args":["complete",1],',
    b'{"event":"complete","args":["complete"]}',
    b'{"id":null,"event":"complete","args":["complete"]}',
    b'{"id":true,"event":"complete","args":["complete"]}',
    b'{"id":1.5,"event":"complete","args":["complete"]}',
    b'{"id":-1,"event":"complete","args":["complete"]}',
    b'{"id":[1],"event":"complete","args":["complete"]}',
    b'{"id":{},"event":"complete","args":["complete"]}',
    b'{"id":"one","event":"complete","args":["complete"]}',
    b'{"id":"\\u0661","event":"complete","args":["complete"]}',
    b'{"id":' + b"9" * 5000 + b',"event":"complete","args":["complete"]}',
    b'{"id":1e999,"event":"complete","args":["complete"]}',
    b'{"id":1,"event":"complete","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"id":2,"event":"complete","args":["complete","' + b"x" * 5_000_000 + b'"]}',
]


@pytest.mark.parametrize("message", ODD, ids=[str(i) for i in range(len(ODD))])
@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
def test_an_odd_message_is_ignored_and_the_next_one_is_received(everywhere: Any, backend: Any, message: bytes) -> None:
    heard: list[Any] = []
    job = everywhere.create("email").on("complete", lambda *args: heard.append(args)).save()
    assert job.id == 1
    everywhere.on("job marker", lambda *args: heard.append(args))
    backend.client.publish(f"{backend.prefix}:events", message)
    backend.client.publish(f"{backend.prefix}:events", json.dumps({"id": 9, "event": "marker", "args": ["marker", 1]}))
    wait_until(lambda: heard)
    assert heard == [(9, 1)]


def test_the_first_argument_of_a_message_is_the_name_that_counts(queue: Any, client: Any) -> None:
    """As in Node, where `event` is never looked at."""
    heard: list[Any] = []
    queue.create("email").on("one", lambda: heard.append("one")).on("other", lambda: heard.append("other")).save()
    client.publish("q:events", b'{"id":1,"event":"one","args":["other"]}')
    wait_until(lambda: heard == ["other"])


@pytest.mark.parametrize(
    "message",
    [
        b'{"args":["nudge",1],"event":"nudge","id":1}',
        b' { "id" : 1 , "event" : "nudge" , "args" : [ "nudge" , 1 ] } ',
        b'{"id":1,"event":"nudge","args":["nudge",1],"more":{"a":1}}',
        b'{"id":1,"args":["nudge",1]}',
        b'{"id":1,"event":"n\\u0075dge","args":["n\\u0075dge",1]}',
        b'{"id":"1","event":"nudge","args":["nudge",1]}',
    ],
)
def test_other_spellings_of_a_good_message_are_received(queue: Any, client: Any, message: bytes) -> None:
    heard: list[Any] = []
    queue.create("email").on("nudge", heard.append).save()
    queue.on("job nudge", lambda id, value: heard.append((id, value)))
    client.publish("q:events", message)
    wait_until(lambda: len(heard) == 2)
    assert heard == [1, (1, 1)]


def test_a_promise_settles_in_spite_of_odd_messages(make_queue: MakeQueue, client: Any) -> None:
    queue = make_queue(send=True)
    promise = queue.create("email").promise()
    for event in ("complete", "failed", "error", "result", "remove", "progress"):
        for args in ([], [None], [7], [{}], [[]]):
            odd = {"id": 2, "event": event, "args": [event, *args]}
            client.publish("q:events", json.dumps(odd))
    client.publish("q:events", b'{"id":1,"event":"error","args":["error",{"no":"text"}]}')
    client.publish("q:events", b'{"id":1,"event":"error","args":["error"]}')
    assert not promise.done()
    queue.process("email", lambda job: "done")
    assert promise.result(10) == "done"


@pytest.mark.parametrize("args", [["failed"], ["failed", None], ["failed", 7], ["failed", {"message": "x"}]])
def test_a_failure_without_a_text_still_settles_a_promise(make_queue: MakeQueue, client: Any, args: list[Any]) -> None:
    queue = make_queue(send=True)
    promise = queue.create("email").promise()
    client.publish("q:events", b'{"id":1,"event":"error","args":["error","Error: boom\\n    at x"]}')
    client.publish("q:events", json.dumps({"id": 1, "event": "failed", "args": args}))
    problem = promise.exception(10)
    assert (problem.message, problem.stack, problem.id) == ("boom", "Error: boom\n    at x", 1)
