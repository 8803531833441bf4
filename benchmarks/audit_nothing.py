"""How often an audit keeps a change that changes nothing: real trials of a comment, each with its own pairs of runs.

    python benchmarks/audit_nothing.py [--trials 200] [--python PYTHON] [--load 2]

The programs differ in what their time goes into: importing and compiling, a loop of small calls, one of large ones;
one that does without JAX is short, so that many trials can be had (`--without 5`: so many of them to one of each of
the others). The
comment is said to save memory and waits, so that every clock that could keep a change is asked. `--load` runs so many
busy processes beside the trials, each for a random while. Printed are a line for each trial and, at the end, how many were
kept: at most 1 in 100 is the aim.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from jaxaudit.model.evidence import Spot
from jaxaudit.model.outcome import Outcome
from jaxaudit.model.proposal import Expected, Proposal
from jaxaudit.steps.launch import environment
from jaxaudit.verify.running import Ground, Way, run
from jaxaudit.verify.trying import Trials
from jaxaudit.verify.unchanged import Base

COMPILING = """\
import jax, jax.numpy as jnp

@jax.jit
def layers(x):
    for k in range(8):
        x = jnp.tanh(x * k) + jnp.sum(jnp.sin(x))
    return x

print(f"{float(layers(jnp.ones(64)).sum()):.4f}")
"""
SMALL_CALLS = """\
import jax, jax.numpy as jnp

step = jax.jit(lambda x: x - 0.1 * jnp.sin(x))
x = jnp.linspace(0.0, 1.0, 64)
for _ in range(5_000):
    x = step(x)
print(f"{float(x.sum()):.4f}")
"""
LARGE_CALLS = """\
import jax, jax.numpy as jnp

turn = jax.jit(lambda m: jnp.tanh(m @ m / 300.0))
m = jnp.eye(300) * 0.5 + 0.1
for _ in range(40):
    m = turn(m)
print(f"{float(m.mean()):.4f}")
"""
WITHOUT = """\
import math

total = 0.0
for k in range(400_000):
    total += math.sin(k) * 0.5
print(f"{total:.4f}")
"""
PROGRAMS = {"without JAX": WITHOUT, "compiling": COMPILING, "small calls": SMALL_CALLS, "large calls": LARGE_CALLS}
BUSY = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: sum(range(10_000))\n"


def trials_of(program: str, place: Path, python: str) -> Trials:
    root = place / "project"
    root.mkdir(parents=True)
    (root / "program.py").write_text(program)
    ground = Ground(
        root, python, {**os.environ, "JAX_PLATFORMS": "cpu"}, place / "runs",
        lambda environ, record: environment(environ, record, (str(root),)),
    )  # fmt: skip
    ground.place.mkdir()
    way = Way(("program.py",))
    made = Trials(ground, [Base(way, [run(ground, way, values=True)])], monotonic() + 1e6)
    made.settle()
    return made


def one_trial(trials: Trials, number: int) -> Outcome:
    text = (trials.ground.root / "program.py").read_text() + f"# trial {number} changes nothing\n"
    hoped = tuple(Expected(metric, 2, 1, 1, 1) for metric in ("peak_bytes", "syncs"))
    nothing = Proposal(
        str(number), "a comment", ("host-sync-in-loop",), (), Spot("program.py", 1),
        texts={"program.py": text.encode()}, expected=hoped,
    )  # fmt: skip
    return trials.attempt(nothing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--load", type=int, default=0)
    parser.add_argument("--without", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    verdicts: Counter[str] = Counter()
    each: Counter[str] = Counter()
    doubted = 0
    pairs: Counter[int] = Counter()
    with tempfile.TemporaryDirectory(prefix="jaxaudit-nothing-") as folder:
        every = {
            name: trials_of(program, Path(folder) / str(number), arguments.python)
            for number, (name, program) in enumerate(PROGRAMS.items())
        }
        turns = ["without JAX"] * arguments.without + [name for name in every if name != "without JAX"]
        for number in range(arguments.trials):
            name = turns[number % len(turns)]
            busy = [
                subprocess.Popen([sys.executable, "-c", BUSY.format(seconds=chance.uniform(2, 30))])
                for _ in range(arguments.load)
            ]
            outcome = one_trial(every[name], number)
            for process in busy:
                process.kill()
                process.wait()
            cpu = next((one for one in outcome.measured if one.metric == "cpu_s"), None)
            each[name] += 1
            pairs[cpu.pairs if cpu else 0] += 1
            verdicts[f"{outcome.verdict}: {outcome.reason.code}"] += 1
            doubted += "second round" in outcome.reason.text
            print(f"{number:4} {name:12} {outcome.verdict:9} {outcome.reason.text}", flush=True)
    kept = sum(count for verdict, count in verdicts.items() if verdict.startswith("keep"))
    print(f"{kept} of {arguments.trials} kept; {doubted} more were kept by the first round and not by the second")
    print("; ".join(f"{verdict} {count}" for verdict, count in verdicts.most_common()))
    print("programs: " + ", ".join(f"{name} {count}" for name, count in each.items()))
    print("pairs run: " + ", ".join(f"{count} trials with {seen}" for seen, count in sorted(pairs.items())))


if __name__ == "__main__":
    main()
