"""Builds the full-text index anew, beside running workers: from the data of the jobs, in steps of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from kue.errors import RedisRefused
from kue.store.indexing import Indexing
from kue.store.inspection import Inspection, unless_refused
from kue.store.repairs import decode_name
from kue.store.store import Store

_JOBS_PER_STEP = 50
_ENTRIES_PER_STEP = 100
_MAX_NAMED = 5


class Reindexing:
    """For the jobs under one prefix. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        self._indexing = Indexing(store)
        self._inspection = Inspection(store)

    def run(self) -> int:
        """Write the words of every job, and remove all others. Returns how many jobs there were.

        Jobs that need a key of the wrong kind are passed over. At the end `RedisRefused` names such keys.
        """
        count = 0
        refused: list[RedisRefused] = []
        ids = self._store.each_id("")
        while batch := list(islice(ids, _JOBS_PER_STEP)):
            count += self._indexing.renew(batch, refused)
        while self._indexing.clean():
            pass
        for page in self._inspection.pages_of_keys():
            read = [self._keys.read(key) for key in page]
            self._clean_jobs([id for name, id in read if name == "search_object"])
            self._clean_codes([code for name, code in read if name == "search_word"])
        if refused:
            raise _not_all(count, refused)
        return count

    def _clean_jobs(self, ids: Sequence[str]) -> None:
        """Remove the words of jobs that are gone."""
        found = self._store.ask([("EXISTS", self._keys.job(id)) for id in ids])
        for id, exists in zip(ids, found, strict=True):
            if not unless_refused(exists):
                self._indexing.clean_job(id)

    def _clean_codes(self, codes: Sequence[str]) -> None:
        """Remove entries of codes that the jobs do not have."""
        commands = self._indexing.commands
        for page in self._inspection.pages_of_zsets({code: self._keys.search_word(code) for code in codes}):
            parts = [
                (code, ids[at : at + _ENTRIES_PER_STEP])
                for code, ids in page
                for at in range(0, len(ids), _ENTRIES_PER_STEP)
            ]
            replies = self._store.ask([commands.examine_words(code, part) for code, part in parts])
            for (code, _), reply in zip(parts, replies, strict=True):
                wrong = [commands.mend_word(code, decode_name(id), remove=True) for id, _ in unless_refused(reply)]
                for mended in self._store.ask(wrong):
                    unless_refused(mended)


def _not_all(count: int, refused: Sequence[RedisRefused]) -> RedisRefused:
    reasons = "; ".join(list(dict.fromkeys(map(str, refused)))[:_MAX_NAMED])
    return RedisRefused(
        f"{count} jobs are indexed anew, but not {len(refused)} others, which need a key of the wrong kind "
        f"({reasons}): remove or rename such keys, and build the index anew once more"
    )
