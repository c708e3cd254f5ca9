"""The keys of the pages, as `/help` lists them. Each page names its own to keys.js; `?` shows those that act there."""

from __future__ import annotations

from typing import NamedTuple


class Keys(NamedTuple):
    """Some keys that do the same on the pages of a kind. A key with a space is two keys, one after the other."""

    where: str
    rows: tuple[tuple[tuple[str, ...], str], ...]


KEYS = (
    Keys(
        "On every page",
        (
            (("?",), "show the keys of this page"),
            (("/",), "find a job"),
            (("g o",), "go to the overview"),
            (("g q", "g a", "g d", "g f", "g c"), "go to queued, active, delayed, failed or complete jobs"),
            (("g j",), "go to all jobs"),
            (("g w", "g s"), "go to the workers, or the schedules"),
            (("n",), "create a job"),
            ((".",), "pause what is live, or let it go on"),
            (("t",), "change the colours"),
            (("Esc",), "close what is open"),
        ),
    ),
    Keys(
        "In a list",
        (
            (("j", "k"), "next and previous row"),
            (("Enter",), "open the job of the row"),
            (("x",), "select the row"),
            (("X",), "select all rows up to this one"),
            (("*",), "select all rows that are loaded"),
            (("r",), "retry what is selected, or the row"),
            (("c",), "cancel what is selected, or the row"),
            (("#",), "remove what is selected, or the row"),
        ),
    ),
    Keys(
        "On a job",
        (
            (("[", "]"), "previous and next job of the list"),
            (("r",), "retry it"),
            (("c",), "cancel it"),
            (("#",), "remove it"),
            (("l",), "go to its log"),
        ),
    ),
)
