"""Fresh random words, paths and texts: their stems, codes and whole index, beside real natural, lodash and reds.

Each run draws others. The seed is in the name of what fails, and `KUE_SEARCH_SEED` draws the same again.
"""

import json
import os
import random
import re
import string
from typing import Any

import pytest
import redis

from kue.search import javascript
from kue.search.index import index_data, query_codes
from kue.search.sound_codes import sound_code
from kue.search.stems import stem
from kue.search.stop_words import STOP_WORDS
from tests.helpers import wait_until
from tests.unit.search_words import KNOWN_WORDS

WORDS, PATHS, TEXTS, JOBS = 20_000, 5_000, 3_000, 500
SEED = int(os.environ.get("KUE_SEARCH_SEED", random.randrange(2**32)))
SUFFIXES = re.findall(
    "[a-z]+",
    """
    s es ies sses eed ed ing y ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness
    fulness ousness aliti iviti biliti logi icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement
    ment ent sion tion ou ism ate iti ous ive ize e ll
    """,
)
SOUNDS = re.findall(
    "[a-z]+",
    "kn gn gned pn ae wr wh mb ch sch ck cia ce dge dg gg ge gh h ph q sh sia sio tch th tia tio v w x y z",
)
STOPS = sorted(STOP_WORDS)
LETTERS = string.ascii_lowercase
CHARACTERS = string.ascii_letters + string.digits + "_"
PATH_PIECES = ("a", "b", "0", "1", "01", "-1", "1.5", ".", ".", "[", "]", "[]", "['", "']", '["', '"]', "\\", " ", "é")


@pytest.fixture
def draw() -> random.Random:
    return random.Random(SEED)


def letters(draw: random.Random, of: str) -> str:
    return "".join(draw.choices(of, k=draw.choice((1, 2, 3, 3, 4, 5, 6, 8, 11))))


def odd_word(draw: random.Random) -> str:
    kinds = (
        lambda: letters(draw, LETTERS),
        lambda: letters(draw, CHARACTERS),
        lambda: letters(draw, "aeiouybst"),
        lambda: letters(draw, "0123456789"),
        lambda: letters(draw, LETTERS) + "".join(draw.choices(SUFFIXES, k=draw.randint(1, 3))),
        lambda: "".join(draw.choices([*SOUNDS, *"aeiou"], k=draw.randint(1, 6))),
        lambda: "".join(letter * draw.choice((1, 2, 3)) for letter in letters(draw, LETTERS)),
        lambda: draw.choice(KNOWN_WORDS) + draw.choice(SUFFIXES),
    )
    word = draw.choice(kinds)()
    return draw.choice((str, str, str, str.upper, str.title))(word)


def any_word(draw: random.Random) -> str:
    return draw.choice((odd_word, lambda draw: draw.choice(KNOWN_WORDS), lambda draw: draw.choice(STOPS)))(draw)


def sentence(draw: random.Random) -> str:
    """Words of which several come again; none that Node cannot index."""
    few = [any_word(draw) for _ in range(draw.randint(1, 12))]
    words = [draw.choice(few) for _ in range(draw.randint(0, 20))]
    return "".join(word + draw.choice(" -.,'\"\n\té中\U0001f600/\\") for word in words)


def any_value(draw: random.Random, depth: int = 0) -> Any:
    kind = draw.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [any_value(draw, depth + 1) for _ in range(draw.randint(0, 4))]
    if kind == 7:
        return {
            draw.choice("ab10") if draw.random() < 0.5 else sentence(draw): any_value(draw, depth + 1) for _ in "abcd"
        }
    number = draw.choice((draw.randint(-(10**18), 10**18), draw.uniform(-1e3, 1e3), 10.0 ** draw.randint(-30, 30)))
    return (None, draw.random() < 0.5, number, sentence(draw), sentence(draw), any_word(draw))[kind]


def words_of(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9_]+", text)


def is_indexed_by_node(data: Any) -> bool:
    return not any(name in json.dumps(data).lower() for name in ("constructor", "__proto__"))


def test_fresh_words_have_the_stems_and_codes_of_natural(node: Any, draw: random.Random) -> None:
    words = [odd_word(draw) for _ in range(WORDS)]
    source = """words => {
        const { Metaphone, PorterStemmer } = require('natural');
        return words.map(word => [word, PorterStemmer.stem(word), Metaphone.process(PorterStemmer.stem(word))]);
    }"""
    theirs = [tuple(row) for row in node.evaluate(source, words)]
    ours = [(word, stem(word), sound_code(stem(word))) for word in words]
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == [], f"seed {SEED}"


def test_the_stop_words_are_those_of_natural(node: Any) -> None:
    assert sorted(STOP_WORDS) == sorted(node.evaluate("() => require('natural').stopwords"))


