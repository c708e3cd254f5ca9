"""Every dependency has a floor and a reason, README names the floors, and continuous integration runs with them."""

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENT = re.compile(r"([\w-]+)(\[[\w,]+\])?(>=[\d.]+)?")
NAMES_IN_README = {"redis": "redis-py"}


def lists() -> dict[str, list[str]]:
    """The lines of each list of requirements in setup.cfg, with their comments."""
    config = configparser.ConfigParser(comment_prefixes=(), inline_comment_prefixes=None, allow_no_value=True)
    config.read_string(re.sub(r"^#.*$", "", (ROOT / "setup.cfg").read_text(), flags=re.MULTILINE))
    found = {"run time": config["options"]["install_requires"], **config["options.extras_require"]}
    return {name: text.strip().splitlines() for name, text in found.items()}


def test_every_dependency_has_a_floor_since_the_lowest_version_of_all_is_ancient() -> None:
    requirements = [line for lines in lists().values() for line in lines if not line.startswith("#")]
    assert len(requirements) > 10
    parsed = {line: REQUIREMENT.match(line) for line in requirements}
    assert [line for line, found in parsed.items() if not found or not (found[3] or found[1] == "kue")] == []


def test_every_dependency_has_a_comment_above_it_that_says_what_it_is_for() -> None:
    bare = [
        line
        for lines in lists().values()
        for above, line in zip(["", *lines], lines, strict=False)
        if not line.startswith("#") and not above.startswith("#") and line != "kue[embedded,cli,web]"
    ]
    assert bare == []


def test_readme_names_the_lowest_version_of_what_is_needed_at_run_time() -> None:
    needed = [line for line in lists()["run time"] if not line.startswith("#") and ";" not in line]
    found = [match for line in needed if (match := REQUIREMENT.match(line))]
    text = " ".join((ROOT / "README.md").read_text().split())
    missing = [
        wanted
        for match in found
        if (wanted := f"{NAMES_IN_README.get(match[1], match[1])} {match[3].removeprefix('>=')}") not in text
    ]
    assert len(found) == 5
    assert missing == []


def test_the_guide_to_testing_names_the_lowest_version_of_fakeredis() -> None:
    (floor,) = [line.partition(">=")[2] for line in lists()["test"] if line.startswith("fakeredis")]
    assert f"`fakeredis[lua]`, {floor} or newer" in (ROOT / "docs/guides/testing.md").read_text()


def test_continuous_integration_runs_the_quick_tests_with_the_lowest_versions() -> None:
    assert "run make test-lowest" in (ROOT / ".ci/run").read_text().splitlines()
