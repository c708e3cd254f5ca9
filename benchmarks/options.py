"""The options of the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def read(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options. If they are wrong, argparse ends the program."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures this project beside Node Kue, in alternation, on a Redis server of its own.",
    )
    parser.add_argument("--quick", action="store_true", help="few jobs and one round, to see whether it runs")
    parser.add_argument("--rounds", type=_count, metavar="N", help="rounds; the table has their medians (3; quick: 1)")
    parser.add_argument("--only", type=_names, default=(), metavar="NAME,...", help="only these scenarios; see --list")
    parser.add_argument("--list", action="store_true", help="list the scenarios and exit")
    parser.add_argument("--json", metavar="FILE", help="also write every value to this file")
    parser.add_argument("--chart", metavar="FILE", help="write a chart to this file, as SVG")
    parser.add_argument("--commands", action="store_true", help="also print calls and time of each Redis command")
    parser.add_argument(
        "--when-quiet",
        type=_count,
        default=0,
        metavar="SECONDS",
        help="before each measurement wait until other programs use little of the machine, and repeat a measurement "
        "that they disturbed, for this long at most",
    )
    peers = parser.add_argument_group("other queues")
    peers.add_argument("--peers", action="store_true", help="add every peer that is installed")
    peers.add_argument(
        "--peers-python",
        action="append",
        default=[],
        metavar="PATH",
        help="a Python that has peers installed (may be repeated; default: the Python that runs this)",
    )
    peers.add_argument("--peers-only", type=_names, default=(), metavar="NAME,...", help="only these peers")
    scale = parser.add_argument_group("scale: further scenarios")
    scale.add_argument("--queued", type=_count, metavar="N", help="the rates with N jobs queued (1000000)")
    scale.add_argument("--types", type=_count, metavar="N", help="N types of jobs (1000)")
    scale.add_argument("--delayed", type=_count, metavar="N", help="N delayed jobs due at once (100000)")
    scale.add_argument("--payload", type=_counts, default=(), metavar="BYTES,...", help="jobs with BYTES of data")
    scale.add_argument("--processes", type=_counts, default=(), metavar="N,...", help="N worker processes (1,2,4)")
    scale.add_argument("--listeners", type=_count, metavar="N", help="N connections that listen to events (1000)")
    scale.add_argument("--endurance", type=_count, metavar="N", help="one worker runs N jobs (1000000)")
    scale.add_argument("--indexed", type=_count, metavar="N", help="search in an index of N jobs (100000)")
    scale.add_argument(
        "--latency", type=_numbers, default=(), metavar="MS,...", help="a network that takes MS each way (0.5,2,5)"
    )
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.peers = options.peers or bool(options.peers_only)
    options.peers_python = options.peers_python or [sys.executable]
    return options


def _count(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_count(part) for part in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
