"""Kue's API of two queues in a FastAPI app, each under a prefix of its own.

To install: pip install 'kue[web]' fastapi
"""

import os
import socket
import threading
import urllib.request

import uvicorn
from fastapi import FastAPI

import kue
import kue.web

redis = os.environ.get("KUE_REDIS_URL", "embedded:")
mails = kue.Queue(redis=redis, prefix="mails")
reports = kue.Queue(redis=redis, prefix="reports")

application = FastAPI()
application.mount("/kue/mails", kue.web.app(mails, auth=("ana", "secret")))
application.mount("/kue/reports", kue.web.app(reports, auth=("ana", "secret"), read_only=True))


@application.post("/reports/{name}")
def order(name: str) -> dict[str, int | None]:
    """An address of the app, which makes a job."""
    return {"job": reports.create("report", {"name": name}).save().id}


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"

    urllib.request.urlopen(f"{address}/reports/sales", data=b"", timeout=10).close()
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, address, "ana", "secret")
    ana = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    for name in ("mails", "reports"):
        with ana.open(f"{address}/kue/{name}/job/types", timeout=10) as answer:
            print(f"types of {name}:", answer.read().decode())

    server.should_exit = True
    mails.close()  # ends the live streams, which the server waits for
    reports.close()
    thread.join()
