"""Stems of English words: Porter's algorithm (Program 14(3), 1980), as natural 0.2.1 carries it out for Node. Pure.

It differs from the published one in four ways:

- `bli` becomes `ble`, and `logi` becomes `log`, which Porter added later
- a word of one or two letters stays as it is, and a longer one is lower-cased first
- `y` after a consonant is a group of vowels of its own, so the measure of `flyover` is 2.5
- in step 2, a shorter suffix is tried if the measure does not allow the longer one
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MIN_LETTERS = 3
_VOWELS = re.compile(r"[aeiou]+|(?<=[^aeiouy])y")
_ENDS_SHORT = re.compile(r"(?:[^aeiou][aeiou]|[^aeiouy]y)[^aeiouwxy]$")  # consonant, vowel, consonant: `hop`
_DOUBLE_LETTER = re.compile(r"([^aeioulsz])\1$")
_LOSES_E = ("at", "bl", "iz")  # what -ed and -ing took an e from
_PAST = ("ed", "ing")

_Rules = dict[str, list[tuple[str, str]]]


def _rules(text: str) -> _Rules:
    """Pairs of suffix and replacement by the last letter of the suffix, the longest suffix first."""
    rules: _Rules = {}
    pairs = [rule.split("=") for rule in text.split()]
    for suffix, new in sorted(pairs, key=lambda pair: len(pair[0]), reverse=True):
        rules.setdefault(suffix[-1], []).append((suffix, new))
    return rules


_STEP_1A = _rules("s= ss=ss ies=i sses=ss")
_STEP_2 = _rules(
    "eli=e alli=al bli=ble entli=ent ousli=ous aliti=al biliti=ble iviti=ive logi=log alism=al izer=ize ator=ate"
    " enci=ence anci=ance ation=ate ization=ize ational=ate tional=tion fulness=ful iveness=ive ousness=ous"
)
_STEP_3 = _rules("ful= ness= ical=ic iciti=ic icate=ic alize=al ative=")
_STEP_4 = _rules("al= ic= ou= er= ion= ism= iti= ant= ent= ment= ement= ance= ence= able= ible= ate= ive= ize= ous=")


def stem(word: str) -> str:
    """The stem of a word of ASCII letters, digits and underscores."""
    if len(word) < _MIN_LETTERS:
        return word
    word = _without_plural(word.lower())
    word = _without_past(word)
    if word.endswith("y") and _VOWELS.search(word[:-1]):
        word = word[:-1] + "i"
    word = _first_allowed(word, _matching(word, _STEP_2))
    word = _first_allowed(word, _matching(word, _STEP_3))
    return _without_final_letters(_without_ending(word))


def measure(part: str) -> float:
    """How often a group of vowels and one of consonants follow each other; a group without its partner is a half."""
    _, *consonants = _VOWELS.split(part)
    if not consonants:
        return 0
    ends_in_vowel = not consonants[-1]
    return (len(consonants) + sum(map(bool, consonants)) - ends_in_vowel) / 2


def _matching(word: str, rules: _Rules) -> Iterable[tuple[str, str]]:
    """What stands before each suffix that the word has, and what replaces the suffix."""
    return [(word[: -len(suffix)], new) for suffix, new in rules.get(word[-1], ()) if word.endswith(suffix)]


def _first_allowed(word: str, choices: Iterable[tuple[str, str]]) -> str:
    return next((before + new for before, new in choices if measure(before) > 0), word)


def _without_plural(word: str) -> str:
    return next((before + new for before, new in _matching(word, _STEP_1A)), word)


def _without_past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if measure(word[:-3]) > 0 else word
    suffix = next((suffix for suffix in _PAST if word.endswith(suffix)), "")
    before = word.removesuffix(suffix)
    if not suffix or not _VOWELS.search(before):
        return word
    if before.endswith(_LOSES_E):
        return before + "e"
    if _DOUBLE_LETTER.search(before):
        return before[:-1]
    return before + "e" if measure(before) == 1 and _ENDS_SHORT.search(before) else before


def _without_ending(word: str) -> str:
    """Step 4: only the longest suffix counts. `ion` goes only after s and t."""
    for suffix, _ in _STEP_4.get(word[-1], ()):
        if word.endswith(suffix):
            before = word[: -len(suffix)]
            allowed = measure(before) > 1 and (suffix != "ion" or before.endswith(("s", "t")))
            return before if allowed else word
    return word


def _without_final_letters(word: str) -> str:
    if word.endswith("e"):
        groups = measure(word[:-1])
        if groups > 1 or (groups == 1 and not _ENDS_SHORT.search(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and measure(word) > 1 else word
