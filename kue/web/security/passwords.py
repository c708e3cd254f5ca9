"""Users with passwords, for HTTP's basic authentication, and a brake on guessing.

The brake counts the wrong passwords of each address in the last minute. It keeps the addresses of some thousand
guessers at most, those that guessed last.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping

from starlette.requests import Request

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.web.refused import Refused
from kue.web.security.access import PERMISSIONS, READING, Access

_MAX_WRONG = 10
_WINDOW_SECONDS = 60.0
_MAX_ADDRESSES = 4096
_HOUSEHOLD_BITS = 64  # a client can take any of the addresses behind these bits
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="kue", charset="UTF-8"'}


class Passwords:
    """Users by name and password. `clock` gives seconds that never go back."""

    def __init__(self, users: Iterable[tuple[str, str, Access]], clock: Callable[[], float] = time.monotonic) -> None:
        self._users = [(f"{name}:{password}".encode(), access) for name, password, access in users]
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def __call__(self, request: Request) -> Access:
        """What the user of a request may do. Raises `Refused`: 401 without the right password, 429 after ten wrong."""
        given = _credentials(request.headers.get("authorization", ""))
        if given is None:
            raise Refused(401, "a user name and a password are needed", _CHALLENGE)
        address = _guesser(request.client.host if request.client else "")
        wait = self._wait(address)
        if wait > 0:
            raise Refused(
                429, f"too many wrong passwords; try again in {wait:.0f} s", {"Retry-After": str(int(wait) + 1)}
            )
        found = None
        for credentials, access in self._users:  # all of them, so that the time tells nothing
            if hmac.compare_digest(credentials, given):
                found = access
        if found is None:
            self._note_wrong(address)
            raise Refused(401, "the user name or the password is wrong", _CHALLENGE)
        return found

    def _wait(self, address: str) -> float:
        """For how many seconds an address has to wait."""
        moments = self._wrong.get(address)
        if not moments or len(moments) < _MAX_WRONG:
            return 0
        return moments[0] + _WINDOW_SECONDS - self._clock()

    def _note_wrong(self, address: str) -> None:
        self._wrong.setdefault(address, deque(maxlen=_MAX_WRONG)).append(self._clock())
        self._wrong.move_to_end(address)
        if len(self._wrong) > _MAX_ADDRESSES:
            self._wrong.popitem(last=False)


def _guesser(address: str) -> str:
    """Whose guesses are counted together: those of an address, or of a network of IPv6, which is one household's."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:  # a server that listens on IPv6 gives the addresses of IPv4 so
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _HOUSEHOLD_BITS), strict=False))


def read_users(sources: Mapping[str, Iterable[str]], clock: Callable[[], float] = time.monotonic) -> Passwords:
    """Users from sources, by a name for messages: lines `user:password` or `user:password:read`.

    Empty lines and those that begin with # are ignored. Raises `InvalidOption` for a bad line, naming it but never the
    password, and for a source without a user.
    """
    return Passwords([user for source, lines in sources.items() for user in _users_of(source, lines)], clock)


def _users_of(source: str, lines: Iterable[str]) -> list[tuple[str, str, Access]]:
    users = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if not text.strip() or text.startswith("#"):
            continue
        name, *rest = text.split(":")
        if len(rest) not in (1, 2) or not name or not rest[0] or rest[1:] not in ([], ["read"]):
            raise InvalidOption(f"line {number} of {source} must be user:password or user:password:read")
        users.append((name, rest[0], Access(name, READING if rest[1:] else PERMISSIONS)))
    if not users:
        raise InvalidOption(f"there is no user in {source}: give at least one line user:password")
    return users


def read_pair(pair: object) -> Passwords:
    """One user from a pair of name and password. Raises `InvalidOption`."""
    match pair:
        case (str(name), str(password)) if name and password and ":" not in name:
            return Passwords([(name, password, Access(name))])
    raise InvalidOption(f"auth must be a pair of user name and password, not {short_repr(type(pair).__name__)}")


def _credentials(header: str) -> bytes | None:
    """The user name and the password of the header Authorization, with a colon between; None if it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if b":" in decoded else None
