"""The one thread of a queue that reads for its live streams, about once a second, while any is open.

- reads what the streams follow, all of it together
- wakes the streams whose topics changed
- says on every stream that Redis does not answer, and that it is back
- ends the streams if the queue is shut down, and itself with the last stream

It does not subscribe to the events of the queue, which would cost this process more the busier the queue is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from kue.common.flag import Flag
from kue.common.forks import forks
from kue.connection.connection import Command
from kue.errors import KueError
from kue.web.live.state import NOTHING, Sent, State
from kue.web.read_model.reading import Reader, read_together

logger = logging.getLogger("kue.web")
TICK_SECONDS = 1.0
_SHORTEST_PAUSE_SECONDS = 0.1  # also if Redis takes longer than a second
REDIS = "redis"
"""The topic that every stream has besides its own: whether Redis answers."""


class Source(Protocol):
    """Reads the values of a topic, at every beat of the clock or at each of so many."""

    every: int

    def read(self) -> Reader[Mapping[str, Any]]: ...


class Followed(Protocol):
    """What streams follow. Those that follow an equal thing share its source."""

    def source(self) -> Source: ...


class Topic:
    """What the poller knows of something that is followed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.state = State()
        self.streams = 0


class Stream:
    """What one client follows, and what it was sent of it. `wake` is called, on any thread, if there is news."""

    def __init__(self, lock: threading.RLock, topics: Mapping[str, State], wake: Callable[[], object]) -> None:
        self._lock = lock
        self._topics = topics
        self._sent: dict[str, Sent] = {}
        self.wake = wake
        self.ended = ""
        """Why there will be no more news; "" as long as there may be."""

    @property
    def has_news(self) -> bool:
        return any(state.changed_at > self._sent.get(name, NOTHING).reading for name, state in self._topics.items())

    def news(self) -> Iterator[bytes]:
        """What changed since this was asked last, as an event for each topic.

        Each topic is looked at when its turn comes, so that a client which reads slowly gets what is newest then.
        """
        for name, state in self._topics.items():
            with self._lock:
                before = self._sent.get(name, NOTHING)
                if state.changed_at <= before.reading:
                    continue
                event, self._sent[name] = state.event(name, before)
            yield event


class Poller:
    """For any thread. `ask` makes a round trip, `is_over` tells whether the queue is shut down.

    In a forked child it has no streams: those of the parent process go on there.
    """

    def __init__(self, ask: Callable[[Sequence[Command]], list[Any]], is_over: Callable[[], bool]) -> None:
        self._ask = ask
        self._is_over = is_over
        self._begin()

    def _begin(self) -> None:
        self._forks = forks.count
        self._lock = threading.RLock()
        self._woken = Flag()
        self._thread: threading.Thread | None = None
        self._topics: dict[Followed, Topic] = {}
        self._streams: dict[Stream, Sequence[Followed]] = {}
        self._redis = State()
        self._is_available: bool | None = None
        self.readings = self._beat = 0
        self._failing: set[Followed] = set()

    def open(self, follows: Mapping[str, Followed], wake: Callable[[], object]) -> Stream:
        """Follow some things, each under a name. The first stream starts the thread."""
        if self._forks != forks.count:
            self._begin()
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="kue-live", daemon=True)
                thread.start()  # it waits for the lock
                self._thread = thread
            for one in follows.values():
                if one not in self._topics:
                    self._topics[one] = Topic(one.source())
                self._topics[one].streams += 1
            states = {name: self._topics[one].state for name, one in follows.items()}
            stream = Stream(self._lock, {REDIS: self._redis, **states}, wake)
            self._streams[stream] = tuple(follows.values())
            self._woken.set()
        return stream

    def close(self, stream: Stream) -> None:
        """End a stream. The last one ends the thread. It may be called more than once."""
        if self._forks != forks.count:
            return  # it is one of the parent process
        with self._lock:
            for one in self._streams.pop(stream, ()):
                self._topics[one].streams -= 1
                if not self._topics[one].streams:
                    del self._topics[one]
                    self._failing.discard(one)
            is_last = not self._streams
        if is_last:
            self._woken.set()

    def __len__(self) -> int:
        """How many streams are open."""
        return 0 if self._forks != forks.count else len(self._streams)

    def stop(self, timeout: float = 5.0) -> None:
        """End all streams, and wait for the end of the thread. Streams that open later start it again."""
        if self._forks != forks.count:
            return
        with self._lock:
            thread = self._thread
            self._end("the server stops")
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _end(self, why: str) -> None:
        with self._lock:
            streams = list(self._streams)
            for stream in streams:
                stream.ended = why
                self.close(stream)
        for stream in streams:
            stream.wake()

    # on the thread

    def _run(self) -> None:
        next_at = 0.0
        while self._goes_on():
            self._woken.clear()
            now = time.monotonic()
            is_beat = now >= next_at
            if is_beat:
                next_at = now + TICK_SECONDS
            try:
                self._poll(is_beat)
            except Exception:
                logger.exception("the live streams were not updated; they will be in a second")
            self._woken.wait(max(_SHORTEST_PAUSE_SECONDS, next_at - time.monotonic()))

    def _goes_on(self) -> bool:
        if self._is_over():
            self._end("the queue is shut down")
        with self._lock:
            if not self._streams:
                self._thread = self._is_available = None
                self._redis = State()
            return bool(self._streams)

    def _poll(self, is_beat: bool) -> None:
        """Read what has not been read yet, and in a beat of the clock all that is due."""
        with self._lock:
            self.readings += 1
            self._beat += is_beat
            due = {one: topic for one, topic in self._topics.items() if self._is_due(topic, is_beat)}
        if not due:
            return
        try:
            found = read_together(self._ask, {one: topic.source.read() for one, topic in due.items()}, self._failed)
        except KueError as away:
            self._tell({}, {"available": False, "detail": str(away)})
        else:
            states = {due[one].state: values for one, values in found.items()}
            self._failing.difference_update(found)
            self._tell(states, {"available": True, "detail": None})

    def _is_due(self, topic: Topic, is_beat: bool) -> bool:
        return not topic.state.changed_at or (is_beat and self._beat % topic.source.every == 0)

    def _tell(self, found: Mapping[State, Mapping[str, Any]], redis: Mapping[str, Any]) -> None:
        """Take over what was read, and wake the streams that have news. An outage is told once, in its first form."""
        with self._lock:
            if self._is_available != redis["available"]:
                self._is_available = redis["available"]
                self._redis.update(redis, self.readings)
            for state, values in found.items():
                state.update(values, self.readings)
            streams = [stream for stream in self._streams if stream.has_news]
        for stream in streams:
            stream.wake()

    def _failed(self, key: Followed, problem: Exception) -> None:
        """A source met what it should have known. Its topic stays as it is; the others go on."""
        if key not in self._failing:
            self._failing.add(key)
            logger.error("a topic of the live stream cannot be read: %s", key, exc_info=problem)
