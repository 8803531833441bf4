"""A process that dies in the middle of a compile has named what it was compiling."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from probe.listening import listening  # noqa: E402
from probe.observing import SITE, read  # noqa: E402

PROGRAM = """
import ctypes, os, resource, signal, sys, threading, time
import jax, jax.numpy as jnp
from jax._src import compiler
from jax._src.interpreters import mlir

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
WAYS = {
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGTERM": lambda: (os.kill(os.getpid(), signal.SIGTERM), time.sleep(20)),
    "a crash": lambda: ctypes.string_at(0),
    "a watchdog": lambda: (threading.Thread(target=os._exit, args=(9,)).start(), time.sleep(20)),
}
die = lambda *args, **kwargs: WAYS[sys.argv[2]]()
TABLE, LATER = jnp.ones((600, 600)), jnp.ones((600, 2))
CALLS = []

@jax.jit
def step(x):
    CALLS.append(1)
    if len(CALLS) == 2 and sys.argv[1] == "trace":
        die()
    return TABLE @ x

step(jnp.ones(600))
if sys.argv[1] == "lower":
    mlir.lower_jaxpr_to_fun = die
for name in ("backend_compile_and_load", "backend_compile"):
    if sys.argv[1] == "compile" and hasattr(compiler, name):
        setattr(compiler, name, die)
step(LATER)
"""


def died(folder: Path, stage: str, way: str) -> list[dict[str, Any]]:
    """The lines of a program that dies in its second compile of `step`."""
    (folder / "program.py").write_text(PROGRAM)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON"))}
    env |= {"PYTHONPATH": str(SITE), "JAXAUDIT": "run", "JAXAUDIT_RECORD": str(folder / "record")}
    done = subprocess.run(
        [sys.executable, "program.py", stage, way], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "TypeError" not in done.stderr
    (lines,) = read(folder / "record")
    return lines


@pytest.mark.parametrize(
    ("stage", "way"),
    [
        ("trace", "SIGKILL"),
        ("lower", "a crash"),
        ("compile", "SIGKILL"),
        ("compile", "SIGTERM"),
        ("compile", "a watchdog"),
    ],
)
def test_the_record_names_what_was_compiled(stage: str, way: str, tmp_path: Path) -> None:
    lines = died(tmp_path, stage, way)
    closed = {line["work"] for line in lines if line["k"] in ("trace", "compile", "done")}
    (left,) = [line for line in lines if line["k"] == "begin" and line["work"] not in closed]
    (site,) = [line for line in lines if line["k"] == "site" and line["name"] == "step"]
    assert (left["stage"], left["site"], left["at"]["line"]) == (stage, site["id"], len(PROGRAM.splitlines()))
    assert left["cause"]["text"] == "x: f32[600] -> f32[600,2]"
    assert left["constants_bytes"] == 1_440_000
    assert json.dumps(left)


def of(told: Any, kind: str) -> list[dict[str, Any]]:
    return [fields for name, fields in told.lines if name == kind]


def test_what_ends_is_closed_by_its_own_line() -> None:
    with listening() as told:
        inner = jax.jit(lambda x: x + 1)
        outer = jax.jit(lambda x: inner(x) * 2)
        outer(jnp.ones(3))
    user = {fields["id"] for fields in of(told, "site") if fields["user"]}
    begins = [fields for fields in of(told, "begin") if fields["site"] in user]
    assert [fields["stage"] for fields in begins] == ["trace", "lower", "compile"], "the outermost program alone"
    lines = [*of(told, "trace"), *of(told, "compile"), *of(told, "done")]
    assert sorted(fields["work"] for fields in lines if fields["work"]) == [
        fields["work"] for fields in of(told, "begin")
    ]


def test_a_call_that_compiles_nothing_says_nothing() -> None:
    step = jax.jit(lambda x: x + 1)
    x = jnp.ones(3)
    step(x)
    with listening() as told:
        for _ in range(5):
            step(x)
        assert of(told, "begin") == []


def test_a_failure_is_said_with_its_exception() -> None:
    with listening() as told, pytest.raises(ZeroDivisionError):
        jax.jit(lambda x: x / (1 // 0))(1.0)
    assert [(fields["failed"]) for fields in of(told, "done")] == ["ZeroDivisionError"]


def test_lowering_that_nothing_follows_is_closed() -> None:
    with listening() as told:
        jax.jit(lambda x: x + 1).lower(jnp.ones(3))
    left = {fields["work"] for fields in of(told, "begin")}
    assert left == {fields["work"] for fields in [*of(told, "trace"), *of(told, "done"), *of(told, "compile")]}


def test_the_totals_say_how_long_it_takes_already(monkeypatch: pytest.MonkeyPatch) -> None:
    from jaxaudit_probe import under_way

    monkeypatch.setattr(under_way, "WORTH_A_WORD", 0.0)
    with listening() as told:

        def slow(x: Any) -> Any:
            for end in told.ends:
                end()
            return x

        jax.jit(slow)(1.0)
        (line,) = of(told, "still")
        (begin, *_) = of(told, "begin")
    assert line["work"] == begin["work"]
    assert line["seconds"] >= 0
