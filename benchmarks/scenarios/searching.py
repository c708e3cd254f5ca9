"""Full-text search in a large index: how long a caller waits, and how long other clients of Redis wait."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.child import Child
from benchmarks.contestants import Contestant
from benchmarks.errors import BenchmarkError
from benchmarks.scenarios.scenario import LESS, Row, Scenario, Stage

SEARCH = "search"
WORDS = {"hello": "HL", "world": "WRLT"}  # with their codes
SEARCHES, SCORES, PART = 7, 5, 5_000


class Search(Scenario):
    """Every job has two words, each up to five times. Node gives all ids, this project the first thousand."""

    name = "indexed"
    needs = SEARCH

    def __init__(self, indexed: int) -> None:
        self._indexed = indexed

    @property
    def rows(self) -> Sequence[Row]:
        what = f"in {self._indexed:,} jobs"
        return [
            Row("search_one", f"search for a word that is {what}", "ms", LESS),
            Row("search_two", f"search for two words that are {what}", "ms", LESS),
            Row("search_hold", "the same: longest command in Redis (0: none above 1 ms)", "ms", LESS),
        ]

    def run(self, stage: Stage, contestant: Contestant) -> dict[str, float]:
        self._fill(stage)
        one, two = next(iter(WORDS)), " ".join(WORDS)
        with stage.start(contestant) as child:
            one_word = self._search(child, one)
            longest = stage.server.watch_longest_command()
            two_words = self._search(child, two)
            hold = longest()
            child.ask("stop")
        return {"search_one": one_word, "search_two": two_words, "search_hold": hold}

    def _fill(self, stage: Stage) -> None:
        for seed, code in enumerate(WORDS.values()):
            for start in range(1, self._indexed + 1, PART):
                ids = range(start, min(start + PART, self._indexed + 1))
                stage.server.client.zadd(f"q:search:word:{code}", {str(id): 1 + (id * 7 + seed) % SCORES for id in ids})

    def _search(self, child: Child, text: str) -> float:
        """The middle of the times of some searches, in ms."""
        found = child.ask("searches", text=text, count=SEARCHES)
        if found["ids"] not in (self._indexed, min(self._indexed, 1000)):
            raise BenchmarkError(f"the search for {text!r} gave {found['ids']} ids of {self._indexed} jobs")
        return float(statistics.median(found["times"]))
