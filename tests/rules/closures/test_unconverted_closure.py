"""`unconverted-closure`: closures over arrays that solvers, operators and custom derivatives are handed."""

import pytest

from evidence.records import at, compiled, site
from jaxaudit.rules import load_rules
from programs import program_of
from rules.observed import every, only

HEAD = "import jax\nimport jax.numpy as jnp\nimport lineax as lx\nimport optimistix as optx\n"

FAULTS = {
    "an operator": """
def solve(weights, b):
    op = lx.FunctionLinearOperator(lambda v: weights * v, jax.eval_shape(lambda: b), lx.positive_semidefinite_tag)
    return lx.linear_solve(op, b, lx.CG(rtol=1e-5, atol=1e-5))
solve(jnp.ones(3), jnp.ones(3))
""",
    "a residual": """
def solve(weights):
    def residual(y, args):
        return weights @ y - 1
    return optx.root_find(residual, optx.Newton(1e-5, 1e-5), jnp.zeros(3))
solve(jnp.eye(3))
""",
    "a residual of what a jit calls and others too": """
def solve(weights):
    def residual(y, args):
        return weights @ y - 1
    return optx.root_find(residual, optx.Newton(1e-5, 1e-5), jnp.zeros(3))
fast = jax.jit(solve)
fast(jnp.eye(3)), solve(jnp.eye(3))
""",
    "a custom derivative": """
@jax.jit
def loss(weights):
    @jax.custom_vjp
    def f(x):
        return weights * x
    f.defvjp(lambda x: (f(x), x), lambda x, g: (g,))
    return f(1.0)
jax.grad(loss)(jnp.ones(3))
""",
}
FINE = {
    "under a jit of its own": """
@jax.jit
def solve(weights):
    def residual(y, args):
        return weights @ y - 1
    return optx.root_find(residual, optx.Newton(1e-5, 1e-5), jnp.zeros(3))
solve(jnp.eye(3))
""",
    "a custom derivative of something else": """
@jax.jit
def loss(weights, x):
    @jax.custom_vjp
    def f(x):
        return weights * x
    f.defvjp(lambda x: (f(x), x), lambda x, g: (g,))
    return f(x)
jax.grad(loss, argnums=1)(2.0, 1.0)
""",
    "an argument": """
def residual(y, weights):
    return weights @ y - 1
def solve(weights):
    return optx.root_find(residual, optx.Newton(1e-5, 1e-5), jnp.zeros(3), weights)
solve(jnp.eye(3))
""",
    "a plain number": """
def solve(power):
    return optx.root_find(lambda y, args: y**power - 1, optx.Newton(1e-5, 1e-5), jnp.zeros(3))
solve(3)
""",
}


def in_source(text):
    return list(load_rules()["unconverted-closure"].match(program_of(HEAD + text)))


@pytest.mark.parametrize("name", FAULTS)
def test_the_source_names_what_is_captured(name):
    (found,) = in_source(FAULTS[name])
    assert "captures `weights`" in found.message
    assert found.confidence < 0.8  # a jit around it may make it harmless: a run tells


@pytest.mark.parametrize("name", FINE)
def test_what_captures_no_array_is_fine(name):
    assert not in_source(FINE[name])


def solved_again(folder, captured):
    path = "/env/lib/python3.12/site-packages/optimistix/core.py"
    return [
        site(folder, path=path, user=False, package="optimistix", name="root_find"),
        compiled(at=at(folder, 12)),
        compiled(
            "static-function",
            1,
            ("fn", "function solve.<locals>.residual of line 9", f"another function of line 9{captured}"),
            at=at(folder, 12),
        ),
    ]


def test_a_run_names_the_arrays_that_became_constants(tmp_path):
    one = only(tmp_path, "unconverted-closure", *solved_again(tmp_path, ", which captured a (f32[3,3]), b (f32[3])"))
    assert one.place.line == 12
    assert "optimistix's `root_find`" in one.message and "captured a (f32[3,3]), b (f32[3])" in one.message


@pytest.mark.parametrize("captured", ["", ", which captured power: 2 -> 3"])
def test_without_arrays_it_is_a_library_compiling_again(tmp_path, captured):
    (one,) = every(tmp_path, *solved_again(tmp_path, captured))
    assert one.rule == "library-recompile"
