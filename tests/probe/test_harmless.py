"""An observed program lowers to the same text, asks the persistent cache for the same keys and shows the same tracebacks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax")
pytest.importorskip("equinox")

ROOT = Path(__file__).parents[2]
PROGRAM = """
import traceback

import equinox as eqx
import jax
import jax.numpy as jnp

jax.config.update("jax_compilation_cache_dir", "cache")
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
TABLE = jnp.arange(900.0).reshape(30, 30)


@jax.jit
def inner(x):
    return jnp.where(x > 0, x, -x) @ TABLE


def step(carry, x):
    return carry + inner(x).sum(), carry


@eqx.filter_jit
def outer(model, xs):
    return jax.lax.scan(step, jnp.float32(0), jax.vmap(model)(xs))


model = eqx.nn.MLP(30, 30, 8, 1, key=jax.random.key(0))
xs = jnp.ones((4, 30))
print(jax.jit(lambda v: inner(v)).lower(jnp.ones(30)).as_text(debug_info=True))
print(outer(model, xs)[0], jax.grad(lambda v: inner(v).sum())(jnp.ones(30)).sum(), jax.vmap(inner)(xs).sum())
print(jax.make_jaxpr(inner)(jnp.ones(30)))


@jax.jit
def wrong(x):
    if x.sum() > 0:
        return inner(x)
    return jnp.ones((2, 3)) @ x


for value in (jnp.ones(30), jnp.ones((3, 30)), "text"):
    try:
        wrong(value)
    except Exception:
        print(traceback.format_exc())
try:
    inner(jnp.ones(31))
except Exception:
    print(traceback.format_exc())
"""


def ran(folder: Path, observed: bool) -> tuple[str, str, list[str]]:
    folder.mkdir()
    place = folder.parent / "program.py"
    place.write_text(PROGRAM)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JAX", "PYTHON"))} | {
        "JAX_PLATFORMS": "cpu"
    }
    if observed:
        environment |= {
            "PYTHONPATH": str(ROOT / "src" / "jaxaudit_probe" / "site"), "JAXAUDIT": "run",
            "JAXAUDIT_RECORD": str(folder / "record"),
        }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(place)], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    keys = sorted(path.name for path in (folder / "cache").iterdir() if not path.name.endswith("-atime"))
    return re.sub(r"0x[0-9a-f]+", "0x", done.stdout), done.stderr, keys


def test_nothing_changes(tmp_path: Path) -> None:
    plain, watched = ran(tmp_path / "plain", False), ran(tmp_path / "watched", True)
    assert watched[0] == plain[0]
    assert watched[1] == plain[1]
    assert watched[2] == plain[2]
    assert len(plain[2]) > 5
    records = list((tmp_path / "watched" / "record").glob("*.jsonl"))
    assert records
    assert '"k": "compile"' in records[0].read_text()
