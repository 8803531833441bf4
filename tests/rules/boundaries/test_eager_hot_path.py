"""eager-hot-path from source: loops that dispatch much array work outside jit, and loops that do not."""

import pytest

from jaxaudit.rules.boundaries.eager_hot_path import RULE
from programs import program_of

PHYSICS = """
import jax
import jax.numpy as jnp
import optax

class Pendulum:
    def step(self, state, force):
        angle, speed = state
        push = jnp.sin(angle) * 9.8 + force * jnp.cos(angle) - 0.1 * jnp.tanh(speed)
        speed = speed + 0.02 * push
        return jnp.stack([angle + 0.02 * speed, jnp.sqrt(jnp.exp(speed)) + jnp.where(speed > 0, 0.0, 0.1)])

def loss(params, x):
    return jnp.mean((x @ params) ** 2)
"""

LOOPS = {
    "a method in a loop of main": """
def main():
    env, state = Pendulum(), jnp.zeros(2)
    for i in range(500):
        state = env.step(state, 0.1)
main()
""",
    "a while loop": """
state = jnp.zeros(2)
while True:
    state = Pendulum().step(state, 0.1)
""",
    "work written in the loop": """
x = jnp.ones(3)
for i in range(100):
    x = jnp.sin(x) + jnp.cos(x) * jnp.tanh(x)
    x = jnp.exp(-x) * jnp.sqrt(jnp.abs(x))
""",
    "an optimiser beside a jitted gradient": """
slope = jax.jit(jax.grad(loss))
def fit(params, x):
    optimiser = optax.adam(1e-3)
    state = optimiser.init(params)
    for _ in range(200):
        updates, state = optimiser.update(slope(params, x), state)
        params = optax.apply_updates(params, updates)
    return params
fit(jnp.ones(3), jnp.ones((4, 3)))
""",
}
QUIET = {
    "the step is jitted": """
env, state = Pendulum(), jnp.zeros(2)
step = jax.jit(env.step)
for i in range(500):
    state = step(state, 0.1)
""",
    "a handful of turns": """
state = jnp.zeros(2)
for i in range(3):
    state = Pendulum().step(state, 0.1)
""",
    "now and then": """
step = jax.jit(Pendulum().step)
state = jnp.zeros(2)
for i in range(500):
    state = step(state, 0.1)
    if i % 100 == 0:
        print(Pendulum().step(state, 0.0))
""",
    "the loop is traced": """
@jax.jit
def run(state):
    for i in range(30):
        state = Pendulum().step(state, 0.1)
    return state
run(jnp.zeros(2))
""",
    "one scan a turn": """
def body(state, _):
    return Pendulum().step(state, 0.1), None
state = jnp.zeros(2)
for i in range(100):
    state, _ = jax.lax.scan(body, state, None, length=10)
""",
    "a loop that measures": """
import time
state = jnp.zeros(2)
for i in range(100):
    start = time.perf_counter()
    state = Pendulum().step(state, 0.1)
    print(time.perf_counter() - start)
""",
    "NumPy": """
import numpy as np
x = np.ones(3)
for i in range(100):
    x = np.sin(x) + np.cos(x) * np.tanh(x) - np.exp(-x) * np.sqrt(np.abs(x)) + x * 2 - x / 3 + x
""",
}


def told(body):
    return list(RULE.match(program_of(PHYSICS + body)))


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_a_loop_that_dispatches_much_is_a_suspicion(body):
    found = told(body)
    assert len(found) == 1
    assert found[0].confidence <= 0.5
    assert "outside jit" in found[0].message


@pytest.mark.parametrize("body", QUIET.values(), ids=QUIET)
def test_nothing_is_said_of(body):
    assert told(body) == []


def test_the_call_that_does_the_work_is_named():
    (found,) = told(LOOPS["a method in a loop of main"])
    assert "`env.step`" in found.message
    assert found.place.function == "main"
