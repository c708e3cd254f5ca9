"""Schedules as their page shows them: when in words, the next times, and how the last job ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kue.common import strict_json
from kue.errors import InvalidOption, InvalidSchedule
from kue.schedules.schedule import Schedule
from kue.store import codec
from kue.store.schedules import Schedules, StoredSchedule
from kue.web.cron_words import in_words, interval_in_words
from kue.web.read_model.facts import or_else
from kue.web.security.redaction import Redaction
from kue.web.site import Site

MAX_SHOWN = 200
_MAX_WITH_TIMES = 50  # each of their next times takes a moment to be found
_NEXT = 5
_MAX_DATA = 200


@dataclass(frozen=True)
class ScheduleView:
    """One schedule. Times are in ms since the epoch.

    `words` says what `expression` means; "" if there are none. `next_times` are empty if they were not looked for, see
    `has_times`. `last_state` is the state of the last job, "" if it was removed. `data` is its beginning as JSON; None
    if it may not be shown. If `unreadable` says why the schedule cannot be read, nothing else is known but its name.
    """

    name: str
    unreadable: str = ""
    type: str = ""
    expression: str = ""
    words: str = ""
    zone: str = ""
    next_at: int | None = None
    next_times: Sequence[int] = ()
    has_times: bool = False
    last_at: int | None = None
    last_id: int | None = None
    last_state: str = ""
    fired: int = 0
    skipped: int = 0
    overlap: str = ""
    catch_up: str = ""
    paused: bool = False
    data: str | None = None


@dataclass(frozen=True)
class Listing:
    """The schedules of a page, how many were `found` by the text that was looked for, and how many there are."""

    views: Sequence[ScheduleView]
    found: int
    total: int


def read_schedules(site: Site, text: str, *, with_data: bool) -> Listing:
    """The first of the schedules with a text in their name or type, by name."""
    none: dict[str, StoredSchedule] = {}
    stored = or_else(none, lambda: Schedules(site.store).all())
    wanted = text.casefold()
    names = [
        name
        for name, one in sorted(stored.items())
        if wanted in name.casefold() or wanted in codec.text(one.hash.get("job:type", b"")).casefold()
    ]
    read = {name: _read(site, name, stored[name]) for name in names[:MAX_SHOWN]}
    states = _states(site, [one.last_job_id for one in read.values() if isinstance(one, Schedule)])
    with_times = len(names) <= _MAX_WITH_TIMES
    redaction = site.settings.redaction if with_data else None
    views = [
        _view(one, stored[name], states, redaction, with_times=with_times)
        if isinstance(one, Schedule)
        else ScheduleView(name, unreadable=one)
        for name, one in read.items()
    ]
    return Listing(views, len(names), len(stored))


def _read(site: Site, name: str, stored: StoredSchedule) -> Schedule | str:
    """A schedule, or why it cannot be read."""
    try:
        return Schedule(site.queue.runtime, site.queue.job_class, name, stored)
    except (InvalidSchedule, ValueError, LookupError, TypeError) as problem:
        return str(problem)


def _states(site: Site, ids: Sequence[int | None]) -> Mapping[int, str]:
    """The states of some jobs, without those that are gone."""
    known = [id for id in ids if id is not None]
    rows = zip(known, site.store.fields(known, ("state",)), strict=True)
    return {id: codec.text(state) for id, (state,) in rows if state}


def _view(
    schedule: Schedule,
    stored: StoredSchedule,
    states: Mapping[int, str],
    redaction: Redaction | None,
    *,
    with_times: bool,
) -> ScheduleView:
    when, last_id = schedule.when, schedule.last_job_id
    if isinstance(when, timedelta):
        expression, words, zone = "", interval_in_words(when // timedelta(milliseconds=1)), ""
    else:
        expression, words, zone = when, in_words(when) or "", schedule.tz
    return ScheduleView(
        name=schedule.name,
        type=schedule.type,
        expression=expression,
        words=words,
        zone=zone,
        next_at=schedule.next_at,
        next_times=_next_times(schedule) if with_times else (),
        has_times=with_times,
        last_at=schedule.last_at,
        last_id=last_id,
        last_state="" if last_id is None else states.get(last_id, ""),
        fired=schedule.fired,
        skipped=schedule.skipped,
        overlap=codec.text(stored.hash.get("overlap", b"")),
        catch_up=codec.text(stored.hash.get("catch_up", b"")),
        paused=schedule.paused,
        data=None if redaction is None else strict_json.dumps(redaction.apply(schedule.data))[:_MAX_DATA],
    )


def _next_times(schedule: Schedule) -> Sequence[int]:
    """None if this machine does not know the zone, or somebody wrote the schedule by hand."""
    try:
        return [int(time.timestamp() * 1000) for time in schedule.next(_NEXT)]
    except (InvalidSchedule, InvalidOption, ValueError, OverflowError):
        return ()
