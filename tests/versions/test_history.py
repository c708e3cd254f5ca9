"""The proof that two releases work together is never left out in CI without a word."""

import subprocess
from pathlib import Path

import pytest

from tests.crash.process import ROOT
from tests.versions.conftest import HERE, packed_release

PREVIOUS = (HERE / "PREVIOUS").read_text().strip()


@pytest.fixture
def shallow(tmp_path: Path) -> Path:
    """A repository whose history does not reach back to the previous release."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_history_without_the_previous_release_fails_under_ci_and_skips_elsewhere(
    shallow: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.delenv("KUE_TESTS_WITHOUT_HISTORY", raising=False)
    with pytest.raises(outcome, match=rf"no commit {PREVIOUS[:9]}.*git fetch --unshallow"):
        packed_release(PREVIOUS, shallow)


def test_a_machine_without_git_skips_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.skip.Exception, match="git is not installed"):
        packed_release(PREVIOUS)


def test_the_full_history_has_the_previous_release() -> None:
    assert len(packed_release(PREVIOUS, ROOT)) > 100_000
