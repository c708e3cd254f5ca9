"""A job arrives in a state through the one shared file that is named after it, so a feature has one place to act."""

import re
from importlib import resources
from pathlib import Path

import pytest

LUA = Path(str(resources.files("kue.store"))) / "lua"
CODE = {path: re.sub(r"--.*", "", path.read_text()) for path in sorted(LUA.rglob("*.lua"))}

# What only some files may do: a pattern in the code, and the files.
ONLY_THERE = {
    "new ids are given out": (r"'INCRBY', key_ids", {"create"}),
    # `take` gives back those that a limit leaves unused.
    "a token is pushed": (r"'LPUSH', key_tokens\(", {"enqueue", "add_tokens", "take"}),
    "a start is noted": (r"'LPUSH', key_rate\(", {"flow"}),
    "a job is announced as inactive": (r"'enqueue'", {"enqueue", "create"}),
    "a job enters the sets of inactive": (r"\benter(?:_many)?\('inactive'", {"enqueue"}),
    "a job is announced as ended": (r"\bannounce\([^)]*'(?:complete|failed)'", set[str]()),
    "a job enters the sets of an end": (r"\benter\('(?:complete|failed)'", set[str]()),
    "the hash of a job is deleted": (r"'DEL', key_job\(", {"erase", "drop"}),
    # A script passes over a key of the wrong kind, and over no other refusal: `readable` sees to that. `search` and
    # `words` refuse the call for any error. The others pass over a write, or ask for the time.
    "a refusal is no error": (
        r"\bpcall\((?!cjson)",
        {"readable", *("search", "words"), *("lease", "oldest_wait")}
        | {"announce_expired", "complete", "drop", "end_lease", "renew_lease"},
    ),
    # `ids_after`, `ids_by_age` and `behind` only list jobs for a caller: they move none, so that no feature has to act
    # there. `purge_old` reads jobs that have ended, `search` those that have a word, and `words` the words of one job.
    "the jobs in line are read": (
        r"'ZRANGE'",
        {"admit", "ids_after", "ids_by_age", "behind", "purge_old", "search", "words"},
    ),
}

# The shared file for each state that a job arrives in, and the files that call it.
CALLERS = {
    "create": {"transitions/save", "transitions/save_indexed", "shared/create_unique", "shared/schedule"},
    "create_unique": {"transitions/save_unique", "transitions/save_indexed"},
    "free_unique": {"shared/finish", "shared/erase", "shared/drop", "shared/unique"},  # the last has it
    "retake_unique": {
        *(f"transitions/{name}" for name in ("fail", "rescue", "restore_stuck", "snooze")),
        *("shared/put_back", "shared/restart", "repairs/requeue_old", "shared/unique"),
    },
    "enqueue": {
        *(
            f"transitions/{name}"
            for name in ("fail", "promote", "requeue", "rescue", "restore_stuck", "set_state", "snooze")
        ),
        *(
            "transitions/requeue_orphans",
            "transitions/update",
            "repairs/finish_save",
            "repairs/requeue_old",
            "shared/refile",
            "shared/create",
            "bulk/retry_jobs",
        ),
    },
    "restart": {"transitions/set_state", "bulk/retry_jobs"},
    "admit": {"transitions/take"},
    "places_left": {"shared/admit", "shared/flow"},  # the last has it
    "count_starts": {"transitions/take", "shared/flow"},
    "finish": {
        *("transitions/complete", "transitions/fail", "transitions/set_state"),
        *("repairs/settle_state", "repairs/fail_unreadable", "shared/cancelled"),
    },
    "finish_cancelled": {"bulk/cancel", "shared/cancelled"},
    "end_cancelled_run": {
        *(f"transitions/{name}" for name in ("requeue", "requeue_orphans", "snooze")),
        "shared/cancelled",
    },
    # A run that is over, and does not complete its job, asks here whether it was cancelled.
    "cancelled_error": {
        *(f"transitions/{name}" for name in ("fail", "requeue", "requeue_orphans", "rescue", "snooze")),
        *("bulk/cancel", "shared/cancelled"),
    },
    "erase": {
        *(f"transitions/{name}" for name in ("complete", "fail", "remove")),
        *("bulk/remove_jobs", "shared/cancelled", "shared/purge"),
    },
    # All words that enter the index, and all that leave it, but for the doctor's `mend_word`.
    "write_words": {"transitions/save_indexed", "indexing/index_words", "shared/words"},
    "erase_words": {"shared/erase", "shared/drop", "shared/words"},
    "put_back": {"transitions/requeue", "transitions/requeue_orphans"},
    "drop": {"transitions/take", "transitions/drop_broken", "repairs/drop_unreadable", "repairs/finish_save"},
}


def files_with(pattern: str) -> list[Path]:
    return [path for path, code in CODE.items() if re.search(pattern, code)]


@pytest.mark.parametrize("what", ONLY_THERE)
def test_a_step_is_taken_only_in_the_files_where_a_feature_will_look_for_it(what: str) -> None:
    pattern, allowed = ONLY_THERE[what]
    assert {path.stem for path in files_with(pattern)} == allowed


@pytest.mark.parametrize("shared", CALLERS)
def test_every_transition_to_a_state_calls_its_shared_file(shared: str) -> None:
    callers = {f"{path.parent.name}/{path.stem}" for path in files_with(rf"\b{shared}(?:_filed|_many)?\(")}
    assert callers - {f"shared/{shared}"} == CALLERS[shared]
