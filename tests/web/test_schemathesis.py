"""schemathesis reads the OpenAPI file of a running app, and finds no request that the API answers in another way.

It sends some thousand requests, right and wrong ones, and follows jobs and operations from one address to the next.
"""

import importlib.util
import itertools
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import kue
import kue.web
from kue.web.api_v1.routes import PREFIX
from kue.web.security.passwords import read_users
from tests.conftest import absent
from tests.web.server import WebServer

CONFIG = Path(__file__).with_name("schemathesis.toml")
MAX_SECONDS = 100  # it takes ten


@pytest.mark.slow
def test_the_api_answers_as_its_openapi_file_says(queue: kue.Queue, client: Any, tmp_path: Path) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        absent("schemathesis, from the extra dev")
    queue.every(timedelta(days=1), queue.create("cleanup"), name="nightly")
    minutes = itertools.count(0.0, 61.0)  # so that the wrong passwords, which it tries as well, lock nobody out
    users = read_users({"users": ["ana:secret"]}, lambda: next(minutes))
    app = kue.web.app(queue, auth=users, limits=kue.web.Limits(stream_seconds=0.1))
    with WebServer(app) as web:
        run = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", "--no-color"]
        address = f"http://127.0.0.1:{web.port}{PREFIX}/openapi.json"
        command = [*run, "--auth", "ana:secret", address]
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=MAX_SECONDS, check=False)
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr
    described = [route for route in app.routes if route.description is not None]
    assert re.findall(r"Tested: (\d+)", found.stdout) == [str(len(described) - 1)]  # not the file that it reads
