"""Python loops that are written out under a trace, as people write them."""

import pytest

from jaxaudit.rules.control_flow.unrolled_loop import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "a function that calls itself": """def smooth(x, level):
    if level == 0:
        return x
    inner = 0.25 * jnp.roll(x, 1) + 0.5 * x + 0.25 * jnp.roll(x, -1)
    return smooth(jnp.tanh(inner), level - 1)  # fault
@jax.jit
def process(x):
    return smooth(x, 80).sum()
process(jnp.arange(16.0))
""",
    "accumulate with an initial state": """import itertools
def cell(w, state, drive):
    return 0.7 * state + 0.3 * jnp.tanh(w @ state + drive)
def rollout(w, signal):
    states = itertools.accumulate(range(150), lambda s, t: cell(w, s, signal[t]), initial=jnp.zeros(32))  # fault
    return list(states)[-1]
@jax.jit
def final(w, signal):
    return jnp.sum(rollout(w, signal) ** 2)
final(jnp.ones((32, 32)), jnp.ones(150))
""",
    "a comprehension that hands its state on": """def cell(w, state, drive):
    return 0.7 * state + 0.3 * jnp.tanh(w @ state + drive)
@jax.jit
def final(w, signal):
    state = jnp.zeros(32)
    states = [state := cell(w, state, signal[t]) for t in range(150)]  # fault
    return states[-1]
final(jnp.ones((32, 32)), jnp.ones(150))
""",
    "reduce over a range": """from functools import reduce
def stencil(field, _):
    lap = jnp.roll(field, 1, 0) + jnp.roll(field, -1, 0)
    return field + 0.1 * (lap - 2.0 * field)
@jax.jit
def diffuse(field):
    return reduce(stencil, range(40), field)  # fault
diffuse(jnp.ones((4, 4)))
""",
    "a sum over members that a function made": """def member_loss(params, x):
    hidden = jnp.tanh(x @ params["w"])
    return jnp.mean((hidden @ params["v"] - x[:, 0]) ** 2)
@jax.jit
def ensemble_loss(members, x):
    total = 0.0
    for params in members:  # fault
        total = total + member_loss(params, x)
    return total / len(members)
def init(key):
    a, b = jax.random.split(key)
    return {"w": jax.random.normal(a, (4, 8)), "v": jax.random.normal(b, (8,))}
members = [init(k) for k in jax.random.split(jax.random.key(0), 40)]
print(ensemble_loss(members, jnp.ones((32, 4))))
""",
    "static n called with 200": """@functools.partial(jax.jit, static_argnums=(1,))
def simulate(x, n):
    for i in range(n):  # fault
        x = x + 0.01 * jnp.sin(x) * i
    return x
simulate(jnp.ones(3), 200)
""",
    "method with self.n_steps": """class Model:
    def __init__(self, n_steps=100):
        self.n_steps = n_steps
        self.run = jax.jit(self._run)
    def _run(self, y):
        for _ in range(self.n_steps):  # fault
            k1 = -y
            k2 = -(y + 0.5 * k1)
            y = y + 0.1 * k2
        return y
Model().run(jnp.ones(3))
""",
    "eqx module filter_jit rnn": """import equinox as eqx
class RNN(eqx.Module):
    cell: eqx.nn.GRUCell
    hidden: int = eqx.field(static=True)
    def __call__(self, xs):
        h = jnp.zeros(self.hidden)
        for x in xs:  # fault
            h = self.cell(x, h)
        return h
@eqx.filter_jit
def loss(model, batch):
    return jnp.mean(jax.vmap(model)(batch))
model = RNN(eqx.nn.GRUCell(3, 8, key=jax.random.key(0)), 8)
loss(model, jnp.ones((4, 50, 3)))
""",
    "enumerate rows": """@jax.jit
def forward(log_pi, log_a, obs):
    alpha = log_pi
    for t, o in enumerate(obs):  # fault
        alpha = jax.nn.logsumexp(alpha[:, None] + log_a, axis=0) + o
    return alpha
forward(jnp.zeros(3), jnp.zeros((3,3)), jnp.zeros((60, 3)))
""",
    "value_and_grad jitted": """def rollout(params, x0):
    x = x0
    cost = 0.0
    for t in range(64):  # fault
        u = jnp.tanh(params @ x)
        x = x + 0.05 * u
        cost = cost + jnp.sum(x ** 2)
    return cost
step = jax.jit(jax.value_and_grad(rollout))
step(jnp.eye(3), jnp.ones(3))
""",
    "nested def returned by factory": """def make_solver(n_iter):
    @jax.jit
    def solve(a, b):
        x = jnp.zeros_like(b)
        for _ in range(n_iter):  # fault
            r = b - a @ x
            x = x + r / jnp.diag(a)
        return x
    return solve
solve = make_solver(80)
solve(jnp.eye(3), jnp.ones(3))
""",
    "other module": {
        "physics.py": """import jax.numpy as jnp
STEPS = 128
def evolve(psi, v):
    for k in range(STEPS):  # fault
        psi = jnp.fft.ifft(jnp.exp(-1j * v) * jnp.fft.fft(psi))
    return psi
""",
        "main.py": """import jax
import jax.numpy as jnp
import physics
run = jax.jit(physics.evolve)
run(jnp.ones(16, complex), jnp.ones(16))
""",
    },
    "list append of states": """@jax.jit
def trajectory(x0):
    xs = [x0]
    for i in range(100):  # fault
        xs.append(xs[-1] + 0.1 * jnp.cos(xs[-1]))
    return jnp.stack(xs)
trajectory(jnp.ones(2))
""",
    "len shape loop": """@jax.jit
def cumulative(x):
    out = jnp.zeros(len(x))
    s = 0.0
    for i in range(len(x)):  # fault
        s = s + x[i] ** 2
        out = out.at[i].set(s)
    return out
cumulative(jnp.ones(70))
""",
    "dict state": """def update(state, dt):
    v = state["v"] - dt * state["x"]
    return {"x": state["x"] + dt * v, "v": v}
@jax.jit
def integrate(state):
    for _ in range(500):  # fault
        state = update(state, 0.01)
    return state
integrate({"x": jnp.ones(3), "v": jnp.zeros(3)})
""",
    "while with counter": """@jax.jit
def f(x):
    k = 0
    while k < 40:  # fault
        x = jnp.sin(x) + jnp.cos(x) * x
        k = k + 1
    return x
f(jnp.ones(3))
""",
    "reversed range": """@jax.jit
def gae(rewards, values, gamma):
    adv = jnp.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(rewards.shape[0])):  # fault
        last = rewards[t] + gamma * values[t + 1] - values[t] + gamma * last
        adv = adv.at[t].set(last)
    return adv
gae(jnp.ones(128), jnp.ones(129), 0.99)
""",
    "checkpointed step alias": """import jax as j
from jax import jit as compile
def body(x):
    return jnp.tanh(x) + 0.1 * x
@compile
def deep(x):
    for _ in range(64):  # fault
        x = body(x)
    return x
deep(jnp.ones(3))
""",
    "jit in class attr call": """class Sim:
    N = 100
    def step(self, s):
        return s + 0.1 * jnp.roll(s, 1) - 0.1 * s
    def run(self, s):
        for _ in range(self.N):  # fault
            s = self.step(s)
        return s
sim = Sim()
fast = jax.jit(sim.run)
fast(jnp.ones(4))
""",
    "jit lambda calling loop": """def horner(coeffs, x):
    acc = jnp.zeros_like(x)
    for c in coeffs:  # fault
        acc = acc * x + c
    return acc
p = jax.jit(lambda x: horner(jnp.ones(40), x))
p(jnp.ones(3))
""",
    "config dict loop": """CONFIG = {"steps": 300, "dt": 0.01}
@jax.jit
def evolve(u):
    for n in range(CONFIG["steps"]):  # fault
        u = u + CONFIG["dt"] * (jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1))
    return u
evolve(jnp.ones(8))
""",
    "dataclass config": """import dataclasses
@dataclasses.dataclass(frozen=True)
class Cfg:
    n: int = 200
    dt: float = 0.1
cfg = Cfg()
@jax.jit
def go(x):
    for k in range(cfg.n):  # fault
        x = x - cfg.dt * jnp.sin(x)
    return x
go(jnp.ones(3))
""",
    "nested loops": """@jax.jit
def sweep(grid):
    for i in range(20):  # fault
        for j in range(20):
            grid = grid.at[i, j].set(0.25 * (grid[i - 1, j] + grid[i, j - 1]))
    return grid
sweep(jnp.ones((20, 20)))
""",
    "int(T/dt)": """T, dt = 10.0, 0.05
@jax.jit
def integrate(y):
    for _ in range(int(T / dt)):  # fault
        y = y + dt * (-y + jnp.tanh(y))
    return y
integrate(jnp.ones(2))
""",
    "numpy time grid": """ts = np.linspace(0, 1, 100)
@jax.jit
def solve(y):
    for t in ts:  # fault
        y = y + 0.01 * jnp.sin(t * y)
    return y
solve(jnp.ones(2))
""",
}
SOUND: dict[str, str | dict[str, str]] = {
    "a shallow recursion, one that halves, and one outside jit": """def smooth(x, level):
    return x if level == 0 else smooth(jnp.tanh(x) + jnp.sin(x) * 2.0, level - 1)
def fold(x, n):
    return x if n == 1 else fold(jnp.tanh(x[: n // 2]) + jnp.sin(x[n // 2 :]), n // 2)
def host(x, level):
    return x if level == 0 else host(jnp.tanh(x) + jnp.sin(x) * 2.0, level - 1)
@jax.jit
def process(x):
    return smooth(x, 4).sum() + fold(x, 64).sum()
process(jnp.arange(64.0)), host(jnp.arange(64.0), 50)
""",
    "reduce over layers, over what decides a shape, and outside jit": """from functools import reduce
@jax.jit
def forward(params, x):
    return reduce(lambda h, w: jnp.tanh(h @ w) + 1.0, params, x)
@jax.jit
def pyramid(x):
    return reduce(lambda h, k: jnp.tanh(h.sum()) * jnp.ones(k) + 1.0, range(1, 40), x)
def host(x):
    return reduce(lambda h, k: jnp.tanh(h) + jnp.sin(h) * k, range(40), x)
forward([jnp.eye(3)] * 40, jnp.ones(3)), pyramid(jnp.ones(1)), host(jnp.ones(3))
""",
    "layers": """@jax.jit
def mlp(params, x):
    for i in range(len(params)):
        x = jnp.tanh(x @ params[i]["w"] + params[i]["b"])
    return x
mlp([{"w": jnp.eye(3), "b": jnp.ones(3)}] * 40, jnp.ones(3))
""",
    "shape dims": """@jax.jit
def f(x):
    for axis in range(x.ndim):
        x = jnp.cumsum(x, axis=axis)
    return x
f(jnp.ones((2,3)))
""",
    "eager": """def f(x):
    for i in range(100):
        x = jnp.sin(x) * 2 + 1
    return x
f(jnp.ones(3))
""",
    "flax linen layers": """import flax.linen as nn
class Net(nn.Module):
    depth: int = 40
    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.relu(nn.Dense(8, name=f"d{i}")(x))
        return x
net = Net()
apply = jax.jit(net.apply)
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_left_alone(source: str | dict[str, str]) -> None:
    assert [one.message for one in findings(RULE, source)] == []


def test_many_equal_layers_are_a_suspicion():
    code = """
        import equinox as eqx
        class Block(eqx.Module):
            up: eqx.nn.Linear
            down: eqx.nn.Linear
            def __init__(self, key):
                self.up = eqx.nn.Linear(8, 32, key=key)
                self.down = eqx.nn.Linear(32, 8, key=key)
            def __call__(self, x):
                return x + self.down(jax.nn.gelu(self.up(x)))
        class Stack(eqx.Module):
            blocks: list
            def __init__(self, key):
                self.blocks = [Block(k) for k in jax.random.split(key, 48)]
            @eqx.filter_jit
            def __call__(self, x):
                for block in self.blocks:
                    x = block(x)
                return x
        Stack(jax.random.key(0))(jnp.ones(8))
        """
    (found,) = findings(RULE, code)
    assert 0.5 <= found.confidence < 0.8
    assert "stacked" in found.message
