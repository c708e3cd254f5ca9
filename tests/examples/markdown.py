"""Reads our pages: sections, code, tables, links, and what their hidden comments have a test check.

The python blocks of a `## ` section, in order, are one script. A comment `<!-- check ... -->` holds code that runs
where it stands, and `<!-- prints: TEXT -->` says what the script must print; neither is seen by a reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_PIECE = re.compile(
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```$|^<!-- check\n(?P<check>.*?)^-->$|^<!-- prints: (?P<prints>.*?) -->$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE_SPAN = re.compile(r"`([^`]+)`")


@dataclass
class Section:
    """What one section has for a test."""

    page: str
    title: str
    text: str
    script: str = ""
    javascript: str = ""
    checks: int = 0
    prints: list[str] = field(default_factory=list)


def sections(path: Path) -> Iterator[Section]:
    """The `## ` sections of a page, and what stands before the first as one more."""
    for number, text in enumerate(re.split(r"^## ", "\n" + path.read_text(), flags=re.MULTILINE)):
        section = Section(path.name, text.partition("\n")[0] if number else "(head)", text)
        for piece in _PIECE.finditer(text):
            if piece["language"] == "python":
                section.script += piece["code"] + "\n"
            elif piece["language"] == "js":
                section.javascript += piece["code"] + "\n"
            elif piece["check"]:
                section.script += piece["check"] + "\n"
                section.checks += 1
            elif piece["prints"]:
                section.prints.append(piece["prints"])
                section.checks += 1
        yield section


def section(path: Path, title: str) -> Section:
    """The section with a title."""
    return next(section for section in sections(path) if section.title == title)


def table(text: str, first_column: str) -> list[list[str]]:
    """The rows of the table whose first column has this head, each a list of its cells."""
    lines = iter(text.splitlines())
    for line in lines:
        if _cells(line)[:1] == [first_column]:
            next(lines)  # the rule under the heads
            rows = []
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append(_cells(row))
            return rows
    raise LookupError(f"there is no table with a first column {first_column!r}")


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
    """The targets of all links, without their fragments."""
    return [target.partition("#")[0] for target in _LINK.findall(_PIECE.sub("", path.read_text()))]
