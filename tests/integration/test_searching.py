"""`queue.search` where there is no Node: what it takes, and what it makes of an index that others left."""

import itertools
from typing import Any

import pytest

import kue
from tests.conftest import Backend
from tests.integration.conftest import MakeQueue

# Each has a code of its own: its consonants, in capitals.
WORDS = ["".join(f"{letter}o" for letter in letters) for letters in itertools.product("bfjklmnprt", repeat=4)]


def index(backend: Backend, **holders: dict[str, int]) -> None:
    for code, scores in holders.items():
        backend.client.zadd(f"{backend.prefix}:search:word:{code}", scores)


def test_the_best_job_comes_first(backend: Backend, make_queue: MakeQueue) -> None:
    index(backend, HL={"1": 2, "2": 1, "10": 1, "no id": 9}, WRLT={"2": 4, "3": 1})
    queue = make_queue(backend)
    assert queue.search("Hello") == [1, 2, 10]
    assert queue.search("the hello, World!") == [2]
    assert queue.search("hello world", any=True) == [2, 1, 3, 10]
    assert queue.search("hello world", any=True, limit=3) == [2, 1]  # the first is no id
    assert queue.search("hello nobody") == []
    for nothing in ("", "the", " \n", "é", "."):
        assert queue.search(nothing) == []


@pytest.mark.parametrize("backend", ["fake"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        *(({"text": text}, "text must be a string of words to look for, not ") for text in (None, 7, b"x", ["x"])),
        *(({"text": "x", "any": any}, "any must be True or False, not ") for any in (1, "or", None)),
        *(
            ({"text": "x", "limit": limit}, "limit must be a whole number")
            for limit in (0, -1, 1.5, "5", None, True, 100_001)
        ),
        (
            {"text": " ".join(WORDS[:1001])},
            "text must have at most 1000 different words .* not 1001",
        ),
    ],
)
def test_bad_input_is_refused(backend: Backend, make_queue: MakeQueue, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(kue.InvalidOption, match=problem):
        make_queue(backend).search(**arguments)


@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
def test_a_thousand_words_are_looked_for_at_once(backend: Backend, make_queue: MakeQueue) -> None:
    index(backend, **{word.replace("o", "").upper(): {"7": 1} for word in WORDS[:1000]})
    queue, text = make_queue(backend), " ".join(WORDS[:1000])
    assert queue.search(text) == queue.search(text, any=True) == [7]
