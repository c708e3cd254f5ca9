"""What follows a save or an update if the queue has the full-text index: the words that the script did not write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from kue.errors import KueError
from kue.runtime import Runtime
from kue.store.indexed_job import IndexedJob, JobWords
from kue.store.indexing import Indexing


def finish_index(runtime: Runtime, id: int | None, saved: IndexedJob, *, is_new: bool) -> None:
    """Write the words that have to follow a save, if there are any. `is_new`: no other job stands for the key."""
    if id is not None and saved.is_unfinished(is_new=is_new):
        write_words(runtime, id, saved.words)


def write_words(runtime: Runtime, id: int, words: JobWords) -> None:
    """Write the words of a job, if its hash has their token."""
    with _reported(runtime, f"job {id} is"):
        Indexing(runtime.store).write(id, words)


def complete_index(runtime: Runtime, ids: Sequence[int]) -> None:
    """Write the words of jobs that a schedule saved."""
    with _reported(runtime, f"the jobs {ids[0]} to {ids[-1]} are"):
        Indexing(runtime.store).complete(ids)


@contextlib.contextmanager
def _reported(runtime: Runtime, which: str) -> Iterator[None]:
    """Report a failure, and do not raise it: the job is saved, and its hash tells that words are missing."""
    try:
        yield
    except KueError as problem:
        failure = KueError(
            f"{which} saved, but not with all words in the full-text index, so that a search may miss them: "
            f"`kue doctor --fix` adds them ({problem})"
        )
        failure.__cause__ = problem
        runtime.error_reporter.report(failure)
