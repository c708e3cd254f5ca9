"""kue_send has every public name of kue, and Promise; only the names that send and promise are its own."""

import kue
import kue_send

OWN = {"Job", "Queue", "create_queue"}


def test_kue_send_has_every_name_of_kue() -> None:
    assert set(kue_send.__all__) == set(kue.__all__) | {"Promise"}


def test_only_names_that_send_and_promise_differ() -> None:
    differing = {name for name in kue.__all__ if getattr(kue, name) is not getattr(kue_send, name)}
    assert differing == OWN
