"""Real Kue indexes jobs, and our search finds what reds finds, in the same order."""

import random
from typing import Any

import kue
from kue.search.index import query_codes
from kue.search.stop_words import STOP_WORDS
from tests.helpers import keyspace, wait_until
from tests.unit.search_words import KNOWN_WORDS

JOBS, QUERIES = 200, 100
# Words with one code, names in capitals, numbers, words whose code is empty, and what is no word.
ODD = (
    "knight",
    "night",
    "Nite",
    "THE",
    "The",
    "10",
    "2026",
    "yy",
    "_",
    "a_b",
    "don't",
    "x.y@z.example",
    "né",
    "中",
    "%",
    "*",
)
ASK = """texts => {
    const reds = require('reds');
    reds.createClient = require('kue/lib/redis').createClient;
    const search = reds.createSearch(require('kue').createQueue().client.getKey('search'));
    const ask = (text, type) => new Promise((resolve, reject) =>
        search.query(text).type(type).end((error, ids) => error ? reject(error) : resolve(ids.map(Number))));
    return Promise.all(texts.map(async text => [await ask(text, 'and'), await ask(text, 'or')]));
}"""


def texts(chance: random.Random, vocabulary: list[str], count: int, longest: int) -> list[str]:
    return [" ".join(chance.choices(vocabulary, k=chance.randint(1, longest))) for _ in range(count)]


def test_what_kue_has_indexed_is_found_as_reds_finds_it(node_kue: Any, redis_url: str, client: Any) -> None:
    chance = random.Random(16)
    vocabulary = [*chance.sample(KNOWN_WORDS, 60), *sorted(STOP_WORDS)[:10], *ODD]
    node = node_kue(redis_url, disableSearch=False)
    ids = node.create_many("email", [{"t": text} for text in texts(chance, vocabulary, JOBS, 30)])
    wait_until(lambda: client.exists(f"q:search:object:{ids[-1]}"))
    queries = texts(chance, vocabulary, QUERIES, 4)
    theirs = node.evaluate(ASK, queries)
    before = keyspace(client)
    with kue.Queue(redis=redis_url, stats=False) as queue:
        ours = [[queue.search(text), queue.search(text, any=True)] for text in queries]
        some = [queue.search(text, any=True, limit=7) for text in queries]
    assert [row for row in zip(queries, ours, theirs, strict=True) if row[1] != row[2]] == []
    assert some == [found[:7] for _, found in theirs]
    assert keyspace(client) == before
    several = [found for text, (found, _) in zip(queries, theirs, strict=True) if len(query_codes(text)) > 1]
    assert sum(len(found) > 1 for found in several) > 20, "hardly a query has matches"
