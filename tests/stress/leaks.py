"""What a process holds: threads of ours, file descriptors, child processes, and what a server holds for it."""

import gc
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import redis

from tests.helpers import wait_until

FDS = Path("/proc/self/fd")


def held(client: "redis.Redis") -> dict[str, Any]:
    """Everything that could leak, comparable."""
    gc.collect()
    subscribers = client.pubsub_numsub("q:events")
    return {
        "threads": Counter(thread.name for thread in threading.enumerate() if thread.name.startswith("kue-")),
        "descriptors": len(list(FDS.iterdir())) if FDS.is_dir() else 0,
        "children": children(),
        "connections": len(client.client_list()),
        "subscriptions": subscribers[0][1],
    }


def children() -> int:
    """How many child processes there are, dead ones that nobody waited for among them."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    if not tasks.is_dir():
        return 0
    return sum(len((task / "children").read_text().split()) for task in tasks.iterdir())


def wait_for_no_more_than(before: dict[str, Any], client: "redis.Redis") -> None:
    """A server notices a closed connection a moment later, so that this may take that moment.

    A thread that was about to end when `before` was taken may be missing.
    """
    now: dict[str, Any] = {}

    def same() -> bool:
        now.update(held(client))
        return now["threads"] <= before["threads"] and {**now, "threads": None} == {**before, "threads": None}

    try:
        wait_until(same, 10)
    except AssertionError:
        raise AssertionError(f"held before: {before}, and now: {now}") from None
