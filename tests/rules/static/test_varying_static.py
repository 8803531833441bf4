"""varying-static: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.programs_of_rules import found
from rules.static.findings_in import findings_in, said

FAULTS = {
    "the loop's index by name": """
        @functools.partial(jax.jit, static_argnames=("step",))
        def update(w, step):
            return w - 0.1 / (1 + step) * w
        def train(w):
            for step in range(100):
                w = update(w, step)
            return w
        """,
    "by number, jit called": """
        def update(w, lr):
            return w - lr * w
        fast = jax.jit(update, static_argnums=1)
        w = jnp.ones(3)
        for i in range(100):
            w = fast(w, 0.1 * 0.9**i)
        """,
    "a decayed rate": """
        @functools.partial(jax.jit, static_argnums=(1,))
        def update(w, lr):
            return w - lr * w
        def train(w, lr=0.1):
            for _ in range(50):
                w = update(w, lr)
                lr *= 0.99
            return w
        """,
    "a schedule": """
        def schedule(step):
            return 0.1 * 0.5 ** (step // 10)
        @functools.partial(jax.jit, static_argnames="lr")
        def update(w, lr):
            return w - lr * w
        def train(w, steps):
            for step in range(steps):
                w = update(w, lr=schedule(step))
            return w
        """,
    "through a wrapper function": """
        @functools.partial(jax.jit, static_argnames="t")
        def advance(y, t):
            return y + jnp.sin(t)
        def move(y, t):
            return advance(y, t)
        def run(y):
            t = 0.0
            while t < 10.0:
                y = move(y, t)
                t += 0.1
            return y
        """,
    "in a comprehension": """
        @functools.partial(jax.jit, static_argnames="scale")
        def render(x, scale):
            return x * scale
        images = [render(jnp.ones(3), s / 10) for s in range(20)]
        """,
    "a number read from the device": """
        @functools.partial(jax.jit, static_argnums=1)
        def step(x, temperature):
            return x / temperature
        def anneal(x):
            temperature = 1.0
            for _ in range(100):
                x = step(x, temperature)
                temperature = float(jnp.abs(x).mean())
            return x
        """,
    "a counter on the object": """
        class Trainer:
            def __init__(self, w):
                self.w = w
                self.step = 0
            def update(self):
                self.step += 1
                self.w = update(self.w, self.step)
        @functools.partial(jax.jit, static_argnames="step")
        def update(w, step):
            return w / (1.0 + step)
        """,
    "a method with self static": """
        class Model:
            @functools.partial(jax.jit, static_argnums=(0, 2))
            def step(self, x, dt):
                return x + dt * x
        def run(x, times):
            model = Model()
            for a, b in zip(times[:-1], times[1:]):
                x = model.step(x, float(b) - float(a))
            return x
        """,
    "enumerate": """
        @functools.partial(jax.jit, static_argnames=("epoch",))
        def loss(x, epoch):
            return x.sum() * 0.9**epoch
        def train(batches):
            for epoch, batch in enumerate(batches):
                loss(batch, epoch=epoch)
        """,
    "np.linspace as floats": """
        @functools.partial(jax.jit, static_argnames=("q",))
        def model(x, q):
            return x * q
        for q in [float(v) for v in np.linspace(0, 1, 50)]:
            model(jnp.ones(3), q)
        """,
    "pmap": """
        def step(x, lr):
            return x * lr
        pstep = jax.pmap(step, static_broadcasted_argnums=(1,))
        def train(x):
            for i in range(10):
                x = pstep(x, 1.0 / (i + 1))
            return x
        """,
    "a meta field": """
        import dataclasses
        @functools.partial(jax.tree_util.register_dataclass, data_fields=["w"], meta_fields=["lr"])
        @dataclasses.dataclass
        class State:
            w: jax.Array
            lr: float
        @jax.jit
        def update(state: State):
            return State(state.w - state.lr * state.w, state.lr)
        def train(w):
            for i in range(10):
                w = update(State(w, 0.1 / (i + 1))).w
            return w
        """,
    "auxiliary data of a flatten method": """
        @jax.tree_util.register_pytree_node_class
        class State:
            def __init__(self, w, t):
                self.w = w
                self.t = t
            def tree_flatten(self):
                return (self.w,), (self.t,)
            @classmethod
            def tree_unflatten(cls, aux, children):
                return cls(*children, *aux)
        @jax.jit
        def update(state):
            return state.w * 0.5
        def run(w):
            for i in range(100):
                w = update(State(w, 0.1 * i))
            return w
        """,
    "auxiliary data of a registered flatten function": """
        class State:
            def __init__(self, w, t):
                self.w = w
                self.t = t
        def flatten(state):
            return (state.w,), state.t
        jax.tree_util.register_pytree_node(State, flatten, lambda aux, xs: State(xs[0], aux))
        @jax.jit
        def update(state):
            return state.w * 0.5
        def run(w):
            for i in range(100):
                w = update(State(w, 0.1 * i))
            return w
        """,
    "a number held by an nnx module": """
        from flax import nnx
        class Net(nnx.Module):
            def __init__(self, scale, rngs):
                self.linear = nnx.Linear(2, 2, rngs=rngs)
                self.scale = scale
        @nnx.jit
        def loss(net, x):
            return (net.scale * net.linear(x)).sum()
        for i in range(30):
            loss(Net(0.1 * i, nnx.Rngs(0)), jnp.ones((1, 2)))
        """,
    "a frozen configuration with a new rate": """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            width: int
            rate: float
        @functools.partial(jax.jit, static_argnames="config")
        def update(w, config):
            return w - config.rate * w
        def sweep(w):
            for i in range(30):
                update(w, Config(8, 0.1 / (i + 1)))
        """,
    "a configuration replaced in the loop": """
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Config:
            rate: float = 0.1
        @functools.partial(jax.jit, static_argnums=1)
        def update(w, config):
            return w - config.rate * w
        def train(w, config: Config):
            for i in range(30):
                config = dataclasses.replace(config, rate=0.1 * 0.9**i)
                w = update(w, config)
            return w
        """,
    "a step counter to filter_jit": """
        import equinox as eqx
        @eqx.filter_jit
        def update(w, step):
            return w / (1 + step)
        def train(w):
            for step in range(1000):
                w = update(w, step)
            return w
        """,
    "a tolerance of diffrax": """
        import diffrax
        def field(t, y, k):
            return -y
        def sweep():
            for i in range(20):
                controller = diffrax.PIDController(rtol=10.0**-i, atol=1e-6)
                diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Tsit5(), 0.0, 1.0, 0.1, jnp.ones(2),
                                    stepsize_controller=controller)
        """,
    "a seed": """
        @functools.partial(jax.jit, static_argnums=0)
        def sample(seed):
            return jax.random.normal(jax.random.key(seed), (3,))
        draws = [sample(seed) for seed in range(100)]
        """,
    "a static field of a flax struct": """
        from flax import struct
        @struct.dataclass
        class State:
            w: jax.Array
            step: int = struct.field(pytree_node=False)
        @jax.jit
        def update(state):
            return state.w * 0.9
        def train(w):
            for i in range(100):
                state = State(w=w, step=i)
                w = update(state)
            return w
        """,
    "a static field replaced": """
        from flax import struct
        @struct.dataclass
        class State:
            w: jax.Array
            step: int = struct.field(pytree_node=False)
        @jax.jit
        def update(state: State):
            return state.w * 0.9
        def train(state: State):
            for i in range(100):
                w = update(state)
                state = state.replace(w=w, step=state.step + 1)
            return state
        """,
    "an equinox static field": """
        import equinox as eqx
        class Layer(eqx.Module):
            w: jax.Array
            rate: float = eqx.field(static=True)
            def __call__(self, x):
                return self.w * x * self.rate
        @eqx.filter_jit
        def apply(layer, x):
            return layer(x)
        for i in range(30):
            apply(Layer(jnp.ones(3), i / 30), jnp.ones(3))
        """,
    "a float leaf of an equinox module": """
        import equinox as eqx
        class Layer(eqx.Module):
            w: jax.Array
            rate: float
        @eqx.filter_jit
        def apply(layer: Layer, x):
            return layer.w * x * layer.rate
        for i in range(30):
            apply(Layer(jnp.ones(3), i / 30), jnp.ones(3))
        """,
    "a float to filter_jit": """
        import equinox as eqx
        @eqx.filter_jit
        def update(w, lr):
            return w - lr * w
        def train(w):
            for i in range(100):
                w = update(w, 0.1 / (1 + i))
            return w
        """,
    "args of diffeqsolve": """
        import diffrax
        def field(t, y, k):
            return -k * y
        def sweep():
            out = []
            for i in range(20):
                k = 0.1 * i
                sol = diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Tsit5(), 0.0, 1.0, 0.1, jnp.ones(2), args=k)
                out.append(sol.ys[-1])
            return out
        """,
    "args of optimistix in a tuple": """
        import optimistix as optx
        def residual(y, args):
            a, b = args
            return y * a - b
        def sweep(b):
            for i in range(20):
                optx.root_find(residual, optx.Newton(1e-6, 1e-6), jnp.ones(()), args=(1.0 + i / 20, b))
        """,
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("varying-static", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


def test_it_follows_a_call_from_another_module():
    found = findings_in(
        "varying-static",
        {
            "core.py": "from functools import partial\nimport jax\n\n@partial(jax.jit, static_argnames='beta')\n"
            "def elbo(x, beta):\n    return x * beta\n",
            "train.py": "import jax.numpy as jnp\nfrom core import elbo as objective\n\n"
            "for epoch in range(100):\n    objective(jnp.ones(3), beta=min(1.0, epoch / 50))\n",
        },
    )
    assert [(one.place.function, one.facts["parameter"]) for one in found] == [("elbo", "beta")], said(found)
    assert found[0].confidence >= 0.8


SUSPICIONS = {
    "three values, only computed with": """
        @functools.partial(jax.jit, static_argnames="scale")
        def f(x, scale):
            return x * scale
        for scale in (1.5, 5.0, 7.5):
            f(jnp.ones(3), scale)
        """,
    "a field of records that a loop goes over": """
        @functools.partial(jax.jit, static_argnames="tol")
        def solve(x, tol):
            return x * tol
        def run(groups):
            for group in groups:
                solve(jnp.ones(3), tol=float(group["tol"]))
        """,
    "one of several results": """
        @functools.partial(jax.jit, static_argnames="offset")
        def solve(x, offset):
            return x * offset
        def measure(domain, shape):
            return {"offset": 0.5 * len(shape), "size": domain}
        def run(domains):
            for domain in domains:
                plan = measure(domain, (3, 4))
                solve(jnp.ones(3), offset=plan["offset"])
        """,
    "many sizes, which must be static": """
        @functools.partial(jax.jit, static_argnames="n")
        def f(x, n):
            return jnp.zeros(n) + x
        def sweep(limit):
            for n in range(limit):
                f(1.0, n)
        """,
    "a float that nobody hands yet": """
        @functools.partial(jax.jit, static_argnames=("rate",))
        def f(x, rate: float = 0.5):
            return x * rate
        """,
}


@pytest.mark.parametrize("source", SUSPICIONS.values(), ids=SUSPICIONS)
def test_it_suspects(source):
    found = findings_in("varying-static", source)
    assert len(found) == 1, said(found)
    assert 0.2 <= found[0].confidence < 0.8, said(found)


FINE = {
    "a field that is read from another object's": """
        class Variable:
            def __init__(self, given, axis=None):
                if isinstance(given, Variable):
                    axis = given.axis
                self.value = given
                self._axis = axis
        jax.tree_util.register_pytree_node(Variable, lambda x: ((x.value,), (x._axis,)), lambda aux, leaves: Variable(*leaves))
        def run(starts):
            return {name: Variable(starts[name]) for name in starts}
        out = jax.jit(lambda x: x)(Variable(1.0))
        """,
    "one value for the whole run": """
        @functools.partial(jax.jit, static_argnames="rate")
        def f(x, rate):
            return x * rate
        def run(x, rate=0.5):
            for _ in range(100):
                x = f(x, rate)
            return x
        run(jnp.ones(3))
        """,
    "traced": """
        @jax.jit
        def f(x, step):
            return x * step
        for step in range(100):
            f(jnp.ones(3), step)
        """,
    "a flag by a comparison": """
        @functools.partial(jax.jit, static_argnames="first")
        def f(x, first):
            return x if first else 2 * x
        for step in range(100):
            f(jnp.ones(3), first=step == 0)
        """,
    "shapes of what comes": """
        @functools.partial(jax.jit, static_argnames="n")
        def f(x, n):
            return x / n
        def run(batches):
            for batch in batches:
                f(batch, n=batch.shape[0])
                f(batch, n=len(batch))
        """,
    "arrays to filter_jit": """
        import equinox as eqx
        @eqx.filter_jit
        def f(x, lr):
            return x * lr
        for i in range(100):
            f(jnp.ones(3), jnp.asarray(0.1 / (i + 1)))
        """,
    "the loop is inside the trace": """
        import equinox as eqx
        @eqx.filter_jit
        def inner(x, k):
            return x * k
        @jax.jit
        def outer(x):
            for k in range(3):
                x = inner(x, 0.5 * k)
            return x
        outer(jnp.ones(3))
        """,
    "a module made once": """
        import equinox as eqx
        class Layer(eqx.Module):
            w: jax.Array
            rate: float = eqx.field(static=True)
        @eqx.filter_jit
        def apply(layer, x):
            return layer.w * x * layer.rate
        layer = Layer(jnp.ones(3), 0.5)
        for i in range(30):
            apply(layer, jnp.ones(3))
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("varying-static", source))


def test_a_loop_in_another_file_is_said_with_its_file():
    files = {
        "project/steps.py": """
            import jax
            from functools import partial
            @partial(jax.jit, static_argnames="rate")
            def step(x, rate):
                return x * rate
            """,
        "project/main.py": """
            from project.steps import step
            x = 1.0
            for rate in (0.1, 0.2, 0.3):
                x = step(x, rate)
            """,
        "project/__init__.py": "",
    }
    [one] = found("varying-static", files)
    assert one.place.path == "project/steps.py"
    assert "takes the values 0.1, 0.2, 0.3 in the loop in project/main.py:4" in one.message
