"""What an endpoint is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request

from kue.common.flag import Flag
from kue.web.refused import Refused
from kue.web.security.access import Access

if TYPE_CHECKING:
    from kue.web.site import Site


@dataclass(frozen=True)
class Call:
    """A request that may be carried out: what was asked for, by whom, and the body.

    `given_up` is set when the client is told that there is no answer, while the endpoint goes on.
    """

    site: Site
    request: Request
    params: Mapping[str, str]
    access: Access
    body: bytes = b""
    given_up: Flag = field(default_factory=Flag, repr=False, compare=False)

    def check_time(self) -> None:
        """Raise `Refused` if the client was told that there is no answer, so that nothing should be done any more."""
        if self.given_up.is_set():
            raise Refused(503, "the client no longer waits for an answer")

    def address(self, path: str) -> str:
        """The address of a path of this app as clients see it, with the prefix under which it is mounted."""
        return quote(self.request.scope.get("root_path", "")) + path

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters behind the `?`; of one that comes twice, the last."""
        return self.request.query_params
