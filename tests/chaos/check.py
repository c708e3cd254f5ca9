"""Judges a chaos run from what was recorded outside Redis, Redis's append-only file, and the keyspace at its end."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos import attempts, log_lines
from tests.chaos import plan as plans
from tests.chaos.attempts import LOST, TTL_EXCEEDED
from tests.chaos.history import REMOVED, Job, Step
from tests.chaos.indexes import Snapshot
from tests.chaos.plan import JobPlan
from tests.chaos.record import AT_THE_END, Line, Run, is_python, pid_of

GHOST_RETRIES = 1
BY_PYTHON_ALONE = "without a reason"
BY_NODE = "Node's promoter or ttl checker put it back"


class Verdict:
    """What was found: `violations` are faults of ours, `of_node` counts what Node itself lost or doubled."""

    def __init__(
        self, saved: dict[int, JobPlan], poison: dict[int, str], lines: list[Line], history: dict[int, Job]
    ) -> None:
        self.violations: list[str] = []
        self.of_node: Counter[str] = Counter()
        self.stories_of_node: list[str] = []
        self.again: Counter[str] = Counter()
        self.jobs_again: set[int] = set()
        self.given_up = 0
        self.false_alarms = 0
        self.reports: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self._saved = saved
        self._poison = poison
        self._history = history
        self._starts: dict[int, list[Line]] = defaultdict(list)
        self._ends: dict[int, set[str]] = defaultdict(set)
        self._fates: dict[int, list[tuple[int, str]]] = defaultdict(list)
        self._runs: dict[int, dict[str, Run]] = defaultdict(lambda: defaultdict(Run))
        self._cuts = list(_windows(lines, plans.CUTTING))
        for line in lines:
            if line.what in ("start", "reported", "end", "raise", "cancel") and line.id is not None:
                self._runs[line.id][line.worker].add(line)
            if line.what == "start" and line.id is not None:
                self._starts[line.id].append(line)
            elif line.what == "end" and line.id is not None:
                self._ends[line.id].add(line.worker)
            elif line.what == "fate" and line.pid:
                self._fates[line.pid].append((line.at, line.facts["kind"]))
            elif line.what == "error":
                self._judge_error(line)

    @property
    def runs(self) -> int:
        return sum(map(len, self._starts.values()))

    def _blame(self, id: int, what: str) -> None:
        """A fault: ours, unless a Node worker ever had the job, or Node saved it in part only."""
        if self._is_nodes(id):
            self.of_node[what.partition(":")[0]] += 1
            self.stories_of_node.append(f"job {id}: {what}: {self.story(id)}")
        else:
            self.violations.append(f"job {id}: {what}: {self.story(id)}")

    def _is_nodes(self, id: int) -> bool:
        workers = [line.worker for line in self._starts[id]]
        job, plan = self._history.get(id), self._saved.get(id)
        if job is not None:
            if job.changed_by_node:
                return True
            workers += job.workers
            if plan is not None and not plan.fields <= job.saved_with:
                return True  # Python saves in one script; only Node's save can lose some of its steps
        return any(worker and not is_python(worker) for worker in workers)

    def story(self, id: int) -> str:
        """The steps of a job, for a person to read."""
        job = self._history.get(id)
        steps = job.steps if job else []
        return " > ".join(f"{s.state}{' (ghost)' if s.ghost else ''} {s.worker}".strip() for s in steps) or "no steps"

    # --- while there may still be something that only the doctor brings back ---

    def judge_sets(self, snapshot: Snapshot, keys_of_node: set[int]) -> None:
        """Hashes and sets before the doctor's repair: what does not agree must be Node's work."""
        for wrong in snapshot.disagreements():
            fields = snapshot.jobs.get(wrong.id, {})
            if self._is_nodes(wrong.id) or _is_saved_by_node(fields, keys_of_node):
                self.of_node["sets and hash disagreed"] += 1
                self.stories_of_node.append(f"job {wrong.id} {wrong.what}: {self.story(wrong.id)}")
            else:
                self.violations.append(f"job {wrong.id} {wrong.what}: {self.story(wrong.id)}")
        for id in snapshot.by_state["active"]:
            worker = snapshot.jobs.get(id, {}).get("workerId", "")
            if is_python(worker) and not self._is_nodes(id):
                self.violations.append(f"job {id} is active under {worker} when nothing runs any more")
            else:
                self.of_node["left active"] += 1

    # --- at the end ---

    def judge(self, final: Snapshot) -> None:
        for wrong in final.disagreements():
            self.violations.append(f"job {wrong.id} {wrong.what}, after the repair: {self.story(wrong.id)}")
        for id in [*self._saved, *self._poison]:
            self._judge_end(id, final)
        for id, plan in self._saved.items():
            self._judge_outcome(id, plan, final.jobs.get(id))
        for id, kind in self._poison.items():
            self._judge_poison(id, kind, final.jobs.get(id))
        for id, fields in final.jobs.items():
            if id not in self._saved and id not in self._poison and fields.get("state") not in ("complete", "failed"):
                self._blame(id, "a job whose save was in doubt, but that is there, has not ended")
        for id in self._starts:
            self._judge_runs(id)
        for id, job in self._history.items():
            self._judge_reports(id, job, final)
        for key, id in final.unique.items():
            self._blame(id, f"has ended, and its unique key stays: {key!r}")

    def _judge_end(self, id: int, final: Snapshot) -> None:
        job = self._history.get(id)
        ends = job.ends if job else []
        state = final.jobs.get(id, {}).get("state", REMOVED)
        if not ends or state not in ("complete", "failed", REMOVED):
            self._blame(id, f"acknowledged, and never ended: it is {state}")
        if len(ends) > 1:
            self._blame(id, "ended more than once")

    def _judge_outcome(self, id: int, plan: JobPlan, fields: dict[str, str] | None) -> None:
        if fields is None:
            if not (plan.is_removed and plan.succeeds):
                self._blame(id, "gone, though it was not to be removed")
            elif not self._ends[id]:
                self._blame(id, "removed as complete, and no handler finished")
            self._judge_attempts(id, plan, REMOVED)
            return
        state, error = fields.get("state", ""), fields.get("error", "")
        self._judge_attempts(id, plan, state)
        if state == "failed" and error == LOST:
            self.given_up += 1
            if self._losses(id) <= GHOST_RETRIES:
                self._blame(id, "given up as lost too early")
        elif state == "failed" and error == TTL_EXCEEDED and plan.succeeds:
            self.late["jobs that failed because of that"] += 1
        elif state != ("complete" if plan.succeeds else "failed"):
            self._blame(id, f"ended otherwise than planned: {state}")
        elif state == "complete":
            self._judge_result(id, plan, fields)

    def _judge_attempts(self, id: int, plan: JobPlan, state: str) -> None:
        """Only if all of them were Python's: the history does not show what failed under Node."""
        if self._is_nodes(id) or id not in self._history:
            return
        job = self._history[id]
        for complaint in attempts.complaints(plan, job, state, self._runs[id], self._is_harmed):
            self._blame(id, complaint)
        for made, (taken, end) in enumerate(attempts.failures(job)):
            if end.error == TTL_EXCEEDED:
                by_plan = plan.attempt(made) == plans.LATE
                self.late["as planned" if by_plan else "because something held them up"] += 1
                self.late["by a checker, not by their own process"] += not attempts.ended_itself(job, taken, end)

    def _is_harmed(self, worker: str) -> bool:
        return any(kind != AT_THE_END for _, kind in self._fates[pid_of(worker)])

    def _losses(self, id: int) -> int:
        """How often a job's worker was lost."""
        steps = self._history[id].steps
        return sum(step.ghost or step.error == LOST for step in steps)

    def _judge_result(self, id: int, plan: JobPlan, fields: dict[str, str]) -> None:
        holder = fields.get("workerId", "")
        if f'"{holder}"' not in fields.get("result", ""):
            self._blame(id, f"result of another run than the one that held it: {fields.get('result')}")
        if holder not in self._ends[id]:
            self._blame(id, "complete, and its handler did not finish")
        if is_python(holder):
            for complaint in log_lines.complaints_of_last(holder, plan.data["lines"], fields):
                self._blame(id, complaint)
        lost = any(step.error == LOST for step in self._history[id].steps)
        if self._is_nodes(id) and not lost and fields.get("attempts") != str(plan.data["fail"] + 1):
            self._blame(id, f"attempts miscounted: {fields.get('attempts')}")

    def _judge_poison(self, id: int, kind: str, fields: dict[str, str] | None) -> None:
        due = None if kind == plans.NO_TYPE else "failed"
        state = fields.get("state") if fields else None
        if state != due:
            self.violations.append(f"poison job {id} ({kind}) is {state}: {self.story(id)}")

    # --- runs ---

    def _judge_runs(self, id: int) -> None:
        job = self._history.get(id, Job())
        started = Counter(line.worker for line in self._starts[id])
        for worker, times in started.items():
            if times > 1 and is_python(worker):
                self.violations.append(f"job {id}: {worker} began the same run {times} times")
            if worker not in job.workers and is_python(worker):
                self.violations.append(f"job {id}: {worker} ran it without having taken it: {self.story(id)}")
        for before, between, after in _takes(job.steps):
            if before in started and after in started and not _is_retry(between):
                moment = min(line.at for line in self._starts[id] if line.worker == after)
                reason = self._reason(before, between, moment)
                if reason == BY_PYTHON_ALONE and job.changed_by_node:
                    reason = BY_NODE
                self.again[reason] += 1
                self.jobs_again.add(id)
                if reason == BY_PYTHON_ALONE:
                    self.violations.append(f"job {id} ran again without a reason: {self.story(id)}")

    def _reason(self, worker: str, between: list[Step], moment: int) -> str:
        """What was done to a worker before the moment its job ran again."""
        fates = [kind for at, kind in self._fates[pid_of(worker)] if at <= moment]
        if not is_python(worker):
            return f"Node had it: {fates[0]}" if fates else "Node had it"
        was_put_back = not any(step.ghost or step.error == LOST for step in between)
        kinds = ("SIGTERM", "SIGTERM twice") if was_put_back else ("SIGKILL", "SIGSTOP", "SIGTERM twice", "SIGTERM")
        kind = next((kind for kind in kinds if kind in fates), None)
        return BY_PYTHON_ALONE if kind is None else f"{kind}{' (put back at shutdown)' if was_put_back else ''}"

    def _judge_reports(self, id: int, job: Job, final: Snapshot) -> None:
        """Nothing that a Node worker does excuses these: a batch is one script, which checks first."""
        complaints = list(log_lines.complaints(job, self._runs[id], self._cuts, self.reports))
        if id in final.jobs and final.logs.get(id, []) != [line for batch in job.batches for line in batch.lines]:
            complaints.append("its log is not what was written to it")
        self.violations += [f"job {id}: {complaint}: {self.story(id)}" for complaint in complaints]

    def _judge_error(self, line: Line) -> None:
        kind, text = line.facts["kind"], line.facts["text"]
        if kind == "JobLost" and not self._fates[line.pid] and not self._may_have_ended(line.id):
            if self._is_false_alarm(line):
                self.false_alarms += 1
            else:
                self.violations.append(f"a worker that was not disturbed lost a job: {text}")
        if kind not in EXPECTED:
            self.violations.append(f"unexpected error in a worker: {kind}: {text}")

    def _is_false_alarm(self, line: Line) -> bool:
        """Whether a worker could not know that its outcome counted: a cut took the reply, and before the worker could
        ask again the job had gone on to another run."""
        steps = self._history.get(line.id or 0, Job()).steps
        held = [(a, b) for a, b in itertools.pairwise(steps) if a.state == "active" and pid_of(a.worker) == line.pid]
        ended_all = all(end.at and not end.ghost and end.error != LOST for _, end in held)
        return bool(held) and ended_all and any(begin <= line.at for begin, _ in self._cuts)

    def _may_have_ended(self, id: int | None) -> bool:
        """Whether a job was ever taken from an unharmed worker, since its time was up."""
        job = self._history.get(id or 0, Job())
        return job.changed_by_node or any(step.error == TTL_EXCEEDED for step in job.steps)


