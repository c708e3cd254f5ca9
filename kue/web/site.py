"""What the endpoints of one app share: its limits and settings, the queue, and the data to read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.options.values import read_number, read_whole
from kue.queue.queue import Queue
from kue.store.pages import Pages
from kue.store.store import Store
from kue.web.live.poller import Poller
from kue.web.operations import Operations
from kue.web.read_model.facts import Facts
from kue.web.read_model.thresholds import Thresholds
from kue.web.read_model.unreadable import Unreadable
from kue.web.security.redaction import Redaction


@dataclass(frozen=True)
class Limits:
    """How much one request may ask for.

    - `body`, `query`, `headers`: the size of these parts of a request in bytes
    - `body_seconds`: the time in which the body has to come
    - `jobs_per_request`: how many jobs one request may create or name
    - `jobs_per_answer`: how many jobs one answer has at most
    - `at_once`: how many requests are worked on at the same time
    - `streams`: how many live streams are open at the same time
    - `stream_seconds`: how long one lasts; then the client has to ask anew, with what proves who it is

    Raises `InvalidOption` for what is no number above 0.
    """

    body: int = 5_000_000
    body_seconds: float = 10.0
    query: int = 8_000
    headers: int = 32_000
    jobs_per_request: int = 1000
    jobs_per_answer: int = 10_000
    at_once: int = 16
    streams: int = 200
    stream_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for row in fields(self):
            given = getattr(self, row.name)
            if isinstance(row.default, int):
                object.__setattr__(self, row.name, read_whole(row.name, given, least=1))
            elif read_number(row.name, given) <= 0:
                raise InvalidOption(f"{row.name} must be more than 0, not {short_repr(given)}")


@dataclass(frozen=True)
class Settings:
    """The settings of one app, as `kue.web.app` takes them."""

    title: str = ""
    read_only: bool = False
    limits: Limits = Limits()
    redaction: Redaction = field(default_factory=Redaction)
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True, eq=False)
class Site:
    """One app. What changes something goes through `queue`.

    `store` and `pages` read, on connections of their own with short time-outs. All apps of a queue share `store`,
    `facts` and `poller`.
    """

    queue: Queue
    store: Store
    pages: Pages
    settings: Settings
    operations: Operations
    facts: Facts
    poller: Poller
    unreadable: Unreadable = field(default_factory=Unreadable)
