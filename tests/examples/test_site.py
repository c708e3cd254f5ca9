"""The site builds without a warning, every link in it leads somewhere, and it loads nothing from another host."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.examples.markdown import DOCS, ROOT, shown_objects

# What a browser loads by itself, by tag: the attributes that name it.
LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}
LINKS_NOT_LOADED = {"canonical", "prev", "next", "alternate", "author", "license"}
FOREIGN = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
ADDRESS = re.compile(r"https?://[\w.-]+(?:/[\w.@-]+)?")
IN_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')]+)""", re.IGNORECASE)
# The theme's scripts name these, and load them only if a page has the element beside it (None: only old browsers do).
NAMED_IN_SCRIPTS = {
    "https://unpkg.com/mermaid@": 'class="mermaid"',
    "https://unpkg.com/resize-observer-polyfill": None,
    "https://api.github.com/": 'data-md-component="source"',
}
IN_COMMENTS_AND_NAMES = (
    "http://www.w3.org",
    "https://clipboardjs.com",
    "http://lunrjs.com",
    "http://tartarus.org",
    "https://bit.ly",
)


class Page(HTMLParser):
    """The anchors, links and loaded files of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self._in_script = False
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._in_script = tag == "script"
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "link" and not LINKS_NOT_LOADED.intersection(attributes.get("rel", "").split()):
            self.loaded.append(attributes.get("href", ""))
        self.loaded += [attributes[name] for name in LOADED.get(tag, ()) if name in attributes]
        self.loaded += IN_CSS.findall(attributes.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.loaded += ADDRESS.findall(data)
        self._in_script = False


def dead_links(pages: dict[Path, Page]) -> list[str]:
    offenders = []
    for path, page in pages.items():
        if path.name == "404.html":  # its links begin at the root of the host
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].anchors):
                offenders.append(f"{path.name}: {link}")
    return offenders


def other_hosts(site: Path, pages: dict[Path, Page]) -> list[str]:
    offenders = [
        f"{path.name}: {address}" for path, page in pages.items() for address in page.loaded if FOREIGN.match(address)
    ]
    for path in site.rglob("*.css"):
        offenders += [f"{path.name}: {address}" for address in IN_CSS.findall(path.read_text())]
    for path in (*site.glob("assets/javascripts/*.js"), *site.glob("assets/javascripts/workers/*.js")):
        for address in set(ADDRESS.findall(path.read_text())):
            if address.startswith(IN_COMMENTS_AND_NAMES):
                continue
            known = next((start for start in NAMED_IN_SCRIPTS if address.startswith(start)), None)
            if known is None:
                offenders.append(f"{path.name}: {address}")
            elif element := NAMED_IN_SCRIPTS[known]:
                offenders += [f"{page.name}: {element}" for page, found in pages.items() if element in found.text]
    return offenders


def not_shown(pages: dict[Path, Page], site: Path) -> list[str]:
    """The objects and members that a page of the API lists and does not have: they have no docstring."""
    offenders = []
    for source in (DOCS / "reference").glob("*.md"):
        page = pages[(site / "reference" / f"{source.stem}.html").resolve()]
        for name, members in shown_objects(source).items():
            wanted = {name, *(f"{name}.{member}" for member in members)}
            offenders += [f"{source.name}: {one}" for one in sorted(wanted - page.anchors)]
    return offenders


@pytest.mark.slow
def test_the_site_builds_strictly_without_dead_links_or_other_hosts(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 30
    assert dead_links(pages) == []
    assert other_hosts(site, pages) == []
    assert not_shown(pages, site) == []
