"""The demo's types of jobs: what each type shows, and how each of its jobs is expected to end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice

from kue.cli.demo.plan import Part, Planned, Timing
from kue.options.job import PRIORITIES

MIN_SECONDS = 3.0
MIN_JOBS = 40
JOBS_PER_SECOND = 40
MAX_DEFAULT_JOBS = 4000  # unless the user asks for more
IMAGE_STEPS = ("read", "rotate", "scale", "sharpen", "write")
_NAMES = ("ada", "bruno", "chiara", "dmitri", "eva", "farid", "grace", "hana", "ivan", "jun")


def _name(number: int) -> str:
    return _NAMES[number % len(_NAMES)]


def _alert(number: int, timing: Timing) -> Planned:
    # They are created from the least urgent to the most urgent, so that only their priorities can put them in order.
    priority = next(islice(cycle(PRIORITIES), number, None))
    data = {"service": f"shop-{number}", "ms": timing.job_ms}
    return Planned("alert", data, {"priority": priority}, result={"paged": f"shop-{number}"})


def _email(number: int, timing: Timing) -> Planned:
    to = f"{_name(number)}.{number}@example.com"
    return Planned("email", {"to": to, "subject": "Grüße, 你好", "ms": timing.job_ms}, result={"sent_to": to})


def _image(number: int, timing: Timing) -> Planned:
    data = {"file": f"{_name(number)}-{number}.jpg", "width": 4000 + number, "ms": timing.job_ms}
    result = {"width": (4000 + number) // 4, "steps": len(IMAGE_STEPS)}
    return Planned("image", data, result=result, progress_data={"step": IMAGE_STEPS[-1]})


def _reminder(number: int, timing: Timing) -> Planned:
    delay = max(1, timing.milliseconds(0.05 * (1 + number % 6)))
    data = {"name": _name(number), "ms": timing.job_ms}
    return Planned("reminder", data, {"delay": delay}, result={"reminded": _name(number)})


def _payment(number: int, timing: Timing) -> Planned:
    failures = number % 3
    backoff = {"type": ("fixed", "exponential")[number % 2], "delay": max(1, timing.milliseconds(0.05))}
    cents = 100 * number + 99
    return Planned(
        "payment",
        {"cents": cents, "failures": failures, "ms": timing.job_ms},
        {"attempts": 3, "backoff": backoff},
        attempts=failures + 1,
        result={"paid": cents, "attempt": failures + 1},
    )


def _webhook(number: int, timing: Timing) -> Planned:
    host = f"{_name(number)}.example.com"
    data = {"host": host, "ms": timing.job_ms}
    error = f"ConnectionError: {host} does not answer"
    return Planned("webhook", data, {"attempts": 2}, state="failed", attempts=2, error=error)


def _report(number: int, timing: Timing) -> Planned:
    rows, form = 1000 * (number + 1), ("returns", "sends", "fails")[number % 3]
    job = Planned("report", {"rows": rows, "form": form, "ms": timing.job_ms}, promises=True)
    if form == "fails":
        job.state, job.error = "failed", f"ValueError: {rows} rows are too many"
    else:
        job.promised = {"pages": rows // 50}
        job.result = job.promised if form == "returns" else None
    return job


def _invoice(number: int, timing: Timing) -> Planned:
    failures = int(number % 4 == 3)
    result = {"total": 3 * number, "by": "python"}
    data = {"items": number, "price": 3, "failures": failures, "ms": timing.job_ms}
    return Planned("invoice", data, {"attempts": 2}, attempts=failures + 1, result=result)


def _sms(number: int, timing: Timing) -> Planned:
    failures = int(number % 4 == 3)
    text = f"Hello {_name(number)} 👋"
    data = {"text": text, "failures": failures, "ms": timing.job_ms}
    result = {"characters": len(text.encode("utf-16-le")) // 2, "by": "node"}
    return Planned("sms", data, {"attempts": 2}, attempts=failures + 1, result=result)


def _geocode(number: int, timing: Timing) -> Planned:
    data = {"street": f"{number} Main Street", "ms": timing.job_ms}
    return Planned("geocode", data, result={"street": f"{number} Main Street", "number": number})


PYTHON_PARTS = (
    Part("alert", "in order of priority", 8, 1, 30, _alert, waits_for_workers=False),
    Part("email", "results, unicode", 36, 6, 40, _email),
    Part("image", "progress and log", 10, 3, 250, _image),
    Part("reminder", "delayed", 10, 2, 20, _reminder),
    Part("payment", "retried with backoff", 14, 3, 40, _payment),
    Part("webhook", "fails for good", 6, 2, 30, _webhook),
    Part("report", "promises", 16, 3, 60, _report),
)
NODE_PARTS = (
    Part("invoice", "Node to Python", 16, 3, 40, _invoice, makers=("node",)),
    Part("sms", "Python to Node", 16, 4, 40, _sms, runners=("node",)),
    Part("geocode", "both, for both", 20, 4, 40, _geocode, ("python", "node"), ("python", "node"), at_once=16),
)


@dataclass(frozen=True)
class Scenario:
    """The types of jobs, and the Python workers that run them: `module:queue`, and the number of processes."""

    parts: tuple[Part, ...] = PYTHON_PARTS
    node_parts: tuple[Part, ...] = NODE_PARTS
    workers: str = "kue.cli.demo.handlers:serve"
    processes: int = 2
