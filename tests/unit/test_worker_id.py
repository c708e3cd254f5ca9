"""Worker ids: which process each names, and that Node's never name one."""

import pytest

from kue.store import worker_id
from kue.store.worker_id import is_newer, new_process, parts_of, process_of, stem_of
from tests.store.world import NODE, NODE_LOOKALIKES, PYTHON_LOOKALIKES, TYPES

PROCESSES = ["kue:host:77-beef0001", "kue:host:77-beef00011", "kue::1-0123456789ab"]
ALL_TYPES = [*TYPES, *PYTHON_LOOKALIKES]


@pytest.mark.parametrize("type", ALL_TYPES)
@pytest.mark.parametrize("process", PROCESSES)
def test_a_python_run_names_its_process_whatever_the_type(process: str, type: str) -> None:
    assert process_of(f"{process}:{type}:17") == process


@pytest.mark.parametrize("worker", [NODE, *NODE_LOOKALIKES, *(f"kue:vm:6763:{type}:1" for type in ALL_TYPES)])
def test_a_node_worker_names_no_process_whatever_the_type(worker: str) -> None:
    assert process_of(worker) is None


@pytest.mark.parametrize(
    "worker",
    [
        *("", "somebody", "kue:host:77-beef0001:3", "kue:host:77-beef0001:y:3x", "kue:host:77-beef:y:3"),
        *("kue:host:\u0663-beef0001:y:3", "kue:host:77-BEEF0001:y:3"),
    ],
)
def test_what_has_not_the_form_of_a_worker_id_names_no_process(worker: str) -> None:
    assert process_of(worker) is None


@pytest.mark.parametrize("host", ["box", "fe80::1", "a:7-beef0001:b"])
def test_the_name_of_a_new_process_has_no_colon_from_its_host(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    process = new_process()
    assert parts_of(process)[0] == host.replace(":", "-")
    assert parts_of(process)[2] == worker_id.PROTOCOL and not is_newer(process)
    assert process_of(f"{stem_of(process, 'email')}1") == process


def test_the_digits_after_the_nonce_are_the_protocol() -> None:
    assert parts_of("kue:host:77-beef0001") == ("host", 77, 0)
    assert parts_of("kue:host:77-beef00011") == ("host", 77, 1)
    assert parts_of("kue:host:77-beef00011f") == ("host", 77, 31)
    assert parts_of("kue:vm:6763:2026-123456789ab") == ("", 0, 0)
