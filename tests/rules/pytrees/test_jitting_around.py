"""What an audit proposes where a library compiles anew what it is handed, on programs that are really run."""

from dataclasses import replace

import pytest

pytest.importorskip("lineax")

from rules.proposed_changes import done, of

SOLVED = """
import lineax as lx


def invert(matrix, b, damping):{branch}
    def normal(x):
        return matrix.T @ (matrix @ x) + damping * x

    operator = lx.FunctionLinearOperator(normal, jax.eval_shape(lambda: b), tags=lx.positive_semidefinite_tag)
    return lx.linear_solve(operator, b, solver=lx.CG(rtol=1e-5, atol=1e-5), throw=False).value


matrix = jnp.eye(4) + 0.1
for damping in (0.1, 0.2, 0.3, 0.4):
    print(invert(matrix, jnp.arange(4.0), damping).sum().round(3))
"""


def test_the_function_that_hands_in_a_closure_is_jitted(tmp_path):
    tried = of(tmp_path, "library-recompile", SOLVED.replace("{branch}", ""))
    assert len({one.group for one in tried.changes}) == 1
    lines, evidence = done(tmp_path, replace(tried, changes=tried.changes[:1]))
    assert lines == ["@jax.jit"]
    assert len([one for one in evidence.compiles if "linear_solve" in one.site.name]) == 0


def test_not_where_it_asks_for_a_value(tmp_path):
    branch = "\n    if damping > 0.25:\n        return b"
    tried = of(tmp_path, "library-recompile", SOLVED.replace("{branch}", branch))
    assert not tried.changes or "static_argnames" in "".join(tried.lines(tried.changes[0]))


METHOD = """
import dataclasses
import diffrax


@dataclasses.dataclass
class Reactor:
    exchange: jax.Array
    washout: float = 0.1

    def feed(self, t, recipe):
        return recipe[0] * jnp.exp(-recipe[1] * t)

    def balance(self, t, y, recipe):
        return y @ self.exchange + self.feed(t, recipe) - self.washout * y

    def run(self, recipe, times):
        {term}
        solution = diffrax.diffeqsolve(
            term, diffrax.Euler(), t0=0.0, t1=1.0, dt0=0.1, y0=jnp.zeros(3), saveat=diffrax.SaveAt(ts=times)
        )
        return solution.ys


reactor = Reactor(0.1 * jnp.eye(3))
for start in (0.5, 1.0, 1.5):
    print(reactor.run({recipe}, jnp.linspace(0.0, 1.0, 3)).sum().round(3))
"""
LAMBDA = "term = diffrax.ODETerm(lambda t, y, args: self.balance(t, y, recipe))"


@pytest.mark.parametrize("recipe", ["jnp.array([1.0, start])", "(start, start)"])
def test_a_method_that_hands_in_a_closure_calls_the_solver_in_a_jitted_function(tmp_path, recipe):
    pytest.importorskip("diffrax")
    text = METHOD.replace("{term}", LAMBDA).replace("{recipe}", recipe)
    rule = "unconverted-closure" if "jnp" in recipe else "library-recompile"
    lines, evidence = done(tmp_path, of(tmp_path, rule, text))
    assert "@eqx.filter_jit" in lines
    assert "def jitted_diffeqsolve(recipe, times, exchange, washout):" in lines
    assert f"    {LAMBDA.replace('self.', '')}" in lines
    assert "        solution = jitted_diffeqsolve(recipe, times, self.exchange, self.washout)" in lines
    solves = [one for one in evidence.compiles if "diffeqsolve" in one.site.name]
    assert len(solves) == (1 if "jnp" in recipe else 3)


def test_numbers_that_the_closure_captured_are_handed_in_as_arrays(tmp_path):
    pytest.importorskip("diffrax")
    field = "rate = recipe[1]\n        term = diffrax.ODETerm(lambda t, y, args: -rate * y + 1.0)"
    text = METHOD.replace("{term}", field).replace("{recipe}", "(1.0, start)")
    lines, evidence = done(tmp_path, of(tmp_path, "library-recompile", text))
    assert "        solution = jitted_diffeqsolve(jnp.asarray(rate), times)" in lines
    assert len([one for one in evidence.compiles if "diffeqsolve" in one.site.name]) == 1


def test_not_where_the_closure_keeps_a_log(tmp_path):
    pytest.importorskip("diffrax")
    body = "log.append(1)\n            return self.balance(t, y, recipe)"
    field = f"def field(t, y, args):\n            {body}\n\n        term = diffrax.ODETerm(field)"
    text = METHOD.replace("{term}", field).replace("{recipe}", "jnp.array([1.0, start])")
    text = text.replace("reactor = ", "log = []\nreactor = ")
    tried = of(tmp_path, "unconverted-closure", text)
    assert not tried.changes
    assert "log.append(1)" in tried.refused[0].text


SMOOTHER = """
import lineax as lx


class Smoother:
    def __init__(self, weight):
        self.weight = weight

    def apply(self, w, b):
        operator = lx.FunctionLinearOperator(lambda v: w * v + self.weight * v, jax.eval_shape(lambda: b))
        return lx.linear_solve(operator, b, solver=lx.GMRES(rtol=1e-4, atol=1e-4)).value


for turn in range(3):
    print(Smoother(0.1).apply(1.0 + turn * jnp.ones(4), jnp.arange(4.0)).sum().round(3))
"""


def test_a_solver_that_calls_itself_inside_is_compared_with_calls_of_the_users(tmp_path):
    tried = of(tmp_path, "library-recompile", SMOOTHER)
    solves = [one for one in tried.evidence.compiles if one.site.name == "linear_solve"]
    assert [one.cause.kind for one in solves][1:] == ["static-identity", "static-identity"]
    lines, evidence = done(tmp_path, tried)
    assert any("jitted_linear_solve(w, self.weight, " in line for line in lines)
    assert len([one for one in evidence.compiles if one.site.name == "linear_solve"]) <= 1
