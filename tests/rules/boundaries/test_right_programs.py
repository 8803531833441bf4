"""Code that people wrote and that is right: what is built, fetched or set where it should be. And its faulty twins."""

import pytest

from jaxaudit.rules import load_rules
from programs import program_of

RIGHT = {
    "a message about an error that tracing ended in": ("trace-time-effect", """
        import logging
        @jax.jit
        def run(x):
            try:
                return jnp.linalg.cholesky(x)
            except Exception as error:
                logging.error(f"could not factor {x}")
                raise error
        """),
    "a debug line": ("trace-time-effect", """
        import logging
        logger = logging.getLogger(__name__)
        @jax.jit
        def advance(x):
            logger.debug("from %s", x)
            return x + 1
        """),
    "the variable for others, the option for itself": ("late-setting", """
        import os
        os.environ["JAX_ENABLE_X64"] = "True"
        jax.config.update("jax_enable_x64", True)
        """),
    "checks that are each run once": ("jit-per-call", """
        def check_jit():
            @jax.jit
            def double(x):
                return 2 * x
            return double(jnp.ones(3)).sum() == 6
        def check_version():
            return jax.__version__ > "0.4"
        def run_all():
            results = []
            for check in (check_jit, check_version):
                results.append(check())
            return results
        """),
    "a controller of its own in each call": ("jit-per-call", """
        def run(kind, x):
            if kind == "small":
                def update(c):
                    return c + 1
            else:
                def update(c):
                    return c * 2
            def step(c, i):
                return update(c), i
            scan = jax.jit(lambda c, i: lax.scan(step, c, i))
            return scan(x, jnp.arange(3))
        for kind in ("small", "large"):
            print(run(kind, 1.0))
        """),
    "a property that can be set": ("trace-time-effect", """
        class Plan:
            def __init__(self, policy):
                self._policy = policy
            @property
            def policy(self):
                return self._policy
            @policy.setter
            def policy(self, value):
                self._policy = value
        def run(plan: Plan, x):
            return jax.jit(plan.policy)(x)
        run(Plan(jnp.sin), 1.0)
        """),
    "data for a measurement": ("key-made-in-jit", """
        import time
        def measure(f):
            start = time.perf_counter()
            f(jax.random.normal(jax.random.PRNGKey(42), (3,))).block_until_ready()
            return time.perf_counter() - start
        times = [measure(f) for f in (jnp.sin, jnp.cos)]
        """),
    "a step that Equinox tells by what it wraps": ("jit-per-call", """
        import equinox as eqx
        def loss(model, x):
            return jnp.sum(model * x)
        def train_step(model, x):
            return eqx.filter_jit(eqx.filter_value_and_grad(loss))(model, x)
        for _ in range(9):
            train_step(jnp.ones(3), jnp.ones(3))
        """),
    "methods that a class jits": ("unhashable-static", """
        class Workflow:
            def evaluate(self, state):
                return state["x"] + 1
            @classmethod
            def compile(cls):
                cls.evaluate = jax.jit(cls.evaluate, static_argnums=(0,))
            def run(self):
                return self.evaluate({"x": 1.0})
        Workflow.compile()
        Workflow().run()
        """),
    "a number that is there while tracing": ("branch-on-tracer", """
        @jax.jit
        def grow(a):
            with jax.ensure_compile_time_eval():
                start = 0.5 * jnp.cbrt(jnp.finfo(jnp.float32).eps).item()
            return a + start
        """),
    "a function of the turn that a default holds": ("jit-in-loop", """
        import records
        def fit(problem, p):
            for turn in range(9):
                closure = records.closure(problem, np.asarray(p))
                def loss(q, closure=closure):
                    return jnp.mean(closure(q) ** 2)
                gradient = jax.jit(jax.grad(loss))
                p = p - gradient(p)
            return p
        """),
    "a bench of each backend": ("jit-in-loop", """
        import time
        def measure(f, x):
            start = time.perf_counter()
            f(x).block_until_ready()
            return time.perf_counter() - start
        def compare(kernel, x, backends):
            times = []
            for backend in backends:
                @jax.jit
                def run(x):
                    return kernel(x, backend)
                times.append(measure(run, x))
            return times
        """),
    "a class method that jits with its class static": ("unhashable-static", """
        import equinox as eqx
        class Family(eqx.Module):
            p: jax.Array
            @classmethod
            @functools.partial(jax.jit, static_argnames="cls")
            def fit(cls, x):
                return jnp.mean(x)
        Family.fit(jnp.ones(3))
        """),
    "a loop that is to be measured unrolled": ("unrolled-loop", """
        @jax.jit
        def unrolled(x):
            for _ in range(1000):
                x = jnp.sin(x) * 2 + 1
            return x
        unrolled(1.0)
        """),
    "differences when the exact way failed": ("host-sync-in-loop", """
        def hessian(f, x):
            f = jax.jit(lambda x: jnp.sum(x**4))
            out = np.zeros(9)
            try:
                out[:] = jax.hessian(f)(x)
            except TypeError:
                for i in range(9):
                    out[i] = float(f(x + i)) - float(f(x - i))
            return out
        """),
    "a program of its own for each method": ("jit-in-loop", """
        def make(method, order):
            def energy(x):
                return getattr(jnp, method)(x**order)
            return {"energy": energy}
        for name, order in (("sum", 2), ("max", 3)):
            functions = make(name, order)
            evaluate = jax.jit(jax.vmap(functions["energy"]))
            print(evaluate(jnp.ones((3, 9))))
        """),
    "a size that the constructor adjusts": ("varying-static", """
        @functools.partial(jax.jit, static_argnums=1)
        def window(x, n):
            return x * n
        class Transform:
            def __init__(self, x):
                self.n = x.size
                if self.n % 2:
                    self.n -= 1
                self.c = window(x, self.n)
        for x in (jnp.ones(3), jnp.ones(4), jnp.ones(5)):
            Transform(x)
        """),
}  # fmt: skip
WRONG = {
    "a method called in each turn": ("jit-per-call", """
        def checked(x):
            @jax.jit
            def double(x):
                return 2 * x
            return double(x)
        def run_all():
            for check in (1.0, 2.0, 3.0):
                checked(check)
        """),
    "a variable alone": ("late-setting", """
        import os
        os.environ["JAX_ENABLE_X64"] = "True"
        """),
    "losses fetched one by one": ("host-sync-in-loop", """
        @jax.jit
        def step(x, batch):
            return x - batch, jnp.sum(x**2)
        def train(x, batches):
            losses = []
            for batch in batches:
                x, loss = step(x, batch)
                losses.append(float(loss))
            return x, losses
        """),
    "one message among many": ("trace-time-effect", """
        import logging
        @jax.jit
        def advance(x):
            logging.info("at %s", x)
            return x + 1
        """),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "source"), RIGHT.values(), ids=RIGHT)
def test_nothing_certain_is_said(rule, source):
    assert certain(rule, source) == []


@pytest.mark.parametrize(("rule", "source"), WRONG.values(), ids=WRONG)
def test_it_is_told(rule, source):
    assert certain(rule, source)


def certain(rule, source):
    return [(f.place.line, f.message) for f in load_rules()[rule].match(program_of(source)) if f.confidence >= 0.8]
