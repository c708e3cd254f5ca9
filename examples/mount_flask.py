"""Kue's API under a prefix of a Flask app. Flask is a WSGI app, so a2wsgi translates.

To install: pip install 'kue[web]' flask a2wsgi
"""

import os
import threading
import urllib.request
from typing import Any
from wsgiref.simple_server import make_server

from a2wsgi import ASGIMiddleware
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import kue
import kue.web

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
application = Flask(__name__)


@application.get("/")
def home() -> str:
    return "a page of the app"


# Behind a server that forks, such as gunicorn, this must run in each worker: without its option --preload.
# a2wsgi's types of ASGI are not Starlette's.
kue_app: Any = ASGIMiddleware(kue.web.app(queue, auth=("ana", "secret")))  # pyright: ignore[reportArgumentType]
application.wsgi_app = DispatcherMiddleware(application.wsgi_app, {"/kue": kue_app})

if __name__ == "__main__":
    queue.create("email", {"to": "tj@example.com"}).save()
    server = make_server("127.0.0.1", 0, application)
    threading.Thread(target=server.serve_forever).start()
    address = f"http://127.0.0.1:{server.server_port}"

    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, address, "ana", "secret")
    ana = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    for path in ("/", "/kue/stats"):
        with ana.open(address + path, timeout=10) as answer:
            print(path, answer.read().decode())

    server.shutdown()
    queue.shutdown(1000)
