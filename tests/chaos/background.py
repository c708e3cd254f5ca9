"""What goes on beside the disturbances of a chaos run: a thread with a queue of its own."""

import threading

import kue


class Background:
    """`_run` goes on until `_stopping` is set."""

    def __init__(self, url: str, name: str) -> None:
        self._queue = kue.Queue(redis=url)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Have `_run` come to its end, and wait for that."""
        self._stopping.set()
        self._thread.join()
        self._queue.shutdown()

    def _run(self) -> None:
        raise NotImplementedError
