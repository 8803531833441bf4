"""`pytest --jaxaudit` on a small project, as its user would run it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax")

SRC = str(Path(__file__).parents[1] / "src")
TESTS = """
import jax
import jax.numpy as jnp
import pytest


def make():
    @jax.jit
    def fit(x):
        return x * 2

    return fit


def test_one():
    make()(jnp.ones(3))


def test_two():
    fit = make()
    fit(jnp.ones(3))
    fit(jnp.ones(4))


@pytest.mark.jaxaudit(max_compiles=1)
def test_budget():
    fit = make()
    fit(jnp.ones(3))
    fit(jnp.ones(4))


def test_fixture(jaxaudit):
    make()(jnp.ones(3))
    assert jaxaudit.functions["fit"].compiles == 1
"""


def ran(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_fit.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "jaxaudit.pytest_plugin", "-q", *options],
        cwd=folder, capture_output=True, text=True,
        env={"PYTHONPATH": SRC, "JAX_PLATFORMS": "cpu", "PATH": "", "COLUMNS": "100", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip


def test_off_it_only_checks_what_is_marked(tmp_path: Path) -> None:
    done = ran(tmp_path)
    assert "1 failed, 3 passed" in done.stdout
    assert "would be compiled for the 2nd time" in done.stdout
    assert "x: f32[3] -> f32[4]" in done.stdout
    assert "what the tests compiled" not in done.stdout
    assert not (tmp_path / ".jaxaudit").exists()


def test_on_it_tells_what_tests_compile(tmp_path: Path) -> None:
    done = ran(tmp_path, "--jaxaudit")
    assert "jaxaudit: what the tests compiled" in done.stdout
    assert "test_fit.py::test_two" in done.stdout
    assert "4 tests  `make.<locals>.fit` (test_fit.py:8)" in done.stdout
    records = list((tmp_path / ".jaxaudit" / "runs").glob("*/*.jsonl"))
    assert len(records) == 1
    assert '"k": "end"' in records[0].read_text()


def test_workers_add_up(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    done = ran(tmp_path, "--jaxaudit", "-p", "xdist", "-n", "2")
    assert "4 tests  `make.<locals>.fit` (test_fit.py:8)" in done.stdout, done.stdout + done.stderr
    assert len(list((tmp_path / ".jaxaudit" / "runs").glob("*/*.jsonl"))) == 2


def test_a_budget_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text("import pytest\n\n@pytest.mark.jaxaudit(most=1)\ndef test(): pass\n")
    done = ran(tmp_path, "test_wrong.py")
    assert "test_wrong.py::test: @pytest.mark.jaxaudit:" in done.stdout
