"""The tables of docs/reference/ name all there is, and nothing else: options, errors, events, commands, keys."""

import ast
import builtins
import inspect
import re
from typing import Any

import typer.main

import kue
from kue.cli.app import app
from kue.jobs.hash_field import HashField
from kue.options import JOB_OPTIONS, read_queue_options
from kue.store import keys
from kue.store.job_hash import FIELDS
from kue.store.messages import ARGUMENTS
from tests.examples.markdown import DOCS, PAGES, ROOT, code_spans, table

REFERENCE = DOCS / "reference"
OWN_FIELDS = re.compile(r"\bpy_[a-z]+\b")


def rows(page: str, first_column: str) -> list[list[str]]:
    return table((REFERENCE / page).read_text(), first_column)


def bare(cell: str) -> str:
    return cell.strip("`")


def headings(page: str) -> list[str]:
    """The names that have a section of their own."""
    return re.findall(r"^## `(.*)`$", (REFERENCE / page).read_text(), re.MULTILINE)


# --- options ---


def test_the_job_options_with_their_defaults() -> None:
    documented = {
        bare(name): ast.literal_eval(bare(default)) for name, default, _ in rows("job-options.md", "job option")
    }
    assert documented == {name: option.default for name, option in JOB_OPTIONS.items()}
    assert headings("job-options.md") == list(documented)


def documented_queue_options() -> dict[str, Any]:
    found = rows("queue-options.md", "queue option")
    return {bare(name): ast.literal_eval(bare(default)) for name, default, _ in found}


def test_the_queue_options_with_their_defaults() -> None:
    known = {name: p.default for name, p in inspect.signature(read_queue_options).parameters.items()}
    usual = read_queue_options()
    known["redis"] = inspect.signature(kue.Queue).parameters["redis"].default
    known["promotion"] = {
        "interval": usual.promotion_interval,
        "limit": usual.promotion_limit,
        "lock_ttl": usual.lock_ttl,
    }
    assert documented_queue_options() == known
    assert headings("queue-options.md") == list(documented_queue_options())


def test_the_documented_defaults_of_a_queue_change_nothing() -> None:
    documented = documented_queue_options()
    del documented["redis"]
    assert read_queue_options(**documented) == read_queue_options()


# --- events and errors ---


def test_the_events_with_the_number_of_their_arguments() -> None:
    documented = {
        bare(name): len([part for part in arguments.split(",") if part])
        for name, arguments, _ in rows("events.md", "event")
    }
    assert documented == ARGUMENTS


PLAIN = (Exception, BaseException, object)


def test_the_errors_with_their_built_ins() -> None:
    found = rows("errors.md", "error")
    assert sorted(bare(name) for name, *_ in found) == sorted(set(kue.errors.__all__) - {"KueError"})
    offenders = []
    for name, also, _ in found:
        error = getattr(kue, bare(name))
        built_ins = [base for base in error.__mro__ if base.__module__ == "builtins" and base not in PLAIN]
        right = issubclass(error, getattr(builtins, bare(also))) if also else not built_ins
        if not right or not issubclass(error, kue.KueError):
            offenders.append(f"{name} is no {also}, but {built_ins}")
    assert not offenders


# --- commands ---


def commands() -> dict[str, Any]:
    return dict(typer.main.get_group(app).commands)


def shown_default(option: Any) -> str:
    if option.secondary_opts:  # a pair such as --requeue/--fail
        return (option.opts if option.default else option.secondary_opts)[0]
    if option.is_flag:
        return "off"
    return "none" if option.default is None else f"{option.default}"


def test_each_command_has_its_options_with_their_defaults() -> None:
    assert headings("commands.md") == [f"kue {name}" for name in ("worker", "doctor", "server", "demo")]
    assert set(headings("commands.md")) == {f"kue {name}" for name in commands()}
    for name, command in commands().items():
        found = rows("commands.md", f"option of `kue {name}`")
        documented = {names: bare(default) for names, default, _ in found}
        options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
        known = {
            ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts)): shown_default(option)
            for option in options
        }
        assert documented == known, f"docs/reference/commands.md, kue {name}"


def test_the_commands_that_pages_mention_exist() -> None:
    offenders = []
    for page in PAGES:
        for span in code_spans(page.read_text()):
            words = span.split()
            if words[:1] != ["kue"] or len(words) < 2 or words[1] not in commands():
                continue
            known = {name for p in commands()[words[1]].params for name in (*p.opts, *p.secondary_opts)}
            unknown = {word for word in words if word.startswith("--")} - known - {"--help"}
            offenders += [f"{page.relative_to(ROOT)}: {span}"] if unknown else []
    assert not offenders


# --- Redis ---


def known_keys() -> dict[str, str | None]:
    """Every key with the prefix q, and its Redis type if the table of keys says it."""
    table = {name: (template, None) for name, template in keys.NAMES.items()}
    named = {re.sub(r"\{(\w+)\}", r"<\1>", template.replace("{P}", "q")): type for template, type in table.values()}
    return named | {keys.PROMOTION_LOCK: "string", keys.TTL_LOCK: "string"}


def test_the_keys_with_their_types() -> None:
    documented = {bare(name): type for name, type, _ in rows("keys.md", "key")}
    assert set(documented) == set(known_keys())
    assert not [name for name, type in known_keys().items() if type not in (None, documented[name])]


def test_the_fields_of_the_hash_with_our_own() -> None:
    documented = {name for names, *_ in rows("keys.md", "field") for name in code_spans(names)}
    sources = [path for path in (ROOT / "kue").rglob("*") if path.suffix in (".py", ".lua")]
    own = {name for path in sources for name in OWN_FIELDS.findall(path.read_text())}
    assert documented == set(FIELDS) | own


# --- the job object ---


def test_the_fields_of_a_job() -> None:
    documented = {name for names, _ in rows("job.md", "field") for name in code_spans(names)}
    read = {name for name, value in vars(kue.Job).items() if isinstance(value, HashField) and name[0] != "_"}
    given = {"id", "type", "data", "result", "progress_data"}
    assert documented == given | read - {"options"}


# Public for the other rooms of the package, and not for users.
INTERNAL = {
    "queue": {"job_class", "runtime"},
    "job": {
        *("active_run", "as_new", "collected", "create", "default_queue", "from_hash", "listens"),
        *("only_collected", "saved", "start_watching"),
    },
}
DESCRIBED_IN_PROSE = {"create_job", "close", "name"}


def shown_members(page: str, of: str) -> set[str]:
    """The members that mkdocstrings is told to show of a class."""
    block = re.search(rf"^::: {of}\n((?: .*\n)*)", (REFERENCE / page).read_text(), re.MULTILINE)
    assert block, f"{page} has no ::: {of}"
    return set(re.findall(r"^ +- \"?(\w+)\"?$", block[1], re.MULTILINE))


def test_the_pages_of_the_api_show_every_method_of_a_queue() -> None:
    public = {name for name in dir(kue.Queue) if name[0] != "_"}
    assert shown_members("queue.md", "kue.Queue") | INTERNAL["queue"] | DESCRIBED_IN_PROSE == public


def test_the_pages_of_the_api_show_every_method_of_a_job() -> None:
    fields = {name for name, value in vars(kue.Job).items() if isinstance(value, HashField)}
    public = {name for name in dir(kue.Job) if name[0] != "_"}
    others = fields | set(JOB_OPTIONS) | {"id", "result", "progress_data"}
    assert shown_members("job.md", "kue.Job") | INTERNAL["job"] == public - others
