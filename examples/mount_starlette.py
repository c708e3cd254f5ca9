"""Kue's API under a prefix of a Starlette app: who may do what, decided by the app itself.

To install: pip install 'kue[web]'
"""

import hmac
import os
import socket
import threading
import urllib.request

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import kue
import kue.web

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
TOKENS = {"token-of-ops": kue.web.Access("ops"), "token-of-support": kue.web.Access("support", ["read"])}


def auth(request: Request) -> kue.web.Access | bool:
    """Ask whatever login the app has. Here that is a list of tokens."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    for token, access in TOKENS.items():
        if hmac.compare_digest(token.encode(), given.encode()):
            return access
    return False


async def home(request: Request) -> PlainTextResponse:
    return PlainTextResponse("a page of the app")


application = Starlette(routes=[Route("/", home), Mount("/kue", app=kue.web.app(queue, auth=auth))])

if __name__ == "__main__":
    queue.create("email", {"to": "tj@example.com"}).save()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()

    address = f"http://127.0.0.1:{listening.getsockname()[1]}/kue/job/1"
    for token, access in TOKENS.items():
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            print(access.user, "sees", answer.read().decode())

    server.should_exit = True
    queue.shutdown(1000)  # ends the live streams, which the server waits for
    thread.join()
