"""A client of the live stream: opens it, reads events, and puts what they say together as a page would."""

import http.client
import json
import time
from typing import Any, NamedTuple, Self
from urllib.parse import quote

SECONDS = 10  # the longest that a test waits; less than the time between two heartbeats


class Event(NamedTuple):
    """One event of the stream."""

    id: int
    topic: str
    whole: bool
    values: dict[str, Any]


class EventStream:
    """An open stream. `state` has, by topic, all values that came so far; `comments` the heartbeats."""

    def __init__(self, port: int, topics: str, *headers: tuple[str, str], prefix: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self._connection.putrequest("GET", f"{prefix}/api/v1/events?topics={quote(topics)}")
        for name, value in headers:
            self._connection.putheader(name, value)
        self._connection.endheaders()
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}
        self.state: dict[str, dict[str, Any]] = {}
        self.comments = 0

    def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self._answer.readline().decode():
            name, _, value = line.rstrip("\r\n").partition(": ")
            if line.startswith(":"):
                self.comments += 1
            elif name:
                fields[name] = value
            elif "data" in fields:
                event = Event(int(fields["id"]), **json.loads(fields["data"]))
                self.state[event.topic] = ({} if event.whole else self.state[event.topic]) | event.values
                return event
        return None

    def until(self, topic: str, **wanted: Any) -> list[Event]:
        """Read on until the values of a topic are as wanted. Returns the events that came."""
        came: list[Event] = []
        deadline = time.monotonic() + SECONDS
        while not self._has(topic, wanted):
            event = self.next()
            assert event is not None, f"the stream ended: {self.state}"
            assert time.monotonic() < deadline, f"still not so: {self.state}"
            came.append(event)
        return came

    def _has(self, topic: str, wanted: dict[str, Any]) -> bool:
        values = self.state.get(topic)
        return values is not None and all(values.get(name) == value for name, value in wanted.items())

    def first(self, *topics: str) -> dict[str, dict[str, Any]]:
        """Read on until each topic was heard of. Returns the state."""
        for topic in topics:
            self.until(topic)
        return self.state

    def close(self) -> None:
        self._answer.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def state_of(answer: Any) -> dict[str, dict[str, Any]]:
    """The state, by topic, that `/api/v1/live` answers."""
    assert answer.status == 200, answer.body
    events = answer.json["events"]
    assert all(event["whole"] for event in events)
    return {event["topic"]: event["values"] for event in events}
