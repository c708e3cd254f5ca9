"""Shows JSON as a tree: keys in their order and numbers digit for digit, as they are stored.

It reads the stored text itself, since a value of Python has lost the order of equal keys and the digits of numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from kue.common import strict_json
from kue.store import codec
from kue.web.security.redaction import HIDDEN, MAX_DEPTH
from kue.web.words import exact_count, plural

OPEN_LEVELS = 3
FOLDED_ITEMS, FOLDED_CHARACTERS = 50, 500
"""A list with more items, and a string with more characters, is folded."""
MAX_STEPS = 2000
MAX_SHOWN_DEPTH = 100
_FIRST_CHARACTERS = 80  # of a folded string


class _Number(str):
    """A number as it is written."""


class _Pairs(list[tuple[str, Any]]):
    """An object with its keys in order."""


class _Hidden:
    """A value that is not to be seen."""


class Step(NamedTuple):
    """One step of a walk through a tree.

    - `kind`: "open" and "close" of an object or a list; a leaf: "string", "long" (a folded string), "number", "word"
      (true, false, null, {} and []), "hidden", or "rest" for what is not shown
    - `key`: the key in an object, as JSON; "" if there is none
    - `text`: a leaf as JSON; of "open" and "close" the bracket; of "long" the whole string
    - `size`: of what can be folded, in words; of "long" it stands behind `start`, the first characters
    - `is_open`: of "open", whether it is not folded at first
    - `comma`: whether something follows
    """

    kind: str
    text: str
    key: str = ""
    size: str = ""
    start: str = ""
    is_open: bool = False
    comma: bool = False


@dataclass(frozen=True)
class Tree:
    """A JSON value to look at.

    `text` is the JSON that may be copied: the stored text, or if something in it is hidden, the same with "hidden" in
    its place.
    """

    steps: Sequence[Step]
    text: str
    hides: bool
    _value: Any

    def written(self, indent: str, words: dict[str, str], quoted: Callable[[str], str]) -> str:
        """The value in another language, with its own `words` for true, false and null, and its own strings."""
        return _written(self._value, indent, words, quoted, "\n")


def read_tree(text: str, hides: Callable[[str], bool]) -> Tree:
    """The tree of a JSON text, without the values of keys that are hidden. Raises `ValueError` if it is not JSON."""
    hidden: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> _Pairs:
        hidden.extend(key for key, _ in found if hides(key))
        return _Pairs((key, _Hidden() if hides(key) else value) for key, value in found)

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
        )
        is_deep = text.count("[") + text.count("{") > MAX_DEPTH
        value, is_cut = _cut(value, 0) if is_deep else (value, False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    walk = _Walk()
    walk.add(value)
    is_changed = bool(hidden) or is_cut
    return Tree(walk.steps, _compact(value) if is_changed else text, is_changed, value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _cut(value: Any, depth: int) -> tuple[Any, bool]:
    """The value with what is nested too deeply hidden, as in the API; and whether anything is."""
    if depth > MAX_DEPTH:
        return _Hidden(), True
    if isinstance(value, _Pairs):
        items = [(key, _cut(item, depth + 1)) for key, item in value]
        return _Pairs((key, item) for key, (item, _) in items), any(is_cut for _, (_, is_cut) in items)
    if isinstance(value, list):
        found = [_cut(item, depth + 1) for item in value]
        return [item for item, _ in found], any(is_cut for _, is_cut in found)
    return value, False


class _Walk:
    """Collects the steps through a value, the first of them if there are very many."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, value: Any, key: str = "", depth: int = 0, comma: bool = False) -> None:
        if not isinstance(value, list) or not value:
            self.steps.append(_leaf(value, key, comma))
        elif depth >= MAX_SHOWN_DEPTH:
            self.steps.append(Step("rest", f"nested more than {MAX_SHOWN_DEPTH} deep", key, comma=comma))
        elif isinstance(value, _Pairs):
            items = ((json_string(name), item) for name, item in value)
            self._add_all("{}", items, key, plural(len(value), "key"), len(value), depth, comma)
        else:
            self._add_all(
                "[]", (("", item) for item in value), key, plural(len(value), "item"), len(value), depth, comma
            )

    def _add_all(
        self, brackets: str, items: Iterator[tuple[str, Any]], key: str, size: str, count: int, depth: int, comma: bool
    ) -> None:
        is_open = depth < OPEN_LEVELS and (brackets == "{}" or count <= FOLDED_ITEMS)
        self.steps.append(Step("open", brackets[0], key, size, is_open=is_open))
        for place, (name, item) in enumerate(items):
            if len(self.steps) >= MAX_STEPS:
                self.steps.append(Step("rest", f"{exact_count(count - place)} more not shown"))
                break
            self.add(item, name, depth + 1, place < count - 1)
        self.steps.append(Step("close", brackets[1], comma=comma))


def _leaf(value: Any, key: str, comma: bool) -> Step:
    if isinstance(value, _Hidden):
        return Step("hidden", HIDDEN, key, comma=comma)
    written = _compact(value)
    if isinstance(value, _Number):
        return Step("number", written, key, comma=comma)
    if not isinstance(value, str):
        return Step("word", written, key, comma=comma)
    if len(value) <= FOLDED_CHARACTERS:
        return Step("string", written, key, comma=comma)
    start = json_string(value[:_FIRST_CHARACTERS])[:-1]
    return Step("long", written, key, plural(len(value), "character"), start, comma=comma)


def _compact(value: Any) -> str:
    return _written(value, "", {}, json_string, "")


def json_string(text: str) -> str:
    """A string as JSON. Half a surrogate pair, which UTF-8 cannot hold, is escaped."""
    return codec.text(codec.text_bytes(strict_json.dumps(text)))


def _written(value: Any, indent: str, words: dict[str, str], quoted: Callable[[str], str], line: str) -> str:
    """The value as text. `line` is the break with the indent of the place, "" to write all in one line."""
    if isinstance(value, _Hidden):
        return quoted(HIDDEN)
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if not isinstance(value, list):
        word = strict_json.dumps(value)
        return words.get(word, word)
    inner, colon = (line + indent, ": ") if line else ("", ":")
    if isinstance(value, _Pairs):
        items = [quoted(key) + colon + _written(item, indent, words, quoted, inner) for key, item in value]
        first, last = "{", "}"
    else:
        items = [_written(item, indent, words, quoted, inner) for item in value]
        first, last = "[", "]"
    return f"{first}{inner}{f',{inner}'.join(items)}{line}{last}" if items else first + last
