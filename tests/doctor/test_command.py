"""The command `kue doctor`: what it prints, and its exit codes."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner

from kue.cli.app import app
from kue.cli.doctor import duration
from tests.doctor.cases import CASES, NEIGHBOURS
from tests.doctor.conftest import Patient
from tests.store.world import NODE, TYPES, job, without, world

on_redis = pytest.mark.parametrize("backend", ["redis"], indirect=True)
Doctor = Callable[..., tuple[int, list[str]]]
HEALTHY = ["5 jobs of 1 type under q: nothing wrong"]


def run(*words: str) -> tuple[int, list[str]]:
    """The exit code, and the lines of standard output."""
    result = CliRunner().invoke(app, ["doctor", *words])
    return result.exit_code, result.stdout.splitlines()


@pytest.fixture
def doctor(patient: Patient) -> Doctor:
    """The command on the patient, without patience."""
    return lambda *words: run("--redis", patient.backend.redis, "--grace", "0", *words)


# What each finding says and what its repair does is tested without the command, in test_findings.py. Here stand those
# that take different ways through the command: one that is repaired at once, one that a living process may be half-way
# through, one whose repair publishes events, one with a sum in its words, and one with a line break in a name.
PRINTED = [
    "failed, missing from q:jobs:failed",
    "a save cut off, its data written",
    "no state, and listed as two",
    "missing tokens",
    "no zid, '01|7\\n'",
]


@on_redis
@pytest.mark.parametrize("what", PRINTED)
def test_the_command_reports_with_code_1_and_repairs_with_code_0(patient: Patient, doctor: Doctor, what: str) -> None:
    case = CASES[what]
    patient.seed(case.before)

    code, lines = doctor()
    assert code == 1
    assert lines[:-1] == case.says
    assert lines[-1].startswith("1 finding among ")
    assert patient.world() == case.before

    code, lines = doctor("--fix")
    assert code == 0
    assert lines[:-1] == [f"{says}: {done}" for says, done in zip(case.says, case.done, strict=True)]
    assert lines[-1].endswith("under q: all repaired")

    healthy = patient.world()
    for words in ([], ["--fix"]):
        code, lines = doctor(*words)
        assert code == 0
        assert [line.rpartition(": ")[2] for line in lines] == ["nothing wrong"]
    assert patient.world() == healthy


@on_redis
def test_the_command_repairs_a_job_that_turns_out_to_be_lost_once_its_state_is_known(
    patient: Patient, doctor: Doctor
) -> None:
    held = job(1, "active", workerId="kue:host:77-beef0001:email:3")
    patient.seed(without(world(NEIGHBOURS, held), "q:job:1/state"))
    code, lines = doctor("--fix")
    assert code == 0
    assert [line.rpartition(": ")[2] for line in lines] == ["now active", "put back in its queue", "all repaired"]


@on_redis
def test_the_command_exits_with_code_1_if_something_cannot_be_repaired(patient: Patient, doctor: Doctor) -> None:
    before = without(NEIGHBOURS, "q:jobs") | {"q:jobs": ["a"]}
    patient.seed(before)
    for words in ([], ["--fix"]):
        code, lines = doctor(*words)
        assert code == 1
        assert lines == [
            "q:jobs is a list and not a zset: move it away by hand",
            "1 finding; nothing else can be checked before this is fixed",
        ]
    assert patient.world() == before


@on_redis
def test_the_command_examines_another_prefix(patient: Patient, doctor: Doctor) -> None:
    patient.seed({name.replace("q:", "{x}:", 1): value for name, value in NEIGHBOURS.items()})
    assert doctor("--prefix", "{x}") == (0, ["5 jobs of 1 type under {x}: nothing wrong"])
    hint = "there are jobs under {x}: name a prefix with --prefix"
    assert doctor() == (0, [hint, "0 jobs of 0 types under q: nothing wrong"])


@on_redis
def test_the_command_puts_back_jobs_of_node_only_if_asked_to(patient: Patient, doctor: Doctor) -> None:
    patient.seed(world(NEIGHBOURS, job(1, "active", workerId=NODE)))
    healthy = ["6 jobs of 2 types under q: nothing wrong"]
    assert doctor("--fix") == (0, healthy)
    assert doctor("--fix", "--requeue-active-older-than", "100000d") == (0, healthy)
    # the neighbours are as old, and one of them is active too
    code, lines = doctor("--requeue-active-older-than", "1h")
    assert (code, lines[-1]) == (1, "2 findings among 6 jobs")
    code, lines = doctor("--fix", "--requeue-active-older-than", "1h")
    assert (code, lines[-1]) == (0, "6 jobs of 2 types under q: all repaired")
    assert patient.client.zcard(patient.keys.state("active")) == 0
    assert patient.client.hget(patient.keys.job(1), "state") == b"inactive"


@on_redis
@pytest.mark.parametrize("type", TYPES)
def test_the_command_prints_a_finding_in_one_line_whatever_the_type(
    patient: Patient, doctor: Doctor, type: str
) -> None:
    patient.seed(without(world(NEIGHBOURS, job(1, type=type)), f"q:jobs:{type}:inactive"))
    code, lines = doctor()
    assert (code, len(lines)) == (1, 2)


@on_redis
def test_the_command_takes_the_address_from_the_environment(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.seed(NEIGHBOURS)
    monkeypatch.setenv("KUE_REDIS_URL", patient.backend.redis)
    assert run() == (0, HEALTHY)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--redis", "redis://127.0.0.1:1"], "kue: cannot reach Redis at redis://127.0.0.1:1"),
        (["--redis", "ftp://somewhere"], "kue: redis='ftp://somewhere' cannot be read"),
        (["--prefix", ""], "kue: prefix must be"),
        (["--grace", "soon"], "'soon' is not a duration such as"),
        (["--requeue-active-older-than", "-1h"], "'-1h' is not a duration such as"),
        (["--mend"], "No such option"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(words: list[str], complaint: str) -> None:
    result = CliRunner().invoke(app, ["doctor", *words])
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0", 0), ("250", 250), ("250ms", 250), ("2s", 2000), ("1.5m", 90_000), ("1h", 3_600_000), ("2d", 172_800_000)],
)
def test_a_duration_has_a_unit_or_is_milliseconds(text: str, milliseconds: int) -> None:
    assert duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "h", "1 week", "-1s", "1h30m", "inf", "1e3"])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        duration(text)


@pytest.mark.slow
@on_redis
def test_the_command_runs_in_a_shell(patient: Patient) -> None:
    patient.seed(NEIGHBOURS)
    command = [sys.executable, "-m", "kue", "doctor", "--redis", patient.backend.redis]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, HEALTHY, "")


@on_redis
def test_a_prefix_without_jobs_is_reported_with_those_that_have_some(patient: Patient, doctor: Doctor) -> None:
    patient.seed({})
    assert doctor("--prefix", "shop") == (0, ["0 jobs of 0 types under shop: nothing wrong"])
    client = patient.backend.client
    for prefix in ("q", "{mail}", "two\nlines", "a:b"):
        client.zadd(f"{prefix}:jobs", {"01|1": 0})
    client.rpush("shop:email:jobs", 1)  # a list of tokens
    client.sadd("bare:job:types", "email")
    assert doctor("--prefix", "shop") == (
        0,
        [
            "there are jobs under a:b, q, two\\nlines, {mail}: name a prefix with --prefix",
            "0 jobs of 0 types under shop: nothing wrong",
        ],
    )
    for number in range(8):
        client.zadd(f"r{number}:jobs", {"01|1": 0})
    named = "a:b, q, r0, r1, r2, r3, r4, r5, r6, r7 and 2 others"
    assert doctor("--prefix", "shop")[1][0] == f"there are jobs under {named}: name a prefix with --prefix"


@on_redis
def test_a_prefix_with_jobs_is_reported_alone(patient: Patient, doctor: Doctor) -> None:
    patient.seed(NEIGHBOURS)
    patient.backend.client.zadd("other:jobs", {"01|1": 0})
    assert doctor() == (0, HEALTHY)
    assert patient.examine().other_prefixes == ()
