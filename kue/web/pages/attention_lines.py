"""The lines of what needs attention as the overview shows them: each with its evidence and what helps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kue.web.call import Call
from kue.web.pages.lists_of import list_address
from kue.web.pages.overview_view import View
from kue.web.read_model.failures import Group, blanked

Row = Mapping[str, Any]


class Help(NamedTuple):
    """What a line offers: a link with a `verb`, or a form, which may have `ids`."""

    verb: str
    address: str
    is_form: bool = False
    ids: str = ""


_LEADS = {
    "no_worker": ("Show workers", "/workers"),
    "lost": ("Show workers", "/workers"),
    "late": ("Show schedules", "/schedules"),
}


def with_help(call: Call, view: View, lines: Iterable[Row]) -> list[dict[str, Any]]:
    """Each line with its `help`: None if a page can offer none, or the user may not do it."""
    return [{**line, "help": _help(call, view, line)} for line in lines]


def _help(call: Call, view: View, line: Row) -> Help | None:
    kind, type = line["kind"], line["type"]
    if kind in _LEADS:
        return Help(*_LEADS[kind])
    if kind == "waits":
        return Help("Show jobs", list_address("/inactive", type=type))
    if kind == "failures":
        return _retry(call, line) or Help("Show failures", "/failures")
    if kind == "paused" and call.access.may("pause"):
        address = "/types/resume" if type is None else view.action("/types/resume", type)
        return Help("Resume", address, is_form=True)
    return None


def _retry(call: Call, line: Row) -> Help | None:
    """Queue the jobs again that failed with the commonest message."""
    if line["message"] is None or not call.access.may("retry"):
        return None
    key = blanked(line["message"])
    group: Group | None = next((one for one in call.site.facts.failures() if one.key == key), None)
    if group is None:
        return None
    return Help(f"Retry {group.count:,}", "/failures/retry", is_form=True, ids=" ".join(map(str, group.ids)))
