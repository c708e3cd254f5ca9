"""The rows of a list of jobs: what is shown of each in one line. Of large values no more is read than is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kue.common import strict_json
from kue.store.job_hash import JobHash
from kue.store.live import LiveCommands
from kue.web.read_model.job_view import JobViews
from kue.web.site import Site

MAX_CHARACTERS = 200
"""A title, an error and a result are cut behind so many."""
MAX_VALUE = 256 * 1024
"""A longer value of a job is not read: its size is shown instead."""
MAX_BYTES = 2_000_000
"""So much is read of the values of all rows together. Of those that come behind, the size is shown."""
_LONG = ("data", "error", "result")
_SHORT = tuple(name for name in JobHash._fields if name not in (*_LONG, "progress_data", "py_runs"))

Row = Mapping[str, Any]


def list_rows(site: Site, ids: Sequence[int], *, with_data: bool, with_results: bool) -> list[Row]:
    """A row for each job, in the same order; those that are gone are left out.

    A row has the fields of a job view without data, result, progress data and runs. Besides it has:

    - `title`: `data.title`, or else the data in one line; None if it is not shown
    - `error` and `result`: one line each, or None
    - `sizes`: how long a value is, in bytes, that was not read
    """
    commands = LiveCommands(site.store.keys)
    long = [name for name in _LONG if with_data and (name != "result" or with_results)]
    asked = [command for id in ids for command in (commands.fields(id, _SHORT), *commands.lengths(id, long))]
    replies = iter(site.store.ask(asked))
    looks = [(id, next(replies), [next(replies) for _ in long]) for id in ids]
    chosen, budget = [], MAX_BYTES
    for id, short, lengths in looks:
        names = []
        for name, length in zip(long, lengths, strict=True):
            if isinstance(length, int) and 0 < length <= min(MAX_VALUE, budget):
                budget -= length
                names.append(name)
        chosen.append((id, short, dict(zip(long, lengths, strict=True)), names))
    values = iter(site.store.ask([commands.fields(id, names) for id, _, _, names in chosen if names]))
    rows = []
    views = JobViews(site)
    for id, short, sizes, names in chosen:
        found = next(values) if names else []
        if not isinstance(short, list):
            rows.append(_row(views, id, short, {}, with_data))
        elif any(short):
            read = dict(zip(names, found, strict=True)) if isinstance(found, list) else {}
            hash = JobHash(**dict(zip(_SHORT, short, strict=True)), **read)
            left = {name: size for name, size in sizes.items() if name not in names and size}
            rows.append(_row(views, id, hash, left, with_data))
    return rows


def cut(text: str) -> str:
    """A text that is not too long for a list. What was cut off is an ellipsis."""
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _row(views: JobViews, id: int, found: JobHash | Exception | None, sizes: dict[str, int], with_data: bool) -> Row:
    view = views.view(id, found, with_data=with_data)
    data, result, error = view.pop("data"), view.pop("result"), view["error"]
    title = data.get("title") if isinstance(data, dict) else None
    if not isinstance(title, str) or not title.strip():
        title = None
    is_unread = "data" in sizes or (data is None and any("data" in problem for problem in view["unreadable"]))
    view["title"] = None if is_unread or not with_data else _in_one_line(data if title is None else title)
    view["error"] = cut(error.partition("\n")[0]) if isinstance(error, str) else None
    view["result"] = None if result is None else _in_one_line(result)
    view["sizes"] = sizes
    return view


def _in_one_line(value: Any) -> str:
    try:
        return cut(value if isinstance(value, str) else strict_json.dumps(value))
    except (ValueError, RecursionError):
        return "…"
