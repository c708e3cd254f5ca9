"""Every example runs against a real server, ends by itself with exit code 0, and prints something telling."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.interop.node import HERE as INTEROP
from tests.interop.node import what_is_missing
from tests.processes import unmeasured

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "examples"
NAMES = sorted(path.name for path in FOLDER.glob("*.py"))
WITH_NODE = {"with_node.py"}
QUICK = "first_job.py"  # one for the quick tier

TELLING = {
    "a_day.py": """
04:00  6 reports since midnight, as 02:00 came twice, and 1 cleanup
09:10  32 clicks made 1 job
11:20  a deploy declares everything again: 13 reports so far, the next at 12:00
13:50  Redis is away
15:10  Redis is back
15:20  one report for the time without Redis, that of 15:00
17:00  the worker of an export is killed
17:00  the export has two runs: ghost and complete
17:00  60 mails are sent, at most 20 in a tenth of a second
19:00  the provider of payments is down, and 5 charges wait
19:00  an archive has failed: Cancelled: of the wrong year
23:59  complete: charge 6, cleanup 2, export 1, mail 60, report 24
23:59  15 jobs of the morning are purged, 78 stay, and 1 that has failed
23:59  numbers of the day: 94 saved, 93 completed, 1 cancelled
""",
    "async_handlers.py": "100 waits of 0.3 s took",
    "asyncio_promise.py": "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100,",
    "backoff_functions.py": "waits of the function: [40, 160, 360]",
    "cancelling.py": "job 1: Cancelled: the customer has left, cancelled in attempt 1 of 3\ncancelled: 500",
    "changing_jobs.py": "<Job 1 'parcel' delayed> {'to': 'Kiruna'} -10 3 shelf 12",
    "command_line.py": "12 tiles are rendered\nthe workers ended with code 0",
    "configure.py": "configured: (3, 60000) (20, 60000)\nreset: (3, 60000) (5, 60000)",
    "connections.py": "found by the environment\ncannot reach Redis at redis://127.0.0.1:1/0 (",
    "current_job.py": "[order 1] charging 995 cents",
    "custom_events.py": "asked: favourite colour?\nresult: {'answers': 3}",
    "delays.py": "a timedelta: asked for 600 ms",
    "done_callback.py": "'555-0100': '555-0100 answered'",
    "embedded_directory.py": "found job 1 again: {'disk': 'sda'}",
    "errors.py": "background: a listener of 'job complete' raised KeyError: 'fine'",
    "finding_jobs.py": "failed: [(2, \"KeyError: 'to'\")]",
    "first_job.py": "sending welcome to tj@example.com\njob 1 is complete: {'sent': True}",
    "fork.py": "7 jobs from 3 processes",
    "graceful_shutdown.py": "short: complete - long: inactive",
    "health.py": "after shutdown: 503 {'live': False, 'ready': False, 'shutting_down': True",
    "hot_jobs.py": "job 3 is failed: job 3 failed: a photo has a width\ngathered [10, 20, 30]",
    "job_events.py": "('failed attempt', 'disk full', 1)",
    "job_flags.py": "flags email 5 -15 {'type': 'exponential', 'delay': 500} None",
    "json_default.py": "{'due': '2030-01-31', 'lines': [{'price': '9.99'}]}",
    "middleware.py": "report 1 raised ValueError('no pages')\nreport 2 returned {'pages': 3}\ntimed: 2 runs\n",
    "mount_django.py": "bob is refused with status 403",
    "mount_django_wsgi.py": '/kue/stats {"inactiveCount":1,',
    "mount_fastapi.py": 'types of mails: []\ntypes of reports: ["report"]',
    "mount_flask.py": '/kue/stats {"inactiveCount":1,',
    "mount_starlette.py": 'support sees {"id":"1","type":"email","data":{},',
    "pause_and_limit.py": "at most 2 reports at a time\n15 mails in bursts of 5: True\nLimit(concurrency=None, per=(5,",
    "pause_and_resume.py": "too many requests\nresumed with 2 waiting\nnext",
    "priorities.py": "5  first of two at 5\n   5  second of two at 5\n  10  low",
    "progress_and_log.py": " 66 %  numbers\n100 %  questions\n",
    "promise.py": "job 1 has the result {'bytes': 12000}\nfailed: a book has no negative pages",
    "purging.py": "older than an hour: 0\nnot among the newest 50: 150\nleft: 5 pings and 50 emails",
    "queue_events.py": "job 3 has the result 11",
    "recurring.py": "nightly: ['02:30', '02:30', '02:30']\nschedules: ['cleanup', 'poll']\ntriggered: cleanup cleanup",
    "retries.py": "job 1: uploaded\njob 2: attempt 1 of 2 failed\njob 2 gave up: attempt 2 of 2 failed",
    "run_history.py": "run 1, attempt 1: ghost    TTL exceeded\nrun 2, attempt 1: failed   ConnectionError: the server",
    "save_many.py": "refused: data.price: is nan, which JSON does not have",
    "shared_slots.py": "at most 10 jobs ran at once, in 10 slots\nthe first report did not wait for all photos: True",
    "several_types.py": "slots: ['original', 'preview', 'preview', 'thumbnail', 'thumbnail']",
    "snooze.py": "a report for tj, in attempt 1\nfailed for good: a report needs a customer",
    "stats.py": "report: 2 started, 0 completed, 1 retried, 1 failed\nhalf of the emails",
    "stuck_jobs.py": "tokens: 1 waiting: 1\ntokens: 2 waiting: 2\nran: ['half taken', 'without a token']",
    "testing_your_code.py": "Ran 2 tests in",
    "ttl.py": "{'ttl coroutine': 'TTL exceeded', 'ttl patient': 'complete', 'ttl plain': 'TTL exceeded'}",
    "unique_jobs.py": "1 of 8 clicks made a job\nindexed: ['hello']\nsynced: ['before', 'the last change']",
    "with_node.py": "has the result {'words': 6, 'by': 'Python'}",
}


def run(name: str, address: str | None) -> "subprocess.CompletedProcess[str]":
    """Run an example as a user does, from another folder."""
    environment = {key: value for key, value in unmeasured().items() if key != "KUE_REDIS_URL"}
    environment |= {"PYTHONPATH": str(ROOT), "NODE_PATH": str(INTEROP / "node_modules")}
    if address:
        environment["KUE_REDIS_URL"] = address
    command = [sys.executable, str(FOLDER / name)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def marks(name: str) -> list[pytest.MarkDecorator]:
    if name == QUICK:
        return []
    return [pytest.mark.node if name in WITH_NODE else pytest.mark.slow]


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in NAMES])
def test_an_example_works(name: str, redis_url: str) -> None:
    missing = what_is_missing() if name in WITH_NODE else None
    if missing:
        absent(missing)
    assert name in TELLING, f"say in TELLING what {name} prints"
    ended = run(name, redis_url)
    assert ended.returncode == 0, ended.stderr
    assert TELLING[name] in ended.stdout + ended.stderr


def test_expected_output_is_listed_for_exactly_the_examples_that_exist() -> None:
    assert sorted(TELLING) == NAMES


def test_without_an_address_an_example_starts_its_own_server() -> None:
    ended = run("first_job.py", None)
    assert ended.returncode == 0, ended.stderr
    assert TELLING["first_job.py"] in ended.stdout


def test_an_example_that_does_not_work_reports_the_error(redis_url: str) -> None:
    ended = run("first_job.py", redis_url.rpartition(":")[0] + ":1")
    assert ended.returncode != 0
    assert "cannot reach Redis at redis://127.0.0.1:1/0" in ended.stderr


def test_the_list_of_examples_has_each_once() -> None:
    listed = re.findall(r"^\| \[(\w+\.py)\]\((\w+\.py)\)", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(name for name, _ in listed) == NAMES
    assert all(name == target for name, target in listed)
