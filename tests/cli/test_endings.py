"""However a program on real JAX ends, `jaxaudit run` ends like it, and what it compiled is in the document."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.test_run import jaxaudit, needs_jax
from processes import python

pytestmark = [pytest.mark.slow, needs_jax]

HEAD = """\
import os, resource, signal, sys, time
import jax, jax.numpy as jnp

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@jax.jit
def step(x):
    return x * 2


def work(size):
    return float(step(jnp.ones(size)).sum())


if __name__ == "__main__":
    work(3), work(4)
"""
AFTER = "import jax, sys; jax.jit(lambda x: x + 1)(1.0); print(sys.argv); sys.exit(4)"
WAYS = {
    "an exception": ("raise ValueError('x')", 1, 2),
    "an exception while tracing": ("jax.jit(lambda x: x if x > 0 else -x)(1.0)", 1, 2),
    "sys.exit": ("sys.exit(3)", 3, 2),
    "os._exit": ("os._exit(5)", 5, 2),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", -15, 2),
    "SIGINT": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(9)", -2, 2),
    "SIGHUP": ("os.kill(os.getpid(), signal.SIGHUP); time.sleep(9)", -1, 2),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -9, 2),
    "abort": ("os.abort()", -6, 2),
    "a crash": ("import ctypes; ctypes.string_at(0)", -11, 2),
    "exec": (f"os.execv(sys.executable, [sys.executable, '-c', {AFTER!r}, 'x'])", 4, 2),
    "a forked child": ("import warnings; warnings.simplefilter('ignore'); os.fork() or os._exit(0); os.wait()", 0, 2),
    "spawned workers": (
        "import multiprocessing as m\n    with m.get_context('spawn').Pool(2) as pool: print(pool.map(work, [5, 6], 1))",
        0,
        4,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_as_it_would_and_its_compiles_are_known(way: str, tmp_path: Path) -> None:
    ending, code, compiles = WAYS[way]
    (tmp_path / "train.py").write_text(f"{HEAD}    {ending}\n")
    plain = python("train.py", cwd=tmp_path, JAX_PLATFORMS="cpu")
    seen = jaxaudit(tmp_path, "run", "--format", "json", "--output", "out.json", "train.py", JAX_PLATFORMS="cpu")
    assert (plain.returncode, seen.returncode, seen.stdout) == (code, code, plain.stdout)
    document = json.loads((tmp_path / "out.json").read_text())
    assert sum(one["compiles"] for one in document["functions"] if one["name"] == "step") == compiles
    assert all(one["ended"] for one in document["processes"])


def test_a_killed_child_is_named_as_one_without_an_end(tmp_path: Path) -> None:
    child = "import jax, time; jax.jit(lambda x: x + 1)(1.0); print('up', flush=True); time.sleep(60)"
    (tmp_path / "train.py").write_text(
        f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\nchild.kill()\nsys.exit(-child.wait())\n"
    )
    seen = jaxaudit(tmp_path, "run", "train.py", JAX_PLATFORMS="cpu")
    assert seen.returncode == 9
    assert "has no end: killed" in " ".join(seen.stderr.split())


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))"
    (tmp_path / "train.py").write_text(f"{HEAD}    {limit}\n    print(sum(work(size) for size in range(5, 40)))\n")
    plain = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, env={**os.environ, "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, check=True)  # fmt: skip
    seen = jaxaudit(tmp_path, "run", "train.py", JAX_PLATFORMS="cpu")
    assert (seen.returncode, seen.stdout) == (0, plain.stdout)
    assert seen.stderr.count("the record can't be written (File too large: ") == 1
