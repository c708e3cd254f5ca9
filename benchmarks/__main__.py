"""The program: runs every scenario with every contestant, round by round, and prints the table."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import contestants, noise, options, scenarios, table
from benchmarks.chart import chart
from benchmarks.contestants import Contestant
from benchmarks.errors import BenchmarkError
from benchmarks.results import Results
from benchmarks.scenarios.scenario import QUICK, Scenario, Sizes, Stage
from benchmarks.scenarios.working import TenSlots
from benchmarks.server import Server
from tests.servers import MissingPackage


def main() -> int:
    given = options.read()
    if given.list:
        print("\n".join(scenario.name for scenario in scenarios.standard()))
        return 0
    try:
        chosen, taking_part = _scenarios(given), _contestants(given)
        server = Server()
    except (BenchmarkError, MissingPackage) as problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        stage = Stage(server, QUICK if given.quick else Sizes())
        results = Results(taking_part, [row for scenario in chosen for row in scenario.rows])
        for number in range(given.rounds):
            _run_round(number, chosen, results, stage, given.when_quiet)
    finally:
        server.close()
    _report(given, chosen, results, stage)
    return 1 if results.failures else 0


def _scenarios(given: argparse.Namespace) -> list[Scenario]:
    asked = {
        name: getattr(given, name)
        for name in (
            "queued",
            "types",
            "delayed",
            "payload",
            "processes",
            "listeners",
            "endurance",
            "indexed",
            "latency",
        )
    }
    known, further = scenarios.standard(), scenarios.scaled(**asked)
    for name in given.only:
        if name not in {one.name for one in (*known, *further)}:
            raise BenchmarkError(f"there is no scenario {name!r}: see --list and the options for scale")
    return [one for one in (*known, *further) if not given.only or one.name in given.only]


def _contestants(given: argparse.Namespace) -> list[Contestant]:
    missing = contestants.missing_for_node_kue()
    if missing:
        raise BenchmarkError(missing)
    taking_part = [contestants.ours(), contestants.node_kue()]
    if given.peers:
        found, absent = contestants.peers(given.peers_python)
        taking_part += [one for one in found if not given.peers_only or one.key in given.peers_only]
        if absent:
            print(f"not installed: {', '.join(absent)}", file=sys.stderr)
    return taking_part


def _run_round(number: int, chosen: Sequence[Scenario], results: Results, stage: Stage, max_wait: int) -> None:
    """Run every scenario with every contestant. The order of the contestants is reversed in every other round."""
    for scenario in chosen:
        order = [one for one in results.contestants if one.does(scenario.needs)]
        if scenario.only_ours:
            order = order[:1]
        for contestant in order if number % 2 == 0 else reversed(order):
            what = f"round {number + 1}: {scenario.name}, {contestant.title}"
            try:
                figures, others = _measure(scenario, contestant, stage, max_wait)
            except BenchmarkError as problem:
                results.failures.append(f"{what}: {problem}")
                print(f"{what}: {problem}", file=sys.stderr, flush=True)
            else:
                results.add(contestant, figures, others)
                shown = ", ".join(f"{key} {table.figure(value)}" for key, value in figures.items())
                print(f"{what}: {shown} (others {100 * others:.0f}%)", file=sys.stderr, flush=True)


def _measure(scenario: Scenario, contestant: Contestant, stage: Stage, max_wait: int) -> tuple[dict[str, float], float]:
    """The figures, and the share of the machine that other programs used meanwhile.

    If that was much, it measures again until `max_wait` seconds have passed.
    """
    deadline = time.monotonic() + max_wait
    while True:
        if max_wait:
            noise.wait_for_quiet(deadline - time.monotonic())
        stage.server.empty()
        watcher = noise.Watcher()
        figures, others = scenario.run(stage, contestant), watcher.others()
        if others <= noise.QUIET_SHARE or time.monotonic() >= deadline:
            return figures, others


def _report(given: argparse.Namespace, chosen: Sequence[Scenario], results: Results, stage: Stage) -> None:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    system = f"{platform.system()} {platform.machine()}"
    machine = f"{today}, {os.cpu_count()} cores, {system}, medians of {given.rounds} rounds"
    if results.noise:
        median, worst = 100 * statistics.median(results.noise), 100 * max(results.noise)
        machine += f"; other programs used {median:.0f}% of the machine meanwhile, at worst {worst:.0f}%"
    versions = table.versions(stage.versions, stage.server.version)
    print(table.table(results), versions, machine, sep="\n\n")
    shares = [scenario.by_command for scenario in chosen if isinstance(scenario, TenSlots)]
    if given.commands and shares:
        print("\n10 slots, by Redis command\n\n" + table.by_command(shares[0]))
    for failure in results.failures:
        print(f"\nFAILED {failure}")
    if given.json:
        facts = {"date": today, "cores": os.cpu_count(), "rounds": given.rounds, "redis": stage.server.version}
        commands = shares[0] if shares else {}
        everything = {**facts, "versions": stage.versions, **results.as_json(), "by_command": commands}
        Path(given.json).write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
    if given.chart:
        Path(given.chart).write_text(chart(results, f"{versions}\n{machine}"))


if __name__ == "__main__":
    sys.exit(main())
