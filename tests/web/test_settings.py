"""The settings of an app: what they take, and what is refused at once."""

from typing import Any

import pytest

import kue
import kue.web
from kue.errors import InvalidOption
from kue.web import open_access
from tests.web.asgi import ask


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"limits": {}}, r"limits must be a kue\.web\.Limits, not \{\}"),
        ({"thresholds": 5}, r"thresholds must be a kue\.web\.Thresholds, not 5"),
        ({"observe": "yes"}, "observe must be True or False, not 'yes'"),
        ({"title": 5}, "title must be a string, not 5"),
        ({"redact": None}, "redact must be a list of exact names, not None"),
        ({"redact": [""]}, "redact must be a list of exact names, not ''"),
        ({"redact": ["-_"]}, "redact must have names with a letter or a digit, not '-_'"),
        ({"allowed_hosts": None}, "allowed_hosts must be a list of exact names, not None"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_at_once(queue: kue.Queue, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidOption, match=problem):
        kue.web.app(queue, auth=open_access, **given)


@pytest.mark.parametrize("name", ["at_once", "body", "body_seconds", "jobs_per_answer"])
@pytest.mark.parametrize("value", [0, -1, "5", None, True])
def test_a_limit_is_a_number_above_zero(name: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=f"{name} must be"):
        kue.web.Limits(**{name: value})


@pytest.mark.parametrize("key", ["пароль", "Пароль-2", "MY_ПАРОЛЬ"])
def test_a_key_of_any_script_can_be_hidden(queue: kue.Queue, client: Any, key: str) -> None:
    queue.create("email", {key: "geheim", "to": "ana"}).save()
    app = kue.web.app(queue, auth=open_access, redact=["пароль"])
    assert ask(app, "GET", "/api/v1/jobs/1").json["data"] == {key: "hidden", "to": "ana"}
