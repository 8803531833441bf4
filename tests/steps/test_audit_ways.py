"""How an audited program is run: what options and configuration say together."""

import shlex

import pytest

from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.audit_ways import Wanted, also, completed, entry_way, main_way, under_python
from jaxaudit.steps.config import Config, Ways
from jaxaudit.verify.running import Way


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("simulate.py", "other.py"):
        (tmp_path / name).write_text("def main(): pass\n")
    return tmp_path


def config(root, **ways):
    return Config(root=root, file=root / "pyproject.toml", audit=Ways(**ways))


def test_the_table_says_what_the_command_line_does_not(here):
    table = config(here, program="simulate.py", args=("--fast",), also=("other.py",), test="pytest -q", calls=3)
    wanted = completed(Wanted(), table)
    assert (wanted.words, wanted.also, wanted.test, wanted.calls) == (
        ("simulate.py", "--fast"), ("other.py",), "pytest -q", 3,
    )  # fmt: skip


def test_options_win_and_other_ways_add_up(here):
    table = config(here, entry="simulate:main", args=("1",), also=("other.py", "other.py x"), test="pytest -q", calls=3)
    wanted = completed(Wanted(("other.py",), test="tests.py", also=("simulate.py",), calls=9), table)
    assert (wanted.words, wanted.entry, wanted.test, wanted.calls) == (("other.py",), "", "tests.py", 9)
    assert wanted.also == ("other.py x", "simulate.py")


def test_the_table_speaks_from_its_own_folder(here, monkeypatch):
    (here / "inner").mkdir()
    monkeypatch.chdir(here / "inner")
    with pytest.raises(Mistake, match=r"which program\? .* as it is run from"):
        completed(Wanted(), config(here, program="simulate.py"))


def test_a_program_of_the_table_that_is_gone_is_named(here):
    with pytest.raises(Mistake, match=r"there is no program 'gone.py', which \[tool.jaxaudit.audit\] names"):
        completed(Wanted(), config(here, program="gone.py"))


def test_the_words_behind_the_interpreter(here):
    assert main_way(Wanted(("pkg", "a b"), module=True)) == Way(("-m", "pkg", "a b"), name="-m pkg 'a b'")
    assert also("other.py x").words == ("other.py", "x")
    assert also("python -m pkg").words == ("-m", "pkg")
    assert also("pytest tests").words == ("-m", "pytest", "tests")
    assert also("simulate:main 3") == entry_way("simulate:main", ("3",))
    assert entry_way("a.b:C.d", ("x",)).name == "a.b:C.d x"
    assert under_python(Way(tuple(shlex.split("python3 -m pytest")))).words == ("-m", "pytest")
