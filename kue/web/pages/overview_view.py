"""What of the overview is shown: the range and type of the charts, the order of the types, and a text in their names.

All of it stands in the address, so that a view can be kept and shared.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from kue.web.call import Call
from kue.web.pages.lists_of import list_address
from kue.web.read_model.history import RANGES, Range
from kue.web.read_model.type_table import ORDERS, TROUBLE
from kue.web.refused import Refused

_MAX_SHOWN = 40


@dataclass(frozen=True)
class View:
    """A view. `type` is that of the charts, "" for all; `sort` orders the table of types, `find` is in their names."""

    range: str = "1h"
    type: str = ""
    sort: str = TROUBLE
    find: str = ""

    @classmethod
    def of(cls, call: Call) -> View:
        """The view that an address names. Raises `Refused` (422) for a range or an order that does not exist."""
        view = cls(**{field.name: call.query[field.name] for field in fields(cls) if field.name in call.query})
        for name, value, known in (("range", view.range, RANGES), ("sort", view.sort, ORDERS)):
            if value not in known:
                raise Refused(422, f"there is no {name} {value[:_MAX_SHOWN]!r}; there are {', '.join(known)}")
        return view

    @property
    def chosen(self) -> Range:
        return RANGES[self.range]

    def address(self, **changes: str) -> str:
        """The address of this view, or of one that differs in something, below the prefix of the app."""
        return list_address("/", **self.differences(**changes))

    def action(self, path: str, type: str) -> str:
        """The address of an action on a type, which leads back to this view."""
        return list_address(path, of=type, **self.differences())

    def differences(self, **changes: str) -> dict[str, str]:
        """What differs from the view that is shown without any parameter."""
        values = {"range": self.range, "type": self.type, "sort": self.sort, "find": self.find} | changes
        return {name: value for name, value in values.items() if value != getattr(_PLAIN, name)}


_PLAIN = View()
