"""A new job with the words that the full-text index is to have of it, as `save_indexed` takes it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from kue.common import strict_json
from kue.connection.connection import Argument
from kue.search.index import index_data
from kue.store import codec, effects
from kue.store.effects import Effects
from kue.store.transitions import NewJob
from kue.store.unique_job import UniqueJob

MAX_WORDS_PER_SCRIPT = 1000
"""So that a script does not keep Redis from others for long."""
MARK = "py_reindex"
"""The field of a job whose words are not all in the index yet. It holds the token of the indexing."""
SEARCH_KEYS = "py_search_keys"
"""The field that holds the search keys of a job as JSON, so that its words can be written again."""

Codes = Mapping[str, int]
"""The codes of words, each with its score."""


class JobWords(NamedTuple):
    """The words of a job: `token` tells this indexing from another one, `search_keys` is JSON or empty."""

    token: str
    search_keys: bytes
    codes: Codes

    @property
    def has_more(self) -> bool:
        """Whether there are more than are saved with the job."""
        return len(self.codes) > MAX_WORDS_PER_SCRIPT

    @property
    def fields(self) -> list[Argument]:
        """The fields that a new job has for the index."""
        fields: list[Argument] = [MARK, self.token] if self.has_more else []
        return [*fields, SEARCH_KEYS, self.search_keys] if self.search_keys else fields

    @property
    def effects(self) -> Effects:
        """What an update changes, so that the words are known to be missing until they are written."""
        return (*effects.set_field(MARK, self.token), *effects.option(SEARCH_KEYS, self.search_keys))


class IndexedJob(NamedTuple):
    """A new job and its words. Its first field is the first one of the job."""

    head: Argument
    job: NewJob | UniqueJob
    words: JobWords

    @property
    def arguments(self) -> Sequence[Argument]:
        """What `save_indexed` takes."""
        token, search_keys, codes = self.words
        first = next(steps(codes), ())
        unique = "1" if isinstance(self.job, UniqueJob) else ""
        return (unique, token, search_keys, str(len(first)), *first, *self.job)

    def is_unfinished(self, *, is_new: bool) -> bool:
        """Whether words have to follow the save: of the new job, or of the one that stands for the unique key."""
        return self.words.has_more if is_new else isinstance(self.job, UniqueJob) and bool(self.job[2])


ToSave = NewJob | UniqueJob | IndexedJob


def new_token() -> str:
    """What tells one indexing of a job from another one."""
    return secrets.token_hex(8)


def later_fields(search_keys: Sequence[str] | None) -> list[Argument]:
    """The fields of a job that a schedule saves, and whose words are all written afterwards."""
    fields: list[Argument] = [MARK, "schedule"]
    return fields if search_keys is None else [*fields, SEARCH_KEYS, _keys_as_json(search_keys)]


def job_words(data: bytes, search_keys: Sequence[str] | None) -> JobWords:
    """The words of a job with this data, which is JSON."""
    written = b"" if search_keys is None else _keys_as_json(search_keys)
    return JobWords(new_token(), written, index_data(codec.text(data), search_keys))


def _keys_as_json(search_keys: Sequence[str]) -> bytes:
    return codec.encode(list(search_keys), "search_keys")


def stored_codes(data: bytes, search_keys: bytes) -> Codes:
    """The codes of a stored job. Data that is not JSON counts as text, as in Node, and so do all search keys then."""
    text = codec.text(data)
    try:
        return index_data(text, strict_json.loads(codec.text(search_keys)) if search_keys else None)
    except (TypeError, ValueError):
        return index_data(text)


def steps(codes: Mapping[str, int | str]) -> Iterator[Sequence[Argument]]:
    """The codes in parts, each as one script takes it: code, score, code, score and so on."""
    pairs = ((code, str(score)) for code, score in codes.items())
    while part := list(chain.from_iterable(islice(pairs, MAX_WORDS_PER_SCRIPT))):
        yield part


def may_be_another(job: ToSave) -> bool:
    """Whether the save may find that another job stands for the unique key."""
    return isinstance(job.job if isinstance(job, IndexedJob) else job, UniqueJob)
