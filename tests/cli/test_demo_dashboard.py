"""`kue demo --dashboard`, as a user runs it: the address is printed, new jobs come, and nothing is left behind."""

import signal
from collections.abc import Callable

import pytest

from tests.cli.command import Command, is_listening
from tests.cli.programs import COMMAND
from tests.cli.test_demo import LONG_ENOUGH, assert_nothing_is_left, socket_of, workers_that_were_ready
from tests.helpers import wait_until
from tests.web.server import Client

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]
DASHBOARD = r"^its dashboard is at http://127\.0\.0\.1:(\d+)/$"


def test_the_dashboard_stays_up_and_new_jobs_come_until_a_signal(start: Start, module: Module) -> None:
    module("command", COMMAND)
    demo = start("demo", "--seconds", str(LONG_ENOUGH), "--jobs", "40", "--dashboard", program=("command.py",))
    socket = socket_of(demo)
    web = Client(int(demo.wait_for(DASHBOARD)[0][1]))
    wait_until(lambda: "demo" in web.get("/").body.decode(), 30)  # the first answer may take longer than one may
    demo.wait_for(r"^new jobs come, and http://\S+ shows them, until Ctrl-C$")
    wait_until(lambda: web.get("/api/v1/jobs?limit=1").json["total"] > 60, 30)
    wait_until(lambda: web.get("/api/v1/stats").json["observed"], 30)
    named = {one["name"]: one["paused"] for one in web.get("/api/v1/schedules").json["schedules"]}
    assert named == {"heartbeat": False, "monthly alert": True, "nightly report": False}
    workers = workers_that_were_ready(demo)
    demo.signal(signal.SIGINT)
    demo.assert_success()
    assert "every job ended as expected" in demo.lines
    assert not is_listening(web.port)
    assert_nothing_is_left(socket, workers)


def test_the_dashboard_of_a_killed_demo_ends_with_it(start: Start) -> None:
    demo = start("demo", "--seconds", str(LONG_ENOUGH), "--dashboard")
    port = int(demo.wait_for(DASHBOARD)[0][1])
    demo.signal(signal.SIGKILL)
    wait_until(lambda: not is_listening(port), 30)


def test_a_demo_without_the_packages_of_the_dashboard_says_which_extra_has_them(start: Start, module: Module) -> None:
    module("command", "import sys\nsys.modules['starlette'] = None\nfrom kue.cli.app import app\napp()")
    demo = start("demo", "--dashboard", program=("command.py",))
    assert demo.wait() == 1
    [line] = demo.errors
    assert line.startswith("kue: --dashboard: kue.web needs packages that are missing") and "kue[web]" in line
