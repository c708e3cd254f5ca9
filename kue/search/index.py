"""From text to the codes under which Node's index holds it, as reds 0.2.5 makes them for Kue 0.11.6. Pure.

- splits text into words of ASCII letters, digits and underscores, and leaves the stop words out
- counts the stems, and maps each to the code of its sound
- finds the texts that `search_keys` names in the data of a job
- maps the words of a query to codes

`constructor` and `__proto__` are words here. Node fails to index them, since each JavaScript object has them already.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from kue.common import strict_json
from kue.search.javascript import in_key_order, text_of, value_at
from kue.search.sound_codes import sound_code
from kue.search.stems import stem
from kue.search.stop_words import STOP_WORDS

_WORD = re.compile(r"\w+", re.ASCII)
_MAX_CACHED_WORDS = 2**14
_MAX_CACHED_CHARACTERS = 32  # of one word, so that a full cache is a few MB

_cached_stem = lru_cache(_MAX_CACHED_WORDS)(stem)
_cached_code = lru_cache(_MAX_CACHED_WORDS)(sound_code)


def index_text(text: str) -> dict[str, int]:
    """The codes of the words of a text, each with its score.

    The score is how often the word occurs. If words have one code, it is the count of the word that is last in the
    order of JavaScript's keys, since Node writes each over the one before.
    """
    counts: dict[str, int] = {}
    for word, count in Counter(_WORD.findall(text)).items():
        if word not in STOP_WORDS:
            stemmed = _stem(word)
            counts[stemmed] = counts.get(stemmed, 0) + count
    return {_code(stemmed): counts[stemmed] for stemmed in in_key_order(counts)}


def index_data(data: str, search_keys: Iterable[str] | None = None) -> dict[str, int]:
    """The codes of a job's data, which is JSON as it is stored, each with its score.

    Without `search_keys`, all of the JSON is the text. With them, it is what each key names: a string as it is, any
    other value as JSON, and `undefined` for a key that is missing. The score is that of the last key with the code.
    Raises `ValueError` if there are search keys and the data is not JSON.
    """
    if search_keys is None:
        return index_text(data)
    value, codes = strict_json.loads(data), {}
    for key in search_keys:
        codes.update(index_text(text_of(value_at(value, key))))
    return codes


def query_codes(text: str) -> list[str]:
    """The codes of the words of a query, each once, in the order of the words. Empty if it has stop words only."""
    return list(dict.fromkeys(_code(_stem(word)) for word in _WORD.findall(text) if word not in STOP_WORDS))


def _stem(word: str) -> str:
    return _cached_stem(word) if len(word) <= _MAX_CACHED_CHARACTERS else stem(word)


def _code(stemmed: str) -> str:
    return _cached_code(stemmed) if len(stemmed) <= _MAX_CACHED_CHARACTERS else sound_code(stemmed)
