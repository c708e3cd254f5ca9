"""The words of tests/search/words.tsv, whose stems and codes real natural wrote."""

from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent.parent / "search" / "words.tsv"


class Word(NamedTuple):
    word: str
    stem: str
    code: str


WORDS = [Word(*line.split("\t")) for line in FILE.read_text().splitlines()]
KNOWN_WORDS = [row.word for row in WORDS]
