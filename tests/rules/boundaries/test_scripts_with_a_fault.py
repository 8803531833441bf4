"""Misplaced jits and effects in scripts as people write them, each with the repair that silences the rule."""

import pytest

from jaxaudit.rules import load_rules
from rules.marked_faults import at_the_mark, findings

SCRIPTS = {
    "a property that jits at each access": ("jit-per-call", """
        class Mixture:
            def __init__(self, means):
                self.means = means
            def _log_prob(self, x):
                return jnp.sum((x - self.means) ** 2)
            @property
            def log_prob(self):
                return jax.jit(self._log_prob)  # fault
        def sample(target, x):
            for _ in range(9):
                x = x - target.log_prob(x)
            return x
        sample(Mixture(jnp.ones(3)), 0.0)
        """, "@property", "@functools.cached_property"),
    "a factory for each rate": ("jit-in-loop", """
        def make_step(rate):
            @jax.jit
            def step(w):
                return w - rate * w
            return step
        def step(w, rate):
            return w - rate * w
        fast = jax.jit(step)
        def sweep(w, rates):
            for rate in rates:
                step = make_step(rate)  # fault
                for _ in range(20):
                    w = step(w)
            return w
        sweep(jnp.ones(3), [0.1, 0.2, 0.3, 0.4])
        """, "make_step(rate)  # fault", "functools.partial(fast, rate=rate)"),
    "a lambda in a dict comprehension of a notebook": ("jit-in-loop", """
        def simulate(state, dt):
            return state - dt * jnp.sin(state)
        final = {dt: jax.jit(lambda s: simulate(s, dt))(1.0) for dt in (0.1, 0.05, 0.02, 0.01)}  # fault
        """, "jax.jit(lambda s: simulate(s, dt))(1.0)", "jax.jit(simulate)(1.0, dt)"),
    "a log of an activation": ("trace-time-effect", """
        import logging
        logger = logging.getLogger(__name__)
        @jax.jit
        def forward(x):
            h = jnp.tanh(x)
            logger.warning("norm %s", jnp.linalg.norm(h))  # fault
            return h
        """, 'logger.warning("norm %s", jnp.linalg.norm(h))',
        'jax.debug.callback(lambda n: logger.warning("norm %s", n), jnp.linalg.norm(h))'),
    "a tracer kept by a cache of the module": ("trace-time-effect", """
        _cache = {}
        def kernel(x):
            if "k" not in _cache:
                _cache["k"] = jnp.exp(-((x[:, None] - x) ** 2))  # fault
            return _cache["k"]
        @jax.jit
        def mean(x, y):
            return kernel(x) @ y
        mean(jnp.ones(3), jnp.ones(3))
        """, '_cache["k"] = jnp.exp(-((x[:, None] - x) ** 2))', 'return jnp.exp(-((x[:, None] - x) ** 2))'),
    "an objective that SciPy calls at each step": ("jit-per-call", """
        from scipy.optimize import minimize
        def objective(theta):
            def chi2(p):
                return jnp.sum((jnp.exp(-p * 2.0) - 0.3) ** 2)
            value, slope = jax.jit(jax.value_and_grad(chi2))(jnp.asarray(theta))  # fault
            return float(value), slope
        minimize(objective, [0.2], jac=True)
        """, "jax.jit(jax.value_and_grad(chi2))(jnp.asarray(theta))  # fault", "2.0 * theta, theta"),
    "a method that SciPy's root calls": ("jit-per-call", """
        import scipy.optimize as so
        class Balance:
            def __init__(self, gain):
                self.gain = gain
            def residual(self, x):
                force = jax.jit(lambda y: self.gain * jnp.tanh(y) - y)  # fault
                return force(x)
            def solve(self, guess):
                return so.root(self.residual, guess).x
        Balance(0.5).solve([0.1])
        """, "jax.jit(lambda y: self.gain * jnp.tanh(y) - y)", "lambda y: self.gain * jnp.tanh(y) - y"),
    "an object that compiles itself at each call": ("jit-per-call", """
        class Likelihood:
            def __init__(self, data):
                self.data = data
            def _log_prob(self, theta):
                return -0.5 * jnp.sum((self.data - theta) ** 2)
            def __call__(self, theta):
                return jax.jit(self._log_prob)(theta)  # fault
        def climb(target, theta):
            for k in range(10):
                theta = theta + 0.1 * target(theta)
            return theta
        climb(Likelihood(jnp.ones(20)), 0.0)
        """, "jax.jit(self._log_prob)(theta)", "self._log_prob(theta)"),
    "a model that predicts batch by batch": ("jit-per-call", """
        class Regressor:
            def __init__(self, net):
                self.net = net
            def predict(self, x):
                apply = jax.jit(lambda batch: self.net.apply(batch))  # fault
                return apply(x)
            def evaluate(self, batches):
                return [self.predict(b) for b in batches]
        """, "jax.jit(lambda batch: self.net.apply(batch))", "self.net.apply"),
    "a timer with options below jit": ("wrapper-order", """
        import time
        def timed(label):
            def decorate(f):
                @functools.wraps(f)
                def wrapper(*args):
                    start = time.perf_counter()
                    out = f(*args)
                    print(label, time.perf_counter() - start)
                    return out
                return wrapper
            return decorate
        @jax.jit
        @timed("solve")  # fault
        def solve(a, b):
            return jnp.linalg.solve(a, b)
        """, '@jax.jit\n        @timed("solve")', '@timed("solve")\n        @jax.jit'),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_certain_of_the_fault(name):
    rule, source, _, _ = SCRIPTS[name]
    certain = [one for one in findings(load_rules()[rule], source) if one.confidence >= 0.8]
    assert at_the_mark(certain, source), [(one.place.line, one.message) for one in certain]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_silent_once_repaired(name):
    rule, source, fault, repair = SCRIPTS[name]
    assert source.count(fault) == 1
    left = [one for one in findings(load_rules()[rule], source.replace(fault, repair)) if one.confidence >= 0.8]
    assert not left, [(one.place.line, one.message) for one in left]


def test_a_lambda_is_told_by_what_it_computes():
    source = SCRIPTS["a lambda in a dict comprehension of a notebook"][1]
    (found,) = findings(load_rules()["jit-in-loop"], source)
    assert "the lambda of `simulate(s, dt)`" in found.message
