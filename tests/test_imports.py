"""The direction of imports: rooms of kue use only the rooms below them, and kue never knows kue_send.

A room is a file or folder right under kue/; ORDER says which rooms it may use.
"""

import ast
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kue"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up: a room may use those before it.
ORDER = (
    "errors",
    "common",
    "search",
    "options",
    "connection",
    "store",
    "stats",
    "events",
    "observer",
    "test_mode",
    "fleet",
    "runtime",
    "jobs",
    "schedules",
    "worker",
    "maintenance",
    "queue",
    "doctor",
    "kue",  # kue/__init__.py: the public names
    "web",
    "cli",
    "__main__",
)
STRANGERS = {("maintenance", "worker")}  # what works and what keeps order know nothing of each other
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


def refused(room: str, used: str) -> bool:
    return used not in ORDER[: ORDER.index(room)] or (room, used) in STRANGERS


def test_every_room_has_a_place_in_the_order() -> None:
    assert {room_of(path) for path in MODULES} == set(ORDER)


def test_a_module_uses_only_the_rooms_below_it() -> None:
    upward = [
        f"{path.relative_to(ROOT)} uses {used}"
        for path in MODULES
        for used in sorted(rooms_used(path) - {room_of(path)})
        if refused(room_of(path), used)
    ]
    assert not upward


def test_only_the_command_line_uses_kue_send() -> None:
    users = {room_of(path) for path in MODULES for name in imports_of(path) if name.split(".")[0] == "kue_send"}
    assert users <= MAY_USE_KUE_SEND


def test_no_modules_import_each_other_in_a_circle_not_even_for_their_types() -> None:
    paths = {name_of(path): path for folder in ("kue", "kue_send") for path in (ROOT / folder).rglob("*.py")}
    TopologicalSorter({name: modules_used(path, paths) - {name} for name, path in paths.items()}).prepare()


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def modules_used(path: Path, known: Collection[str]) -> set[str]:
    """Our modules that a module imports: `from kue.store import codec` is one of `kue.store.codec`."""
    used = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            used |= {
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in known else str(node.module)
                for alias in node.names
            }
        elif isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
    return used & set(known)
