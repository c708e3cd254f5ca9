"""Reads intervals in English words, as kue-scheduler takes them: "2 minutes", "1 hour and 30 seconds". Pure."""

from __future__ import annotations

import re

from kue.common.describe import short_repr
from kue.errors import InvalidSchedule

UNITS = {"second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
_NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {"a": 1, "an": 1} | {name: number for number, name in enumerate(_NAMES, 1)}
_PART = rf"(?:(\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})\s+)?({'|'.join(UNITS)})s?"
_WORDS = re.compile(rf"{_PART}(?:(?:\s*,\s*|\s+)(?:and\s+)?{_PART})*", re.IGNORECASE)
_EACH_PART = re.compile(rf"\b{_PART}\b", re.IGNORECASE)
_UNEQUAL = re.compile(r"\b(month|year)s?\b", re.IGNORECASE)
_IN, _FROM_NOW = re.compile(r"in\s+", re.IGNORECASE), re.compile(r"\s+from\s+now", re.IGNORECASE)
MAX_CHARACTERS = 200


def read_words(text: str) -> int | None:
    """The interval in ms; None if the text is none. Raises `InvalidSchedule` for months and years."""
    words = text.strip()
    if len(words) > MAX_CHARACTERS:
        return None
    if _WORDS.fullmatch(words):
        return round(sum(_number(number) * UNITS[unit.lower()] for number, unit in _EACH_PART.findall(words)))
    if _UNEQUAL.search(words):
        raise InvalidSchedule(
            f"{short_repr(text)} has no fixed length: write a cron expression, such as '0 0 1 * *' for each month"
        )
    return None


def read_words_from_now(text: str) -> int | None:
    """The same for "in 2 minutes" and "2 minutes from now"."""
    words = text.strip()
    if found := _IN.match(words):
        return read_words(words[found.end() :])
    if words.lower().endswith("now"):
        return read_words(_FROM_NOW.sub("", words))
    return read_words(words)


def _number(text: str) -> float:
    return 1 if not text else _NUMBERS[text.lower()] if text.lower() in _NUMBERS else float(text)
