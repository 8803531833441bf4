"""Loops of `jax.lax` outside jit, each with its body in a jitted function of its own."""

import pytest

from rules.proposed_changes import done, of

METHOD = """
class Solver:
    def run(self, x, rate):
        def body(carry, y):
            return carry + rate * y, carry

        total, parts = jax.lax.scan(
            body,
            x,
            jnp.arange(5.0),
        )
        return total


for k in range(4):
    print(Solver().run(1.0 * k, 0.5))
"""
AT_MODULE_LEVEL = """
for gain in (0.1, 0.2, 0.3):
    print(jax.lax.while_loop(lambda x: x < 10, lambda x: x * (1 + gain), 1.0))
"""
CALLED = """
def square(x):
    return x * x


def total(f, xs):
    return jax.lax.scan(lambda level, x: (level + f(x), None), 0.0, xs)[0]


for turn in range(4):
    print(total(square, jnp.arange(4.0) + turn))
"""
HELPERS = """
def solve(start, count):
    def slope(x):
        return -x

    def body(_, x):
        return x + 0.1 * slope(x)

    return jax.lax.fori_loop(0, count, body, start), slope(start)


for turn in range(4):
    print(solve(jnp.full(3, 1.0 + turn), 5))
"""
HAND_WRITTEN = {
    "method": (METHOD, "def scan_of_run(x, rate):", "        total, parts = scan_of_run(x, rate)"),
    "at module level": (AT_MODULE_LEVEL, "def jitted_while_loop(gain):", "    print(jitted_while_loop(gain))"),
    "a function handed in": (CALLED, '@functools.partial(jax.jit, static_argnames=("f",))', "def scan_of_total(f, xs):"),
    "two local functions": (HELPERS, "def fori_loop_of_solve(count, start):", "    def slope(x):"),
}  # fmt: skip


@pytest.mark.parametrize("way", HAND_WRITTEN)
def test_the_loop_goes_with_its_body(tmp_path, way):
    code, *wanted = HAND_WRITTEN[way]
    tried = of(tmp_path, "fresh-body", code)
    lines, evidence = done(tmp_path, tried)
    text = tried.after(tried.changes[0])["main.py"].splitlines()
    assert set(wanted) <= set(text), lines
    assert len(evidence.compiles) < len(tried.evidence.compiles) - 1


OBJECT = """
    class Solver:
        def __init__(self, rate):
            self.rate = rate

        def damp(self, y):
            return y * self.rate

        def run(self, x):
            return jax.lax.fori_loop(0, 4, lambda _, y: {body}, x)


    for k in range(3):
        print(Solver(0.5 + k).run(1.0 + k))
    """


def test_what_it_reads_of_its_object_is_handed_in(tmp_path):
    tried = of(tmp_path, "fresh-body", OBJECT.format(body="y * self.rate"))
    lines, evidence = done(tmp_path, tried)
    assert "        return fori_loop_of_run(self.rate, x)" in tried.after(tried.changes[0])["main.py"].splitlines(), (
        lines
    )
    assert len(evidence.compiles) < len(tried.evidence.compiles) - 1


def test_a_method_that_it_calls_goes_along(tmp_path):
    tried = of(tmp_path, "fresh-body", OBJECT.format(body="self.damp(y)"))
    lines, _ = done(tmp_path, tried)
    assert "    def damp(y):" in lines


def test_what_needs_its_whole_object_stays(tmp_path):
    tried = of(tmp_path, "fresh-body", OBJECT.format(body="Solver.damp(self, y)"))
    assert not tried.changes
    assert [one.text for one in tried.refused] == ["no change is written: it needs its whole object"]


SOLVERS = {
    "odeint": """
from jax.experimental.ode import odeint


class Pendulum:
    def __init__(self, g):
        self.g = g

    def swing(self, theta, length, ts):
        def rhs(state, t):
            return jnp.stack([state[1], -self.g / length * jnp.sin(state[0])])

        return odeint(rhs, jnp.array([theta, 0.0]), ts, rtol=1e-4)


for length in (0.5, 1.0, 1.5):
    print(Pendulum(9.81).swing(0.3, length, jnp.linspace(0.0, 1.0, 5))[-1, 0].round(3))
""",
    "minimize": """
from jax.scipy.optimize import minimize


class Fit:
    def __init__(self, x):
        self.x = x

    def run(self, y):
        def loss(p):
            return jnp.mean((p[0] * self.x - y) ** 2)

        return minimize(loss, jnp.ones(1), method="BFGS", options=dict(maxiter=5)).x


for slope in (0.5, 1.0, 1.5):
    print(Fit(jnp.arange(4.0)).run(slope * jnp.arange(4.0)).round(2))
""",
}


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_of_jax(tmp_path, name):
    tried = of(tmp_path, "fresh-body", SOLVERS[name])
    lines, evidence = done(tmp_path, tried)
    where = {"odeint": "odeint_of_swing(theta, ts, g, length)", "minimize": "minimize_of_run(x, y)"}[name]
    assert f"def {where}:" in lines
    assert len(evidence.compiles) < len(tried.evidence.compiles) - 2


def test_not_of_a_solver_that_runs_once(tmp_path):
    once = SOLVERS["odeint"].replace("(0.5, 1.0, 1.5)", "(0.5,)")
    assert not of(tmp_path, "fresh-body", once).changes
