"""The same source gives the same answer: in every process, whatever order its sets have."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = """\
import jax
import jax.numpy as jnp

TABLE = jnp.ones((512, 512))


def rotate(x, angle):
    return jnp.cos(angle) * x


def shift(x):
    return jnp.roll(x, 1)


@jax.jit
def walk(x, key):
    total = x
    for i in range(40):
        noise = jax.random.normal(key, x.shape)
        y = shift(x)
        z = rotate(y, total.sum())
        total = total + z @ TABLE + noise
        x = z
    return total


walk(jnp.ones((8, 512)), jax.random.key(0))
"""


def answer(folder: Path, seed: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "jaxaudit", "check", "--format", "json", "--no-cache", "--exit-zero", str(folder)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    for name in ("seconds", "headline"):  # which says the seconds too
        document["summary"].pop(name)
    return document


def test_the_order_of_sets_does_not_show(tmp_path: Path) -> None:
    (tmp_path / "walk.py").write_text(PROGRAM)
    first = answer(tmp_path, "0")
    assert first["findings"]
    assert all(answer(tmp_path, seed) == first for seed in ("1", "2", "3"))
