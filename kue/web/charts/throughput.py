"""The chart of how many jobs ended: completed upward, failed and retried downward from zero.

The position tells them apart, since the three colours are alike in greyscale. A line shows how many were created, so
that a backlog that grows can be seen.
"""

from __future__ import annotations

from kue.stats.series import Numbers
from kue.web.charts.chart import HEIGHT, Chart, Drawing, Slots
from kue.web.charts.steps import step_for, steps_to
from kue.web.words import exact_count, plural, short_count

_GAP = 0.14  # of a slot
_COLUMNS = ("completed", "failed", "retried", "created")


def throughput(slots: Slots, unit: str = "a minute", *, running: bool = True) -> Chart:
    """The chart of a series; `unit` says how long a slot is. If the last is `running`, it is drawn fainter."""
    up = max((max(one.completed, one.created) for one in slots.numbers), default=0)
    down = max((one.failed + one.retried for one in slots.numbers), default=0)
    step = step_for(max(up, down))
    above, below = max(1, steps_to(up, step)), steps_to(down, step)
    scale = HEIGHT / ((above + below) * step)
    zero = above * step * scale
    drawing = Drawing()
    for level in range(above + below + 1):
        drawing.level("zero" if level == above else "grid", level * step * scale)
    width = slots.width * (1 - _GAP)
    for place, one in enumerate(slots.numbers):
        x = place * slots.width + slots.width * _GAP / 2
        faint = " running" if running and place == len(slots.numbers) - 1 else ""
        drawing.rectangle(f"complete{faint}", x, zero - one.completed * scale, width, one.completed * scale)
        drawing.rectangle(f"failed{faint}", x, zero, width, one.failed * scale)
        drawing.rectangle(f"retried{faint}", x, zero + one.failed * scale, width, one.retried * scale)
    whole = slots.numbers[:-1] if running else slots.numbers
    created = [((place + 0.5) * slots.width, zero - one.created * scale) for place, one in enumerate(whole)]
    if any(one.created for one in whole):
        drawing.line("created", created)
    return Chart(
        svg=drawing.markup(),
        levels=[short_count(abs(above - level) * step) for level in range(above + below + 1)],
        moments=slots.starts(),
        slots=slots.described,
        totals={name: short_count(sum(getattr(one, name) for one in slots.numbers)) for name in _COLUMNS},
        sentence=_sentence(slots, unit),
        at=slots.begin + _worst(slots) * slots.length if any(one.failed for one in slots.numbers) else None,
        columns=_COLUMNS,
        rows=[
            (slots.begin + place * slots.length, [exact_count(getattr(one, name)) for name in _COLUMNS])
            for place, one in enumerate(slots.numbers)
            if _has_any(one)
        ],
        is_empty=not any(map(_has_any, slots.numbers)),
    )


def _sentence(slots: Slots, unit: str) -> str:
    """What happened. If any jobs failed, its end is the moment at which most of them did."""
    completed, failed = (sum(getattr(one, name) for one in slots.numbers) for name in ("completed", "failed"))
    if not completed and not failed:
        return "No job ended in this time."
    if not failed:
        return f"{plural(completed, 'job')} completed, none failed."
    most = slots.numbers[_worst(slots)].failed
    said = f"{plural(completed, 'job')} completed, {exact_count(failed)} failed"
    return f"{said}; failures rose to {exact_count(most)} {unit} at"


def _worst(slots: Slots) -> int:
    """The place of the slot in which most jobs failed."""
    return max(range(len(slots.numbers)), key=lambda place: slots.numbers[place].failed, default=0)


def _has_any(one: Numbers) -> bool:
    return bool(one.completed or one.failed or one.retried or one.created)
