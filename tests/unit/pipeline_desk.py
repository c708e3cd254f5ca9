"""A pipeline with everything around it, and a connection that answers with what it is given."""

from typing import Any

from redis.exceptions import ConnectionError

from kue.connection.reply_reader import NOT_YET
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from kue.worker.io.calls import Call, Report, Take
from kue.worker.io.outbox import Outbox
from kue.worker.io.pipeline import Pipeline
from kue.worker.slots import TypeSlots


class FakeLink:
    """Notes what was sent, and answers with what it is given."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.replies: list[Any] = []
        self.breaks_when_sending = False
        self.received_at: float | None = None
        self.timeout: float | None = None

    def send(self, commands: list[tuple[str, ...]]) -> None:
        if self.breaks_when_sending:
            raise ConnectionError("gone")
        self.sent += [command[0] for command in commands]

    def exchange(self, commands: list[tuple[str, ...]]) -> list[Any]:
        self.send(commands)
        return [self.read() for _ in commands]

    def read(self) -> Any:
        if not self.replies:
            raise ConnectionError("gone")
        return self.replies.pop(0)

    def read_if_complete(self) -> Any:
        return self.replies.pop(0) if self.replies else NOT_YET


class Desk:
    """An exchange with everything around it, and what happened in order."""

    def __init__(self) -> None:
        self.link: Any = FakeLink()
        self.happened: list[tuple[str, Any]] = []
        self.lost: list[tuple[str, int]] = []  # takes, with the number of the last run that each asked for
        self.outbox = Outbox(Transitions(Keys("q")), lambda report, reply: None)
        self.now = 1000.0
        self.slept: list[float] = []
        self.exchange = Pipeline(self.outbox, Transitions(Keys("q")), clock=lambda: self.now, sleep=self.slept.append)
        handler: Any = None
        self.group = TypeSlots("email")
        for n in range(4):
            self.group.add(f"kue:host:7-b:email:{n}", handler)

    def report(self, name: str) -> Report:
        run: Any = None
        return Report((name,), run, ends=True, on_reply=lambda report, reply: self.note(name, reply))

    def take(self, name: str, count: int) -> Take:
        return Take(
            (name,),
            self.group,
            count,
            1,
            lambda take, reply: self.note(name, reply),
            lambda take: self.lost.append((name, take.last_run)),
        )

    def note(self, name: str, reply: Any) -> None:
        self.happened.append((name, reply))
        if reply == "bad":
            raise ValueError(name)

    def send(self, *names: str) -> None:
        """Send a batch with a report for each name."""
        self.exchange.send(self.link, [self.report(name) for name in names])

    def run(self, *calls: Call, replies: list[Any]) -> None:
        self.link.replies = replies
        self.exchange.run(self.link, calls)