def test_fresh_queries_have_the_codes_of_reds(node: Any, draw: random.Random) -> None:
    texts = [sentence(draw) for _ in range(TEXTS)]
    source = """texts => {
        const { metaphoneArray, stem, stripStopWords, words } = require('reds');
        return texts.map(text => metaphoneArray(stem(stripStopWords(words(text)))));
    }"""
    theirs = node.evaluate(source, texts)
    ours = [query_codes(text) for text in texts]
    assert [row for row in zip(texts, ours, theirs, strict=True) if row[1] != row[2]] == [], f"seed {SEED}"


def test_fresh_paths_name_what_they_name_for_lodash(node: Any, draw: random.Random) -> None:
    cases = [(any_value(draw), "".join(draw.choices(PATH_PIECES, k=draw.randint(0, 6)))) for _ in range(PATHS)]
    data = {"a": {"b": ["text", {"a": "\U0001f600x"}], "": {"": 1}}, "b": [[0, 1], {"0": None}], "a.b": 5, "0": "zero"}
    cases += [(data, "".join(draw.choices(PATH_PIECES, k=draw.randint(1, 6)))) for _ in range(PATHS)]
    source = """cases => {
        const lodash = require('lodash');
        return cases.map(([data, path]) => {
            const value = lodash.get(data, path);
            return typeof value === 'string' ? value : String(JSON.stringify(value));
        });
    }"""
    theirs = [words_of(text) for text in node.evaluate(source, cases)]
    ours = [words_of(javascript.text_of(javascript.value_at(data, path))) for data, path in cases]
    differing = [(case, our, their) for case, our, their in zip(cases, ours, theirs, strict=True) if our != their]
    assert differing == [], f"seed {SEED}"
    assert len({*map(tuple, theirs)}) > 20, "most paths led nowhere"


@pytest.mark.parametrize("keys", [None, ["a"], ["b.a", "a"]], ids=str)
def test_fresh_jobs_are_indexed_as_kue_indexes_them(
    node_kue: Any, redis_url: str, client: "redis.Redis", draw: random.Random, keys: list[str] | None
) -> None:
    node = node_kue(redis_url, disableSearch=False, timeout=90)
    many = [{"a": any_value(draw), "b": {"a": any_value(draw)}} for _ in range(JOBS)]
    many = [data for data in many if is_indexed_by_node(data)]
    ids = node.create_many("email", many, **({} if keys is None else {"searchKeys": keys}))
    marker = wait_until_indexed(node, client)
    stored = {id: client.hget(f"q:job:{id}", "data").decode() for id in ids}
    ours = {id: index_data(data, keys) for id, data in stored.items()}
    theirs = {id: scores(client, f"q:search:object:{id}") for id in ids}
    assert [(stored[id], ours[id], theirs[id]) for id in ids if ours[id] != theirs[id]] == [], f"seed {SEED}"
    found = {code: scores(client, f"q:search:word:{code}") for code in set().union(*ours.values())}
    for holders in found.values():
        holders.pop(str(marker), None)
    assert found == {code: {str(id): ours[id][code] for id in ids if code in ours[id]} for code in found}


def test_node_leaves_out_the_names_that_each_object_has(node_kue: Any, redis_url: str, client: "redis.Redis") -> None:
    node = node_kue(redis_url, disableSearch=False)
    id = node.create("email", {"title": "the constructor of __proto__, hello"})
    wait_until_indexed(node, client)
    theirs = {"TTL": 1, "HL": 1}
    assert scores(client, f"q:search:object:{id}") == theirs
    assert index_data(client.hget(f"q:job:{id}", "data").decode()) == {**theirs, "KNSTRKTR": 1, "_PRT_": 1}


def test_a_key_that_names_no_string_is_indexed_as_kue_indexes_it(
    node_kue: Any, redis_url: str, client: "redis.Redis"
) -> None:
    node = node_kue(redis_url, disableSearch=False)
    data = {
        "n": -1.5e300,
        "flag": False,
        "none": None,
        "list": ["mice", 10, ["mice"]],
        "object": {"zebra": "line\nfeed", "10": {}},
        "text": "some mice",
    }
    many = [
        *([key] for key in data),
        ["missing"],
        ["list", "text"],
        ["text", "list"],
        ["list.length", "text.length"],
        [],
    ]
    ids = [node.create("email", data, searchKeys=keys) for keys in many]
    wait_until_indexed(node, client)
    stored = client.hget(f"q:job:{ids[0]}", "data").decode()
    theirs = [scores(client, f"q:search:object:{id}") for id in ids]
    assert [index_data(stored, keys) for keys in many] == theirs
    assert len({str(codes) for codes in theirs}) > len(data)


def wait_until_indexed(node: Any, client: "redis.Redis") -> int:
    """Kue indexes one job after another, so the jobs before one are indexed if that one is. Returns its id."""
    marker = node.create("email", {"word": "zebra"}, searchKeys=["word"])
    wait_until(lambda: client.exists(f"q:search:object:{marker}"))
    return int(marker)


def scores(client: "redis.Redis", key: str) -> dict[str, float]:
    return {member.decode(): score for member, score in client.zrange(key, 0, -1, withscores=True)}
