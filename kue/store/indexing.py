"""Writes the full-text index: the words of jobs, a step of a thousand in each script.

`IndexingCommands` builds the commands: the scripts in lua/indexing, with their arguments in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Argument, Command
from kue.connection.pool import refusal
from kue.connection.reply_text import add_to_text, is_wrong_kind
from kue.errors import RedisRefused
from kue.store import codec, scripts
from kue.store.indexed_job import MARK, SEARCH_KEYS, Codes, JobWords, new_token, steps, stored_codes
from kue.store.keys import Keys
from kue.store.store import Store

_JOBS_PER_ROUND_TRIP = 50  # whose data is read
_CODES_PER_PAGE = 10_000  # about a millisecond of Redis
_MAX_STEPS_PER_ROUND_TRIP = 10  # each is a script of a few milliseconds


class IndexingCommands:
    """Commands for the index under one prefix. The head of each script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def start_indexing(self, token: str, ids: Iterable[int | str], known: str = "") -> Command:
        return self._command("start_indexing", token, known, *ids)

    def index_words(self, id: int | str, token: str, words: Sequence[Argument], *, is_last: bool) -> Command:
        return self._command("index_words", id, token, "last" if is_last else "", *words)

    def unindex(self, id: int | str = "") -> Command:
        return self._command("unindex", id)

    def examine_words(self, code: str, ids: Iterable[str]) -> Command:
        return self._command("examine_words", code, *ids)

    def examine_object(self, id: str, codes: Iterable[str]) -> Command:
        return self._command("examine_object", id, *codes)

    def mend_word(self, code: str, id: str, *, remove: bool = False) -> Command:
        return self._command("mend_word", code, id, "remove" if remove else "")

    def _command(self, script: str, *arguments: Argument) -> Command:
        sent = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for value in arguments]
        return scripts.command(script, self.keys, *sent)


class Indexing:
    """The index under one prefix, for any thread. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys
        self.commands = IndexingCommands(store.keys)

    def write(self, id: int, words: JobWords) -> None:
        """Have these words of a job in the index, and no others, if its hash has their token."""
        known = self._store.connections.call(*self._page(id, 0))
        self._write_steps(id, words.token, words.codes, known)

    def complete(self, ids: Sequence[int | str]) -> int:
        """Write the words of those jobs whose hash says that they are missing. Returns how many jobs that were.

        A job that needs a key of the wrong kind is passed over. The first such refusal is raised at the end.
        """
        refused: list[RedisRefused] = []
        count = self._complete(ids, refused)
        if refused:
            raise refused[0]
        return count

    def _complete(self, ids: Sequence[int | str], refused: list[RedisRefused]) -> int:
        return sum(
            self._complete_some(ids[at : at + _JOBS_PER_ROUND_TRIP], refused)
            for at in range(0, len(ids), _JOBS_PER_ROUND_TRIP)
        )

    def _complete_some(self, ids: Sequence[int | str], refused: list[RedisRefused]) -> int:
        asked: list[Command] = []
        for id in ids:
            asked.append(("HMGET", self._keys.job(id), MARK, SEARCH_KEYS, "data"))
            asked.append(self._page(id, 0))
        replies = self._store.ask_kinds(asked)
        count = 0
        for id, held, known in zip(ids, replies[::2], replies[1::2], strict=True):
            if isinstance(held, ResponseError) or held[0] is None:
                continue
            try:
                if isinstance(known, ResponseError):
                    add_to_text(known, f": {self._keys.search_object(id)}")
                    raise refusal(known) from known
                self._write_steps(id, codec.text(held[0]), stored_codes(held[2] or b"", held[1] or b""), known)
                count += 1
            except RedisRefused as problem:
                if not is_wrong_kind(problem.__cause__):
                    raise
                refused.append(problem)
        return count

    def renew(self, ids: Sequence[int | str], refused: list[RedisRefused]) -> int:
        """Write the words of jobs anew. Returns how many of the jobs exist, without those that are refused.

        A job that needs a key of the wrong kind is passed over, and its refusal is added to `refused`.
        """
        found = self._store.connections.call(*self.commands.start_indexing(new_token(), ids))
        return self._complete([int(id) for id in found], refused)

    def clean(self) -> bool:
        """Take away words of jobs that were removed, in one step. Returns whether there is more to do."""
        if not self._store.connections.call("EXISTS", self._keys.unindex):
            return False
        more, _ = self._store.connections.call(*self.commands.unindex())
        return bool(more)

    def clean_job(self, id: str) -> int:
        """Take away the words of a job that is gone. Returns how many."""
        total, more = 0, 1
        while more:
            more, count = self._store.connections.call(*self.commands.unindex(id))
            total += count
        return total

    def _page(self, id: int | str, start: int) -> Command:
        """Ask for some of the codes that the index has of a job."""
        return ("ZRANGE", self._keys.search_object(id), start, start + _CODES_PER_PAGE - 1)

    def _write_steps(self, id: int | str, token: str, codes: Codes, known: Sequence[bytes]) -> None:
        page = known
        while len(page) == _CODES_PER_PAGE:
            page = self._store.connections.call(*self._page(id, len(known)))
            known = [*known, *page]
        gone = {code: "" for raw in known if (code := raw.decode("utf-8", "surrogateescape")) not in codes}
        *parts, last = list(steps({**codes, **gone})) or [[]]
        first = [self.commands.index_words(id, token, part, is_last=False) for part in parts]
        # The last step says that all is written, so it is sent once the others are known to be done.
        for start in range(0, len(first), _MAX_STEPS_PER_ROUND_TRIP):
            if not all(self._done(first[start : start + _MAX_STEPS_PER_ROUND_TRIP])):
                return
        self._done([self.commands.index_words(id, token, last, is_last=True)])

    def _done(self, commands: Sequence[Command]) -> list[Any]:
        """Carry out steps. Returns for each whether the indexing goes on."""
        replies = self._store.connections.run(commands)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise refusal(reply) from reply
        return replies
