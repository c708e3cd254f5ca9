"""Finds out what a request may do, by whatever was given as `auth`: a pair, a function, or `open_access`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.web.refused import Refused
from kue.web.security.access import Access
from kue.web.security.passwords import Passwords, read_pair

Verdict = Access | bool | None
AuthFunction = Callable[[Request], Verdict | Awaitable[Verdict]]
Auth = tuple[str, str] | AuthFunction
_FORMS = "a pair (user, password), a function of the request that returns kue.web.Access or a bool, or open_access"


def open_access(request: Request) -> Access:
    """Lets everybody do everything. Give it as `auth` only where other means keep strangers away."""
    return Access()


class Authentication:
    """Asks `auth` about each request. Raises `InvalidOption` if it is none of the forms."""

    def __init__(self, auth: Auth) -> None:
        if isinstance(auth, tuple):
            self._function: AuthFunction = read_pair(auth)
        elif callable(auth):
            self._function = auth
        else:
            raise InvalidOption(f"auth must be {_FORMS}, not {short_repr(auth)}")
        self.is_open = auth is open_access
        self.has_passwords = isinstance(self._function, Passwords)
        self._is_async = inspect.iscoroutinefunction(auth) or inspect.iscoroutinefunction(
            getattr(auth, "__call__", None)  # noqa: B004 (an object whose call is a coroutine function)
        )

    async def access(self, request: Request) -> Access:
        """What a request may do. Raises `Refused` (401, 403 or 429)."""
        if self.has_passwords or self.is_open:
            verdict: object = self._function(request)
        elif self._is_async:
            verdict = self._function(request)
        else:  # it may wait for a database
            verdict = await run_in_threadpool(self._function, request)
        if inspect.isawaitable(verdict):
            verdict = await verdict
        if isinstance(verdict, Access):
            return verdict
        if verdict is True:
            return Access()
        if verdict is False or verdict is None:
            raise Refused(403, "you may not see this")
        raise InvalidOption(f"auth must return kue.web.Access, True or False, not {short_repr(verdict)}")
