"""Reads what `kue demo` prints at its end: the tables and the sums, as numbers."""

import re
from dataclasses import dataclass

COLUMNS = ("created", "complete", "failed", "unfinished", "retries")
PARTIES = ("python created", "node created", "python ran", "node ran")
Row = dict[str, int]


@dataclass
class Summary:
    """`rows` by type, with "total" among them; `parties` likewise, with Node."""

    rows: dict[str, Row]
    parties: dict[str, Row]
    sums: Row
    promises: Row
    seconds: float
    deviations: list[str]

    @property
    def types(self) -> list[str]:
        return [type for type in self.rows if type != "total"]

    def column(self, name: str) -> list[int]:
        """A number of every type."""
        return [self.rows[type][name] for type in self.types]


def read_summary(lines: list[str]) -> Summary:
    """Raises AssertionError where something is missing."""
    text = "\n".join(lines)
    sums = re.search(
        r"^(?P<created>\d+) created = (?P<complete>\d+) complete \+ (?P<failed>\d+) failed"
        r"(?: \+ (?P<unfinished>\d+) unfinished)?, (?P<retries>\d+) retries, in (?P<seconds>[\d.]+) s$",
        text,
        re.MULTILINE,
    )
    promises = re.search(
        r"^(?P<all>\d+) promises = (?P<resolved>\d+) resolved \+ (?P<rejected>\d+) rejected"
        r" \+ (?P<open>\d+) not settled$",
        text,
        re.MULTILINE,
    )
    assert sums and promises, text
    numbers = sums.groupdict(default="0")
    seconds = float(numbers.pop("seconds"))
    wrong = re.search(r"^not as expected: \d+\n(.*)", text, re.MULTILINE | re.DOTALL)
    return Summary(
        rows=_table(lines, COLUMNS),
        parties=_table(lines, PARTIES),
        sums={name: int(number) for name, number in numbers.items()},
        promises={name: int(number) for name, number in promises.groupdict().items()},
        seconds=seconds,
        deviations=[line.strip() for line in wrong[1].splitlines()] if wrong else [],
    )


def _table(lines: list[str], columns: tuple[str, ...]) -> dict[str, Row]:
    """The lines of a name and so many numbers."""
    pattern = re.compile(r"^\s*(\w+)" + r"\s+(\d+)" * len(columns) + r"\s*$")
    found = [match.groups() for line in lines if (match := pattern.match(line))]
    return {name: dict(zip(columns, map(int, numbers), strict=True)) for name, *numbers in found}
