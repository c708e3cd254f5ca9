"""The job: its options and fields, and how it is saved, updated, removed and watched.

- holds its options and fields, as they were set here or read from its hash
- saves and removes itself

Its fields are the duty of `fields`, the methods of its options of `job_options`, finding jobs of `lookup`, updates of
`changes`, reports (log, progress, error) of `reporting`, new states of `state_changes` and `cancelling`, listeners of
`listening`, unique keys of `unique`, its runs of `history`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from kue.common.names import with_kue_names
from kue.errors import JobInvalid, JobNotFound
from kue.events.watcher import Watcher
from kue.jobs.active_run import ActiveRun
from kue.jobs.cancelling import Cancelling
from kue.jobs.changes import Changes
from kue.jobs.history import History
from kue.jobs.indexing import finish_index
from kue.jobs.job_options import JobOptions
from kue.jobs.json import job_json
from kue.jobs.listening import Listening
from kue.jobs.lookup import Lookup
from kue.jobs.planned import Planned
from kue.jobs.reporting import Reporting
from kue.jobs.state_changes import StateChanges
from kue.jobs.unique import Uniqueness
from kue.options.job import delay_left, read_options
from kue.options.values import read_type
from kue.runtime import Runtime
from kue.store import codec, job_hash
from kue.store.identity import fence
from kue.store.indexed_job import IndexedJob, ToSave, job_words, may_be_another
from kue.store.job_hash import JobHash
from kue.store.transitions import new_job
from kue.store.unique_job import ExistingJob, unique_job


@with_kue_names
class Job(JobOptions, Lookup, Changes, Reporting, StateChanges, Listening, Uniqueness, History, Planned, Cancelling):
    """A job of one queue. `queue.create` makes a new one; `Job.get` and the ranges read saved ones.

    Fields: `id`, `type`, `data`, `result`, `progress_data`, `worker_id`, `attempts_made`, `requeues` (how often a
    worker gave it back), `duration` (ms that the run took), `existing` (whether `save` found another job of the same
    unique key), and these times in ms since the epoch: `created_at`, `promote_at`, `updated_at`, `failed_at`,
    `started_at`. A field is None until it is known; the two counts are 0, and `existing` is False.
    """

    option_module: ClassVar[str] = "kue"
    id: int | None = None
    result: Any = None
    progress_data: Any = None
    only_collected = False
    active_run: ActiveRun | None = None

    def __init__(self, runtime: Runtime, type: str, data: Any = None, options: dict[str, Any] | None = None) -> None:
        self.runtime = runtime
        self.options = {} if options is None else options
        self.type = type
        self.data: Any = {} if data is None else data

    @classmethod
    def create(cls, runtime: Runtime, type: str, data: Any, options: Mapping[str, Any]) -> Self:
        """Make a job without saving it. Its `options` override the `job_flags` of its type, these the `job_defaults`.

        Raises `InvalidOption`.
        """
        type, of_queue = read_type(type), runtime.options
        read: dict[str, Any] = {}
        if options or of_queue.job_defaults or of_queue.job_flags:
            for given in (of_queue.job_defaults, of_queue.flags_of_jobs(type), options):
                if given:
                    read |= read_options(given, cls.option_module)  # anew, so that no two jobs share a value
        return cls(runtime, type, data, read)

    @classmethod
    def from_hash(cls, runtime: Runtime, id: int, hash: JobHash) -> Self:
        """Make a job from its hash. Raises `JobInvalid` if the hash has no type, or holds data that is not JSON."""
        if not hash.type:
            raise JobInvalid(id, "has no type")
        job = cls.__new__(cls)
        job.runtime, job.id, job.type, job.stored_hash = runtime, id, codec.text(hash.type), hash
        job.data = job_hash.read_json(id, "data", hash.data, {})
        if hash.result is not None:
            job.result = job_hash.read_json(id, "a result", hash.result)
        if hash.progress_data is not None:
            job.progress_data = job_hash.read_json(id, "progress data", hash.progress_data)
        return job

    def __repr__(self) -> str:
        id = "unsaved" if self.id is None else self.id
        return f"<{type(self).__name__} {id} {self.type!r} {self._state or 'new'}>"

    # saving

    def save(self) -> Self:
        """Save the job, or update it if it is saved already. Returns the job.

        If another job holds its unique key, nothing is saved: this object becomes that job, and `existing` is True.

        Raises `InvalidJobData`, `ConnectionFailed`, `RedisRefused`, `JobInvalid` if the hash of that other job cannot
        be read, or `SaveInDoubt` if the connection broke before Redis answered, so that the job may or may not exist.
        For a saved job it raises what `update` raises.
        """
        if self.id is not None:
            return self.update()
        if self.runtime.test_mode.collect(self):
            return self
        new = self.as_new()
        if not self.is_watched:
            self.saved(self.runtime.save(self.type, new))
        else:
            with self.runtime.hub.saving(may_be_another(new)) as watch:
                self.saved(self.runtime.save(self.type, new))
                self.watch_saved(self.runtime.hub.watch if self.existing else watch)
        if isinstance(new, IndexedJob):
            finish_index(self.runtime, self.id, new, is_new=not self.existing)
        return self

    def as_new(self, now: int | None = None) -> ToSave:
        """What is saved of the job `now`. Sets the fields that are known before Redis answers. Raises `InvalidJobData`.

        Without `now` it may ask Redis for the time, and raises what that raises.
        """
        runtime, options = self.runtime, self.options
        data = codec.encode(self.data, "data", runtime.options.json_default)
        self._data_hash = hash(data)  # as `_data_written`, which each new job would have to call
        if now is None:
            now = runtime.store.now()
        self.created_at = self.updated_at = self.promote_at = now
        self._state = "inactive"
        is_searched = not runtime.options.disable_search
        if not options and not is_searched:
            return new_job(self.type, data, now)
        priority, attempts, due = options.get("priority", 0), options.get("attempts", 1), None
        if delay := delay_left(options.get("delay"), now):
            self._state, self.promote_at = "delayed", (due := now + delay)
        unique = self.known_unique(data) if "unique" in options else None
        others = job_hash.rare_fields(options, now)
        words = job_words(data, options.get("search_keys")) if is_searched else None
        if words is not None:
            others += words.fields
        plain = new_job(self.type, data, now, due, priority, attempts, others)
        new = plain if unique is None else unique_job(unique, plain)
        return new if words is None else IndexedJob(new[0], new, words)

    def saved(self, saved: int | ExistingJob) -> None:
        """Take the id that Redis gave the job, or become the job that stands for its unique key already."""
        if isinstance(saved, ExistingJob):
            self.take_over(saved)
            return
        self.id = saved
        if self.options:
            self._delay_written(int(self.created_at or 0))

    def collected(self, id: int) -> None:
        """Note that test mode has the job instead of Redis. In Redis another job may have this id."""
        self.id, self.only_collected, self._state = id, True, "delayed" if self.delay() else "inactive"

    def taken(self, worker_id: str, now: int, run: ActiveRun) -> None:
        """Note that a worker of this process took the job: from now on the job reports through its run."""
        self.worker_id, self._state, self.started_at, self.updated_at = worker_id, "active", now, now
        self.active_run = run

    def remove(self) -> Self:
        """Remove the job from Redis; a job that is gone already is no error. Returns the job.

        Raises `JobNotFound` if the job was never saved, `ConnectionFailed` or `RedisRefused`. In a handler it raises
        `JobLost` if the run no longer holds the job.
        """
        id = self._saved_id("remove")
        if self.only_collected:
            self._state = None
        else:
            self.runtime.store.remove(id, self._fence)
            self._hand_over()
        return self

    def to_json(self) -> dict[str, Any]:
        """The job as a dict with the names that Kue's `job.toJSON` gives."""
        return job_json(self)

    @property
    def listens(self) -> bool:
        """Whether this object receives the events of its job once the job is saved."""
        return self._emitter is not None and not self._emitter.is_unused and self.events() and not self.only_collected

    is_watched = listens  # whether something here receives the events of the job from its save on

    def watch_saved(self, watch: Callable[[int, Watcher], None]) -> None:
        """Watch the job, which was just saved; `watch` adds a watcher."""
        if self.listens:
            self.start_watching(watch)

    @property
    def _fence(self) -> str:
        """What must hold for a change to be made: the run that must hold the job, or when the job was created.

        A handler's reports are sent first, since the run may not hold the job after the change.
        """
        if self.active_run is not None:
            self.active_run.flush()
            if run := self.active_run.fence:
                return run
        return fence(self.created_at)

    def _hand_over(self, given: bool = True) -> None:
        if self.active_run is not None:
            self.active_run.hand_over(given)

    def _saved_id(self, what: str) -> int:
        if self.id is None:
            raise JobNotFound(None, f"this {self.type!r} job is not saved yet: call save() before {what}()")
        return self.id
