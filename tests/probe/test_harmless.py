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


ERRORS = """
import copy
import inspect
import os
import pickle
import re
import threading
import traceback
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np


def show(what, action, *args):
    try:
        action(*args)
        print(what, "went well")
    except BaseException as error:
        while error is not None:
            steps = [(os.path.basename(step.filename), step.name) for step in traceback.extract_tb(error.__traceback__)]
            text = re.sub(r"0x[0-9a-f]+|\\d+ms", "", str(error)).splitlines()[:1]
            print(what, type(error).__name__, text, len(getattr(error, "__notes__", ())), steps)
            error = error.__cause__ or error.__context__


def deleted():
    array = jnp.float32(1) + 1
    array.delete()
    return array


class Frozen(Exception):
    def __setattr__(self, name, value):
        raise AttributeError(name)


@jax.jit
def failing(x):
    raise Frozen("never changes")


@jax.jit
def wrong(x):
    return x if x > 0 else -x


@jax.jit
def nested(x):
    return wrong(x)


def calling_back():
    def callback(x):
        raise RuntimeError("from the callback")

    return jax.jit(lambda x: jax.pure_callback(callback, x, x))(jnp.float32(1))


def donated_twice():
    give = jax.jit(lambda x: x + 1, donate_argnums=0)
    array = jnp.ones(3)
    return give(array), give(array)


READS = {
    "asarray": np.asarray, "float": float, "bool": bool, "repr": repr, "item": lambda x: x.item(), "copy": copy.copy,
    "wait": lambda x: x.block_until_ready(), "wait for all": lambda x: jax.block_until_ready([x, x]),
    "get": jax.device_get, "view": memoryview, "format": lambda x: f"{x:.2f}", "pickle": pickle.dumps,
}
for name, read in READS.items():
    show(f"{name} of a deleted array", lambda: read(deleted()))
    show(f"{name} after a callback failed", lambda: read(calling_back()))
for key in (jnp.ones(3), "key", None, jnp.zeros((3, 2), jnp.uint32)):
    show("key", jax.random.normal, key)
    show("split", jax.random.split, key)
for name, function in {"grad": jax.grad(nested), "vmap": jax.vmap(nested), "lower": nested.lower}.items():
    show(name, function, jnp.ones(3) if name == "vmap" else 1.0)
show("nested", nested, 1.0)
show("failing", failing, 1.0)
show("text", nested, "text")
show("two", nested, 1, 2)
show("jaxpr", lambda: jax.make_jaxpr(nested)(1.0))
show("scan", lambda: jax.lax.scan(lambda carry, x: (wrong(carry), x), 1.0, jnp.ones(3)))
show("option", lambda: jax.jit(lambda x: x).lower(1.0).compile(compiler_options={"xla_nonsense": "1"}))
show("static", lambda: jax.jit(lambda x, n: x, static_argnums=1)(1.0, [1]))
show("donated", donated_twice)
show("error_if", lambda: eqx.filter_jit(lambda x: eqx.error_if(x, x > 0, "positive"))(jnp.float32(1)))
with jax.debug_nans(True):
    show("nan", lambda: jax.jit(jnp.log)(-1.0))

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    jax.jit(lambda x: 1.0, donate_argnums=0)(jnp.ones(3))
    jax.config.update("jax_legacy_prng_key", "warn")
    jax.random.split(jax.random.PRNGKey(0))
    jax.jit(lambda x: x.astype("float64"))(1.0)
for warning in caught:
    print(os.path.basename(warning.filename), warning.lineno, str(warning.message)[:60])
print(jnp.ones(1).item.__doc__, jnp.ones(1).block_until_ready.__doc__)
print(jax.clear_caches.__qualname__, jax.clear_caches.__module__, jax.clear_caches.__doc__)
print(inspect.signature(jax.clear_caches), pickle.dumps(jax.clear_caches))
print([thread.name for thread in threading.enumerate()])
"""


def ran(folder: Path, observed: bool, program: str = PROGRAM, **more: str) -> tuple[str, str, list[str]]:
    folder.mkdir()
    place = folder.parent / "program.py"
    place.write_text(program)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JAX", "PYTHON"))} | {
        "JAX_PLATFORMS": "cpu"
    }
    environment |= more
    if observed:
        environment |= {
            "PYTHONPATH": str(ROOT / "src" / "jaxaudit_probe" / "site"), "JAXAUDIT": "run",
            "JAXAUDIT_RECORD": str(folder / "record"),
        }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(place)], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    keys = sorted(path.name for path in folder.glob("cache/*") if not path.name.endswith("-atime"))
    when = re.compile(r"^([IWEF]\d{4}) \S+ +\d+ ", re.M)  # XLA's own lines: the time and the thread
    return re.sub(r"0x[0-9a-f]+", "0x", done.stdout), when.sub(r"\1 ", done.stderr), keys


def test_nothing_changes(tmp_path: Path) -> None:
    plain, watched = ran(tmp_path / "plain", False), ran(tmp_path / "watched", True)
    assert watched[0] == plain[0]
    assert watched[1] == plain[1]
    assert watched[2] == plain[2]
    assert len(plain[2]) > 5
    records = list((tmp_path / "watched" / "record").glob("*.jsonl"))
    assert records
    assert '"k": "compile"' in records[0].read_text()


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Python 3.10 puts a function that raises again into the traceback"
)
@pytest.mark.parametrize("filtering", ["auto", "off"])
def test_errors_and_warnings_name_the_same_frames(tmp_path: Path, filtering: str) -> None:
    """Also where JAX hides none of its own frames: ours are not among them."""
    plain, watched = (
        ran(tmp_path / name, name == "watched", ERRORS, JAX_TRACEBACK_FILTERING=filtering)
        for name in ("plain", "watched")
    )
    assert watched[0].splitlines() == plain[0].splitlines()
    assert len(plain[0].splitlines()) > 50
    assert "went well" not in plain[0]
    records = "".join(record.read_text() for record in (tmp_path / "watched" / "record").glob("*.jsonl"))
    assert '"k": "compile"' in records and "could not be observed" not in records
