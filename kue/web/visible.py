"""Makes text from Redis safe to look at: what is invisible, or changes the order of what is read, is shown as its code.

This has nothing to do with HTML, which the templates escape.
"""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SUSPECT = re.compile(r"[^\x20-\x7e]")
_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji need these inside a word
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_OTHER_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def one_line(text: str) -> str:
    """A text for a place of one line: a break is ⏎, a tab a space."""
    return visible(re.sub(r"\r\n|\r|\n", "⏎", text).replace("\t", " "))


def log_line(text: str) -> str:
    """A line of a log. The colours of terminals are dropped."""
    return visible(_OTHER_ESCAPES.sub("", _COLOUR.sub("", text)))


def visible(text: str) -> str:
    """A text with its line breaks and tabs, all else that is invisible as its code, such as U+202E."""
    return _SUSPECT.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\n\t" or (character in _JOINERS and _joins(found)):
        return character
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return f"\u27e8U+{ord(character):04X}\u27e9"


def _joins(found: re.Match[str]) -> bool:
    """Whether a joiner stands between two characters that it can join: none of them is ASCII or at an end."""
    text, at = found.string, found.start()
    return 0 < at < len(text) - 1 and not text[at - 1].isascii() and not text[at + 1].isascii()
