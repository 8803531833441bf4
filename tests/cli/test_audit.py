"""The whole way, on small programs: what is kept, what is not, and what is left on the disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))
IN_LOOP = """\
import jax
import jax.numpy as jnp


def settle(x, gain):
    for _ in range(6):
        step = jax.jit(lambda y: y - gain * jnp.sin(y))
        x = step(x)
    return x


print("sum", float(settle(jnp.linspace(0.0, 1.0, 64), 0.1).sum()))
"""
GOOD = """\
import jax
import jax.numpy as jnp


@jax.jit
def step(y):
    return y - 0.1 * jnp.sin(y)


x = jnp.linspace(0.0, 1.0, 64)
for _ in range(6):
    x = step(x)
print(x.shape)
"""
SCARCE = """\
import os, signal
from jax._src import compiler

NAME = "backend_compile_and_load" if hasattr(compiler, "backend_compile_and_load") else "backend_compile"
PLAIN = getattr(compiler, NAME)


def compile_(backend, module, *args, **kwargs):
    if len(str(module)) > 100_000:
        os.kill(os.getpid(), signal.SIGKILL)
    return PLAIN(backend, module, *args, **kwargs)


setattr(compiler, NAME, compile_)
"""
"""A machine on which a program with large constants can't be compiled."""
DIES = """\
import jax
import jax.numpy as jnp
import numpy as np

import scarce


def main():
    cube = jnp.asarray(np.random.default_rng(0).uniform(size=(16, 200, 200)).astype(np.float32))

    @jax.jit
    def frame(weights):
        return jnp.tensordot(weights, cube, axes=1)

    print("sum", float(frame(jnp.ones(16)).sum()))


main()
"""


