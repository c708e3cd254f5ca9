"""Whether a client takes JSON, by its header Accept."""

from __future__ import annotations

_JSON = ("application/json", "application/*", "*/json", "*/*")  # the most exact first


def accepts_json(header: str | None) -> bool:
    """Whether the header allows JSON; one that is missing or empty allows everything.

    The most exact range counts: `*/*, application/json;q=0` excludes JSON. A range with another parameter before `q`
    is none for JSON, and what comes behind `q` is ignored, as in Node.
    """
    ranges = {}
    for item in (header or "").split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind:
            ranges[kind] = _quality(parameters)
    found = [ranges[kind] for kind in _JSON if kind in ranges]
    return found[0] > 0 if found else not ranges


def _quality(parameters: list[str]) -> float:
    if not parameters:
        return 1.0
    name, _, value = parameters[0].partition("=")
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
