"""Why a command cannot go on."""

from __future__ import annotations


class CommandError(Exception):
    """One line for the user, and the exit code: 2 where the command was given wrongly, 1 where it went wrong."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code
