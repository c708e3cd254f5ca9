"""A short run of the benchmark of the live stream measures every figure. None is judged here."""

import re
import subprocess
import sys

import pytest

from benchmarks.contestants import ROOT
from tests.processes import tied, unmeasured

pytestmark = pytest.mark.slow


def test_every_figure_of_the_live_stream_is_measured() -> None:
    command = tied([sys.executable, "-m", "benchmarks.live", "--types=2", "--streams=3", "--seconds=0.2"])
    ran = subprocess.run(command, cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.sub(r"[0-9.]+", "#", ran.stdout).splitlines() == [
        "one reading of counts, # types: # commands, # ms",
        "one reading of counts,types,attention, # types: # commands, # ms",
        "# idle streams: #% of a core, # commands/s",
        "the server stops with them open in # s",
    ]