def jaxaudit(folder, *words):
    environ = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-m", "jaxaudit", *words]
    return subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def audited(folder, program, *options):
    (folder / "program.py").write_text(program)
    done = jaxaudit(
        folder, "audit", "--budget", "8m", "--python", sys.executable, "--format", "json", "--output", "out.json", *options,
        "program.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / "out.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document, done


def test_a_jit_in_a_loop_is_kept_applied_and_committed(tmp_path):
    document, done = audited(tmp_path, IN_LOOP)
    [proposal] = [one for one in document["proposals"] if "jit-in-loop" in one["rules"]]
    [outcome] = [one for one in document["outcomes"] if one["proposal"] == proposal["id"]]
    assert (outcome["verdict"], outcome["outputs"]) == ("keep", "equal")
    [compiles] = [one for one in outcome["measured"] if one["metric"] == "compiles"]
    assert compiles["before"] - compiles["after"] == 5
    assert "KEPT  1" in done.stderr
    assert (tmp_path / "program.py").read_text() == IN_LOOP
    [folder] = (tmp_path / ".jaxaudit/audits").iterdir()
    names = {path.name for path in folder.iterdir()}
    assert names == {"audit.json", "audit.md", "audit.html", "audit.patch", "audit.env", "undecided"}

    assert jaxaudit(tmp_path, "report", "--format", "html").stdout.startswith("<!doctype html>")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "program.py"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "--check", "-p1", str(folder / "audit.patch")], cwd=tmp_path, check=True)
    for name, value in (("user.name", "a"), ("user.email", "a@example.org")):
        subprocess.run(["git", "config", name, value], cwd=tmp_path, check=True)
    applied = jaxaudit(tmp_path, "apply", "--commit")
    assert applied.returncode == 0, applied.stderr
    log = subprocess.run(["git", "log", "-1", "--format=%B"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "compiles" in log.stdout and "Found and tried by jaxaudit" in log.stdout
    again = jaxaudit(tmp_path, "apply")
    assert (again.returncode, "has changed since the audit" in again.stderr) == (2, True)


def test_a_program_that_is_good_is_left_alone(tmp_path):
    document, _ = audited(tmp_path, GOOD)
    assert not [one for one in document["outcomes"] if one["verdict"] == "keep"]


def test_a_program_that_dies_while_it_is_compiled_is_planned_for_and_ends_with_the_change(tmp_path):
    (tmp_path / "scarce.py").write_text(SCARCE)
    document, _ = audited(tmp_path, DIES)
    assert document["summary"]["exit_code"] == -9
    assert [one["rules"] for one in document["proposals"]] == [["captured-array"]] * 3
    first, *others = document["outcomes"]
    assert (first["verdict"], first["reason"]["code"], first["outputs"]) == ("keep", "completes", "not-compared")
    assert "died (SIGKILL, while compiling main.frame (program.py:12)" in first["reason"]["text"]
    assert {one["reason"]["code"] for one in others} == {"not-tried"}
    [folder] = (tmp_path / ".jaxaudit/audits").iterdir()
    assert b"+" in (folder / "audit.patch").read_bytes() and len(list((folder / "undecided").iterdir())) >= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("turns", "options"), [("itertools.count()", ("--budget", "200s")), ("range(40)", ("--calls", "5"))]
)
def test_a_program_that_runs_for_hours_is_tried_on_a_prefix(tmp_path, turns, options):
    program = "import itertools\n" + IN_LOOP.replace("range(6)", turns).replace(
        "        x = step(x)\n", "        x = step(x)\n        print(x.sum())\n"
    )
    document, _ = audited(tmp_path, program, *options)
    [outcome] = [one for one in document["outcomes"] if one["verdict"] == "keep"]
    [compiles] = [one for one in outcome["measured"] if one["metric"] == "compiles"]
    calls = 5 if "--calls" in options else 10
    assert compiles["before"] - compiles["after"] == calls - 1
    assert outcome["values"].endswith(f"compared until it has called `<lambda>` {calls} times, and not beyond")
    assert f"called `<lambda>` {calls} times; what comes later is not compared" in document["summary"]["prefix"]


@pytest.mark.slow
def test_a_program_that_never_comes_to_the_end_of_a_call_still_has_a_plan(tmp_path):
    document, _ = audited(tmp_path, IN_LOOP + "while True:\n    pass\n", "--budget", "80s")
    assert [one["reason"]["code"] for one in document["outcomes"]] == ["not-tried"] * len(document["proposals"])
    assert "jit-in-loop" in document["proposals"][0]["rules"]
    assert "in the middle of a call" in document["summary"]["prefix"]
    [folder] = (tmp_path / ".jaxaudit/audits").iterdir()
    assert len(list((folder / "undecided").iterdir())) == len(document["proposals"])


def test_a_write_elsewhere_stops_the_audit_before_it_happens(tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    (home / "program.py").write_text(f"import jax\nopen({str(other / 'results.csv')!r}, 'w')\n")
    done = jaxaudit(home, "audit", "--python", sys.executable, "program.py")
    assert done.returncode == 2
    assert (
        "stopped before it could write" in done.stderr
        and "program.py:2" in done.stderr
        and "--allow-effects" in done.stderr
    )
    assert not list(other.iterdir())


ENTERED = """\
import sys
import jax
import jax.numpy as jnp


def settle(x, gain):
    for _ in range(6):
        step = jax.jit(lambda y: y - gain * jnp.sin(y))
        x = step(x)
    return x


def main():
    print("sum", sys.argv[1:], float(settle(jnp.linspace(0.0, 1.0, 64), 0.1).sum()))


class Runs:
    def fast():
        return settle(jnp.ones(3), 0.2)


def needs(x):
    return x


if __name__ == "__main__":
    needs()
"""
TABLE = """\
[tool.jaxaudit.audit]
entry = "simulate:main"
args = ["--seed", "1"]
also = ["simulate:Runs.fast"]
calls = 4
"""


def test_an_entry_and_other_ways_to_run_it_stand_in_the_configuration(tmp_path):
    (tmp_path / "simulate.py").write_text(ENTERED)
    (tmp_path / "pyproject.toml").write_text(TABLE)
    done = jaxaudit(
        tmp_path, "audit", "--dry-run", "--python", sys.executable, "--format", "json", "--output", "out.json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert (document["summary"]["program"], document["summary"]["exit_code"]) == ("simulate:main --seed 1", 0)
    assert document["proposals"][0]["rules"] == ["jit-in-loop"]
    assert document["summary"]["runs"] == 2


def test_an_entry_that_can_not_be_called(tmp_path):
    (tmp_path / "simulate.py").write_text(ENTERED)
    done = jaxaudit(tmp_path, "audit", "--python", sys.executable, "--entry", "simulate:needs")
    assert done.returncode == 2 and "simulate:needs can't be called: TypeError: needs() missing 1" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["audit"], "which program?"),
        (["audit", "--entry", "fine"], "'fine' is not of the form module:function"),
        (["audit", "--entry", "simulate:mian"], "simulate.py has no 'mian'; did you mean 'main'?"),
        (["audit", "--entry", "simulate:main", "-m", "fine"], "one of the two"),
        (["audit", "--also", "simulate:mian", "fine.py"], "simulate.py has no 'mian'"),
        (["audit", "--python", sys.executable, "--entry", "nowhere:main"], "No module named 'nowhere'"),
        (["audit", "nothing.py"], "there is no program 'nothing.py'"),
        (["audit", "--budget", "soon", "x.py"], "is no time such as"),
        (["audit", "--calls", "0", "fine.py"], "'0' is not a number of calls"),
        (["audit", "--report-dir", "/proc/nowhere", "fine.py"], "the report can't be written to '/proc/nowhere'"),
        (["audit", "--also", "nothing.py", "fine.py"], "--also: there is no program 'nothing.py'"),
        (["audit", "--python", sys.executable, "fine.py"], "it never imported JAX"),
        (["audit", "--python", sys.executable, "broken.py"], "SyntaxError"),
        (["apply"], "there is no audit"),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path, words, said):
    (tmp_path / "fine.py").write_text("print(1)\n")
    (tmp_path / "simulate.py").write_text(ENTERED)
    (tmp_path / "broken.py").write_text("x = (\n")
    done = jaxaudit(tmp_path, *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
