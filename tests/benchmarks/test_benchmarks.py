"""A quick run of the benchmarks measures every figure, and its jobs add up. No figure is judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import contestants, scenarios
from benchmarks.scenarios.scenario import Row
from tests.conftest import absent
from tests.processes import tied, unmeasured

ROOT = Path(__file__).parent.parent.parent
BOTH = {"kue", "node-kue"}

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module", autouse=True)
def node_kue() -> None:
    missing = contestants.missing_for_node_kue()
    if missing:
        absent(missing)


# The program, with sizes and waits that are smaller still. Deep queues only with kue: what it asks of Node Kue there,
# it asks of it in the quick run too.
SMALLER = """
import dataclasses, sys
from benchmarks import __main__
from benchmarks.scenarios import scale, standing

def set_known(place, **values):
    for name, value in values.items():
        assert hasattr(place, name), name
        setattr(place, name, value)

few = {name: max(100, size // 3) for name, size in vars(__main__.QUICK).items() if size >= 100}
set_known(__main__, QUICK=dataclasses.replace(__main__.QUICK, idle_seconds=0.3, **few))
set_known(standing, SETTLE_SECONDS=0.2)
set_known(scale, SHALLOW=1000)
set_known(scale.Queued, only_ours=True)
sys.exit(__main__.main())
"""


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run the program; it ends with an error if jobs do not add up."""
    command = tied([sys.executable, "-c", SMALLER, "--quick", *options])
    return subprocess.run(command, cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False)


def test_a_quick_run_measures_every_row_of_both(tmp_path: Path) -> None:
    rows: list[Row] = [row for scenario in scenarios.standard() for row in scenario.rows]

    ran = run("--json", str(tmp_path / "all.json"), "--chart", str(tmp_path / "all.svg"))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = [line.split("|") for line in ran.stdout.splitlines() if line.startswith("| ")]
    assert [line[1].strip() for line in lines[2:]] == [row.title for row in rows]
    told = json.loads((tmp_path / "all.json").read_text())
    measured = {row["key"]: {key for key, value in row["medians"].items() if value is not None} for row in told["rows"]}
    assert measured == {row.key: BOTH for row in rows}
    assert told["failures"] == []
    assert told["versions"]["node-kue"]["kue"] == "0.11.6"
    chart = (tmp_path / "all.svg").read_text()
    assert chart.startswith("<svg") and "Node Kue" in chart and chart.rstrip().endswith("</svg>")


def test_the_scenarios_for_scale_run_at_a_small_size(tmp_path: Path) -> None:
    sizes = {"queued": 1_500, "types": 20, "delayed": 1_000, "listeners": 20, "endurance": 1_000, "indexed": 500}
    lists = {"payload": (10_000,), "processes": (2,)}
    latencies = (0.5,)
    rows = [row for scenario in scenarios.scaled(**sizes, **lists, latency=latencies) for row in scenario.rows]
    options = [f"--{name}={size}" for name, size in sizes.items()]
    options += [f"--{name}={','.join(map(str, values))}" for name, values in lists.items()]
    options += ["--latency=0.5"]
    only = ",".join([*sizes, *lists, "latency"])

    ran = run("--only", only, "--json", str(tmp_path / "scale.json"), *options)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads((tmp_path / "scale.json").read_text())
    figures = {row["key"]: row["medians"]["kue"] for row in told["rows"]}
    assert set(figures) == {row.key for row in rows}
    assert None not in figures.values()


def test_an_unknown_scenario_is_refused_by_name() -> None:
    ran = run("--only", "no-such")

    assert ran.returncode == 2
    assert "there is no scenario 'no-such'" in ran.stderr
