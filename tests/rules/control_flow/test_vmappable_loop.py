"""Loops whose turns don't need each other, as people write them."""

import pytest

from jaxaudit.rules.control_flow.vmappable_loop import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "array of comp": """def loglike(theta, x):
    return -0.5 * jnp.sum((x - theta) ** 2)
@jax.jit
def total(theta, data):
    return jnp.sum(jnp.array([loglike(theta, data[i]) for i in range(data.shape[0])]))  # fault
total(jnp.ones(3), jnp.ones((100, 3)))
""",
    "sum of generator": """def energy(p, x):
    return jnp.sum(jnp.sin(p * x))
@jax.jit
def loss(p, xs):
    return sum(energy(p, x) for x in xs) / len(xs)  # fault
loss(jnp.ones(3), jnp.ones((64, 3)))
""",
    "zip xs ys": """def residual(params, x, y):
    return (params["a"] * jnp.exp(-params["b"] * x) - y) ** 2
@jax.jit
def loss(params, xs, ys):
    losses = [residual(params, x, y) for x, y in zip(xs, ys)]  # fault
    return jnp.mean(jnp.stack(losses))
loss({"a": 1.0, "b": 2.0}, jnp.ones(50), jnp.ones(50))
""",
    "ensemble of modules": """import equinox as eqx
models = [eqx.nn.MLP(2, 1, 8, 2, key=k) for k in jax.random.split(jax.random.key(0), 16)]
def predict(x):
    return jnp.stack([m(x) for m in models])  # fault
predict(jnp.ones(2))
""",
    "eager eval grid": """def chi2(params, data):
    return jnp.sum((data - jnp.exp(-params)) ** 2)
grid = jnp.linspace(0, 1, 200)
values = jnp.array([chi2(g, jnp.ones(50)) for g in grid])  # fault
""",
    "eager append then stack": """def render(camera, points):
    return jnp.tanh(points @ camera)
def render_all(cameras, points):
    images = []
    for i in range(cameras.shape[0]):  # fault
        images.append(render(cameras[i], points))
    return jnp.stack(images)
render_all(jnp.ones((32, 3, 3)), jnp.ones((100, 3)))
""",
    "vmap in keys": """def sample(key):
    return jax.random.normal(key, (3,)).sum()
@jax.jit
def draws(key):
    keys = jax.random.split(key, 100)
    return jnp.stack([sample(k) for k in keys])  # fault
draws(jax.random.key(0))
""",
    "double loop kernel": """def k(a, b):
    return jnp.exp(-jnp.sum((a - b) ** 2))
@jax.jit
def gram(xs):
    return jnp.array([[k(a, b) for b in xs] for a in xs])  # fault
gram(jnp.ones((20, 2)))
""",
    "at set index": """@jax.jit
def norms(x):
    out = jnp.zeros(x.shape[0])
    for i in range(x.shape[0]):  # fault
        out = out.at[i].set(jnp.sqrt(jnp.sum(x[i] ** 2)))
    return out
norms(jnp.ones((50, 3)))
""",
    "list comp then jnp.array mean": """def mse(w, x, y):
    return (w @ x - y) ** 2
@jax.jit
def loss(w, X, Y):
    errs = []
    for i in range(X.shape[0]):  # fault
        errs.append(mse(w, X[i], Y[i]))
    return jnp.mean(jnp.array(errs))
loss(jnp.ones(3), jnp.ones((32, 3)), jnp.ones(32))
""",
    "grads per example": """def loss(w, x):
    return jnp.sum((w * x) ** 2)
@jax.jit
def per_example(w, xs):
    return jnp.stack([jax.grad(loss)(w, x) for x in xs])  # fault
per_example(jnp.ones(3), jnp.ones((40, 3)))
""",
    "solve each": """@jax.jit
def solve_all(As, bs):
    xs = [jnp.linalg.solve(As[i], bs[i]) for i in range(len(As))]  # fault
    return jnp.stack(xs)
solve_all(jnp.ones((20, 3, 3)), jnp.ones((20, 3)))
""",
    "ensemble in module": """import equinox as eqx
class Ensemble(eqx.Module):
    members: list
    def __init__(self, key, n=8):
        self.members = [eqx.nn.MLP(3, 1, 16, 2, key=k) for k in jax.random.split(key, n)]
    def __call__(self, x):
        return jnp.mean(jnp.stack([m(x) for m in self.members]), axis=0)  # fault
ens = Ensemble(jax.random.key(0))
f = eqx.filter_jit(ens)
f(jnp.ones(3))
""",
    "map list": """def f(x):
    return jnp.fft.fft(x)
@jax.jit
def g(xs):
    return jnp.stack(list(map(f, xs)))  # fault
g(jnp.ones((30, 8)))
""",
    "leaves stacked outside jit": """@jax.jit
def embed(window, filters):
    return {"response": filters @ window}
def features(windows, filters):
    parts = [embed(window, filters) for window in windows]  # fault
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)
features(jnp.ones((40, 4)), jnp.eye(4))
""",
    "leaves of a list stacked": """@jax.jit
def embed(window, filters):
    return {"response": filters @ window}
def features(windows, filters):
    parts = []
    for window in windows:  # fault
        parts.append(embed(window, filters))
    return jax.tree_util.tree_map(lambda *leaves: jnp.stack(leaves), *parts)
features(jnp.ones((40, 4)), jnp.eye(4))
""",
    "map of a lambda outside jit": """@jax.jit
def energy(spins, coupling):
    return -spins @ coupling @ spins
def energies(configurations, coupling):
    return jnp.stack(list(map(lambda s: energy(s, coupling), configurations)))  # fault
energies(jnp.ones((40, 4)), jnp.eye(4))
""",
    "concatenate expand": """def encode(x):
    return jnp.tanh(x)[None]
@jax.jit
def enc(xs):
    return jnp.concatenate([encode(x) for x in xs], axis=0)  # fault
enc(jnp.ones((25, 3)))
""",
}
SOUND: dict[str, str | dict[str, str]] = {
    "a comprehension that hands its state on": """def cell(w, state, drive):
    return 0.7 * state + 0.3 * jnp.tanh(w @ state + drive)
@jax.jit
def path(w, signal):
    state = jnp.zeros(32)
    return jnp.stack([state := cell(w, state, signal[t]) for t in range(150)])
path(jnp.ones((32, 32)), jnp.ones(150))
""",
    "map of host work": """@jax.jit
def total(x):
    return x.sum()
names = list(map(lambda x: f"{x}", jnp.ones((40, 4))))
total(jnp.stack([jnp.ones(3), jnp.zeros(3)]))
""",
    "driver loop": """@jax.jit
def step(x, b):
    return x + jnp.sum(b)
x = jnp.zeros(())
losses = []
for b in jnp.ones((50, 3)):
    x = step(x, b)
    losses.append(x)
jnp.stack(losses)
""",
    "ragged": """def f(t):
    return jnp.sum(jnp.sin(t))
segments = [jnp.ones(10 + k) for k in range(20)]
@jax.jit
def total(segments):
    return jnp.stack([f(s) for s in segments])
total(segments)
""",
    "varying slices": """starts = [0, 3, 10, 40]
@jax.jit
def f(x):
    return jnp.stack([jnp.sum(x[starts[i]:starts[i+1]]) for i in range(3)])
f(jnp.ones(40))
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_left_alone(source: str | dict[str, str]) -> None:
    assert [one.message for one in findings(RULE, source)] == []


def test_only_simple_stacks_get_a_fix() -> None:
    found = findings(
        RULE,
        """
        def f(w, x):
            return jnp.sum(w * x)
        @jax.jit
        def simple(w, xs):
            return jnp.stack([f(w, x) for x in xs])
        @jax.jit
        def computed(w, xs):
            return jnp.stack([f(w, 2 * x) for x in xs])
        simple(jnp.ones(3), jnp.ones((30, 3)))
        computed(jnp.ones(3), jnp.ones((30, 3)))
        """,
    )
    assert {one.place.function: one.fix is not None for one in found} == {"simple": True, "computed": False}


def test_parameters_of_a_committee_are_alike():
    code = """
        def predict(params, x):
            return jnp.tanh(x @ params["w"]) @ params["v"]
        @jax.jit
        def committee(all_params, x):
            votes = []
            for params in all_params:
                votes.append(predict(params, x))
            return jnp.stack(votes).mean(axis=0)
        keys = jax.random.split(jax.random.key(0), 16)
        many = [{"w": jax.random.normal(k, (4, 8)), "v": jnp.ones(8)} for k in keys]
        committee(many, jnp.ones((5, 4)))
        """
    assert [one for one in findings(RULE, code) if one.confidence >= 0.8]
    ragged = code.replace("jax.random.normal(k, (4, 8))", "load(k)")
    assert not [one for one in findings(RULE, ragged) if one.confidence >= 0.8]
