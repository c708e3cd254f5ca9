"""Messages on the channel: written as Node writes them, and read so that no odd one does harm."""

import json
from typing import Any

import pytest

from kue.store.identity import stamp
from kue.store.messages import Message, decode_message, encode, peek


@pytest.mark.parametrize(
    ("id", "event", "args", "message"),
    [
        (7, "promotion", (), b'{"id":7,"event":"promotion","args":["promotion"]}'),
        (7, "progress", (b"33", b'{"k":"v"}'), b'{"id":7,"event":"progress","args":["progress",33,{"k":"v"}]}'),
        (2**53, "x", (b"null",), b'{"id":9007199254740992,"event":"x","args":["x",null]}'),
        (1, 'say "\u2709"\n', (), '{"id":1,"event":"say \\"\u2709\\"\\n","args":["say \\"\u2709\\"\\n"]}'.encode()),
        (1, "half \ud83d", (), b'{"id":1,"event":"half \\ud83d","args":["half \\ud83d"]}'),
    ],
)
def test_a_message_is_written_as_node_writes_it(id: int, event: str, args: tuple[bytes, ...], message: bytes) -> None:
    assert encode(id, event, *args) == message
    assert json.loads(message) == {"id": id, "event": event, "args": [event, *map(json.loads, args)]}
    stamped = encode(id, event, *args, more=stamp(1700000000000))
    assert stamped == message[:-1] + b',"created_at":1700000000000}'
    assert peek(stamped) == peek(message)


FROM_NODE = [
    (b'{"id":1,"event":"enqueue","args":["enqueue","email"]}', (1, "enqueue", ("email",))),
    (b'{"id":1,"event":"start","args":["start","email",null]}', (1, "start", ("email",))),
    (b'{"id":1,"event":"promotion","args":["promotion"]}', (1, "promotion", ())),
    (b'{"id":1,"event":"progress","args":["progress",33,{"k":"v"}]}', (1, "progress", (33, {"k": "v"}))),
    (b'{"id":1,"event":"progress","args":["progress",33]}', (1, "progress", (33, None))),
    (b'{"id":1,"event":"error","args":["error","Error: boom"]}', (1, "error", ("Error: boom",))),
    (b'{"id":1,"event":"failed attempt","args":["failed attempt","boom",1]}', (1, "failed attempt", ("boom", 1))),
    (b'{"id":1,"event":"failed attempt","args":["failed attempt","boom",1,{}]}', (1, "failed attempt", ("boom", 1))),
    (b'{"id":1,"event":"failed","args":["failed","boom",null]}', (1, "failed", ("boom",))),
    (b'{"id":1,"event":"complete","args":["complete",{"ok":true},null]}', (1, "complete", ({"ok": True},))),
    (b'{"id":1,"event":"complete","args":["complete"]}', (1, "complete", (None,))),
    (b'{"id":1,"event":"remove","args":["remove","email"]}', (1, "remove", ("email",))),
    (b'{"id":1,"event":"ttl exceeded","args":["ttl exceeded",null]}', (1, "ttl exceeded", ())),
    (b'{"id":1,"event":"ttl exceeded ack","args":["ttl exceeded ack"]}', (1, "ttl exceeded ack", ())),
    (b'{"id":"12","event":"complete","args":["complete",1]}', (12, "complete", (1,))),
    (b'{"id":1,"event":"mine","args":["mine",1,null,null]}', (1, "mine", (1, None, None))),
    (b'{"id":1,"event":"mine","args":["mine"]}', (1, "mine", ())),
    (b' { "args" : ["x"] , "id" : 3 } ', (3, "x", ())),
    (b'{"id":1,"event":"this","args":["that",5]}', (1, "that", (5,))),
    ('{"id":1,"event":"\u2709","args":["\u2709","\U0001f680"]}'.encode(), (1, "\u2709", ("\U0001f680",))),
    (rb'{"id":1,"event":"\u2709","args":["\u2709","\ud83d"]}', (1, "\u2709", ("\ud83d",))),
]


@pytest.mark.parametrize(("raw", "message"), FROM_NODE)
def test_a_message_is_read_without_node_s_padding(raw: bytes, message: tuple[Any, ...]) -> None:
    assert decode_message(raw) == Message(*message)


