"""Arguments and carries that change their kind, as people write them."""

import pytest

from jaxaudit.rules.pytrees.unstable_structure import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "an int at first, a float from the second turn on": """@jax.jit
def flow(population, ratio):
    return population * ratio
def balance(population):
    ratio = 1  # fault
    for _ in range(5):
        population = flow(population, ratio)
        ratio = 0.9
    return population
balance(jnp.ones(3))
""",
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
    "no velocity yet, then a tree of the parameters": """@jax.jit
def sgd(params, grads, velocity):
    if velocity is None:
        velocity = jax.tree.map(jnp.zeros_like, grads)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, grads)
    return jax.tree.map(lambda p, v: p - 0.1 * v, params, velocity), velocity
params = {"w": jnp.ones(3)}
velocity = None  # fault
for _ in range(10):
    params, velocity = sgd(params, params, velocity)
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
    "numpy int then float": """@jax.jit
def hist(x, lo):
    return jnp.sum(x > lo)
counts = np.arange(100)  # fault
values = np.linspace(0, 1, 100)
hist(counts, 0.5)
hist(values, 0.5)
""",
    "rng integers vs normal": """rng = np.random.default_rng(0)
@jax.jit
def standardise(x):
    return (x - x.mean()) / (x.std() + 1e-6)
a = rng.integers(0, 10, size=100)  # fault
b = rng.normal(size=100)
print(standardise(a).sum(), standardise(b).sum())
""",
    "literal lists": """@jax.jit
def dot(a, w):
    return a @ w
w = jnp.ones(3)
dot(jnp.array([1, 2, 3]), w)  # fault
dot(jnp.array([1.0, 2.0, 3.0]), w)
""",
    "jitted method attr": """class Filter:
    def __init__(self):
        self._update = jax.jit(self.update)
    def update(self, state, z):
        return state + 0.5 * (z - state)
    def run(self, zs):
        state = 0.0  # fault
        for z in zs:
            state = self._update(state, z)
        return state
Filter().run(jnp.ones(10))
""",
    "method default static self": """class Solver:
    @functools.partial(jax.jit, static_argnums=0)
    def step(self, x, t):
        return x * 0.9, t + x[0]
solver = Solver()
x, t = jnp.ones(3), 0.0  # fault
for _ in range(3):
    x, t = solver.step(x, t)
""",
    "best so far inf": """@jax.jit
def update(best, loss):
    return jnp.minimum(best, loss)
best = jnp.inf  # fault
for l in jnp.ones(5):
    best = update(best, l)
""",
    "bool mask float mask": """@jax.jit
def masked_mean(x, mask):
    return jnp.sum(x * mask) / jnp.sum(mask)
x = jnp.ones(10)
masked_mean(x, x > 0)  # fault
masked_mean(x, jnp.ones(10))
""",
    "optax loss scale state dict": """def loss_fn(params, x):
    return jnp.sum(params["scale"] * x) ** 2
@jax.jit
def sgd(params, x, lr):
    grads = jax.grad(loss_fn)(params, x)
    return jax.tree.map(lambda p, g: p - lr * g, params, grads)
params = {"scale": jnp.asarray(2.0)}  # fault
for _ in range(4):
    params = sgd(params, jnp.ones(3), jnp.float32(0.1))
""",
    "carry tuple in main": """@jax.jit
def em_step(state, data):
    mu, sigma = state
    r = jnp.exp(-0.5 * ((data - mu) / sigma) ** 2)
    return (jnp.sum(r * data) / jnp.sum(r), jnp.sqrt(jnp.mean((data - mu) ** 2)))
def main():
    data = jnp.linspace(0, 1, 50)
    state = (0.0, 1.0)  # fault
    for _ in range(20):
        state = em_step(state, data)
    print(state)
main()
""",
    "unpacked carry": """@jax.jit
def em_step(mu, sigma, data):
    r = jnp.exp(-0.5 * ((data - mu) / sigma) ** 2)
    return jnp.sum(r * data) / jnp.sum(r), jnp.sqrt(jnp.mean((data - mu) ** 2))
mu, sigma = 0.0, 1.0  # fault
for _ in range(20):
    mu, sigma = em_step(mu, sigma, jnp.ones(5))
""",
    "filter_jit weak calls": """import equinox as eqx
@eqx.filter_jit
def evaluate(model, t):
    return model(t)
lin = eqx.nn.Linear("scalar", 2, key=jax.random.key(0))
evaluate(lin, jnp.array(0.0))  # fault
for t in jnp.linspace(0, 1, 5):
    evaluate(lin, t)
""",
    "dict with other keys": """@jax.jit
def f(batch):
    return sum(jnp.sum(v) for v in batch.values())
f({"x": jnp.ones(3), "y": jnp.ones(3)})  # fault
f({"x": jnp.ones(3)})
""",
    "kwarg and positional": """@jax.jit
def f(x, alpha):
    return x * alpha
f(jnp.ones(3), 0.5)
f(jnp.ones(3), alpha=0.5)  # fault
""",
    "while_loop carry mismatch": """def cond(s):
    return s[0] < 10
def body(s):
    i, x = s
    return i + 1, x / 2
lax.while_loop(cond, body, (0, jnp.array([4, 8])))  # fault
""",
    "scan tuple list": """def body(c, x):
    a, b = c
    return [a + x, b], None
lax.scan(body, (jnp.zeros(()), jnp.zeros(())), jnp.ones(3))  # fault
""",
    "scan inside function shape": """def rollout(x0, us):  # fault
    def step(x, u):
        return jnp.stack([x, u]), x
    return lax.scan(step, x0, us)
rollout(jnp.zeros(()), jnp.ones(4))
""",
}
SOUND: dict[str, str | dict[str, str]] = {
    "another number of the same type from the second turn on": """@jax.jit
def flow(population, ratio):
    return population * ratio
def balance(population):
    ratio = 1.0
    for _ in range(5):
        population = flow(population, ratio)
        ratio = 0.9
    return population
balance(jnp.ones(3))
""",
    "step counter weak": """@jax.jit
def step(i, x):
    return i + 1, x * 0.5
i, x = 0, jnp.ones(3)
for _ in range(4):
    i, x = step(i, x)
""",
    "same but python lr": """def loss_fn(params, x):
    return jnp.sum(params["scale"] * x) ** 2
@jax.jit
def sgd(params, x, lr):
    grads = jax.grad(loss_fn)(params, x)
    return jax.tree.map(lambda p, g: p - lr * g, params, grads)
params = {"scale": jnp.asarray(2.0)}
for _ in range(4):
    params = sgd(params, jnp.ones(3), 0.1)
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_left_alone(source: str | dict[str, str]) -> None:
    assert [one.message for one in findings(RULE, source)] == []
