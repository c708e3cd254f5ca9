"""Reads our pages: sections, code, tables, links, and the hidden comments that tell a test what to check.

The Python blocks of a `## ` section are one script, in their order, and so are its hidden `<!-- check ... -->` blocks.
A block with a title is a file, which other blocks of the section import or run. A `sh` block is run by bash.
What must be printed is said by a `text` block, in which `...` stands for anything, or by `<!-- prints: TEXT -->`.

Other hidden comments:
- `<!-- background -->` before a `sh` block: it runs until the section ends or a `<!-- stop -->`, then gets SIGTERM.
- `<!-- exits with 1 -->` before a `sh` block: that is its exit code, else it is 0.
- `<!-- continued -->`: the sections of this page build on one another and are run as one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")),
    *sorted(DOCS.rglob("*.md")),
]

_PIECE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<code>.*?)^```$'
    r"|^<!-- check\n(?P<check>.*?)^-->$"
    r"|^<!-- prints: (?P<prints>.*?) -->$"
    r"|^<!-- (?P<word>background|exits with 1|stop|continued) -->$",
    re.MULTILINE | re.DOTALL,
)
_SECTION = re.compile(r"^## (?P<title>.*)$", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE_SPAN = re.compile(r"`([^`]+)`")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


@dataclass
class Step:
    """Something to do: run Python or shell code, write a file, wait for output, stop what runs in the background."""

    kind: Literal["python", "sh", "file", "expect", "stop"]
    code: str = ""
    name: str = ""
    background: bool = False
    exit_code: int = 0


@dataclass
class Section:
    """What one section of a page has for a test."""

    page: Path
    title: str
    text: str
    steps: list[Step] = field(default_factory=list)
    other_code: list[tuple[str, str]] = field(default_factory=list)
    has_checks: bool = False

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.title}"

    @property
    def runs(self) -> bool:
        """Whether there is more to do than to write files."""
        return any(step.kind in ("python", "sh") for step in self.steps)

    @property
    def expected(self) -> list[str]:
        """What must be printed."""
        return [step.code for step in self.steps if step.kind == "expect"]

    @property
    def files(self) -> dict[str, str]:
        return {step.name: step.code for step in self.steps if step.kind == "file"}

    def add_python(self, code: str) -> None:
        """All Python of a section without a file name is one script, which runs where its first block stands."""
        script = next((step for step in self.steps if step.kind == "python"), None)
        if script is None:
            self.steps.append(Step("python", code))
        else:
            script.code += "\n" + code


def sections(path: Path) -> Iterator[Section]:
    """The `## ` sections of a page, and what stands before the first as one more."""
    text = path.read_text()
    parts = _separate(path, text)
    if "<!-- continued -->" in text:
        whole = Section(path, "(whole page)", text)
        for part in parts:
            whole.steps += part.steps
            whole.other_code += part.other_code
            whole.has_checks |= part.has_checks
        yield whole
    else:
        yield from parts


def _separate(path: Path, text: str) -> Iterator[Section]:
    starts = [match for match in _SECTION.finditer(text) if not _is_in_code(text, match.start())]
    ends = [match.start() for match in starts] + [len(text)]
    yield _read(path, "(head)", text[: ends[0]])
    for match, end in zip(starts, ends[1:], strict=True):
        yield _read(path, match["title"], text[match.start() : end])


def _is_in_code(text: str, position: int) -> bool:
    return text.count("\n```", 0, position) % 2 == 1


def _read(path: Path, title: str, text: str) -> Section:
    section = Section(path, title, text)
    background, exit_code = False, 0
    for piece in _PIECE.finditer(text):
        language, code = piece["language"], piece["code"]
        if piece["word"]:
            background = background or piece["word"] == "background"
            exit_code = 1 if piece["word"] == "exits with 1" else exit_code
            if piece["word"] == "stop":
                section.steps.append(Step("stop"))
        elif piece["prints"] is not None:
            section.steps.append(Step("expect", piece["prints"].replace("\\n", "\n")))
        elif piece["check"] is not None:
            section.add_python(piece["check"])
            section.has_checks = True
        elif piece["title"]:
            section.steps.append(Step("file", code, piece["title"]))
        elif language == "python":
            section.add_python(code)
        elif language == "sh":
            section.steps.append(Step("sh", code, background=background, exit_code=exit_code))
            background, exit_code = False, 0
        elif language == "text":
            section.steps.append(Step("expect", code))
        else:
            section.other_code.append((language, code))
    section.has_checks = section.has_checks or bool(section.expected)
    return section


def section(path: Path, title: str) -> Section:
    """The section with a title."""
    return next(section for section in sections(path) if section.title == title)


def unread_fences(path: Path) -> list[str]:
    """The lines that open or close a block of code and that `sections` does not understand."""
    return [line for line in _PIECE.sub("", path.read_text()).splitlines() if "```" in line]


def prose(path: Path) -> str:
    """The page without its code and its hidden comments."""
    return _PIECE.sub("", path.read_text())


def table(text: str, first_column: str) -> list[list[str]]:
    """The rows of all tables whose first column has this head, each a list of its cells."""
    lines = iter(text.splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if _cells(line)[:1] == [first_column]:
            next(lines)  # the rule under the heads
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append(_cells(row))
    if not rows:
        raise LookupError(f"there is no table with a first column {first_column!r}")
    return rows


def column(text: str, head: str) -> str:
    """Every cell under this head, in whatever tables have it, a line each."""
    found, place = [], -1
    for line in text.splitlines():
        cells = _cells(line)
        if not cells:
            place = -1
        elif head in cells:
            place = cells.index(head)
        elif place >= 0:
            found.append(cells[place])
    return "\n".join(found)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] if line[:1] == "|" else []


def code_spans(text: str) -> list[str]:
    """Everything between back-ticks, outside of code blocks."""
    return _CODE_SPAN.findall(_PIECE.sub("", text))


def links(path: Path) -> list[str]:
    """The targets of all links of a page."""
    return _LINK.findall(_CODE_SPAN.sub("", prose(path)))


def anchors(path: Path) -> set[str]:
    """What a link may say after `#`: the headings of a page as GitHub and our site write them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(path))}


def shown_objects(path: Path) -> dict[str, set[str]]:
    """What a page has mkdocstrings show: for each object of ours the members that are listed, if they are."""
    blocks = re.findall(r"^::: ([\w.]+)\n((?:    .*\n)*)", path.read_text(), re.MULTILINE)
    return {name: _listed_members(options) for name, options in blocks}


def _listed_members(options: str) -> set[str]:
    in_one_line = re.search(r"members: \[(.*)\]", options)
    if in_one_line:
        return set(in_one_line[1].split(", "))
    return set(re.findall(r"^ +- \"?(\w+)\"?$", options, re.MULTILINE))
