"""Arguments that change their length in scripts as people write them, each with the repair that silences the rule."""

import pytest

from jaxaudit.rules import load_rules
from rules.marked_faults import at_the_mark, findings

SCRIPTS = {
    "the last batch of a permutation is shorter": ("""
        @jax.jit
        def step(w, x, y):
            return w - 0.1 * jax.grad(lambda w: jnp.mean((x @ w - y) ** 2))(w)
        def main(batch_size=128):
            rng = np.random.default_rng(0)
            x = rng.normal(size=(1000, 8))
            y = x.sum(axis=1)
            w = jnp.zeros(8)
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                rows = order[start : start + batch_size]
                w = step(w, x[rows], y[rows])  # fault
        main()
        """, "range(0, len(x), batch_size)", "range(0, len(x) - batch_size + 1, batch_size)"),
    "a generator of batches that keeps the rest": ("""
        N, BATCH = 450, 64
        def batches(x, rng):
            order = rng.permutation(N)
            for i in range(0, N, BATCH):
                yield {"x": x[order[i : i + BATCH]]}
        @jax.jit
        def mean(batch):
            return batch["x"].mean()
        def main():
            rng = np.random.default_rng(0)
            x = rng.normal(size=(N, 5))
            for step, batch in enumerate(batches(x, rng)):
                mean(batch)  # fault
        main()
        """, "N, BATCH = 450, 64", "N, BATCH = 448, 64"),
    "a loader whose batches don't divide the data": ("""
        class Loader:
            def __init__(self, data, batch_size=64):
                self.data = data
                self.batch_size = batch_size
            def __iter__(self):
                for i in range(0, len(self.data), self.batch_size):
                    yield self.data[i : i + self.batch_size]
        mean = jax.jit(jnp.mean)
        total = jax.jit(lambda x: x.sum())
        for batch in Loader(np.ones((1000, 3))):
            total(batch)  # fault
        """, "batch_size=64", "batch_size=100"),
    "slices cut by a while loop": ("""
        total = jax.jit(lambda x: x.sum())
        data = jnp.arange(1000.0)
        start = 0
        while start < 1000:
            total(data[start : start + 300])  # fault
            start += 300
        """, "jnp.arange(1000.0)", "jnp.arange(1200.0)"),
    "parts of unequal size": ("""
        total = jax.jit(lambda x: x.sum())
        for part in np.array_split(np.ones((1000, 3)), 7):
            total(part)  # fault
        """, "(1000, 3)), 7", "(1000, 3)), 8"),
    "a list that grows": ("""
        @jax.jit
        def mix(history):
            return sum(history) / len(history)
        def solve(x):
            history = []
            for _ in range(8):
                history.append(jnp.cos(x))
                x = mix(history)  # fault
            return x
        solve(jnp.ones(4))
        """, "history.append(jnp.cos(x))", "history = [jnp.cos(x)]"),
    "a list that is stacked in each turn": ("""
        mean = jax.jit(lambda frames: frames.mean(axis=0))
        frames = []
        x = jnp.ones(3)
        for _ in range(5):
            frames.append(x)
            x = mean(jnp.stack(frames))  # fault
        """, "frames.append(x)", "frames.append(x)\n            del frames[:-1]"),
    "a dict that gains a key in each turn": ("""
        total = jax.jit(lambda metrics: sum(jnp.mean(x) for x in metrics.values()))
        metrics = {}
        for stage in range(5):
            metrics[f"stage {stage}"] = jnp.full(3, float(stage))
            total(metrics)  # fault
        """, 'metrics[f"stage {stage}"]', 'metrics["stage"]'),
    "an array that is appended to": ("""
        @jax.jit
        def suggest(xs):
            return xs.mean()
        def optimise(x):
            xs = jnp.zeros(2)
            for _ in range(6):
                best = suggest(xs)  # fault
                xs = jnp.append(xs, best)
            return xs
        optimise(1.0)
        """, "jnp.append(xs, best)", "jnp.append(xs[1:], best)"),
    "a history that an object keeps": ("""
        class Mixer:
            def __init__(self):
                self.history = []
                self.mix = jax.jit(lambda parts: sum(parts) / len(parts))
            def step(self, x):
                self.history.append(jnp.cos(x))
                return self.mix(self.history)  # fault
        def main():
            mixer, x = Mixer(), jnp.ones(3)
            for _ in range(8):
                x = mixer.step(x)
        main()
        """, "self.mix(self.history)", "self.mix(self.history[-1:])"),
    "a best value that is a float at first": ("""
        import equinox as eqx
        @eqx.filter_jit
        def evaluate(x, best):
            return jnp.minimum(jnp.sum(x**2), best)
        def search(points):
            best = float("inf")  # fault
            for x in points:
                best = evaluate(x, best)
            return best
        search(jnp.ones((5, 3)))
        """, 'float("inf")', 'jnp.float32("inf")'),
    "a width that is a number at first": ("""
        @jax.jit
        def posterior(y, width):
            return y * width**2 / (1 + width**2)
        def estimate(y):
            width = 1  # fault
            for _ in range(4):
                mean = posterior(y, width)
                width = jnp.sqrt(jnp.mean(mean**2) + 0.1)  # fault
            return width
        estimate(jnp.linspace(-1, 1, 20))
        """, "width = 1", "width = jnp.float32(1)"),
    "a weak number in a dict that a comprehension updates": ("""
        @jax.jit
        def update(params, x):
            grads = jax.grad(lambda p: jnp.mean((p["scale"] * x - p["shift"]) ** 2))(params)
            return {k: params[k] - jnp.float32(0.1) * grads[k] for k in params}
        def fit(x):
            params = {"scale": 1.0, "shift": jnp.zeros(3)}  # fault
            for _ in range(9):
                params = update(params, x)
            return params
        fit(jnp.ones((20, 3)))
        """, '"scale": 1.0', '"scale": jnp.ones(())'),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_certain_of_the_fault(name):
    source, _, _ = SCRIPTS[name]
    certain = [one for one in findings(load_rules()["unstable-structure"], source) if one.confidence >= 0.8]
    assert at_the_mark(certain, source), [(one.place.line, one.message) for one in certain]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_silent_once_repaired(name):
    source, fault, repair = SCRIPTS[name]
    assert source.count(fault) == 1
    left = findings(load_rules()["unstable-structure"], source.replace(fault, repair))
    assert not left, [(one.place.line, one.message) for one in left]


RIGHT = {
    "a loop that drops what is too short": """
        total = jax.jit(lambda x: x.sum())
        data = np.ones((1000, 3))
        for i in range(0, 1000, 128):
            batch = data[i : i + 128]
            if len(batch) < 128:
                break
            total(batch)
        """,
    "a list that is handed over when it is full": """
        total = jax.jit(lambda xs: sum(xs))
        buffer = []
        for i in range(100):
            buffer.append(jnp.ones(3) * i)
            if len(buffer) == 10:
                total(buffer)
                buffer.clear()
        """,
    "a list made anew in each turn": """
        total = jax.jit(lambda xs: sum(xs))
        for epoch in range(10):
            losses = []
            for i in range(5):
                losses.append(jnp.ones(()) * i)
            total(losses)
        """,
    "a dict whose entries change": """
        step = jax.jit(lambda fields: fields["u"] + 0.1 * fields["v"])
        fields = {"u": jnp.zeros(3), "v": jnp.ones(3)}
        for name in ("u", "v", "u"):
            fields[name] = step(fields)
        """,
    "a window of the last items": """
        mean = jax.jit(lambda xs: xs.mean())
        xs = jnp.zeros(10)
        for i in range(20):
            xs = jnp.concatenate([xs, jnp.ones(1) * i])[-10:]
            mean(xs)
        """,
    "a padded last batch": """
        total = jax.jit(lambda x: x.sum())
        data = np.ones((1000, 3))
        for i in range(0, 1000, 128):
            part = data[i : i + 128]
            total(np.pad(part, ((0, 128 - len(part)), (0, 0))))
        """,
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_it_leaves_right_code_alone(name):
    left = [one for one in findings(load_rules()["unstable-structure"], RIGHT[name]) if one.confidence >= 0.8]
    assert not left, [(one.place.line, one.message) for one in left]
