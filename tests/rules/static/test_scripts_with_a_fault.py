"""Static faults in scripts as people write them, each with the repair that silences the rule."""

import pytest

from rules.marked_faults import at_the_mark, findings

SCRIPTS = {
    "an optimiser that jit is handed": ("missing-static", """
        import optax
        @jax.jit
        def train_step(params, state, optimizer, batch):
            updates, state = optimizer.update(batch @ params, state)
            return optax.apply_updates(params, updates), state
        def main():
            optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
            params = jnp.ones(3)
            return train_step(params, optimizer.init(params), optimizer, jnp.ones((3, 3)))  # fault
        """, "@jax.jit", "@functools.partial(jax.jit, static_argnames='optimizer')"),
    "each of some dtypes": ("missing-static", """
        @jax.jit
        def total(x, dtype):
            return jnp.sum(x.astype(dtype))
        for dtype in (jnp.float32, jnp.bfloat16):
            total(jnp.ones(9), dtype)  # fault
        """, "@jax.jit", "@functools.partial(jax.jit, static_argnames='dtype')"),
    "a dict of settings that holds a string": ("missing-static", """
        CONFIG = {"activation": "relu", "gain": 1.5}
        def layer(x, config):
            if config["activation"] == "relu":
                return jnp.maximum(config["gain"] * x, 0)
            return x
        jax.jit(layer)(jnp.ones(3), CONFIG)  # fault
        """, "jax.jit(layer)(jnp.ones(3), CONFIG)", "jax.jit(functools.partial(layer, config=CONFIG))(jnp.ones(3))"),
    "self of a jitted method, named at the call": ("missing-static", """
        class Simulation:
            def __init__(self, dt):
                self.dt = dt
            @jax.jit
            def step(self, x):
                return x - self.dt * x
            def run(self, x):
                return self.step(x)  # fault
        Simulation(0.1).run(jnp.ones(3))
        """, "@jax.jit", "@functools.partial(jax.jit, static_argnums=0)"),
    "a flag of a Flax module": ("missing-static", """
        import flax.linen as nn
        class Net(nn.Module):
            def __call__(self, x, train):
                if train:
                    x = 2 * x
                return x
        net = Net()
        @jax.jit
        def forward(params, x, train):  # fault
            return net.apply(params, x, train=train)
        forward({}, jnp.ones(3), True)
        """, "@jax.jit", "@functools.partial(jax.jit, static_argnames='train')"),
    "options that a solver hands on": ("missing-static", """
        @jax.jit
        def relax(u, n_iter=10):
            for _ in range(n_iter):  # fault
                u = 0.5 * (u + jnp.roll(u, 1))
            return u
        def solve(u, **options):
            return relax(u, **options)
        solve(jnp.ones(9), n_iter=20)
        """, "@jax.jit", "@functools.partial(jax.jit, static_argnames='n_iter')"),
    "a decorator of one's own, with the static name": ("varying-static", """
        def compiled(*names):
            return functools.partial(jax.jit, static_argnames=names)
        @compiled("temperature")  # fault
        def free_energy(x, temperature):
            return -temperature * jax.nn.logsumexp(-x / temperature)
        for k in range(10):
            free_energy(jnp.ones(3), 0.5 + 0.25 * k)
        """, '@compiled("temperature")', "@compiled()"),
    "a window as a static argument": ("static-array", """
        @functools.partial(jax.jit, static_argnames=("weights",))
        def mean(values, weights):
            return jnp.sum(values * weights) / weights.sum()
        weights = np.hanning(16)
        mean(jnp.arange(16.0), weights=weights)  # fault
        """, 'static_argnames=("weights",)', "static_argnames=()"),
    "the activation of a network made for each seed": ("identity-hashed-static", """
        import equinox as eqx
        @eqx.filter_jit
        def loss(model, x):
            return jnp.mean(jax.vmap(model)(x) ** 2)
        def build(key, slope=0.1):
            return eqx.nn.MLP(3, 1, 16, 2, activation=lambda z: jnp.where(z > 0, z, slope * z), key=key)  # fault
        for seed in range(4):
            model = build(jax.random.key(seed))
            loss(model, jnp.ones((5, 3)))
        """, "activation=lambda z: jnp.where(z > 0, z, slope * z)", "activation=jax.nn.leaky_relu"),
    "a frozen dataclass that holds an array": ("unhashable-static", """
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Quadrature:
            nodes: np.ndarray
            weights: np.ndarray
        @functools.partial(jax.jit, static_argnames=("rule",))
        def integrate(scale, rule):
            return jnp.sum(rule.weights * jnp.exp(-scale * rule.nodes**2))
        nodes, weights = np.polynomial.legendre.leggauss(8)
        integrate(1.0, rule=Quadrature(nodes, weights))  # fault
        """, 'static_argnames=("rule",)', "static_argnames=()"),
    "settings that a dict spreads": ("missing-static", """
        def loss(logits, num_classes):
            return logits @ jax.nn.one_hot(0, num_classes)  # fault
        fast = jax.jit(jax.grad(loss))
        settings = dict(num_classes=3)
        fast(jnp.ones(3), **settings)
        """, "jax.grad(loss)", "jax.grad(loss), static_argnames='num_classes'"),
    "cases that a list of dicts spreads": ("varying-static", """
        CASES = [dict(n=9, nu=0.1), dict(n=9, nu=0.2), dict(n=9, nu=0.3), dict(n=9, nu=0.4), dict(n=9, nu=0.5)]
        @functools.partial(jax.jit, static_argnames=("n", "nu"))  # fault
        def simulate(u, n, nu):
            return u + nu * jnp.ones(n)
        for case in CASES:
            simulate(jnp.ones(9), **case)
        """, '("n", "nu")', '("n",)'),
    "a frozen configuration replaced in each epoch": ("varying-static", """
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Config:
            width: int = 4
            rate: float = 0.1
        @functools.partial(jax.jit, static_argnums=1)
        def update(w, config, rate=0.0):
            return w - (rate or config.rate) * jnp.ones(config.width)
        def train(w, config):
            for epoch in range(9):
                w = update(w, config)
                config = dataclasses.replace(config, rate=config.rate * 0.9)  # fault
            return w
        train(jnp.ones(4), Config())
        """, "config = dataclasses.replace(config, rate=config.rate * 0.9)", "pass"),
    "a step counter beside the leaves": ("varying-static", """
        from flax import struct
        @struct.dataclass
        class State:
            params: jax.Array
            step: int = struct.field(pytree_node=False)  # fault
        @jax.jit
        def train_step(state, batch):
            return state.replace(params=state.params - batch)
        def train(state, batches):
            for batch in batches:
                state = train_step(state, batch)
                state = state.replace(step=state.step + 1)
            return state
        train(State(jnp.zeros(3), 0), [jnp.ones(3)] * 9)
        """, "struct.field(pytree_node=False)", "0"),
    "a time in the auxiliary data": ("varying-static", """
        @jax.tree_util.register_pytree_node_class
        class State:
            def __init__(self, u, time):
                self.u = u
                self.time = time
            def tree_flatten(self):
                return (self.u,), self.time  # fault
            @classmethod
            def tree_unflatten(cls, aux, children):
                return cls(children[0], aux)
        @jax.jit
        def rhs(state):
            return -state.u * jnp.cos(state.time)
        state = State(jnp.ones(3), 0.0)
        for _ in range(9):
            state = State(state.u + rhs(state), state.time + 0.1)
        """, "return (self.u,), self.time", "return (self.u, self.time), None"),
    "a number put into a module": ("varying-static", """
        import equinox as eqx
        class Model(eqx.Module):
            w: jax.Array
            beta: float  # fault
        @eqx.filter_jit
        def loss(model):
            return model.beta * jnp.sum(model.w)
        model = Model(jnp.ones(3), 0.0)
        for epoch in range(9):
            model = eqx.tree_at(lambda m: m.beta, model, epoch / 10)
            loss(model)
        """, "epoch / 10", "jnp.float32(epoch / 10)"),
    "an offset drawn by a generator": ("varying-static", """
        rng = np.random.default_rng(0)
        @functools.partial(jax.jit, static_argnums=1)  # fault
        def crop(image, offset):
            return lax.dynamic_slice(image, offset, (4, 4))
        for _ in range(9):
            crop(jnp.ones((32, 32)), (int(rng.integers(0, 28)), int(rng.integers(0, 28))))
        """, "@functools.partial(jax.jit, static_argnums=1)", "@jax.jit"),
    "a frozen dataclass whose default is a list": ("unhashable-static", """
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Config:
            hidden: list = dataclasses.field(default_factory=lambda: [8, 8])
        @functools.partial(jax.jit, static_argnames="config")
        def forward(x, config):
            return x * len(config.hidden)
        forward(jnp.ones(3), config=Config())  # fault
        """, "dataclasses.field(default_factory=lambda: [8, 8])", "(8, 8)"),
    "a NamedTuple that is handed a list": ("unhashable-static", """
        from typing import NamedTuple
        class Settings(NamedTuple):
            widths: list
            residual: bool = True
        SETTINGS = Settings(widths=[4, 4])
        @functools.partial(jax.jit, static_argnames="settings")
        def forward(x, settings):
            return x * len(settings.widths)
        forward(jnp.ones(3), settings=SETTINGS)  # fault
        """, "[4, 4]", "(4, 4)"),
    "an array among the auxiliary data of a registered class": ("static-array", """
        class Polygon:
            def __init__(self, corners, offset):
                self.corners = corners
                self.offset = offset
        jax.tree_util.register_pytree_node(
            Polygon,
            lambda p: ((p.corners,), (p.offset,)),  # fault
            lambda aux, children: Polygon(children[0], aux[0]),
        )
        @jax.jit
        def area(polygon):
            return jnp.sum(polygon.corners + polygon.offset)
        area(Polygon(jnp.ones((4, 2)), np.full((4, 2), 0.5)))
        """, "((p.corners,), (p.offset,))", "((p.corners, p.offset), None)"),
    "an array among the meta fields of a call": ("static-array", """
        import dataclasses
        @dataclasses.dataclass
        class Molecule:
            positions: jax.Array
            masses: jax.Array
        jax.tree_util.register_dataclass(Molecule, data_fields=["positions"], meta_fields=["masses"])  # fault
        """, '["positions"], meta_fields=["masses"]', '["positions", "masses"], meta_fields=[]'),
    "a train state in each fold": ("identity-hashed-static", """
        import optax
        from flax.training import train_state
        class TrainState(train_state.TrainState):
            epoch: int = 0
        @jax.jit
        def train_step(state, x):
            return state.apply_gradients(grads=x)
        tx = None
        def fit(apply, x):
            tx = optax.adam(1e-2)
            state = TrainState.create(apply_fn=apply, params=x, tx=tx)  # fault
            for _ in range(3):
                state = train_step(state, x)
            return state
        for fold in range(5):
            fit(jnp.sin, jnp.full(3, fold))
        """, "tx = None\n        def fit(apply, x):\n            tx = optax.adam(1e-2)", "tx = optax.adam(1e-2)\n        def fit(apply, x):\n            pass"),
    "settings that hash by their id": ("identity-hashed-static", """
        class Settings:
            def __init__(self, gain):
                self.gain = gain
            def __hash__(self):
                return id(self)
        @functools.partial(jax.jit, static_argnums=0)
        def run(settings, x):
            return settings.gain * x
        for i in range(4):
            run(Settings(gain=2.0), jnp.float32(i))  # fault
        """, "id(self)", "hash(self.gain)\n            def __eq__(self, other):\n                return self.gain == other.gain"),
}  # fmt: skip