@pytest.mark.parametrize(
    ("key", "created_at"),
    [
        (b"1700000000000", 1700000000000),
        (b"1", 1),
        (b"1.7e12", None),
        (b"0", None),
        (b"-5", None),
        (b"true", None),
        (b"null", None),
        (b"[1]", None),
        (b"99999999999999999", None),
    ],
)
def test_a_message_may_say_when_its_job_was_created(key: bytes, created_at: int | None) -> None:
    raw = b'{"id":7,"event":"complete","args":["complete",1],"created_at":' + key + b',"other":2}'
    assert decode_message(raw) == Message(7, "complete", (1,), created_at)
    assert peek(raw) == (7, "complete")


ODD = [
    b"",
    b"null",
    b"5",
    b'"complete"',
    b"[]",
    b"[1]",
    b"{}",
    b"not json",
    b"\xff\xfe",
    b'{"id":1,"event":"complete","args":["complete",NaN]}',
    b'{"id":1,"event":"complete","args":["complete",-Infinity]}',
    b'{"id":1,"event":"complete","args":["complete",1e999]}',
    b'{"id":1,"event":"complete","args":["complete",1]',
    b'{"id":1,"event":"complete","args":["complete"]} trailing',
    b'{"id":1,"event":"complete"}',
    b'{"id":1,"event":"complete","args":[]}',
    b'{"id":1,"event":"complete","args":null}',
    b'{"id":1,"event":"complete","args":{"0":"complete"}}',
    b'{"id":1,"event":"complete","args":"complete"}',
    b'{"id":1,"args":[null]}',
    b'{"id":1,"args":[5]}',
    b'{"id":1,"args":[""]}',
    b'{"id":1,"args":[["complete"]]}',
    b'{"event":"complete","args":["complete"]}',
    b'{"id":null,"event":"complete","args":["complete"]}',
    b'{"id":true,"event":"complete","args":["complete"]}',
    b'{"id":1.5,"event":"complete","args":["complete"]}',
    b'{"id":[1],"event":"complete","args":["complete"]}',
    b'{"id":"","event":"complete","args":["complete"]}',
    b'{"id":"seven","event":"complete","args":["complete"]}',
    b'{"id":"7 ","event":"complete","args":["complete"]}',
    b'{"id":"-7","event":"complete","args":["complete"]}',
    '{"id":"\u0667","event":"complete","args":["complete"]}'.encode(),
    b'{"id":"' + b"9" * 5000 + b'","event":"complete","args":["complete"]}',
    b'{"id":' + b"9" * 5000 + b',"event":"complete","args":["complete"]}',
    b'{"id":1,"event":"x","args":["x",' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
]


@pytest.mark.parametrize("raw", ODD, ids=lambda raw: repr(raw[:60]))
def test_a_message_that_is_no_event_is_ignored(raw: bytes) -> None:
    assert decode_message(raw) is None


@pytest.mark.parametrize(
    ("raw", "head"),
    [
        (b'{"id":7,"event":"complete","args":["complete"]}', (7, "complete")),
        (b'{"id":"7","event":"failed attempt","args":["failed attempt","x",1]}', (7, "failed attempt")),
        ('{"id":7,"event":"\u2709","args":["\u2709"]}'.encode(), (7, "\u2709")),
        (rb'{"id":7,"event":"\u2709","args":["\u2709"]}', None),  # to be decoded first
        (b'{"id":7,"event":"a","args":["complete"]}', None),  # the name that counts is that among the arguments
        (b'{"id":7,"event":"complete","args":[]}', None),
        (b'{"event":"complete","id":7,"args":[]}', None),
        (b' {"id":7,"event":"complete","args":[]}', None),
        (b'{"id":null,"event":"complete","args":[]}', None),
        (b'{"id":-7,"event":"complete","args":[]}', None),
        (b'{"id":99999999999999999,"event":"x","args":[]}', None),
        (b'{"id":7}', None),
        (b"", None),
    ],
)
def test_the_head_of_a_message_in_the_usual_form_is_read_alone(raw: bytes, head: tuple[int, str] | None) -> None:
    assert peek(raw) == head


@pytest.mark.parametrize("raw", [raw for raw, _ in FROM_NODE if peek(raw) is not None])
def test_the_head_of_a_message_has_the_same_id_and_event_as_the_whole(raw: bytes) -> None:
    message = decode_message(raw)
    assert message is not None
    assert peek(raw) == (message.id, message.event)
