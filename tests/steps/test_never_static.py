"""`never-static` holds for what is advised and for what is fixed."""

from pathlib import Path

import pytest

from jaxaudit.steps.check import Options, check
from jaxaudit.steps.fix import fix

PROGRAM = """\
from functools import partial
import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames=("clip",))
def histogram(values, n_bins, clip):
    return jnp.zeros(n_bins)


histogram(jnp.array([0.1, 0.7]), 4, clip=True)
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text(PROGRAM)


def test_a_named_argument_is_not_made_static() -> None:
    Path("pyproject.toml").write_text('[tool.jaxaudit]\nnever-static = ["n_bins"]\n')
    [found] = check(["a.py"], Options(cached=False))["findings"]
    assert found["rule"] == "missing-static"
    assert found["fix"] is None
    assert found["help"].startswith("`n_bins` stays traced, as `never-static` wishes")
    assert fix(["a.py"], Options(cached=False), unsafe=True).diff == b""


def test_others_are() -> None:
    Path("pyproject.toml").write_text('[tool.jaxaudit]\nnever-static = ["clip"]\n')
    [found] = check(["a.py"], Options(cached=False))["findings"]
    assert "static_argnames" in found["help"]
    assert (
        b'+@partial(jax.jit, static_argnames=("clip", "n_bins"))'
        in fix(["a.py"], Options(cached=False), unsafe=True).diff
    )
