"""The direction of imports: rooms of kue use only the rooms below them, and kue never knows kue_send.

A room is a file or folder right under kue/. To let a room use another, edit ALLOWED.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kue"
MODULES = sorted(PACKAGE.rglob("*.py"))

COMMON = {"errors", "common"}
OPTIONS = COMMON | {"options"}
STORE = OPTIONS | {"store"}
EVENTS = STORE | {"events"}
JOBS = EVENTS | {"jobs"}
WORKER = JOBS | {"worker"}
TIMERS = WORKER | {"timers"}
QUEUE = TIMERS | {"queue", "statistics", "singleton"}

ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "common": {"errors"},
    "options": COMMON,
    "store": COMMON,
    "events": STORE,
    "jobs": EVENTS,
    "worker": JOBS,
    "timers": WORKER,
    "statistics": JOBS,
    "queue": TIMERS | {"statistics"},
    "singleton": {"queue", "jobs"},
    "doctor": TIMERS,
    "cli": QUEUE | {"doctor", "kue"},
    "kue": QUEUE,  # kue/__init__.py: the public names
}
MAY_USE_KUE_SEND = {"cli"}


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "kue" if parts == ("__init__",) else parts[0]


def imports_of(path: Path) -> Iterator[str]:
    """The dotted names of all modules of ours that a module imports, wherever in it that stands."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            # `from kue import job` may name a module
            yield from (f"{module}.{alias.name}" if module == "kue" else module for alias in node.names)


def rooms_used(path: Path) -> set[str]:
    ours = [name.split(".") for name in imports_of(path) if name.split(".")[0] == "kue"]
    return {parts[1] if len(parts) > 1 and is_room(parts[1]) else "kue" for parts in ours}


def is_room(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_uses_only_the_rooms_below_it(path: Path) -> None:
    room = room_of(path)
    assert room in ALLOWED, f"the room {room} has no place in ALLOWED"
    assert rooms_used(path) - {room} <= ALLOWED[room]
    if room not in MAY_USE_KUE_SEND:
        assert not [name for name in imports_of(path) if name.split(".")[0] == "kue_send"]


def test_the_rooms_stand_in_an_order() -> None:
    below = {room: rooms - {room} for room, rooms in ALLOWED.items()}
    TopologicalSorter(below).prepare()  # raises CycleError
