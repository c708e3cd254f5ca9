"""What a user may do: permissions, and what an `auth` function returns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kue.common.describe import short_repr
from kue.errors import InvalidOption

PERMISSIONS = ("read", "data", "create", "retry", "cancel", "remove", "pause", "schedule")
"""`read`: counts, lists and jobs; `data`: also their data, results, errors and logs. The others change something."""
READING = frozenset({"read", "data"})


@dataclass(frozen=True)
class Access:
    """What a request may do: every permission, unless some are given. `user` is a name for the log.

    Raises `InvalidOption` if there is no such permission.
    """

    user: str = ""
    permissions: Collection[str] = PERMISSIONS

    def __post_init__(self) -> None:
        given = self.permissions
        chosen = frozenset([given] if isinstance(given, str) else given)
        unknown = sorted(chosen.difference(PERMISSIONS), key=str)
        if unknown:
            raise InvalidOption(f"there is no permission {short_repr(unknown[0])}; there are {', '.join(PERMISSIONS)}")
        object.__setattr__(self, "permissions", chosen)

    def may(self, permission: str) -> bool:
        """Whether it has a permission. One without a name is everybody's."""
        return not permission or permission in self.permissions

    def only_reading(self) -> Access:
        """The same user without the permissions that change something."""
        return Access(self.user, READING.intersection(self.permissions))
