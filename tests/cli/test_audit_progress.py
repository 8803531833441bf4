"""What a user sees of an audit while it runs, and what is left when it is interrupted."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxaudit.cli.audit_progress import AuditProgress
from jaxaudit.steps.pace import Pace

SLOW = """\
import time
import jax
import jax.numpy as jnp


def settle(x, gain):
    for _ in range(6):
        step = jax.jit(lambda y: y - gain * jnp.sin(y))
        x = step(x)
    time.sleep(3)
    return x


print("sum", float(settle(jnp.linspace(0.0, 1.0, 64), 0.1).sum()))
"""


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def progress(columns=80, **how):
    clock, stream = Clock(), io.StringIO()
    return AuditProgress(stream, columns, clock, **how), clock, stream


def pace(**more):
    return Pace(**({"what": "trying 1 of 3: Hand `x` in", "until": 1000.0, "run_s": 10.0, "trials_left": 2} | more))


def test_a_pipe_gets_a_line_for_each_step_and_nothing_in_between():
    made, clock, stream = progress(rewrites=False)
    made.told(Pace("running a.py observed", 1000.0))
    made.told(pace(in_trial=True))
    clock.now += 50
    made.tick(pace(in_trial=True))
    made.clear()
    assert stream.getvalue() == (
        "jaxaudit: running a.py observed\n"
        "jaxaudit: trying 1 of 3: Hand `x` in (about 70 s; all within 3 min 30 s)\n"
    )  # fmt: skip


def test_a_terminal_gets_one_line_that_is_rewritten():
    made, clock, stream = progress(rewrites=True)
    made.told(pace(in_trial=True))
    clock.now += 30
    made.tick(pace(in_trial=True, pairs=1, look=3))
    made.tick(pace(in_trial=True, pairs=2, look=3))
    assert "\n" not in stream.getvalue()
    first, second = stream.getvalue().split("\r")[1:]
    assert first == "trying 1 of 3: Hand `x` in  about 70 s left; all within 3 min 30 s"
    assert second.rstrip() == "trying 1 of 3: Hand `x` in  pair 2 of 3, about 40 s left; all within 3 min 0 s"
    made.clear()
    assert stream.getvalue().endswith("\r" + " " * len(second.rstrip()) + "\r")


@pytest.mark.parametrize("what", ["望遠鏡" * 40, "x" * 300, "\x1b[31mred\u202e" * 20])
def test_no_line_is_longer_than_the_terminal(what):
    made, _, stream = progress(60, rewrites=True)
    made.told(pace(what=what, in_trial=True, pairs=4, look=20))
    from jaxaudit.report.text_width import width

    assert max(map(width, stream.getvalue().split("\r"))) < 60
    assert "\x1b" not in stream.getvalue()


def test_no_estimate_passes_the_budget():
    late = pace(in_trial=True, look=20, until=130.0)
    assert (late.step(100.0), late.all(100.0)) == (30.0, 30.0)


def test_quiet_is_quiet():
    made, _, stream = progress(rewrites=True, quiet=True)
    made.told(pace())
    made.tick(pace())
    made.clear()
    assert stream.getvalue() == ""


def interrupted(folder, program, when):
    """What an audit said before and after it was interrupted, and what it wrote."""
    scratch, folder = folder / "scratch", folder / "home"
    scratch.mkdir()
    folder.mkdir()
    (folder / "program.py").write_text(program)
    environ = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    environ["TMPDIR"] = str(scratch)
    command = [sys.executable, "-m", "jaxaudit", "audit", "--python", sys.executable, "program.py"]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as audit:  # fmt: skip
        before = []
        for line in audit.stderr:
            before.append(line)
            if when(line):
                break
        audit.send_signal(signal.SIGINT)
        out, err = audit.communicate(timeout=180)
    assert audit.returncode == 130, "".join(before) + err
    assert "Traceback" not in err
    assert (folder / "program.py").read_text() == program
    assert not list(scratch.iterdir()), "the copies are gone"
    [written] = (folder / ".jaxaudit" / "audits").glob("*/audit.json")
    document = json.loads(written.read_text("utf-8"))
    assert document["summary"]["interrupted"] is True
    assert {one["reason"]["code"] for one in document["outcomes"]} == {"not-tried"}
    assert "It was interrupted: what was not tried is listed." in out
    assert "read    .jaxaudit/audits/" in out
    return "".join(before), out


def test_an_interrupt_of_a_trial_keeps_what_is_known(tmp_path):
    before, out = interrupted(tmp_path, SLOW, lambda line: line.startswith("jaxaudit: trying 1"))
    assert before.index("TO BE TRIED") < before.index("jaxaudit: trying 1"), (
        "what the run showed comes before the first trial"
    )
    assert "NOT TRIED  " in out and "the audit was interrupted" in out


def test_an_interrupt_of_the_first_run_keeps_what_it_showed(tmp_path):
    """A program that would never end: what it did until then is read, and changes are planned for it."""
    program = SLOW.replace("time.sleep(3)", "time.sleep(3); open('began', 'w').close(); time.sleep(600)")

    def when(line):
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("scratch/*/*/copy/*/began")) and time.monotonic() < deadline:
            time.sleep(0.1)
        return True

    _, out = interrupted(tmp_path, program, when)
    assert "It was interrupted there." in out
    assert "jit-in-loop" in out
