"""The head of each script is true: what it takes, what it shares, and what `Transitions` hands it."""

import itertools
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from kue.store import scripts
from kue.store.bulk import BulkCommands
from kue.store.commands import Commands
from kue.store.flow import FlowCommands
from kue.store.indexing import IndexingCommands
from kue.store.keys import Keys, lua_functions
from kue.store.purging import NO_TURN, PurgeCommands
from kue.store.repairs import Repairs
from kue.store.schedules import Firing, ScheduleCommands, StoredSchedule
from kue.store.stats import StatsCommands
from kue.store.transitions import Failure, Retry, Transitions

LUA = Path(str(resources.files("kue.store"))) / "lua"
NAMES = scripts.names()
FILES = sorted(path for path in LUA.glob("*/*.lua") if path.parent.name != "shared")
SHARED = sorted(path.stem for path in (LUA / "shared").glob("*.lua"))
TRANSITIONS = Transitions(Keys("q"))
SCHEDULES = ScheduleCommands(Keys("q"))
BULK = BulkCommands(Keys("q"))
STATS = StatsCommands(Keys("q"))
PURGING = PurgeCommands(Keys("q"))
FLOW = FlowCommands(Keys("q"))
INDEXING = IndexingCommands(Keys("q"))
each_script = pytest.mark.parametrize("name", NAMES)
each_shared = pytest.mark.parametrize("name", SHARED)

MAX_COLUMNS = 120
INDENT = len("-- Returns  ")  # where the text of a section begins
CONTINUED = "--" + " " * (INDENT - 2)
MORE: tuple[Any, ...] = ("more", "and more")
COMMANDS = {
    "save": TRANSITIONS.save(MORE),
    "save_unique": TRANSITIONS.save_unique(MORE),
    "save_indexed": TRANSITIONS.save_indexed(("", "token", "", "0", *MORE)),
    "take": TRANSITIONS.take("t", 1, 0, "stem:", 1, 2),
    "complete": TRANSITIONS.complete(2, MORE),
    "fail": TRANSITIONS.fail(1, "w", "t", 2, Failure("", "", ""), Retry("failed"), effects=MORE),
    "apply_effects": TRANSITIONS.apply_effects(1, "w", 2, MORE),
    "requeue": TRANSITIONS.requeue(1, "w", "t", 2, "why", MORE),
    "snooze": TRANSITIONS.snooze(1, "w", "t", 2, 3, MORE),
    "requeue_orphans": TRANSITIONS.requeue_orphans("t", "stem:", [MORE], b"0", 100, 2, "why"),
    "update": TRANSITIONS.update(1, 2, MORE),
    "set_state": TRANSITIONS.set_state(1, "failed", 2, MORE),
    "remove": TRANSITIONS.remove(1),
    "drop_broken": TRANSITIONS.drop_broken(1, MORE),
    "promote": TRANSITIONS.promote("token", 2, 3),
    "announce_expired": TRANSITIONS.announce_expired("token", 2, 3),
    "add_tokens": TRANSITIONS.add_tokens("t"),
    "restore_stuck": TRANSITIONS.restore_stuck(1, "2", 3),
    "renew_lease": TRANSITIONS.renew_lease("p", 2, MORE),
    "end_lease": TRANSITIONS.end_lease("p"),
    "rescue": TRANSITIONS.rescue("p", 2, 3, 4, [MORE]),
    "hold_lock": TRANSITIONS.hold_lock("key", "token", 1),
    "release_lock": TRANSITIONS.release_lock("key", "token"),
    "declare_schedule": SCHEDULES.declare_schedule("name", 1, 2, {"more": "and more"}),
    "fire": SCHEDULES.fire(Firing("name", StoredSchedule(1.0, {}), 2, (3, 4)), 5),
    "trigger_schedule": SCHEDULES.trigger_schedule("name", 1),
    "pause_schedule": SCHEDULES.pause_schedule("name"),
    "resume_schedule": SCHEDULES.resume_schedule("name", b"digest", 1),
    "remove_schedule": SCHEDULES.remove_schedule("name"),
    "cancel": BULK.cancel(MORE, 2, "error"),
    "retry_jobs": BULK.retry_jobs(MORE, "failed", "t", 2),
    "remove_jobs": BULK.remove_jobs(MORE, "failed", "t", 2),
    "flush_stats": STATS.flush_stats(60, {"more": (1, {})})[:-1],
    "oldest_wait": STATS.oldest_wait("t"),
    "purge_old": PURGING.purge_old(NO_TURN, "t", "failed", 0, 1, 2),
    "purge_surplus": PURGING.purge_surplus(NO_TURN, "t", "failed", 1, 2, 3, MORE),
    "start_indexing": INDEXING.start_indexing("token", MORE),
    "index_words": INDEXING.index_words(1, "token", MORE, is_last=True),
    "unindex": INDEXING.unindex(1),
    "examine_words": INDEXING.examine_words("HL", MORE),
    "examine_object": INDEXING.examine_object("1", MORE),
    "mend_word": INDEXING.mend_word("HL", "1"),
    "change_flow": FLOW.change_flow("t", {"more": "and more"}),
}


