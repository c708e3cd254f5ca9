"""The pictures of the docs can be taken anew, each without a problem in its page, and made small."""

import base64
from pathlib import Path

import pytest

from tests.browser import browser
from tests.web.pictures import FOLDER, take
from tests.web.small_png import small_png

pytestmark = [pytest.mark.slow, pytest.mark.node]
MAX_BYTES = 100_000
PLACE = "position: fixed; inset: 0"


def test_the_pictures_of_the_docs_can_be_taken(tmp_path: Path) -> None:
    take(tmp_path, small=False)
    ours = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert sorted(ours) == sorted(path.name for path in tmp_path.iterdir())
    assert {name: size for name, size in ours.items() if size > MAX_BYTES} == {}


def test_a_picture_that_was_made_small_is_the_same() -> None:
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 60, "height": 40})
        page.set_content("<body style='background: linear-gradient(red, blue)'>")
        picture = page.screenshot()
        again = base64.b64encode(small_png(chromium, picture)).decode()
        page.set_content(f"<img src='data:image/png;base64,{again}' style='{PLACE}'>")
        page.wait_for_function("document.images[0].naturalWidth === 60")
        assert page.screenshot() == picture
