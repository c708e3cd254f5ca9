"""What the pages say is so: the names exist, the links lead somewhere, and nothing that should be told is left out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

import kue
import kue_send
from kue.cli.app import app
from kue.worker.context import Context
from tests.examples.markdown import code_spans, column, links, table
from tests.test_imports import ORDER

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
FROM_NODE = DOCS / "from-node-kue.md"
ARCHITECTURE = DOCS / "architecture.md"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *sorted(DOCS.glob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture
def owners() -> Iterator[dict[str, object]]:
    """What a page means by the first part of a name."""
    with kue_send.Queue() as queue:
        yield {"kue": kue, "queue": queue, "job": queue.create("any"), "Job": kue_send.Job, "ctx": Context}


@each_page
def test_every_name_of_ours_exists(page: Path, owners: dict[str, object]) -> None:
    text = page.read_text()
    spans = code_spans(column(text, "here") if page == FROM_NODE else text)
    names = [name for span in spans if (name := re.match(r"(kue|queue|Job|job|ctx)\.([a-z_]\w*)", span))]
    for name in names:
        assert hasattr(owners[name[1]], name[2]), f"{page.name} speaks of {name[0]}"
    if page == FROM_NODE:
        assert len(names) > 40


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if "://" not in target:
            path = (page.parent / target) if target else page
            assert path.exists(), f"{page.name} links to {target}"


# --- architecture ---


def test_the_table_of_rooms_names_them_in_their_order() -> None:
    rooms = [name.strip("`") for name, _ in table(ARCHITECTURE.read_text(), "room")]
    assert rooms == list(ORDER), "docs/architecture.md says what each room is for"


def test_the_table_of_threads_has_each() -> None:
    threads = {name.strip("`") for name, *_ in table(ARCHITECTURE.read_text(), "thread")}
    sources = [path for path in (ROOT / "kue").rglob("*.py") if "cli" not in path.parts]
    assert threads == {name for path in sources for name in re.findall(r'name="(kue-[a-z]+)"', path.read_text())}


def test_every_script_has_a_place_in_how_a_job_travels_or_is_a_duty() -> None:
    told = {span.removesuffix(".lua") for span in code_spans(ARCHITECTURE.read_text()) if span.endswith(".lua")}
    scripts = {path.stem for path in (ROOT / "kue" / "store" / "lua").rglob("*.lua")}
    assert told <= scripts
    assert {"save", "take", "apply_effects", "complete", "fail", "requeue"} == told


# --- the command line ---


def test_the_table_of_commands_has_each_with_its_options() -> None:
    group = typer.main.get_group(app)
    known = {
        name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for name, command in group.commands.items()
    }
    documented = {
        name.strip("`").split()[1]: set(re.findall(r"--[a-z-]+", options))
        for name, _, options in table((ROOT / "README.md").read_text(), "command")
    }
    assert documented == {
        name: {option for option in options if option.startswith("--")} for name, options in known.items()
    }
