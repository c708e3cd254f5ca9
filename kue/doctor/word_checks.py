"""Checks the full-text index: that both directions agree, and that its jobs exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kue.connection.connection import Command
from kue.connection.reply_text import is_wrong_kind
from kue.doctor.checks import batches
from kue.doctor.findings import Finding
from kue.doctor.key_findings import LeakedWords, OneWayWord
from kue.store.indexing import IndexingCommands
from kue.store.inspection import Inspection, unless_refused
from kue.store.repairs import decode_name
from kue.store.store import Store

_NO_JOB = "job"


class WordChecks:
    """The checks of one scan. A key of another kind is left to the check of kinds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        self._inspection = Inspection(store)
        self._commands = IndexingCommands(store.keys)

    def objects(self, ids: Sequence[str]) -> Iterator[list[Finding]]:
        """Check that the jobs of these ids exist, and that the zset of each of their codes lists them."""
        for batch in batches(ids):
            for page in self._inspection.pages_of_zsets({id: self._keys.search_object(id) for id in batch}):
                asked = [(id, self._commands.examine_object(id, part)) for id, codes in page for part in batches(codes)]
                yield list(self._of_objects(asked))

    def words(self, codes: Sequence[str]) -> Iterator[list[Finding]]:
        """Check that the jobs which the zsets of these codes list exist, and have the code."""
        for batch in batches(codes):
            for page in self._inspection.pages_of_zsets({code: self._keys.search_word(code) for code in batch}):
                asked = [
                    (code, self._commands.examine_words(code, part)) for code, ids in page for part in batches(ids)
                ]
                yield list(self._of_words(asked))

    def leaked(self, ids: Sequence[str]) -> list[Finding]:
        """Check again whether the index has words of these jobs, and whether the jobs exist."""
        return [finding for page in self.objects(ids) for finding in page if isinstance(finding, LeakedWords)]

    def entries(self, findings: Iterable[OneWayWord]) -> list[Finding]:
        """Check again what these findings are about."""
        asked_words, asked_objects = list[tuple[str, Command]](), list[tuple[str, Command]]()
        for finding in findings:
            if finding.missing == "word":
                command = self._commands.examine_object(finding.id, [finding.code])
                asked_objects.append((finding.id, command))
            else:
                asked_words.append((finding.code, self._commands.examine_words(finding.code, [finding.id])))
        return [*self._of_words(asked_words), *self._of_objects(asked_objects)]

    def _of_objects(self, asked: Sequence[tuple[str, Command]]) -> Iterator[Finding]:
        for id, rows in self._answers(asked):
            for code, missing in rows:
                yield LeakedWords(id) if missing == _NO_JOB else OneWayWord(code, id, missing)

    def _of_words(self, asked: Sequence[tuple[str, Command]]) -> Iterator[Finding]:
        return (OneWayWord(code, id, missing) for code, rows in self._answers(asked) for id, missing in rows)

    def _answers(self, asked: Sequence[tuple[str, Command]]) -> Iterator[tuple[str, list[list[str]]]]:
        replies: list[Any] = self._store.ask([command for _, command in asked])
        for (name, _), reply in zip(asked, replies, strict=True):
            if not is_wrong_kind(reply):
                yield name, [[decode_name(part) for part in row] for row in unless_refused(reply)]
