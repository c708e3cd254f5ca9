"""The tables of docs/reference/ name all there is, and nothing else: options, errors, events, commands, keys."""

import ast
import builtins
import dataclasses
import inspect
import re
from typing import Any

import typer.main

import kue
from kue.cli.app import app
from kue.jobs.fields import Fields
from kue.jobs.hash_field import HashField
from kue.options import typed
from kue.options.job import JOB_OPTIONS
from kue.options.queue import QueueOptions
from kue.store.indexed_job import SEARCH_KEYS
from kue.store.job_hash import FIELDS, JobHash
from kue.store.keys import KEYS, LOCKS
from kue.store.messages import ARGUMENTS
from tests.examples.markdown import DOCS, PAGES, ROOT, code_spans, section, shown_objects, table

REFERENCE = DOCS / "reference"
OWN_FIELDS = re.compile(r"\bpy_[a-z_]*[a-z]\b")


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


def test_the_names_of_job_options_in_kue_and_in_the_hash() -> None:
    for name, option in JOB_OPTIONS.items():
        text = section(REFERENCE / "job-options.md", f"`{name}`").text
        in_kue = f"Kue's name: `{option.kue_name}`." if option.kue_name else "Kue has no such option."
        assert in_kue in text, f"the section of {name}"
        field = SEARCH_KEYS if name == "search_keys" else option.field  # which no job object reads back
        stored = f"Field of the hash: `{field}`." if field else "It is not stored in Redis."
        assert stored in text.replace("\n", " "), f"the section of {name}"


def documented_queue_options() -> dict[str, Any]:
    found = rows("queue-options.md", "queue option")
    return {bare(name): ast.literal_eval(bare(default)) for name, default, _ in found}


def test_the_queue_options_with_their_defaults() -> None:
    known = {row.name: row.metadata["default"] for row in dataclasses.fields(QueueOptions)}
    known["redis"] = inspect.signature(kue.Queue).parameters["redis"].default
    known["promotion"] = dataclasses.asdict(QueueOptions.read().promotion)
    assert documented_queue_options() == known
    assert headings("queue-options.md") == list(documented_queue_options())


def test_the_documented_defaults_of_a_queue_change_nothing() -> None:
    documented = documented_queue_options()
    del documented["redis"]
    assert QueueOptions.read(**documented) == QueueOptions.read()


# --- types ---


def test_the_types_for_annotations() -> None:
    assert sorted(bare(name) for name, _ in rows("types.md", "type")) == sorted(typed.__all__)


def test_the_mistakes_that_type_checkers_report() -> None:
    reported = set((ROOT / "tests/typing/mistakes.py").read_text().splitlines())
    shown = (REFERENCE / "types.md").read_text().split("```")[1].splitlines()[1:]
    assert len(shown) > 3
    assert [line for line in shown if line.partition("  ")[0] not in reported] == []


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
    assert headings("commands.md") == [
        f"kue {name}" for name in ("worker", "dashboard", "doctor", "reindex", "server", "demo")
    ]
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


def test_the_keys_with_their_types() -> None:
    known = {
        re.sub(r"\{(\w+)\}", r"<\1>", key.template.replace("{P}", "q")): key.kind
        for key in (*KEYS.values(), *LOCKS.values())
    }
    assert {bare(name): type for name, type, _ in rows("keys.md", "key")} == known


def test_the_fields_of_the_hash_with_our_own() -> None:
    documented = {name for names, *_ in rows("keys.md", "field") for name in code_spans(names)}
    sources = [path for path in (ROOT / "kue").rglob("*") if path.suffix in (".py", ".lua")]
    own = {name for path in sources for name in OWN_FIELDS.findall(path.read_text())}
    assert documented == set(FIELDS) | own
    assert set(JobHash._fields) <= documented


# --- the job object ---


def test_the_fields_of_a_job() -> None:
    documented = {name for names, _ in rows("job.md", "field") for name in code_spans(names)}
    read = {name for name, value in vars(Fields).items() if isinstance(value, HashField) and name[0] != "_"}
    given = {"id", "type", "data", "result", "progress_data", "existing"}
    assert documented == given | read - {"options"}


# Without an underscore, so that other rooms of the package may use them; not for users.
INTERNAL = {
    kue.Queue: {"after_fork", "has_or_had", "job_class", "owns_server", "runtime"},
    kue.Job: {
        *("active_run", "as_new", "collected", "create", "default_queue", "from_hash", "is_watched", "listens"),
        *("only_collected", "option_module", "option_set", "outcome_options", "runtime", "saved", "set_options"),
        *("start_watching", "stored_hash", "stored_progress", "taken", "untaken_option", "watch_saved"),
        *("joins", "known_unique", "stored_unique", "take_over"),
    },
}
DESCRIBED_IN_PROSE = {"create_job", "close", "name"}


def public_names(of: type) -> set[str]:
    return {name for name in dir(of) if name[0] != "_" and hasattr(of, name)} - INTERNAL[of]


def test_the_pages_of_the_api_show_every_method_of_a_queue() -> None:
    assert shown_objects(REFERENCE / "queue.md")["kue.Queue"] == public_names(kue.Queue) - DESCRIBED_IN_PROSE


def test_the_pages_of_the_api_show_every_method_of_a_job() -> None:
    fields = {name for name, value in vars(Fields).items() if isinstance(value, HashField)}
    in_tables = fields | set(JOB_OPTIONS) | {"id", "result", "progress_data", "existing"}
    assert shown_objects(REFERENCE / "job.md")["kue.Job"] == public_names(kue.Job) - in_tables
