"""The process that serves the demo's dashboard: `kue dashboard`, which also ends if the demo is killed.

The demo holds the other end of its standard input. That is closed however the demo ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from kue.cli import dashboard_main


def _end_with_the_demo() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_demo, name="demo-end", daemon=True).start()
    dashboard_main()
