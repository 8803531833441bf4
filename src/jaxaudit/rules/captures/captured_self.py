"""A jitted method takes the arrays of its object as constants: `jit(self.method)`, a closure over it, static self."""

from collections.abc import Iterator

from jaxaudit.model import Finding
from jaxaudit.rules.captures.capture_words import (
    confidence,
    facts_of,
    is_small,
    known_bytes,
    notes_of,
    objects,
    subject,
)
from jaxaudit.rules.captures.captured_array import hoist
from jaxaudit.rules.captures.captured_in_run import observe_self
from jaxaudit.rules.captures.captured_values import Captured, by_function
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.fields import class_facts
from jaxaudit.source.program import Program


def match(program: Program) -> Iterator[Finding]:
    for group in by_function(program):
        captured = group[0]
        if captured.how not in HOW or is_small(program, group):
            continue
        total = known_bytes(program, group)
        yield RULE.found(
            captured.place,
            f"{subject(captured)} reads {objects(program, group)}: {HOW[captured.how]}, so its arrays are copied "
            "into the compiled program as constants, and what is assigned later is not seen",
            confidence(program, group, total),
            facts=facts_of(group, total),
            notes=notes_of(program, group),
            help=remedy(program, captured),
        )


HOW = {
    "self": "the jitted function closes over `self`",
    "method": "a jitted bound method holds its object",
    "static self": "`self` is a static argument",
}


def remedy(program: Program, captured: Captured) -> str:
    cls = captured.site.function.owner
    if cls is not None and class_facts(program, cls).pytree in ("fields", "listed", "hooks"):
        return (
            f"`{cls.name}` is a pytree already: jit a function that takes the object as an argument "
            f"(`jax.jit({cls.name}.{captured.site.function.name})`, called with the object first)."
        )
    return ""


RULE = Rule(
    name="captured-self",
    title="arrays of an object captured by its jitted method",
    severity="warning",
    dont="Jit a bound method, a closure over `self` or a method with static `self` when the object holds arrays.",
    do="Hand the arrays in as arguments, or make the class a pytree (`eqx.Module`, `register_dataclass`) and jit a "
    "function that takes the object.",
    why="`jax.jit(self.method)` with a float32[600,600] on the object put 2.9 MB of text into the program, against "
    "540 bytes with the object as an argument of `eqx.filter_jit` (JAX 0.10.2 and 0.12.0.1). Another object compiles "
    "again; the same object with a new array does not, and goes on with the old one.",
    allowed="Objects without arrays, or with small ones: up to `captured-bytes` (2 MiB for each jitted function).",
    may_break="Callers of the method see no difference when the object becomes an argument of an inner function.",
    sees=("source", "run"),
    needs=("constants",),
    examples=(
        Example(
            "bound method, jitted in `__init__`",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Simulator:
    def __init__(self, n):
        self.kernel = jax.random.normal(jax.random.key(0), (n, n))
        self.step = jax.jit(self._step)

    def _step(self, state):
        return jnp.tanh(self.kernel @ state)  # fault


simulator = Simulator(1000)
state = simulator.step(jnp.ones(1000))
""",
                shows="constants(simulator.step, jnp.ones(1000)) == 4_000_000",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def advance(kernel, state):
    return jnp.tanh(kernel @ state)


class Simulator:
    def __init__(self, n):
        self.kernel = jax.random.normal(jax.random.key(0), (n, n))

    def step(self, state):
        return advance(self.kernel, state)


simulator = Simulator(1000)
state = simulator.step(jnp.ones(1000))
""",
                shows="constants(advance, simulator.kernel, jnp.ones(1000)) == 0",
            ),
        ),
        Example(
            "static self",
            dont=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


class Problem:
    def __init__(self, n):
        self.data = jax.random.normal(jax.random.key(0), (n, 100))

    @partial(jax.jit, static_argnums=0)
    def loss(self, weights):
        return jnp.mean(self.predict(weights) ** 2)  # fault

    def predict(self, weights):
        return self.data @ weights


problem = Problem(20_000)
loss = problem.loss(jnp.ones(100))
""",
                shows="constants(problem.loss, jnp.ones(100)) >= 8_000_000",
            ),
            do=Sample(
                """import equinox as eqx
import jax
import jax.numpy as jnp


class Problem(eqx.Module):
    data: jax.Array

    def __init__(self, n):
        self.data = jax.random.normal(jax.random.key(0), (n, 100))

    @jax.jit
    def loss(self, weights):
        return jnp.mean(self.predict(weights) ** 2)

    def predict(self, weights):
        return self.data @ weights


problem = Problem(20_000)
loss = problem.loss(jnp.ones(100))
""",
                shows="compiles('loss') == 1",
            ),
        ),
        Example(
            "closure over self",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Trainer:
    def __init__(self, n):
        self.images = jax.random.normal(jax.random.key(0), (n, 784))

    def make_loss(self):
        def loss(weights):
            return jnp.mean((self.images @ weights) ** 2)  # fault

        return jax.jit(jax.grad(loss))


trainer = Trainer(2000)
gradient = trainer.make_loss()
slope = gradient(jnp.ones(784))
""",
                shows="constants(gradient, jnp.ones(784)) >= 2000 * 784 * 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


class Trainer:
    def __init__(self, n):
        self.images = jax.random.normal(jax.random.key(0), (n, 784))

    def make_loss(self):
        def loss(weights, images):
            return jnp.mean((images @ weights) ** 2)

        return jax.jit(jax.grad(loss))


trainer = Trainer(2000)
gradient = trainer.make_loss()
slope = gradient(jnp.ones(784), trainer.images)
""",
                shows="constants(gradient, jnp.ones(784), trainer.images) < 1024",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import equinox as eqx
import jax
import jax.numpy as jnp


class Layer(eqx.Module):
    weight: jax.Array

    @eqx.filter_jit
    def __call__(self, x):
        return self.weight @ x


layer = Layer(jnp.ones((1000, 1000)))
y = layer(jnp.ones(1000))
""",
            shows="compiles('__call__') == 1",
        ),
        Sample(
            """from functools import partial

import jax
import jax.numpy as jnp


class Grid:
    def __init__(self, n, spacing):
        self.n = n
        self.spacing = spacing

    @partial(jax.jit, static_argnums=0)
    def laplacian(self, u):
        return (jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)) / self.spacing**2


grid = Grid(1000, 0.1)
y = grid.laplacian(jnp.ones(1000))
""",
            shows="compiles('laplacian') == 1",
        ),
    ),
    match=match,
    observe=observe_self,
    propose=hoist,
)
