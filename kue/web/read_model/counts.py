"""The figures of the whole queue that stand in the frame of every page, which the live topic `counts` has as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kue.web.read_model.facts import Facts
from kue.web.read_model.overview import OverviewReader
from kue.web.read_model.reading import Reader


class CountsReader:
    """Reads how many jobs are in each state, and what else is said of all of them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._overview = OverviewReader(facts)

    def read(self) -> Reader[Mapping[str, Any]]:
        """The figures. They are kept as the last that are known, for the time in which Redis does not answer."""
        found, next_due, schedules = yield from self._overview.all_types()
        row = found.row()
        del row["limit"]
        processes = self._facts.processes()
        working = None if processes is None else [one for one in processes if one.lost is None]
        figures = {
            **row.pop("counts"),
            **row,
            "busy": None if working is None else sum(one.busy or 0 for one in working),
            "next_due": next_due,
            "failed_lately": found.lately.failed,
            "workers": None if working is None else len(working),
            "schedules": schedules,
            "node_seen": self._facts.node_seen(),
            "observed": self._facts.observed(),
        }
        self._facts.last_figures = self._facts.now(), figures
        return figures
