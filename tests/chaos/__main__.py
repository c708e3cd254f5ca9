"""`python -m tests.chaos --jobs 2000 --seed 1`: choices that follow from a seed. Exit code 1 on any violation."""

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kue
from tests.chaos.plan import Plan
from tests.chaos.run import NODE_WORKERS, PYTHON_WORKERS, Chaos
from tests.interop.node import what_is_missing


def report(chaos: Chaos) -> str:
    """The figures of a run."""
    verdict = chaos.verdict
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        f"kue {kue.__version__}, Python {platform.python_version()}, Redis {chaos.redis_version}, "
        f"Node {node} with Kue 0.11.6; {PYTHON_WORKERS} Python and {NODE_WORKERS} Node workers",
        f"seed {chaos.plan.seed}, {chaos.seconds:.0f} s",
        f"{chaos.acknowledged:8} jobs acknowledged, and {chaos.doubtful} saves in doubt",
        f"{verdict.runs:8} runs of handlers",
        f"{chaos.ticks:8} times of a schedule, each with one job",
        f"{sum(chaos.canceller.words.values()):8} jobs cancelled, which were then:",
        *_table(chaos.canceller.words),
        f"{chaos.limits.started:8} runs of these, at most {chaos.limits.most} at once; {chaos.limits.pauses} pauses",
        f"{sum(chaos.disturber.counts.values()):8} disturbances:",
        *_table(chaos.disturber.counts | {"(connections that were cut)": chaos.disturber.cut}),
        f"{len(verdict.jobs_again):8} jobs ran again though no attempt had failed, because of:",
        *_table(verdict.again),
        f"{verdict.given_up:8} jobs given up as lost more often than ghost_retries allows",
        f"{verdict.false_alarms:8} outcomes that counted, though after a cut their worker learned that they did not",
        "         runs that ended at their ttl:",
        *_table(verdict.late),
        "         what runs reported:",
        *_table(verdict.reports),
        "         what Node itself lost or doubled, and kue doctor repaired:",
        *_table(verdict.of_node),
        f"{len(chaos.violations):8} violations",
        *(f"         {violation}" for violation in chaos.violations[:40]),
    ]
    return "\n".join(lines)


def forget(folder: Path) -> None:
    """Remove what an earlier run kept here: a history of two runs would show jobs that no worker ran."""
    shutil.rmtree(folder / "appendonlydir", ignore_errors=True)
    for name in ("record.jsonl", "python.log", "doctor.log", "node.txt"):
        (folder / name).unlink(missing_ok=True)


def _table(counts: dict[str, int]) -> list[str]:
    return [f"{count:13} {what}" for what, count in sorted(counts.items(), key=lambda item: -item[1])]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="how many jobs are saved")
    parser.add_argument("--seed", type=int, default=1, help="every choice follows from it")
    parser.add_argument("--seconds", type=float, help="end saving and disturbing after so long")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="Python workers are MS from Redis")
    parser.add_argument("--folder", type=Path, help="keep the record and the logs here")
    wanted = parser.parse_args()
    missing = what_is_missing()
    if missing:
        parser.error(missing)
    with tempfile.TemporaryDirectory(prefix="kue-chaos-") as passing:
        folder = wanted.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        forget(folder)
        plan = Plan(wanted.seed, wanted.jobs)
        chaos = Chaos(plan, folder, wanted.seconds, lambda text: print(text, flush=True), wanted.latency)
        chaos.run()
    print(report(chaos))
    if chaos.violations:
        latency = f" --latency {wanted.latency:g}" if wanted.latency else ""
        print(f"FAILED: repeat it with --jobs {wanted.jobs} --seed {wanted.seed}{latency}")
    return 1 if chaos.violations else 0


if __name__ == "__main__":
    sys.exit(main())
