"""Reads all that the page of a job shows, in one round trip: its fields, its JSON as trees, and a piece of its log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from kue.store import codec, job_hash
from kue.web.json_tree import Tree, read_tree
from kue.web.read_model.job_view import JobViews
from kue.web.security.redaction import HIDDEN, Redaction
from kue.web.site import Site

MAX_LINES = 500
"""So many lines of the log one page has."""
MAX_TREE_BYTES = 256 * 1024
MAX_SHOWN_CHARACTERS = 2048
"""Of a field that is no JSON, or too large to be shown as a tree."""
JSON_FIELDS = ("data", "result", "progress_data")
_MAX_LINE_CHARACTERS = 10_000
_MAX_TITLE_CHARACTERS = 200
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Field:
    """A field that should hold JSON: as a tree, or if that cannot be, as the beginning of its text."""

    size: int
    tree: Tree | None = None
    text: str = ""
    is_cut: bool = False

    @property
    def shown(self) -> str:
        """The text to be copied, as far as it is shown."""
        return self.tree.text if self.tree else self.text


@dataclass(frozen=True)
class Log:
    """A piece of a log: the number of its first line, from 0 on, and how many lines the log has. None: not shown."""

    first: int
    total: int
    lines: Sequence[str] | None

    @property
    def end(self) -> int:
        """The number behind its last line."""
        return self.first + len(self.lines or ())


@dataclass(frozen=True)
class JobPage:
    """A job as its page shows it. `view` is what the API answers of it, with its runs.

    Without the permission `data`, `fields` and `raw` are None.
    """

    id: int
    view: Mapping[str, Any]
    fields: Mapping[str, Field] | None
    raw: Sequence[tuple[str, str]] | None
    log: Log
    title: str = ""


def read_job(site: Site, id: int, *, with_data: bool, first_line: int | None = None) -> tuple[JobPage | None, int]:
    """A job, or None if there is none; and the last id that was given out.

    The log is shown from a line on, or its end. Raises `ConnectionFailed` or `RedisRefused`.
    """
    commands = site.facts.commands
    last = first_line + MAX_LINES - 1 if first_line is not None else -1
    piece = commands.log(id, -MAX_LINES if first_line is None else first_line, last)
    asked = [commands.whole_hash(id), commands.log_length(id), piece, commands.last_id()]
    flat, length, lines, last_id = site.store.ask(asked)
    given_out = int(last_id) if isinstance(last_id, bytes) and last_id.isdigit() else 0
    if not isinstance(flat, ResponseError) and not flat:
        site.unreadable.forget(id)
        return None, given_out
    log = _log(length, lines, first_line, with_data)
    found = flat if isinstance(flat, ResponseError) else job_hash.from_pairs(flat)
    view = JobViews(site).view(id, found, with_data=with_data, runs=True)
    if not with_data or isinstance(flat, ResponseError):
        return JobPage(id, view, None if not with_data else {}, None if not with_data else [], log), given_out
    pairs = {codec.text(name): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
    fields = {name: read_field(pairs[name], site.settings.redaction) for name in JSON_FIELDS if pairs.get(name)}
    raw = [(name, _raw(name, value, fields, site.settings.redaction)) for name, value in pairs.items()]
    return JobPage(id, view, fields, raw, log, _title(view, fields)), given_out


def read_field(raw: bytes, redaction: Redaction) -> Field:
    """A field that should hold JSON."""
    size, text = len(raw), codec.text(raw)
    if size > MAX_TREE_BYTES:
        return Field(size, text=safe_text(text[:MAX_SHOWN_CHARACTERS], redaction), is_cut=True)
    try:
        return Field(size, read_tree(text, redaction.hides))
    except ValueError:
        is_cut = len(text) > MAX_SHOWN_CHARACTERS
        return Field(size, text=safe_text(text[:MAX_SHOWN_CHARACTERS], redaction), is_cut=is_cut)


def safe_text(text: str, redaction: Redaction) -> str:
    """A text of which it is not known what in it is a secret: hidden if the name of one stands in it."""
    unescaped = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return HIDDEN if redaction.hides(unescaped) else text


def _raw(name: str, value: bytes, fields: Mapping[str, Field], redaction: Redaction) -> str:
    """A field of the hash as it is shown. An unknown field may have the name of a secret."""
    if redaction.hides(name):
        return HIDDEN
    text = fields[name].shown if name in fields else codec.text(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}\u2026"


def _log(length: Any, lines: Any, first_line: int | None, with_data: bool) -> Log:
    if not isinstance(length, int) or not isinstance(lines, list):
        return Log(0, 0, [] if with_data else None)
    first = max(0, length - len(lines)) if first_line is None else min(first_line, length)
    return Log(first, length, [cut_line(codec.text(line)) for line in lines] if with_data else None)


def cut_line(line: str) -> str:
    """A line of a log, cut if it is very long."""
    return line if len(line) <= _MAX_LINE_CHARACTERS else f"{line[:_MAX_LINE_CHARACTERS]}\u2026"


def _title(view: Mapping[str, Any], fields: Mapping[str, Field]) -> str:
    """`title` of the data, or the data in one line."""
    data = view["data"]
    title = data.get("title") if isinstance(data, dict) else None
    text = title if isinstance(title, str) and title else fields["data"].shown if "data" in fields else ""
    if text == HIDDEN and data is None:
        return ""
    return text if len(text) <= _MAX_TITLE_CHARACTERS else f"{text[:_MAX_TITLE_CHARACTERS]}\u2026"
