"""`jaxaudit case`: what it says before it computes anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from jaxaudit.cli import case
from jaxaudit.cli.case_progress import CaseProgress
from jaxaudit.cli.main import main
from jaxaudit.model.mistake import Mistake


def test_alone_it_lists_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["case"]) == 0
    assert "  coronagraph  images of planets" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["coronograph"], "there is no case 'coronograph'; did you mean 'coronagraph'?"),
        (["coronagraph", "--variants", "as-arg"], "there is no variant 'as-arg'"),
        (["coronagraph", "--repeat", "0"], "'0' is not a number from 1 to 1000"),
        (["coronagraph", "--image", "nowhere/a.png"], "the picture 'nowhere/a.png' can't be written"),
    ],
)
def test_wrong_use_is_a_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["case", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_extra_says_what_to_install() -> None:
    with pytest.raises(Mistake, match=r'needs nothing_such: pip install "jaxaudit\[coronagraph\]"'):
        case.must_be_installed("coronagraph", ("json", "nothing_such"))


def test_an_interrupt_says_where_the_data_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jaxaudit_cases.coronagraph.study.study.package_of", interrupted)
    assert main(["case", "coronagraph", "--cache-dir", "kept"]) == 130
    assert capsys.readouterr().err == (
        "jaxaudit: interrupted; what was made is kept under kept, the same command goes on\n"
    )


def test_help_imports_nothing_heavy() -> None:
    said = "import sys; from jaxaudit.cli.case import run; run(['--help']); sys.exit('numpy' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0  # fmt: skip


def test_progress_is_sparse_where_lines_cannot_be_rewritten() -> None:
    import io

    now, stream = [0.0], io.StringIO()
    progress = CaseProgress(stream, 80, lambda: now[0], rewrites=False)
    for step in range(101):
        now[0] = float(step)
        progress.told("images", step / 100)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["jaxaudit: images", "jaxaudit: images, 20%, about 80 s left"]
    assert len(lines) == 6
