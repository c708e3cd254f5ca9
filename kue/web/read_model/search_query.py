"""Reads what is typed into the search box: an id, words, quoted texts, and fields such as `type:email`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kue.errors import InvalidOption

MAX_CHARACTERS = 1000
MAX_TERMS = 16
_ID = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)
_TERM = re.compile(r'(?:(data\.[^\s:"]+|error|type|worker):)?(?:"([^"]*)(?:"|$)|(\S+))')
_DATA = "data."


@dataclass(frozen=True)
class Query:
    """What a text asks for.

    If `id` is set, it is that job. Else `words` stand alone, `texts` were quoted, and `fields` are paths in the data
    with a text each. `error`, `type` and `worker` are "" if they were not named; of one that comes twice, the last.
    """

    id: int | None = None
    words: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    error: str = ""
    type: str = ""
    worker: str = ""


def read_search(text: str) -> Query:
    """Read a text. Raises `InvalidOption` if it is too long."""
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        raise InvalidOption(f"the text to look for must have at most {MAX_CHARACTERS:,} characters, not {len(text):,}")
    id = _ID.fullmatch(text)
    if id:
        return Query(id=int(id[1]))
    words: list[str] = []
    texts: list[str] = []
    fields: list[tuple[str, str]] = []
    named: dict[str, str] = {}
    terms = _TERM.findall(text)
    if len(terms) > MAX_TERMS:
        raise InvalidOption(f"the text to look for must have at most {MAX_TERMS} words, not {len(terms)}")
    for name, quoted, bare in terms:
        value = quoted or bare
        if not value:
            continue
        if name.startswith(_DATA):
            fields.append((name.removeprefix(_DATA), value))
        elif name:
            named[name] = value
        elif quoted:
            texts.append(value)
        else:
            words.append(value)
    return Query(None, tuple(words), tuple(texts), tuple(fields), **named)