EXPECTED = {"ConnectionFailed", "ConnectionRestored", "Recovered", "RedisRefused", "JobInvalid", "JobLost"}


def _windows(lines: list[Line], kinds: set[str]) -> Iterator[tuple[int, int]]:
    """From when until when something of these kinds was done."""
    began: dict[str, int] = {}
    for line in lines:
        if line.what in ("fate", "over") and not line.pid and (kind := line.facts["kind"]) in kinds:
            if line.what == "fate":
                began[kind] = line.at
            else:
                yield began.pop(kind), line.at


def _is_saved_by_node(fields: dict[str, Any], keys_of_node: set[int]) -> bool:
    """Whether a job was saved by Node, or is what a save of Node's that was cut off left: Python's leave nothing."""
    data = fields.get("data", "")
    _, found, rest = data.partition('"key":')
    return not found or int(rest.partition(",")[0]) in keys_of_node


def _is_retry(between: list[Step]) -> bool:
    """Whether a run failed by itself, so that another attempt followed."""
    return any(step.state == "failed" or (step.error and step.error != LOST) for step in between)


def _takes(steps: list[Step]) -> Iterator[tuple[str, list[Step], str]]:
    """Each two takes that follow one another, and what happened in between."""
    takes = [i for i, step in enumerate(steps) if step.state == "active"]
    for first, second in itertools.pairwise(takes):
        yield steps[first].worker, steps[first + 1 : second], steps[second].worker
