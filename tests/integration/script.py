"""Scripts that fork, each run in a process of its own, which reports what it found."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEAD = '''
import json, os, sys, threading
import kue_send as kue
from tests.helpers import wait_until

queue = kue.create_queue(**json.loads(sys.argv[1]))

def tell(**facts):
    os.write(1, (json.dumps(facts) + "\\n").encode())

def forked(work):
    """Do something in a child that must end well within a while."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        import traceback
        traceback.print_exc()
    finally:
        os._exit(code)

def ended(*pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
'''


def run_script(redis_url: str, script: str, **options: Any) -> list[dict[str, Any]]:
    """What it told, in order; it must end well, and write nothing to stderr."""
    source = HEAD + textwrap.dedent(script)
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", source, json.dumps(options)],
        env=os.environ | {"KUE_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]