def text(name: str) -> str:
    return next(path for path in FILES if path.stem == name).read_text()


def head(source: str) -> list[str]:
    return list(itertools.takewhile(lambda line: line.startswith("--"), source.splitlines()))


def section(name: str, title: str) -> list[str]:
    """What the head says under a title, line by line."""
    lines = itertools.dropwhile(lambda line: not line.startswith(f"-- {title} "), head(text(name)))
    found = [line[INDENT:] for line in itertools.islice(lines, 1)]
    return found + [line[INDENT:] for line in itertools.takewhile(lambda line: line.startswith(CONTINUED), lines)]


def listed(name: str) -> list[int]:
    """The numbers that begin an item of ARGV, each on a line of its own."""
    return [int(match[0]) for line in section(name, "ARGV") if (match := re.match(r"\d+", line))]


def shared_by(name: str) -> list[str]:
    return " ".join(section(name, "Shared")).split()


def takes_any_number(name: str) -> bool:
    return any(re.match(r"\d+\.\.\. ", line) for line in section(name, "ARGV"))


def code(source: str) -> str:
    return re.sub(r"--[^\n]*", "", source)


def test_every_script_has_a_name_of_its_own() -> None:
    assert sorted(path.stem for path in FILES) == sorted(NAMES)


@pytest.mark.parametrize(
    ("folder", "builder", "borrowed"),
    [
        ("transitions", Transitions, set()),
        ("repairs", Repairs, {"add_tokens"}),
        ("schedules", ScheduleCommands, set()),
        ("bulk", BulkCommands, set()),
        ("stats", StatsCommands, set()),
        ("purging", PurgeCommands, set()),
        ("flow", FlowCommands, set()),
        ("indexing", IndexingCommands, set()),
    ],
)
def test_a_folder_holds_the_scripts_whose_commands_one_class_builds(
    folder: str, builder: type, borrowed: set[str]
) -> None:
    offered = {name for name in vars(builder) if not name.startswith("_")}
    assert {path.stem for path in FILES if path.parent.name == folder} | borrowed == offered - {"publish"}


def test_the_folder_of_queries_holds_only_scripts_whose_commands_commands_builds() -> None:
    assert {path.stem for path in FILES if path.parent.name == "queries"} <= set(vars(Commands))


@each_script
def test_a_head_has_its_lines_in_order(name: str) -> None:
    lines = head(text(name))
    assert lines[0].startswith(f"-- {name}: ")
    assert lines.count("--") == 1
    titles = [line[3:INDENT].strip() for line in lines[lines.index("--") + 1 :] if not line.startswith(CONTINUED)]
    assert titles in (
        ["KEYS", "ARGV", "Returns", "Events"],
        ["KEYS", "ARGV", "Returns", "Events", "Shared"],
    )
    assert section(name, "KEYS") == [
        "1  P:jobs; in a cluster it selects the slot, and every other key is in the same one"
    ]
    assert all(len(section(name, title)) >= 1 for title in titles)


def test_no_line_of_lua_is_too_long() -> None:
    lines = [(path.name, line) for path in LUA.rglob("*.lua") for line in path.read_text().splitlines()]
    assert [line for line in lines if len(line[1]) > MAX_COLUMNS] == []


