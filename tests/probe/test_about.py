"""Which JAX a record comes from, and the devices that it used."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from probe.observing import SITE, read
from rules.sample_cache import jax_of

pytestmark = pytest.mark.skipif(not jax_of(sys.executable), reason="JAX is not installed")

PROGRAM = """
    import jax
    import jax.numpy as jnp

    jax.jit(lambda x: x + 1)(jnp.ones(3))
    jax.jit(lambda x: x + 2)(jnp.ones(3))
    """


def test_the_versions_the_settings_and_once_the_devices(tmp_path):
    (tmp_path / "program.py").write_text(dedent(PROGRAM), "utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON"))}
    env |= {"PYTHONPATH": str(SITE), "JAXAUDIT": "run", "JAXAUDIT_RECORD": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, env=env, check=True, timeout=120)
    (rows,) = read(tmp_path)
    (about,) = [row for row in rows if row["k"] == "jax"]
    old = jax_of(sys.executable).startswith("0.6.")  # where long lists can't be seen, and the record says so
    assert (about["jax"], about["missing"]) == (jax_of(sys.executable), ["lists"] if old else [])
    assert about["settings"]["JAX_PLATFORMS"] == "cpu"
    (backend,) = [row for row in rows if row["k"] == "backend"]
    assert backend["backend"] == "cpu"
    assert backend["devices"]
