"""Arguments and carries that change their kind, as people write them."""

import pytest

from jaxaudit.rules.pytrees.unstable_structure import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "python float then array carry": """@jax.jit
def step(x, loss):
    return x * 0.9, loss + jnp.sum(x)
x = jnp.ones(3)
loss = 0.0  # fault
for _ in range(5):
    x, loss = step(x, loss)
""",
    "dict params weak optax": """import optax
params = {"w": jnp.zeros(3), "b": jnp.array(0.0)}  # fault
opt = optax.adam(1e-2)
state = opt.init(params)
def loss(p, x, y):
    return jnp.mean((x @ p["w"] + p["b"] - y) ** 2)
@jax.jit
def train_step(params, state, x, y):
    g = jax.grad(loss)(params, x, y)
    updates, state = opt.update(g, state)
    return optax.apply_updates(params, updates), state
for i in range(10):
    params, state = train_step(params, state, jnp.ones((4, 3)), jnp.ones(4))
""",
    "list then tuple": """@jax.jit
def step(carry):
    a, b = carry
    return a + b, b * 2
carry = [jnp.ones(3), jnp.ones(3)]  # fault
for _ in range(4):
    carry = step(carry)
""",
    "none hidden": """@jax.jit
def cell(x, h):
    if h is None:
        h = jnp.zeros(3)
    return jnp.tanh(x + h)
h = None  # fault
for x in jnp.ones((5, 3)):
    h = cell(x, h)
""",
    "int arg float arg": """@jax.jit
def scale(x, s):
    return x * s
scale(jnp.ones(3), 1)  # fault
scale(jnp.ones(3), 0.5)
""",
    "int arg float arg2": """@jax.jit
def scale(x, s):
    return x * s
for s in (1, 0.5, 0.25):  # fault
    scale(jnp.ones(3), s)
""",
    "namedtuple state": """from typing import NamedTuple
class State(NamedTuple):
    x: jax.Array
    t: jax.Array
@jax.jit
def advance(s, dt):
    return State(s.x + dt * jnp.sin(s.x), s.t + jnp.float32(0.1))
s = State(jnp.ones(3), jnp.array(0.0))  # fault
for _ in range(4):
    s = advance(s, 0.1)
""",
    "arange int first": """@jax.jit
def normalise(x):
    return (x - x.mean()) / x.std()
a = normalise(jnp.arange(10))  # fault
b = normalise(jnp.linspace(0, 1, 10))
""",
    "np float64 elem vs float": """@jax.jit
def model(x, amp):
    return amp * jnp.sin(x)
x = jnp.ones(5)
ref = model(x, 1.0)  # fault
for amp in np.linspace(0, 2, 5):
    model(x, amp)
""",
    "scan carry int to float": """def body(c, x):
    return c + x, None
lax.scan(body, jnp.zeros((), jnp.int32), jnp.ones(4))  # fault
""",
    "fori shape change": """def body(i, acc):
    return acc + jnp.ones(3)
lax.fori_loop(0, 4, body, 0.0)  # fault
""",
    "eqx state flax": """import equinox as eqx, optax
class Model(eqx.Module):
    linear: eqx.nn.Linear
    scale: jax.Array
    def __init__(self, key):
        self.linear = eqx.nn.Linear(2, 2, key=key)
        self.scale = jnp.array(1.0)  # fault
    def __call__(self, x):
        return self.scale * self.linear(x)
model = Model(jax.random.key(0))
opt = optax.adamw(1e-3)
opt_state = opt.init(eqx.filter(model, eqx.is_inexact_array))
@eqx.filter_jit
def make_step(model, opt_state, x):
    loss, grads = eqx.filter_value_and_grad(lambda m: jnp.mean(jax.vmap(m)(x)))(model)
    updates, opt_state = opt.update(grads, opt_state, model)
    model = eqx.apply_updates(model, updates)
    return loss, model, opt_state
for _ in range(5):
    loss, model, opt_state = make_step(model, opt_state, jnp.ones((4, 2)))
""",
    "in main function": """@jax.jit
def smooth(prev, x):
    return 0.9 * prev + 0.1 * x
def main():
    est = 0.0  # fault
    for x in jnp.ones(10):
        est = smooth(est, x)
    print(est)
if __name__ == "__main__":
    main()
""",
    "tuple list between calls": """@jax.jit
def f(state):
    return sum(state)
f((jnp.ones(3), jnp.ones(3)))  # fault
f([jnp.ones(3), jnp.ones(3)])
""",
}
SOUND: dict[str, str | dict[str, str]] = {
    "step counter weak": """@jax.jit
def step(i, x):
    return i + 1, x * 0.5
i, x = 0, jnp.ones(3)
for _ in range(4):
    i, x = step(i, x)
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_left_alone(source: str | dict[str, str]) -> None:
    assert [one.message for one in findings(RULE, source)] == []
