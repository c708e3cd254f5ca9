"""Where the values of each topic come from: a source for each kind, which reads them together with all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kue.options.values import ALL_TYPES
from kue.store.keys import ids_of
from kue.web.live import topics
from kue.web.live.job_source import JobSource
from kue.web.live.poller import Source
from kue.web.live.topics import Topic
from kue.web.read_model import attention
from kue.web.read_model.counts import CountsReader
from kue.web.read_model.job_list import NEXT
from kue.web.read_model.job_rows import JobRows
from kue.web.read_model.job_view import JobViews
from kue.web.read_model.overview import OverviewReader
from kue.web.read_model.reading import Reader
from kue.web.site import Site

Values = Mapping[str, Any]
PAGE = 100
"""So many jobs a list has at its beginning."""
_MAX_CHECKED = 20
_ROWS_EVERY = 2
_LOOK_AGAIN_EVERY = 30


class Followed(NamedTuple):
    """A topic as some clients see it: of which app, and whether with data."""

    site: Site
    topic: Topic
    with_data: bool

    def __str__(self) -> str:
        return str(self.topic)

    def source(self) -> Source:
        """A new source of its values."""
        site, topic, with_data = self
        if topic.kind == topics.JOB:
            return JobSource(site, topic.ids[0], with_data=with_data)
        if topic.kind == topics.JOBS:
            return JobsSource(site, topic.ids, with_data=with_data)
        if topic.kind == topics.ROWS:
            return RowsSource(site, topic, with_data=with_data)
        if topic.kind == topics.ATTENTION:
            return AttentionSource(site, with_data=with_data)
        return CountsSource(site) if topic.kind == topics.COUNTS else TypesSource(site)


class CountsSource:
    """How many jobs are in each state, and what else is said of all of them."""

    every = 1

    def __init__(self, site: Site) -> None:
        self.read = CountsReader(site.facts).read


class TypesSource:
    """The row of each type under its name."""

    every = 1

    def __init__(self, site: Site) -> None:
        self._overview = OverviewReader(site.facts)

    def read(self) -> Reader[Values]:
        found = yield from self._overview.types()
        return {type.name: type.row() for type in found}


class AttentionSource:
    """What needs attention, as a list under `lines`; and what is said if nothing does."""

    every = 1

    def __init__(self, site: Site, *, with_data: bool) -> None:
        self._site = site
        self._with_data = with_data
        self._overview = OverviewReader(site.facts)
        self._readings = 0

    def read(self) -> Reader[Values]:
        facts, limits = self._site.facts, self._site.settings.thresholds
        all_types, types = yield from self._overview.everything()
        if self._readings % _LOOK_AGAIN_EVERY == 0:
            self._look_again()
        self._readings += 1
        now = facts.now()
        idle = [type for type in types if type.counts["active"] and attention.may_lack_workers(type, now, limits)]
        many_fail = any(attention.many_fail(type, limits) for type in types)
        seen = attention.Seen(
            now=now,
            all_types=all_types,
            types=types,
            abandoned={type.name for type in idle if facts.is_abandoned(type.name)},
            processes=facts.processes(),
            late_schedules=facts.late_schedules(int(limits.late)),
            failures=facts.failures() if many_fail and self._with_data else (),
            server=facts.server(),
            unreadable=len(self._site.unreadable),
        )
        lines = [line.as_dict() for line in attention.lines(seen, limits, with_data=self._with_data)]
        failed = facts.lately([ALL_TYPES])[ALL_TYPES].failed
        return {"lines": lines, "waiting_since": all_types.waiting_since, "failed_lately": failed}

    def _look_again(self) -> None:
        """Whether the jobs that could not be read are still there, and still cannot."""
        ids = self._site.unreadable.some(_MAX_CHECKED)
        views = JobViews(self._site)
        for id, found in zip(ids, self._site.store.hashes(ids), strict=True):
            if found is None:
                self._site.unreadable.forget(id)
            else:
                views.view(id, found, with_data=False)


class JobsSource:
    """The row of each of some jobs under its id; null if there is no such job."""

    every = _ROWS_EVERY

    def __init__(self, site: Site, ids: tuple[int, ...], *, with_data: bool) -> None:
        self._ids = ids
        self._rows = JobRows(site.facts.commands, JobViews(site), with_data=with_data)

    def read(self) -> Reader[Values]:
        asked = self._rows.look()
        return (yield from self._rows.read(self._ids, (yield asked) if asked else ()))


class RowsSource:
    """The beginning of a list: its size as `total`, the ids as `first`, and the row of each of these under its id."""

    every = _ROWS_EVERY

    def __init__(self, site: Site, topic: Topic, *, with_data: bool) -> None:
        self._commands = site.facts.commands
        self._topic = topic
        self._rows = JobRows(site.facts.commands, JobViews(site), with_data=with_data)

    def read(self) -> Reader[Values]:
        total, page, *looks = yield [*self._page(), *self._rows.look()]
        ids = self._ids(page)
        rows = yield from self._rows.read(ids or (), looks)
        return {"total": total if isinstance(total, int) else None, "first": ids, **rows}

    def _page(self) -> list[Any]:
        state, type, order = self._topic.state, self._topic.type, self._topic.order
        counted = self._commands.count(state or None, type or None)
        if order == NEXT:
            return [counted, self._commands.first_by_score(state, type, PAGE)]
        return [counted, self._commands.ids_by_age(state, type, order, PAGE)]

    def _ids(self, page: Any) -> list[int] | None:
        """The ids of a page; None if there is no such order, or the key holds something else."""
        if not isinstance(page, list):
            return None
        if self._topic.order == NEXT:
            return ids_of(page)
        total, *members = page
        return None if total < 0 else ids_of(members)
