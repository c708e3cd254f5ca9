"""Names as text: the plain text of a name that a program gives."""

from __future__ import annotations


def plain_text(name: str) -> str:
    """The text of a string, whatever its class. `str()` of an Enum that is a string gives the name of its member."""
    return name if type(name) is str else str.__str__(name)