def rule_named(name):
    from jaxaudit.rules import load_rules

    return load_rules()[name]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_certain_of_the_fault(name):
    rule, source, _, _ = SCRIPTS[name]
    certain = [one for one in findings(rule_named(rule), source) if one.confidence >= 0.8]
    assert at_the_mark(certain, source), [(one.place.line, one.message) for one in certain]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_silent_once_repaired(name):
    rule, source, fault, repair = SCRIPTS[name]
    assert source.count(fault) == 1
    left = [one for one in findings(rule_named(rule), source.replace(fault, repair)) if one.confidence >= 0.8]
    assert not left, [(one.place.line, one.message) for one in left]


FINE = {
    "a dict that hashes by its id and compares by value": ("identity-hashed-static", """
        class Settings(dict):
            def __hash__(self):
                return id(self)
        @functools.partial(jax.jit, static_argnums=0)
        def run(settings, x):
            return settings["gain"] * x
        for i in range(4):
            run(Settings(gain=2.0), jnp.float32(i))
        """),
    "a list in the other field of a record": ("unhashable-static", """
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Config:
            hidden: list = dataclasses.field(default_factory=list)
            notes: list = dataclasses.field(default_factory=list, compare=False)
        @functools.partial(jax.jit, static_argnames="config")
        def forward(x, config):
            return x
        forward(1.0, config=Config(hidden=(8, 8)))
        """),
    "the field of another state counted up": ("varying-static", """
        from flax import struct
        @struct.dataclass
        class State:
            w: jax.Array
            width: int = struct.field(pytree_node=False)
        @struct.dataclass
        class Log:
            width: int = 0
        @jax.jit
        def step(state):
            return state
        def run(state, log):
            for _ in range(9):
                state = step(state)
                log = log.replace(width=log.width + 1)
        run(State(jnp.ones(3), 4), Log())
        """),
    "an optimiser that each call brings the rate of": ("identity-hashed-static", """
        import optax
        from flax.training.train_state import TrainState
        @jax.jit
        def train_step(state, x):
            return state.apply_gradients(grads=x)
        def fit(rate):
            state = TrainState.create(apply_fn=jnp.sin, params=1.0, tx=optax.adam(rate))
            return train_step(state, 1.0)
        for rate in (0.1, 0.2):
            fit(rate)
        """),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_it_is_not_certain_of(name):
    rule, source = FINE[name]
    assert not [one for one in findings(rule_named(rule), source) if one.confidence >= 0.8]
