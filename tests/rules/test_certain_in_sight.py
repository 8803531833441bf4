"""What stands in sight is certain; what a helper, a branch or a factory stands before is a suspicion."""

import pytest

from rules.programs_of_rules import found

CERTAIN = {
    "a draw and a helper that splits": (
        "key-reuse",
        """
        def rollout(key, n):
            return [jax.random.normal(one) for one in jax.random.split(key, n)]
        def train(key):
            start = jax.random.normal(key, (3,))
            return start, rollout(key, 4)
        """,
    ),
    "a helper draws for two layers": (
        "key-reuse",
        """
        def dropout(key, x):
            return jnp.where(jax.random.bernoulli(key, 0.9, x.shape), x, 0.0)
        def forward(params, x, key):
            h = dropout(key, jnp.tanh(x @ params["first"]))
            return dropout(key, h @ params["second"])
        """,
    ),
    "a step that takes what it gave": (
        "key-reuse",
        """
        def langevin(key, x):
            return x + jax.random.normal(key, x.shape)
        def sample(key, x):
            for _ in range(100):
                x = langevin(key, x)
            return x
        """,
    ),
    "a scan whose body draws": (
        "key-reuse",
        """
        def simulate(key, x):
            def step(x, _):
                return x + jax.random.normal(key), None
            return jax.lax.scan(step, x, None, length=9)[0]
        """,
    ),
    "a rate that a schedule computes": (
        "varying-static",
        """
        def schedule(step):
            return 0.1 * 0.9**step
        @functools.partial(jax.jit, static_argnames=("rate",))
        def update(w, rate):
            return w - rate * w
        def train(w):
            for step in range(100):
                w = update(w, rate=schedule(step))
            return w
        """,
    ),
    "a dict of the module that keeps a tracer": (
        "trace-time-effect",
        """
        kept = {}
        @jax.jit
        def norm(x, name):
            kept[name] = jnp.linalg.norm(x)
            return kept[name]
        """,
    ),
}
SUSPICIONS = {
    "a target network that is the same call again": (
        "key-reuse",
        """
        def build(dims, key):
            return jax.random.normal(key, dims)
        class Agent:
            def __init__(self, dims, key):
                self.params = build(dims, key)
                self.target = build(dims, key)
        """,
    ),
    "an example that a scan only takes the shape of": (
        "key-reuse",
        """
        def layers(key, shape):
            def init(key, x):
                key, sub = jax.random.split(key)
                return key, jax.random.normal(sub, x.shape)
            return jax.lax.scan(init, key, xs=jax.random.uniform(key, shape))[1]
        """,
    ),
    "a wrapper in few turns": (
        "jit-in-loop",
        """
        def train(state, batches):
            for i, batch in enumerate(batches):
                state = state + batch
                if i % 1000 == 0:
                    teacher = jax.jit(lambda x: x)(state)
            return teacher
        """,
    ),
    "a helper splits the key both times": (
        "key-reuse",
        """
        def rollout(key, policy):
            return [policy(one) for one in jax.random.split(key, 4)]
        def compare(key, first, second):
            return rollout(key, first), rollout(key, second)
        """,
    ),
    "the first draw stands in a branch": (
        "key-reuse",
        """
        def act(key, logits, explore):
            noise = 0.0
            if explore:
                noise = jax.random.normal(key, logits.shape)
            return jax.random.categorical(key, logits + noise)
        """,
    ),
    "restarts of several outputs": (
        "key-reuse",
        """
        def fit(keys, output):
            return [jax.random.normal(key) + output for key in keys]
        def train(key, outputs):
            models = []
            for output in outputs:
                models.append(fit(jax.random.split(key, 4), output))
            return models
        """,
    ),
    "elements that may share their noise": (
        "key-reuse",
        """
        def score(key, points):
            return jax.vmap(lambda x: x + jax.random.normal(key))(points)
        """,
    ),
    "a list that each trace fills anew": (
        "trace-time-effect",
        """
        def write(cache, lengths, axis):
            slots = [0, 0]
            def body(i, cache):
                slots[axis] = i
                return cache.at[tuple(slots)].set(lengths[i])
            return jax.lax.fori_loop(0, 3, body, cache)
        """,
    ),
    "a draw in a branch": (
        "trace-time-effect",
        """
        import numpy as np
        @jax.jit
        def generate(x, greedy=False):
            if not greedy:
                x = x + np.random.normal()
            return x
        """,
    ),
    "another static argument has to be one": (
        "varying-static",
        """
        @functools.partial(jax.jit, static_argnames=("start", "size"))
        def term(x, start, size):
            return jnp.ones(size) * start + x
        def terms(x):
            out = []
            start = 0
            for size in range(1, 30):
                out.append(term(x, start=start, size=size))
                start += size
            return out
        """,
    ),
    "a program for each configuration": (
        "jit-per-call",
        """
        def make_energy(order):
            def energy(x):
                return jnp.sum(x**order)
            return energy
        def evaluate(order, x):
            return jax.jit(make_energy(order))(x)
        def main():
            for x in range(9):
                evaluate(2, jnp.ones(x))
        main()
        """,
    ),
    "an array of no dimensions": (
        "static-array",
        """
        import dataclasses
        @functools.partial(jax.tree_util.register_dataclass, data_fields=["tokens"], meta_fields=["count"])
        @dataclasses.dataclass
        class State:
            tokens: jax.Array
            count: jax.Array
        def start(tokens, n: int):
            return State(tokens=tokens, count=jnp.array(3, dtype=jnp.int32))
        """,
    ),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_it_is_certain(name):
    assert [one.confidence >= 0.8 for one in found(*CERTAIN[name])] == [True]


@pytest.mark.parametrize("name", SUSPICIONS)
def test_it_only_suspects(name):
    told = found(*SUSPICIONS[name])
    assert told and all(one.confidence < 0.8 for one in told), [(one.confidence, one.message) for one in told]


SILENT = {
    "a key that is folded with the turn": (
        "key-made-in-jit",
        """
        def images(n):
            out = []
            for i in range(n):
                key = jax.random.fold_in(jax.random.PRNGKey(42), i)
                out.append(jax.random.normal(key))
            return out
        """,
    ),
    "one function of the scope around": (
        "jit-per-call",
        """
        def build(factor):
            def train(x):
                return factor * x
            def run(x):
                return jax.jit(train)(x)
            return run
        def main():
            run = build(2.0)
            for _ in range(100):
                run(jnp.ones(3))
        main()
        """,
    ),
    "a dataclass that is given a hash": (
        "unhashable-static",
        """
        import dataclasses
        def of_fields(self):
            return hash(tuple(self.__dict__.values()))
        @dataclasses.dataclass
        class Params:
            size: int = 3
            __hash__ = of_fields
        @functools.partial(jax.jit, static_argnames=("params",))
        def run(x, params):
            return x[: params.size]
        run(jnp.ones(9), params=Params())
        """,
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_nothing_certain_is_said(name):
    assert not [(one.confidence, one.message) for one in found(*SILENT[name]) if one.confidence >= 0.8]
