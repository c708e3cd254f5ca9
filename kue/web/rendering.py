"""Makes pages of templates. Whatever is put into one is escaped, so that no data of a job becomes markup."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from kue.store import codec
from kue.web import visible, words
from kue.web.call import Call

TEMPLATES = Path(__file__).parent / "templates"
environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
environment.filters |= {
    "short_count": words.short_count,
    "exact_count": words.exact_count,
    "rate": words.rate,
    "percent": words.percent,
    "duration": words.duration,
    "moment": words.moment,
    "exact_moment": words.exact_moment,
    "label": words.label,
    "plural": words.plural,
    "one_line": visible.one_line,
    "visible": visible.visible,
}


def page(call: Call, template: str, values: Mapping[str, object], status: int = 200) -> Response:
    """A page. Each template gets the title of the app, and the address under which the app is mounted."""
    title = call.site.settings.title or "kue"
    text = environment.get_template(template).render(title=title, base=call.address(""), **values)
    return HTMLResponse(codec.text_bytes(text), status)  # JSON may hold half a surrogate pair, which UTF-8 cannot
