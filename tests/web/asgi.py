"""Calls an ASGI app without a server: quick, and with every header under the test's control."""

import asyncio
import json as json_module
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.web.described import check
from tests.web.server import Answer


def ask(
    app: Any,
    method: str,
    path: str,
    *headers: tuple[str, str],
    json: Any = None,
    body: bytes = b"",
    client: tuple[str, int] = ("127.0.0.1", 50000),
    **scope: Any,
) -> Answer:
    """The answer to one request. Further keywords join or replace what the server would put into the scope."""
    if json is not None and method not in ("GET", "HEAD"):
        body, headers = json_module.dumps(json).encode(), (("Content-Type", "application/json"), *headers)
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"host" for name, _ in given):
        given.append((b"host", b"localhost"))
    address, _, query = path.partition("?")
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # the client stays to the end
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": given,
        "client": client,
        "server": ("127.0.0.1", 3000),
        **scope,
    }
    with ThreadPoolExecutor(1) as thread:  # a browser keeps an event loop on the thread of its test
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    start, *rest = sent
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    answer = Answer(start["status"], found, b"".join(message.get("body", b"") for message in rest))
    check(method, path, answer.status, answer.type, answer.body)
    return answer
