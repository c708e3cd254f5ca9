"""Makes pages of templates. Whatever is put into one is escaped, so that no data of a job becomes markup."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from kue.web.call import Call

TEMPLATES = Path(__file__).parent / "templates"
environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(call: Call, template: str, **values: object) -> Response:
    """A page. Each template gets the title of the app, and the address under which the app is mounted."""
    title = call.site.settings.title or "kue"
    text = environment.get_template(template).render(title=title, base=call.address(""), **values)
    return HTMLResponse(text)
