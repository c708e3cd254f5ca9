"""What Redis said when it refused a command: its own text, with the code, and without the place in a script."""

from __future__ import annotations

import re
from collections.abc import Callable

from redis.exceptions import ResponseError

_AS_SENT = "as_sent"
_BEFORE_7 = re.compile(r"^ERR Error running script \(call to f_[0-9a-f]{40}\): (?:@\w+: ?\d+: )+")
_SINCE_7 = re.compile(r" script: (?:[0-9a-f]{40}, )?on @\w+:\d+\.?$")  # Valkey names no script


def keeping_text(parse: Callable[[str], Exception]) -> Callable[[str], Exception]:
    """The function of redis-py that makes an exception of an error reply, which removes some codes from the text.

    Its exceptions keep the reply as it was sent, for `reply_text`.
    """

    def made(text: str) -> Exception:
        error = parse(text)
        setattr(error, _AS_SENT, text)
        return error

    return made


def reply_text(error: BaseException) -> str:
    """What Redis said, such as `OOM command not allowed when used memory > 'maxmemory'.`"""
    sent = str(getattr(error, _AS_SENT, error))
    return _SINCE_7.sub("", _BEFORE_7.sub("", sent).removeprefix("-"))


def add_to_text(error: BaseException, more: str) -> None:
    """Add to what an error reply says, such as what was asked."""
    text = reply_text(error)
    error.args = (f"{error}{more}",)
    setattr(error, _AS_SENT, f"{text}{more}")


def is_wrong_kind(reply: object) -> bool:
    """Whether a reply is the error that a key holds another kind of value than the command is for."""
    return isinstance(reply, ResponseError) and reply_text(reply).startswith("WRONGTYPE")
