"""Python effects in traced functions."""

import pytest

from rules.programs_of_rules import found, lines

FAULTS = {
    "next of an iterator that the object keeps": ("""
        class Annealer:
            def __init__(self, ladder):
                self.ladder = ladder
                self.step = jax.jit(self.sweep)
            def sweep(self, x):
                return x * next(self.ladder)
            def run(self, x):
                for _ in range(9):
                    x = self.step(x)
                return x
        """, 7),
    "next of an iterator of the function around": ("""
        def anneal(x, rates):
            rates = iter(rates)
            @jax.jit
            def step(x):
                return x * next(rates)
            for _ in range(9):
                x = step(x)
            return x
        """, 6),
    "list of the function around": ("""
        def train(xs):
            losses = []
            @jax.jit
            def step(w, x):
                losses.append(w - x)
                return w - x
            return [step(1.0, x) for x in xs], losses
        """, 6),
    "list handed to the function around": ("""
        def make_step(f, history):
            @jax.jit
            def step(x):
                history.append(x)
                return x - f(x)
            return step
        path = []
        step = make_step(jnp.sin, path)
        """, 5),
    "nonlocal": ("""
        def run(xs):
            n = 0
            @jax.jit
            def f(x):
                nonlocal n
                n += 1
                return x * n
            return [f(x) for x in xs]
        """, 7),
    "cache on a static self": ("""
        class Solver:
            def __init__(self):
                self.cache = {}
            @partial(jax.jit, static_argnums=0)
            def solve(self, x):
                self.cache["last"] = x
                return x
        """, 7),
    "attribute in a helper method": ("""
        class Fit:
            def __init__(self):
                self.n = 0
                self.vg = jax.jit(jax.value_and_grad(self.objective))
            def objective(self, p):
                return self.value(p)
            def value(self, p):
                self.n += 1
                return p
        """, 9),
    "an object that a jitted lambda closes over": ("""
        class Sampler:
            def __init__(self):
                self.trajectory = []
            def leapfrog(self, q):
                self.trajectory.append(q)
                return q + 1
        def sample(sampler, q):
            step = jax.jit(lambda q: sampler.leapfrog(q))
            return [step(q) for _ in range(20)]
        sample(Sampler(), jnp.zeros(2))
        """, 6),
    "a callable object of the module": ("""
        class Policy:
            def __init__(self):
                self.calls = 0
            def __call__(self, q):
                self.calls += 1
                return q + 1
        policy = Policy()
        @jax.jit
        def rollout(q):
            return policy(q)
        rollout(1.0)
        """, 6),
    "evaluations of a solver's function": ("""
        from jax.experimental.ode import odeint
        STATS = {"n_evals": 0}
        def velocity(y, t):
            STATS["n_evals"] += 1
            return -y
        def integrate(y):
            return odeint(velocity, y, jnp.linspace(0.0, 1.0, 10))
        """, 5),
    "keywords that a helper gathers": ("""
        history = []
        def log(**metrics):
            history.append(metrics)
        @jax.jit
        def step(w, x):
            log(loss=w - x)
            return w - x
        """, 4),
    "NumPy's generator": ("rng = np.random.default_rng(0)\n@jax.jit\ndef f(x):\n    return x + rng.normal(size=3)\n", 4),
    "Python's generator": ("import random\n@jax.jit\ndef f(x):\n    return x * random.random()\n", 4),
    "print of a tracer": ("@jax.jit\ndef f(x):\n    print('x', x)\n    return x\n", 3),
    "clock": ("import time\n@jax.jit\ndef f(x):\n    return x * time.time()\n", 4),
    "body of an eager scan": (
        "log = []\ndef body(c, x):\n    log.append(c)\n    return c, x\nout = jax.lax.scan(body, 0.0, jnp.ones(3))\n", 3),
    "attribute of a global object": ("""
        class State:
            def __init__(self):
                self.last = None
        state = State()
        @eqx.filter_jit
        def f(x):
            state.last = x
            return x
        """, 8),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_it_names_the_effect(name):
    code, line = FAULTS[name]
    assert lines(found("trace-time-effect", code, at_least=0.8)) == [line]


ALLOWED = {
    "next of what the trace makes itself": """
        @jax.jit
        def f(x, rows):
            first = next(iter(rows))
            names = iter(("a", "b"))
            return x * first + len(next(names))
        """,
    "eager gradient": "seen = []\ndef f(x):\n    seen.append(x)\n    return x\ng = jax.grad(f)(2.0)\n",
    "an argument's copy": "@jax.jit\ndef f(p, x):\n    p['w'] = p['w'] + x\n    return p\n",
    "a counter of traces": "n_traces = 0\n@jax.jit\ndef f(x):\n    global n_traces\n    n_traces += 1\n    return x\n",
    "a callback on the host": """
        seen = []
        def record(x):
            seen.append(x)
        @jax.jit
        def f(x):
            jax.debug.callback(record, x)
            return x
        """,
    "made inside the trace": """
        class Cell:
            def __init__(self, x):
                self.x = x
            def double(self):
                self.x = 2 * self.x
                return self.x
        f = jax.jit(lambda x: Cell(x).double())
        """,
    "nnx state": """
        from flax import nnx
        class Counter(nnx.Module):
            def __init__(self):
                self.count = nnx.Variable(jnp.zeros(()))
            def __call__(self, x):
                self.count.value += 1
                return x
        @nnx.jit
        def f(m, x):
            return m(x)
        """,
    "an optimiser's update": """
        import optax
        opt = optax.adam(0.1)
        @jax.jit
        def step(g, s):
            return opt.update(g, s)
        """,
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent(name):
    assert not [one.message for one in found("trace-time-effect", ALLOWED[name])]


def test_a_counter_in_a_dict_is_certain_and_named():
    [one] = found(
        "trace-time-effect",
        "stats = {'calls': 0}\n@jax.jit\ndef f(x):\n    stats['calls'] += 1\n    return x\n",
    )
    assert one.confidence >= 0.8
    assert "calls" in one.message


def test_an_object_that_is_an_argument_is_a_copy():
    """A pytree made while tracing: what is assigned on it does not outlive the trace."""
    assert not found(
        "trace-time-effect",
        """
        class Counter:
            def __init__(self):
                self.n = 0
            def __call__(self, x):
                self.n += 1
                return x
        @jax.jit
        def f(x):
            count = Counter()
            return count(x)
        """,
    )


def test_a_logger_of_a_sibling_is_told_where_the_checked_file_calls_it(tmp_path):
    from jaxaudit.rules import load_rules
    from jaxaudit.source.reading import read_program

    (tmp_path / "logbook.py").write_text("HISTORY = []\ndef record(**metrics):\n    HISTORY.append(metrics)\n")
    main = tmp_path / "main.py"
    main.write_text(
        "import jax\nfrom logbook import record\n@jax.jit\ndef step(w, x):\n    record(loss=w - x)\n    return w - x\n"
    )
    [one] = load_rules()["trace-time-effect"].match(read_program([str(main)]))
    assert (one.place.path, one.place.line) == (str(main), 5)
    assert one.confidence >= 0.8


TOOLS = {
    "a function for the loop": "self.update = lambda x: 2 * x",
    "a network from the configuration": "self.update = make(self.width)",
}


@pytest.mark.parametrize("line", TOOLS.values(), ids=TOOLS)
def test_what_each_trace_makes_alike_is_a_suspicion(line):
    [one] = found(
        "trace-time-effect",
        f"""
        def make(width):
            return lambda x: x * width
        class Agent:
            def __init__(self):
                self.width = 3
            @partial(jax.jit, static_argnums=0)
            def train(self, x):
                {line}
                return self.update(x)
        """,
    )
    assert one.confidence < 0.8


def test_a_test_for_the_top_level_is_respected():
    assert not found(
        "trace-time-effect",
        "n = 0\n@jax.jit\ndef f(x):\n    global n\n    if jax.core.trace_ctx.is_top_level():\n        n += 1\n    return x\n",
    )


def test_a_kept_tracer_is_told():
    [one] = found("trace-time-effect", "log = []\n@jax.jit\ndef f(x):\n    log.append(x + 1)\n    return x\n")
    assert "tracer" in one.message


def test_a_counter_may_be_there_to_tell_traces_apart():
    [one] = found("trace-time-effect", """
        import itertools
        numbers = itertools.count()
        @jax.jit
        def f(x):
            with jax.named_scope(f"layer{next(numbers)}"):
                return x * 2
        for x in range(9):
            f(x)
        """)  # fmt: skip
    assert one.confidence < 0.8


LOST = """
def new():
    return {"mean": jnp.zeros(3), "seen": jnp.int32(0)}
def track(stats, x):
    stats["mean"] = 0.9 * stats["mean"] + 0.1 * x
    stats["seen"] = stats["seen"] + 1
@jax.jit
def step(w, stats, x):
    track(stats, x)
    return w - stats["mean"]
def main(xs):
    stats = new()
    w = jnp.zeros(3)
    for x in xs:
        w = step(w, stats, x)
    print(stats["seen"])
"""
NOT_LOST = {
    "it comes back": LOST.replace('return w - stats["mean"]', 'return w - stats["mean"], stats').replace(
        "w = step(", "w, stats = step("
    ),
    "another in each turn": LOST.replace("w = step(w, stats, x)", "stats = new()\n        w = step(w, stats, x)"),
    "scratch of the call": LOST.replace('0.9 * stats["mean"] + 0.1 * x', "0.1 * x").replace('stats["seen"] + 1', "1"),
    "called once": LOST.replace("    for x in xs:\n        w = step(w, stats, x)", "    w = step(w, stats, xs[0])"),
}


def test_an_argument_changed_in_place_is_lost():
    (one,) = found("trace-time-effect", LOST)
    assert one.certain
    assert "`stats` is changed in place in `track`, which runs in jitted `step`" in one.message


def test_it_may_be_scratch_where_nobody_reads_it():
    (one,) = found("trace-time-effect", LOST.replace('    print(stats["seen"])\n', "    return w\n"))
    assert not one.certain


@pytest.mark.parametrize("name", NOT_LOST)
def test_an_argument_that_is_not_lost(name):
    assert not found("trace-time-effect", NOT_LOST[name])
