"""Codes of how English words sound: Metaphone (Lawrence Philips, 1990), as natural 0.2.1 carries it out. Pure.

The order of the rules is part of the format: what one rule leaves is what the next one reads. Digits and underscores
stay. A word such as `yy` has the empty code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from operator import itemgetter, methodcaller

_ALL, _FIRST = -1, 1  # how many places a rule without a pattern changes

_New = str | Callable[[re.Match[str]], str]
_Rule = tuple[str, Callable[[str], str]]  # letters that a word must have for the rule, and what it does to the word


def _letters(letters: str, new: str, count: int = _ALL) -> _Rule:
    return letters, methodcaller("replace", letters, new, count)


def _pattern(letters: str, pattern: str, new: _New) -> _Rule:
    return letters, partial(re.compile(pattern).sub, new)


# If a pattern takes in the letter before or behind the place, two places must not share that letter. What is new there
# is a function then: Python 3.11 fills in templates such as `\1` slowly.
_RULES = (
    _pattern("", r"([^c])\1", itemgetter(1)),
    _pattern("", r"^(?:[gkp](?=n)|a(?=e)|w(?=r))", ""),
    _pattern("mb", r"mb$", "m"),
    _letters("ck", "k"),
    _pattern("ch", r"(^|[^s])ch", lambda match: match[1] + "xh"),
    _pattern("c", r"c(?=[eiy])", "s"),
    _letters("c", "k"),
    _pattern("dg", r"d(?=g[eiy])", "j"),
    _letters("d", "t"),
    _pattern("gh", r"gh([^aeiou])", lambda match: "h" + match[1]),
    _pattern("gn", r"g(?=n(?:ed)?$)", ""),
    _letters("gh", "f"),
    _pattern("g", r"(^|[^g])g([eiy])", lambda match: f"{match[1]}j{match[2]}"),
    _letters("gg", "g"),
    _letters("g", "k"),
    _pattern("h", r"(?<=[aeiou])h(?![aeiou])", ""),
    _letters("ph", "f"),
    _letters("q", "k"),
    _pattern("s", r"s(?=h|i[ao])", "x"),
    _pattern("x", r"^x", "s"),
    _letters("x", "ks"),
    _pattern("ti", r"t(?=i[ao])", "x"),
    _letters("th", "0", _FIRST),
    _letters("v", "f"),
    _pattern("wh", r"^wh", "w"),
    _pattern("w", r"w([^aeiou]|$)", itemgetter(1)),
    _pattern("y", r"y([^aeiou]|$)", itemgetter(1)),
    _letters("z", "s", _FIRST),
    _pattern("", r"(?<!^)[aeiou]", ""),
)


def sound_code(word: str) -> str:
    """The code of a word of ASCII letters, digits and underscores, in capitals."""
    word = word.lower()
    for letters, change in _RULES:
        if letters in word:
            word = change(word)
    return word.upper()
