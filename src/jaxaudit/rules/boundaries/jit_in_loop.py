"""A new jitted wrapper of a new function object in every turn of a loop."""

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.boundaries.fresh_wrappers import FreshWrapper, fresh_wrappers
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program


def match(program: Program) -> Iterator[Finding]:
    for fresh in fresh_wrappers(program):
        if fresh.loop is not None:
            yield RULE.found(
                fresh.place,
                f"`{text(fresh.use.call.expr)}` wraps {fresh.what} anew in each turn of the loop in line "
                f"{fresh.loop.line}: {fresh.named} is traced and compiled again every time",
                confidence(fresh),
                facts={"function": fresh.named_plainly, "loop_line": fresh.loop.line, "callee": fresh.identity.how},
                notes=[Note(fresh.loop_place, "the loop")],
            )


def confidence(fresh: FreshWrapper) -> float:
    """Certain when the new object is seen and the wrapper is called in the same turn."""
    if not fresh.used_in_turn:
        return 0.4
    return 0.95 if fresh.identity.how == "fresh" else 0.9


RULE = Rule(
    name="jit-in-loop",
    title="jit of a new function in every turn of a loop",
    severity="error",
    dont="Build a jitted function inside the loop that calls it.",
    do="Jit once, before the loop, and hand in what changes as arguments.",
    why="The cache of `jit` knows a function by its identity. A lambda, a nested def, a bound method, `partial(f)`, `vmap(f)` "
    "or `grad(f)` is a new object at each evaluation, so each turn traces and compiles again: 70 to 148 ms a turn for a "
    "one-line function, against 11 us for a call of a function jitted once (JAX 0.10.2, CPU, 20 turns).",
    allowed="`jax.jit(f)` of the same module-level function in each turn compiles once; it only pays about 0.1 ms of "
    "dispatch again. Different programs on purpose (a tuning loop) are fine too.",
    may_break="A lambda that reads the loop's variable sees, once hoisted, only what it is handed: make each such variable an argument.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example(
            "gradient built in the training loop",
            dont=Sample(
                '''import jax
import jax.numpy as jnp


def loss(w):
    return jnp.sum((w - 1.0) ** 2)


def train(w, steps=4):
    for _ in range(steps):
        w = w - 0.1 * jax.jit(jax.grad(loss))(w)  # fault
    return w


train(jnp.zeros(3))
''',
                shows="compiles('loss') == 4",
            ),
            do=Sample(
                '''import jax
import jax.numpy as jnp


def loss(w):
    return jnp.sum((w - 1.0) ** 2)


def train(w, steps=4):
    gradient = jax.jit(jax.grad(loss))
    for _ in range(steps):
        w = w - 0.1 * gradient(w)
    return w


train(jnp.zeros(3))
''',
                shows="compiles('loss') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            '''import jax
import jax.numpy as jnp


def double(x):
    return 2 * x


for _ in range(4):
    jax.jit(double)(jnp.ones(3))
''',
            shows="compiles('double') == 1",
        ),
    ),
    match=match,
)
