"""`/api/v1/events`, the live stream, and `/api/v1/live`, the same state once, for clients that have no stream."""

from __future__ import annotations

import logging

from starlette.responses import Response

from kue.web.answers import json_text
from kue.web.call import Call
from kue.web.live.poller import REDIS
from kue.web.live.sending import STREAM_HEADERS, STREAM_TYPE, LiveResponse
from kue.web.live.sources import Followed
from kue.web.live.state import NOTHING, State, with_topic
from kue.web.live.topics import read_topics
from kue.web.read_model.reading import read_together
from kue.web.refused import Refused

logger = logging.getLogger("kue.web")
ASK_EVERY_SECONDS = 5
"""So often a client without a stream should ask."""
_RETRY = {"Retry-After": str(ASK_EVERY_SECONDS)}


def events(call: Call) -> Response:
    """The stream. It is made on the event loop, and waits for nothing."""
    follows = _follows(call)
    if "wsgi_environ" in call.request.scope:  # as a2wsgi has it; each stream would keep a thread of the server
        raise Refused(501, "a WSGI server cannot hold streams open: ask /api/v1/live every few seconds", _RETRY)
    if call.request.method == "HEAD":
        return Response(status_code=200, media_type=STREAM_TYPE, headers=STREAM_HEADERS)
    limits, poller = call.site.settings.limits, call.site.poller
    if len(poller) >= limits.streams:
        raise Refused(503, f"{limits.streams} live streams are open: ask /api/v1/live every few seconds", _RETRY)
    return LiveResponse(poller, follows, limits.stream_seconds)


def live(call: Call) -> Response:
    """What a stream with these topics would send first."""
    follows = _follows(call)
    readers = {name: one.source().read() for name, one in follows.items()}
    found = read_together(call.site.store.ask, readers, _failed)
    redis = State()
    redis.update({"available": True, "detail": None}, 1)
    states = {REDIS: redis}
    for name in filter(found.__contains__, follows):
        states[name] = State()
        states[name].update(found[name], 1)
    written = (with_topic(name, state.since(NOTHING)[0]) for name, state in states.items())
    return json_text(f'{{"events":[{",".join(written)}]}}')


def _follows(call: Call) -> dict[str, Followed]:
    """What is followed, under the names that the client gave. Raises `Refused` (422)."""
    with_data = call.access.may("data")
    topics = read_topics(call.query.get("topics", ""))
    return {name: Followed(call.site, topic, with_data) for name, topic in topics.items()}


def _failed(name: str, problem: Exception) -> None:
    logger.error("the topic %s cannot be read", name, exc_info=problem)
