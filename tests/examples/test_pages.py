"""What holds for every page: the names on it exist, its links lead somewhere, its lines are short."""

import re
from collections.abc import Iterator

import pytest

import kue
import kue_send
from kue.worker.context import Context
from tests.examples.markdown import DOCS, PAGES, ROOT, anchors, code_spans, column, links, prose, table
from tests.test_imports import ORDER

README = ROOT / "README.md"
FROM_NODE = DOCS / "from-node-kue.md"
ARCHITECTURE = DOCS / "architecture.md"
LOGGERS = {"kue.run"}
MAX_README_LINES = 150
MAX_COLUMNS = 100
MAX_TABLE_COLUMNS = 140  # Markdown cannot break the lines of a table


@pytest.fixture
def owners() -> Iterator[dict[str, object]]:
    """What a page means by the first part of a name."""
    with kue_send.Queue() as queue:
        yield {"kue": kue, "queue": queue, "job": queue.create("any"), "Job": kue_send.Job, "ctx": Context}


def test_every_name_of_ours_exists(owners: dict[str, object]) -> None:
    offenders, count = [], 0
    for page in PAGES:
        text = page.read_text()
        for span in code_spans(column(text, "here") if page == FROM_NODE else text):
            name = re.match(r"(kue|queue|Job|job|ctx)\.([a-z_]\w*)", span)
            count += name is not None
            if name is None or name[0] in LOGGERS:
                continue
            if not hasattr(owners[name[1]], name[2]) and not (ROOT / "kue" / name[2]).exists():
                offenders.append(f"{page.relative_to(ROOT)}: {name[0]}")
    assert count > 100
    assert not offenders


def test_every_file_that_a_page_names_exists() -> None:
    spans = [(page, span) for page in PAGES for span in code_spans(page.read_text())]
    named = [(page, span) for page, span in spans if re.fullmatch(r"(kue|kue_send|tests|docs|examples)/[\w./]+", span)]
    assert len(named) > 10
    assert not [f"{page.relative_to(ROOT)}: {span}" for page, span in named if not (ROOT / span).exists()]


def test_every_link_leads_somewhere() -> None:
    offenders = []
    for page in PAGES:
        for link in links(page):
            if "://" in link:
                continue
            target, _, anchor = link.partition("#")
            path = (page.parent / target) if target else page
            if not path.exists() or (anchor and anchor not in anchors(path)):
                offenders.append(f"{page.relative_to(ROOT)}: {link}")
    assert not offenders


def test_pages_of_the_site_link_to_pages_of_the_site() -> None:
    """A link out of docs/ works on GitHub and is dead on the site."""
    offenders = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        if page.is_relative_to(DOCS)
        for link in links(page)
        if "://" not in link and not (page.parent / link).resolve().is_relative_to(DOCS)
    ]
    assert not offenders


def test_no_line_is_too_long() -> None:
    offenders = []
    for page in PAGES:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            if len(line) > (MAX_TABLE_COLUMNS if line.startswith("|") else MAX_COLUMNS):
                offenders.append(f"{page.relative_to(ROOT)}:{number} has {len(line)} columns")
    assert not offenders


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= MAX_README_LINES


def test_the_readme_has_the_two_commands_of_a_fresh_clone() -> None:
    assert re.search(r"^make test\b", README.read_text(), re.MULTILINE)
    assert re.search(r"^make demo\b", README.read_text(), re.MULTILINE)


def test_no_page_is_blank_or_without_a_title() -> None:
    # their text is that of the files in the root
    included = {DOCS / name for name in ("changelog.md", "contributing.md", "security.md")}
    titles = [prose(page).lstrip() for page in PAGES if page not in included]
    assert all(re.match(r"# \S", title) for title in titles)


# --- architecture ---


def test_the_table_of_rooms_names_them_in_their_order() -> None:
    rooms = [name.strip("`") for name, _ in table(ARCHITECTURE.read_text(), "room")]
    assert rooms == list(ORDER), "docs/architecture.md says what each room is for"


def test_the_table_of_threads_has_each() -> None:
    threads = {name.strip("`") for name, *_ in table(ARCHITECTURE.read_text(), "thread")}
    sources = [path for room in ("kue", "kue_send") for path in (ROOT / room).rglob("*.py") if "cli" not in path.parts]
    assert threads == {name for path in sources for name in re.findall(r'name ?= ?"(kue-[a-z]+)"', path.read_text())}


def test_the_scripts_of_a_job_s_way_are_those_there_are() -> None:
    named = {span.removesuffix(".lua") for span in code_spans(ARCHITECTURE.read_text()) if span.endswith(".lua")}
    assert named == {
        "save",
        "save_unique",
        "save_indexed",
        "index_words",
        "take",
        "apply_effects",
        "complete",
        "fail",
        "requeue",
    }
    assert named <= {path.stem for path in (ROOT / "kue" / "store" / "lua").rglob("*.lua")}


def test_the_example_of_a_single_test_selects_one() -> None:
    found = re.search(r"pytest (\S+) -k (\w+)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert found
    assert re.search(rf"def test_\w*{found[2]}", (ROOT / found[1]).read_text())
