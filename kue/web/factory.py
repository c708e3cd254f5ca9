"""Makes an app from a queue and the settings that a user gives."""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, TypeVar

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.options.values import read_flag
from kue.queue.queue import Queue
from kue.store.pages import Pages
from kue.store.store import Store
from kue.web import health, metrics
from kue.web.api_v1 import routes as api_v1
from kue.web.api_v1.openapi import About, described
from kue.web.app import PROBES_AT_ONCE, App
from kue.web.guard import Guard
from kue.web.kue_api import routes as kue_api
from kue.web.live.poller import Poller
from kue.web.operations import Operations
from kue.web.pages import routes as pages
from kue.web.pages.help import help_of
from kue.web.read_model.facts import Facts
from kue.web.read_model.thresholds import Thresholds
from kue.web.routing import Routes
from kue.web.security.authentication import Auth, Authentication
from kue.web.security.hosts import LOCAL_HOSTS, read_host
from kue.web.security.origins import Origins
from kue.web.security.redaction import DEFAULT, Redaction
from kue.web.security.urls import read_origin, read_root_url
from kue.web.site import Limits, Settings, Site

T = TypeVar("T")
# A page waits for two seconds at most, with a connection that has to be opened first.
_CONNECT_TIMEOUT_MS = 900
_ANSWER_TIMEOUT_MS = 900
_shared: weakref.WeakKeyDictionary[Queue, Shared] = weakref.WeakKeyDictionary()
_left: deque[Store] = deque()


class Shared(NamedTuple):
    """What all apps of a queue share: connections of their own, what is known of the queue, and the live thread."""

    store: Store
    facts: Facts
    poller: Poller


def app(
    queue: Queue,
    *,
    auth: Auth,
    read_only: bool = False,
    title: str = "",
    allowed_hosts: Collection[str] = (),
    allowed_origins: Collection[str] = (),
    root_url: str = "",
    limits: Limits | None = None,
    thresholds: Thresholds | None = None,
    redact: Iterable[str] = DEFAULT,
) -> App:
    """An ASGI app for a queue.

    - `auth` decides who may do what: a pair (user, password); a function of the request, plain or `async`, that returns
      a `kue.web.Access` or a bool; or `kue.web.open_access`. It has no default, so that no server is open by mistake
    - `read_only` takes every permission away but those to read
    - `title` is shown on each page, such as the name of an environment
    - `allowed_hosts` are the host names, besides localhost, that an app with `open_access` may be reached by
    - `allowed_origins` are the origins of other pages that may use the API, such as https://admin.example.com
    - `root_url` is the address at which browsers see the app, if it is behind a proxy; its host is allowed as well
    - `redact` are the keys whose values are hidden in what is shown, though not on the addresses of Kue's own API
    - `limits` are a `kue.web.Limits`, how much one request may ask for
    - `thresholds` are a `kue.web.Thresholds`, from when on something needs attention

    Raises `InvalidOption`.
    """
    if not isinstance(queue, Queue):
        raise InvalidOption(f"queue must be a kue.Queue, not {short_repr(queue)}")
    redaction = Redaction(_texts("redact", redact))
    if not isinstance(title, str):
        raise InvalidOption(f"title must be a string, not {short_repr(title)}")
    bounds = _instance("limits", limits, Limits), redaction, _instance("thresholds", thresholds, Thresholds)
    settings = Settings(title, read_flag("read_only", read_only), *bounds)
    store, facts, poller = shared_of(queue, settings.limits.at_once)
    site = Site(queue, store, Pages(store), settings, Operations(store.clock), facts, poller)
    own = read_root_url(root_url)
    hosts = [*_texts("allowed_hosts", allowed_hosts), *filter(None, [own.partition("//")[2]])]
    origins = [read_origin("allowed_origins", origin) for origin in _texts("allowed_origins", allowed_origins)]
    authentication = Authentication(auth)
    routes_of_own, file = described(api_v1.ROUTES, _about(title, queue, authentication))
    routes = (*kue_api.ROUTES, *routes_of_own, *health.ROUTES, *metrics.ROUTES)
    shown = (*pages.ROUTES, *help_of(routes, file))
    guard = Guard(
        settings,
        authentication,
        Origins(origins, own),
        LOCAL_HOSTS.union(read_host("allowed_hosts", host) for host in hosts),
    )
    return App(site, Routes((*routes, *shown)), guard, shown)  # /jobs/0..5 is Kue's, and no job


def shared_of(queue: Queue, at_once: int) -> Shared:
    """What all apps of a queue share."""
    close_left()
    shared = _shared.get(queue)
    if shared is None or shared.store.connections.closed:
        own = queue.runtime.store
        address = own.connections.address.with_timeouts(_CONNECT_TIMEOUT_MS, _ANSWER_TIMEOUT_MS)
        # A connection for each request and each probe, and one for the poller.
        store = Store.at(address, own.keys.prefix, at_once + PROBES_AT_ONCE + 1)
        shared = _shared[queue] = Shared(store, Facts(store), Poller(store.ask, _is_over(weakref.ref(queue))))
        # A finalizer runs on any thread, in the middle of anything, so it must wait for nothing.
        weakref.finalize(queue, _left.append, store)
    return shared


def close_left() -> None:
    """Close the connections for queue objects that are gone. What is not closed so is after a minute without use."""
    while _left:
        with contextlib.suppress(IndexError):  # another thread was faster
            _left.popleft().connections.close()


def _is_over(reference: weakref.ref[Queue]) -> Callable[[], bool]:
    """Whether a queue is shut down, or gone."""

    def is_over() -> bool:
        queue = reference()
        return queue is None or queue.is_shut_down

    return is_over


def _about(title: str, queue: Queue, authentication: Authentication) -> About:
    modules = dict.fromkeys(("kue", queue.job_class.option_module))
    return About(title or "kue", tuple(modules), authentication.has_passwords, authentication.is_open)


def _instance(name: str, given: T | None, kind: type[T]) -> T:
    """What was given, or the default if that is None."""
    if given is None:
        return kind()
    if not isinstance(given, kind):
        raise InvalidOption(f"{name} must be a kue.web.{kind.__name__}, not {short_repr(given)}")
    return given


def _texts(name: str, given: object) -> list[str]:
    if not isinstance(given, Iterable):
        raise InvalidOption(f"{name} must be a list of exact names, not {short_repr(given)}")
    values = list(given) if not isinstance(given, str) else [given]
    for value in values:
        if not isinstance(value, str) or not value or value == "*":
            raise InvalidOption(f"{name} must be a list of exact names, not {short_repr(value)}")
    return [str(value) for value in values]
