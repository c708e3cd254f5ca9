"""Finds the jobs of one queue by the words of their data, in the full-text index that Node and Python share.

Each save writes the index, if the queue has `disable_search=False`. Here it is read, and built anew as a whole.
"""

from __future__ import annotations

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.options.values import read_flag, read_whole
from kue.runtime import Runtime
from kue.search.index import query_codes
from kue.store.reindexing import Reindexing
from kue.store.search import SearchIndex, id_of

_MAX_WORDS = 1000
_MAX_LIMIT = 100_000


class Searching:
    """A part of `Queue`. Kue has the same search as `GET /job/search` of its HTTP app; a library named reds does it."""

    runtime: Runtime

    def search(self, text: str, *, any: bool = False, limit: int = 1000) -> list[int]:
        """The ids of the jobs whose data has all words of a text, or any of them, the best first, up to `limit`.

        The best are those that have the words most often. Words that sound alike count as the same, and stop words such
        as `the` do not count. A text without other words finds nothing. As in Kue, jobs that are equally good are in
        the falling order of their ids, compared as text.

        Only jobs that were saved with `disable_search=False`, or by Node with `disableSearch: false`, are found. The
        queue that searches may have another setting. An id may be that of a job that was removed meanwhile. For several
        words Redis looks at each job that has the rarest one, or with `any` at each that has one, and other clients
        wait.

        Raises `InvalidOption`, also if that were more than 200,000 jobs, or if the text has more than 1,000 words.
        """
        if not isinstance(text, str):
            raise InvalidOption(f"text must be a string of words to look for, not {short_repr(text)}")
        any, limit = read_flag("any", any), read_whole("limit", limit, least=1)
        if limit > _MAX_LIMIT:
            raise InvalidOption(f"limit must be a whole number from 1 to {_MAX_LIMIT}, not {limit}")
        codes = query_codes(text)
        if len(codes) > _MAX_WORDS:
            raise InvalidOption(f"text must have at most {_MAX_WORDS} different words to look for, not {len(codes)}")
        found = SearchIndex(self.runtime.store).find(codes, any=any, first=0, most=limit)
        return [id for member in found.members if (id := id_of(member)) is not None]

    def reindex(self) -> int:
        """Build the full-text index anew from the data of all jobs. Returns how many jobs there are.

        A job has the words of its `search_keys` if Python saved it with them, else all words of its data: Node does not
        store its `searchKeys`. Words of jobs that are gone, and words that a job no longer has, are removed. It goes in
        steps, so that Redis is free for others: workers and producers may go on meanwhile. The queue may have another
        `disable_search` than those that save the jobs.

        Raises `ConnectionFailed` or `RedisRefused`. What was done before stays done, and it may be called again. If a
        key of the index is of the wrong kind, the jobs that need it are passed over, and the error at the end names it.
        """
        return Reindexing(self.runtime.store).run()
