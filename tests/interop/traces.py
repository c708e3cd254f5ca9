"""What a story left behind: the keys and the messages, with times, worker ids, stacks and durations taken out.

A time must lie in the telling; one that is derived is replaced by what it is derived from. The moment that Python's
messages have behind `args` must be that of their job.
"""

import json
import re
from typing import Any

import redis

from kue.common.clock import now_ms
from tests.helpers import keyspace, wait_until

WORKER = re.compile(r"kue:[^:]+:\d+(-[0-9a-f]+)?:(?P<type>.*):\d+")
STAMP = re.compile(r',"created_at":(\d+)(?=\}$)')
MOMENTS = ("created_at", "updated_at", "started_at", "failed_at")
A_TIME = 1_000_000_000_000  # later scores are moments, in ms


class Channel:
    """Everything published under a prefix since it was made, in order."""

    def __init__(self, client: "redis.Redis", prefix: str = "q") -> None:
        self._pubsub = client.pubsub()
        self._pubsub.subscribe(f"{prefix}:events")
        self._heard: list[str] = []
        self.messages()

    def messages(self) -> list[str]:
        """All that was published before this call."""
        self._pubsub.ping()
        while (message := self._pubsub.get_message(timeout=5))["type"] != "pong":
            if message["type"] == "message":
                self._heard.append(message["data"].decode())
        return list(self._heard)

    def events(self, name: str | None = None, id: int | None = None) -> list[dict[str, Any]]:
        """The messages read, of one event or all, of one job or all."""
        found = [json.loads(message) for message in self.messages()]
        return [event for event in found if name in (None, event["event"]) and id in (None, event["id"])]

    def names(self, id: int | None = None) -> list[str]:
        """The events of one job or all, by name."""
        return [event["event"] for event in self.events(id=id)]

    def wait_for(self, name: str, times: int = 1, timeout: float = 20) -> None:
        """Until an event was published so often."""
        try:
            wait_until(lambda: len(self.events(name)) >= times, timeout)
        except AssertionError:
            raise AssertionError(f"{times} x {name!r} in {timeout} s: heard {self.messages()}") from None

    def close(self) -> None:
        self._pubsub.close()


class Traces:
    """Taken when the telling is over; `since` is when it began."""

    def __init__(self, client: "redis.Redis", channel: Channel, since: int, prefix: str = "q") -> None:
        self._since, self._until = since, now_ms()
        self.raw_messages = channel.messages()
        keys = keyspace(client, f"{prefix}:*")
        self._jobs = {name: value for name, value in keys.items() if re.fullmatch(r".*:job:\d+", name)}
        self._durations = sum(int(job["duration"]) for job in self._jobs.values() if "duration" in job)
        self._prefix = prefix
        self.messages = [_plain_message(self._without_stamp(message)) for message in self.raw_messages]
        self.keys = {name: self._plain(name, value) for name, value in keys.items() if f"{prefix}:py:" not in name}

    def _without_stamp(self, message: str) -> str:
        stamp = STAMP.search(message)
        if stamp is None:
            return message
        job = self._jobs.get(f"{self._prefix}:job:{json.loads(message)['id']}", {"created_at": stamp[1]})
        is_right = stamp[1] == job["created_at"] and self._since <= int(stamp[1]) <= self._until
        return STAMP.sub("", message) if is_right else message

    def _plain(self, name: str, value: Any) -> Any:
        if name in self._jobs:
            fields = {field: text for field, text in value.items() if not field.startswith("py_")}
            return {field: self._plain_field(fields, field, text) for field, text in fields.items()}
        if name == f"{self._prefix}:stats:work-time":
            return "work time" if self._durations <= int(value) <= self._until - self._since else value
        if isinstance(value, dict):
            return {zid: self._plain_score(zid, score) for zid, score in value.items()}
        return value

    def _plain_field(self, job: dict[str, str], field: str, text: str) -> str:
        if field in MOMENTS:
            return "a moment" if self._since <= int(text) <= self._until else text
        if field == "promote_at":
            return _derived(job)
        if field == "duration":
            return "a duration" if 0 <= int(text) <= self._until - self._since else text
        if field == "workerId":
            worker = WORKER.fullmatch(text)
            return f"a worker of {worker['type']}" if worker else text
        return _plain_stack(text) if field == "error" else text

    def _plain_score(self, zid: str, score: float) -> Any:
        if score < A_TIME:
            return score
        job = self._jobs[f"{self._prefix}:job:{zid.partition('|')[2]}"]
        if job["state"] == "delayed":
            return "promote_at" if score == int(job["promote_at"]) else score
        past_the_ttl = score - int(job["updated_at"]) - int(job["ttl"])
        return f"ttl + {round(past_the_ttl / 1000)} s"


def _derived(job: dict[str, str]) -> str:
    promote_at, delay = int(job["promote_at"]), int(job.get("delay", 0))
    for base in ("failed_at", "created_at"):
        if base in job and promote_at == int(job[base]) + delay:
            return f"{base} + delay"
    return f"created_at + {promote_at - int(job['created_at'])}"


def _plain_stack(text: str) -> str:
    head, newline, _ = text.partition("\n")
    return head + newline + ("a stack" if newline else "")


def _plain_message(message: str) -> str:
    if json.loads(message)["event"] != "error":
        return message
    return re.sub(r'(\\n).*("\]\})$', r"\1a stack\2", message, count=1)
