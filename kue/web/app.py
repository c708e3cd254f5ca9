"""The ASGI app: takes a request through its checks, in order, to its endpoint.

- finds the route, and refuses what is not allowed to
- reads the body, within limits, if the route has one
- calls the endpoint in a thread
- adds the headers that every answer has
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kue.errors import ConnectionFailed, KueError, RedisRefused, ShutdownInProgress
from kue.web import health
from kue.web.answers import as_json
from kue.web.api_v1.problems import problem
from kue.web.body import read_body
from kue.web.call import Call
from kue.web.guard import NO_ACCESS, Guard
from kue.web.pacing import ClientStalled, paced
from kue.web.pages.errors import error_page
from kue.web.refused import Refused
from kue.web.routing import ANSWER_SECONDS, Route, Routes, path_of
from kue.web.site import Site
from kue.web.threads import Threads

logger = logging.getLogger("kue.web")
PROBES_AT_ONCE = 2
# A body of 5 MB takes about two seconds to be read, checked and written as JSON, and more on a busy machine.
_SECONDS_PER_BYTE = 2e-6
_AWAY = (ConnectionFailed, RedisRefused, ShutdownInProgress)


class App:
    """An ASGI app for one queue. It needs no lifespan, which mounted apps do not get."""

    def __init__(self, site: Site, routes: Routes, guard: Guard, pages: Collection[Route]) -> None:
        """`pages` are those routes whose answers are pages, also if they are errors."""
        self.site = site
        self.routes = routes
        self._guard = guard
        self._pages = tuple(pages)
        self._threads = Threads(site.settings.limits.at_once)
        self._threads_for_probes = Threads(PROBES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _accept_lifespan(receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            answer = await self._answer(request)
            for name, value in self._guard.headers(request).items():
                answer.headers.setdefault(name, value)
            try:
                await answer(scope, receive, paced(send))
            except (*_AWAY, ClientStalled) as problem:  # it has begun, so that the server can only close the connection
                logger.warning("the answer to %s %r broke off: %s", request.method, request.url.path, problem)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._carry_out(request)
        except Exception as problem:
            refused, is_away = _refusal(request, problem), isinstance(problem, _AWAY)
        if self._is_for_people(request):
            try:
                return await self._error_page(request, refused, is_away)
            except Exception as problem:
                logger.warning("the page that says %r could not be made: %s", refused.message, problem)
        return _said(request, refused)

    def _is_for_people(self, request: Request) -> bool:
        """Whether an error becomes a page: of an address of a page, or of none, for a client that shows pages."""
        path = path_of(request.scope)
        if "text/html" not in request.headers.get("accept", "") or _is_of_own_api(path):
            return False
        try:
            match = self.routes.match(request.method, path)
        except Refused:
            return True
        return match is None or any(match.route is page for page in self._pages)

    async def _error_page(self, request: Request, refused: Refused, is_away: bool) -> Response:
        """The page of an error. One that asks nothing of Redis needs no thread."""
        call = Call(self.site, request, {}, getattr(request.state, "access", NO_ACCESS))
        make = partial(error_page, call, refused, is_away=is_away)
        return make() if refused.status == 503 else await self._threads.run(make, ANSWER_SECONDS)

    async def _carry_out(self, request: Request) -> Response:
        path = path_of(request.scope)
        match = self.routes.match(request.method, path)
        access = await self._guard.admit(request, match and match.route)
        if match is None:
            return self._no_route(request, path)
        route, call = match.route, Call(self.site, request, match.params, access)
        if not route.permission:
            return await self._probe(route, call)
        self._refuse_if_shut_down()
        if not route.waits:
            return route.endpoint(call)
        if route.has_body:
            call = replace(call, body=await read_body(request, self.site.settings.limits))
        seconds = route.seconds + len(call.body) * _SECONDS_PER_BYTE
        return await self._threads.run(partial(route.endpoint, call), seconds, call.given_up)

    async def _probe(self, route: Route, call: Call) -> Response:
        """The answer to a probe. It has a thread and a connection even if other requests fill all places."""
        try:
            self._refuse_if_shut_down()
            return await self._threads_for_probes.run(partial(route.endpoint, call), route.seconds)
        except (KueError, Refused):
            return health.not_ok()

    def _refuse_if_shut_down(self) -> None:
        if self.site.queue.is_shut_down:
            self.site.store.connections.close()
            raise ShutdownInProgress("the queue of this app is shut down")

    def _no_route(self, request: Request, path: str) -> Response:
        methods = self.routes.methods(path)
        if request.method == "OPTIONS" and methods:
            allowed = ",".join(methods)
            return Response(allowed, 200, {"Allow": allowed}, "text/html; charset=utf-8")
        if methods and (request.method == "HEAD" or _is_of_own_api(path)):
            raise Refused(405, f"{request.method} is not for this address", {"Allow": ", ".join(methods)})
        raise Refused(404, f"there is no {request.method} {path}")


def _refusal(request: Request, problem: Exception) -> Refused:
    """What a client is told of what went wrong. What was not foreseen is logged."""
    if isinstance(problem, Refused):
        return problem
    if isinstance(problem, _AWAY):
        return Refused(503, str(problem), {"Retry-After": "1"})
    number = uuid.uuid4().hex
    logger.error("error %s: %s %r failed", number, request.method, request.url.path, exc_info=problem)
    return Refused(500, f"an error in the server, which its log has under {number}")


def _said(request: Request, refused: Refused) -> Response:
    """A refusal in the form of the API that was asked: a problem, or Kue's object with an error."""
    if _is_of_own_api(path_of(request.scope)):
        return problem(refused)
    return as_json({"error": refused.message, **refused.details}, refused.status, refused.headers)


def _is_of_own_api(path: str) -> bool:
    return path.lower().startswith("/api/")


async def _accept_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