@each_script
def test_the_arguments_are_numbered_without_a_gap_and_cover_what_is_used(name: str) -> None:
    numbers = listed(name)
    assert numbers == list(range(1, len(numbers) + 1))
    body = code(text(name))
    used = {int(n) for n in re.findall(r"\bARGV\[(\d+)\]", body)}
    assert used | {1} <= set(numbers)
    users = (
        r"unpack\(ARGV, |\bfor i = |\bwrite_effects\(id, job, |\bpublish_effects\(|\bat = |\bcreate(?:_unique)?\(ARGV, "
    )
    rest = re.findall(rf"(?:{users})(\d+)(?=\)|, #ARGV|$)", body, re.M)
    assert {int(n) for n in rest} == ({numbers[-1]} if takes_any_number(name) else set())


@each_script
def test_every_argument_in_the_head_is_used(name: str) -> None:
    body = code(scripts.source(name))
    for number in listed(name)[: -1 if takes_any_number(name) else None]:
        assert f"ARGV[{number}]" in body, f"ARGV[{number}] is never read"


@pytest.mark.parametrize("name", COMMANDS)
def test_transitions_hand_over_as_many_arguments_as_the_head_names(name: str) -> None:
    evalsha, sha, keys, key, *args = COMMANDS[name]
    assert (evalsha, sha, keys, key, args[0]) == ("EVALSHA", scripts.sha(name), "1", "q:jobs", "q")
    fixed = len(listed(name)) - takes_any_number(name)
    assert len(args) == fixed + (len(MORE) if takes_any_number(name) else 0)


def test_every_transition_is_looked_at() -> None:
    builders = (
        Transitions,
        ScheduleCommands,
        BulkCommands,
        StatsCommands,
        PurgeCommands,
        FlowCommands,
        IndexingCommands,
    )
    offered = {name for builder in builders for name in vars(builder) if not name.startswith("_")}
    assert set(COMMANDS) == offered - {"publish"}


@each_script
def test_a_script_names_exactly_the_shared_files_that_it_calls(name: str) -> None:
    assert sorted(shared_by(name)) == called_by(text(name))


@each_shared
def test_a_shared_file_states_its_duty_and_names_exactly_the_others_that_it_calls(name: str) -> None:
    lines = head(shared_text(name))
    assert lines[0].startswith(f"-- {name}: ")
    needs = [line for line in lines if "Needs" in line]
    assert needs in ([], lines[-1:])
    named = re.findall(r"\w+", needs[0].removeprefix("-- Needs: ")) if needs else []
    assert sorted(named) == [part for part in called_by(shared_text(name)) if part != name]


@each_script
def test_every_function_is_there_once_and_before_it_is_called(name: str) -> None:
    source = code(scripts.source(name))
    places = {match[1]: match.start(1) for match in re.finditer(r"\blocal function (\w+)", source)}
    outer = re.findall(r"^local function (\w+)", source, re.M)
    assert len(outer) == len(set(outer))
    for call in re.finditer(r"(?<![\w.:])([a-z]\w*)\(", source):
        assert call[1] in LUA_WORDS or places[call[1]] <= call.start(), call[1]


def test_no_two_shared_files_define_the_same_function() -> None:
    defined = [function for part in SHARED for function in functions(part)]
    assert len(defined) == len(set(defined))


@each_shared
def test_every_shared_file_is_used(name: str) -> None:
    others = [*map(text, NAMES), *(shared_text(part) for part in SHARED if part != name)]
    assert any(name in called_by(source) for source in others)


@each_script
def test_key_names_are_spelt_nowhere_but_in_the_table(name: str) -> None:
    source = code(text(name)) + "".join(code(shared_text(part)) for part in SHARED)
    assert not re.search(r"\bP \.\.|ARGV\[1\] \.\.", source)
    assert set(re.findall(r"\bkey_\w+(?=\()", source)) <= set(lua_functions())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_transition_has_a_test_file(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


LUA_WORDS = {"function", "pairs", "tonumber", "ipairs", "type", "unpack", "pcall", "if", "and", "or", "not", "return"}
LUA_WORDS |= {"error", "tostring"}


def shared_text(part: str) -> str:
    return (LUA / "shared" / f"{part}.lua").read_text()


def functions(part: str) -> set[str]:
    """What a shared file offers: its outermost functions."""
    return set(re.findall(r"^local function (\w+)", code(shared_text(part)), re.M))


def called_by(source: str) -> list[str]:
    """The shared files of which a text uses a function, by name (also as a value, as in `pcall(check_state, ...)`)."""
    words = set(re.findall(r"\w+", re.sub(r"'[^'\n]*'", "", code(source))))
    return [part for part in SHARED if functions(part) & words]
