"""The colours of the pages, as the style sheet has them, can be told apart: WCAG 2.2 AA, in both schemes."""

import re
from itertools import product
from pathlib import Path

import kue.web

SHEET = (Path(kue.web.__file__).parent / "static" / "tokens.css").read_text()
PAPERS = ("bg", "surface", "sunken", "hover")
STATES = ("queued", "active", "delayed", "complete", "failed", "warning")
TEXT_PAIRS = [
    *product(("text", "muted", "accent", *STATES), PAPERS),
    *((state, f"{state}-tint") for state in STATES),
    *product(("text", "muted", "accent", "failed"), ("selected", "failed-tint")),
    ("on-accent", "accent"),
    ("on-failed", "failed"),
]
# What is no text: the borders of controls, and the ring around what has the focus.
SHAPE_PAIRS = [("line-strong", "surface"), *(("focus", paper) for paper in PAPERS)]


def schemes() -> list[dict[str, str]]:
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", SHEET)
    return [{name: light for name, light, _ in found}, {name: dark for name, _, dark in found}]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_pair_of_colours_has_the_contrast_that_its_use_needs() -> None:
    low = [
        (one, other, round(found, 2))
        for colours in schemes()
        for pairs, least in ((TEXT_PAIRS, 4.5), (SHAPE_PAIRS, 3.0))
        for one, other in pairs
        if (found := contrast(colours[one], colours[other])) < least
    ]
    assert low == []
    assert (contrast("#000000", "#ffffff"), contrast("#777777", "#777777")) == (21, 1)
