import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.jit_sites import jit_site
from jaxaudit.edits.lifting import lifted

HEAD = "import functools\n\nimport jax\nimport jax.numpy as jnp\n\n\n"


def lift(body, mark, static=()):
    """The program after the jit that begins at `mark` was lifted."""
    source = SourceText.from_text("program.py", HEAD + body)
    start = source.text.index(mark)
    inner = [one for one in ast.walk(source.tree) if isinstance(one, ast.expr) and source.start(one) == start]
    node = next(one for one in reversed(inner) if isinstance(one, ast.Call) or mark.endswith("\n"))
    after = source.edited(lifted(source, jit_site(source, source.place(node)), static).edits).text
    ast.parse(after)
    return after.removeprefix(HEAD)


def same(body, mark, call):
    after = lift(body, mark)
    values = []
    for text in (body, after):
        names = {}
        exec(HEAD + text, names)
        values.append(str(eval(call, names)))
    assert values[0] == values[1]
    return after


def test_a_definition_goes_to_the_module_with_what_it_closed_over():
    after = same(
        "def total(x, rate):\n    @jax.jit\n    def solve(y):\n        return y * rate\n\n    return solve(x).sum()\n",
        "jax.jit\n",
        "total(jnp.ones(3), 2.0)",
    )
    assert after == (
        "@jax.jit\ndef solve(y, rate):\n    return y * rate\n\n\ndef total(x, rate):\n    return solve(x, rate).sum()\n"
    )


def test_a_function_that_it_calls_becomes_a_static_argument():
    body = (
        "def loop(kernel, x):\n    @jax.jit\n    def step(y):\n        return kernel(y) + 1\n\n"
        "    for _ in range(2):\n        x = step(x)\n    return x\n"
    )
    after = same(body, "jax.jit\n", "loop(jnp.sin, jnp.ones(3))")
    assert '@functools.partial(jax.jit, static_argnames=("kernel",))\ndef step(y, kernel):\n' in after
    assert "x = step(x, kernel)" in after


def test_where_nothing_imports_partial_it_is_imported():
    body = "import jax\n\n\ndef loop(kernel, x):\n    @jax.jit\n    def step(y):\n        return kernel(y)\n\n    return step(x)\n"
    source = SourceText.from_text("program.py", body)
    [decorator] = [one for one in ast.walk(source.tree) if isinstance(one, ast.Attribute)]
    after = source.edited(lifted(source, jit_site(source, source.place(decorator))).edits).text
    compile(after, "program.py", "exec")
    assert after.startswith("import functools\n") or "from functools import partial" in after
    assert "return step(x, kernel)" in after


def test_a_lambda_called_at_once():
    after = same(
        "def check(params, x):\n    return jax.jit(lambda p: (p * x).sum())(params)\n",
        "jax.jit(lambda",
        "check(jnp.ones(3), jnp.arange(3.0))",
    )
    assert "jitted_function = jax.jit(lambda p, x: (p * x).sum())\n" in after
    assert "return jitted_function(params, x)" in after


def test_a_named_lambda_and_its_calls():
    after = same(
        "def fit(x, scale):\n    step = jax.jit(lambda y: y / scale)\n    for _ in range(3):\n        x = step(x)\n    return x\n",
        "jax.jit(lambda",
        "fit(jnp.ones(2), 2.0)",
    )
    assert after.startswith("step = jax.jit(lambda y, scale: y / scale)\n\n\ndef fit")
    assert "x = step(x, scale)" in after


def test_where_it_is_handed_on_it_goes_bound():
    after = same(
        "def run(f, x):\n    return f(x)\n\n\ndef main(k):\n    @jax.jit\n    def g(y):\n        return y + k\n\n"
        "    return run(g, jnp.ones(2))\n",
        "jax.jit\n",
        "main(3.0)",
    )
    assert "run(functools.partial(g, k=k), jnp.ones(2))" in after


def test_a_name_that_the_module_has_gets_another():
    after = same(
        "def step(x):\n    return x\n\n\ndef main(k):\n    @jax.jit\n    def step(y):\n        return y + k\n\n    return step(1.0)\n",
        "jax.jit\n",
        "main(3.0)",
    )
    assert "def jitted_step(y, k):" in after and "return jitted_step(1.0, k)" in after


@pytest.mark.parametrize(
    ("body", "mark", "reason"),
    [
        ("step = jax.jit(lambda x: x)\n", "jax.jit(lambda", "made once"),
        ("def f(k):\n    @jax.jit\n    def g(*a):\n        return k\n    return g(1)\n", "jax.jit\n", "any number"),
        (
            "def f(k):\n    @jax.jit\n    def g(a, n=2):\n        return a + k\n    return g(1)\n",
            "jax.jit\n",
            "defaults",
        ),
        (
            "class A:\n    def f(self):\n        @jax.jit\n        def g(a):\n            return self.h(a)\n        return g(1)\n",
            "jax.jit\n",
            "whole object",
        ),
        (
            "MODE = []\ndef switch(x):\n    MODE.append(x)\n"
            "def f(k):\n    @jax.jit\n    def g(a):\n        return a * len(MODE)\n    return g(k)\n",
            "jax.jit\n",
            "changes while the program runs",
        ),
        (
            "SEEN = []\ndef f(k):\n    @jax.jit\n    def g(a):\n        SEEN.append(1)\n        return a\n    return g(k)\n",
            "jax.jit\n",
            "done while it is traced",
        ),
        (
            "def f(k):\n    @functools.wraps(k)\n    @jax.jit\n    def g(a):\n        return a\n    return g(1)\n",
            "jax.jit\n",
            "other decorators",
        ),
    ],
)
def test_what_stays_where_it_is(body, mark, reason):
    with pytest.raises(CannotEdit, match=reason):
        lift(body, mark)


def test_a_local_function_that_it_calls_goes_along():
    after = same(
        "def total(x, rate):\n    def scale(y):\n        return y * rate\n\n    @jax.jit\n    def solve(y):\n"
        '        """Scaled."""\n        return scale(y) + 1\n\n    return solve(x).sum()\n',
        "jax.jit\n",
        "total(jnp.ones(3), 2.0)",
    )
    assert after.endswith("def total(x, rate):\n    return solve(x, rate).sum()\n")
    assert "@jax.jit\ndef solve(y, rate):\n" in after


def test_what_a_default_binds_is_handed_in():
    after = same(
        "def rows(xs):\n    out = []\n    for k in (1.0, 2.0):\n        step = jax.jit(lambda x, k=k: x * k)\n"
        "        out.append(step(xs))\n    return out\n",
        "jax.jit(lambda",
        "rows(jnp.ones(2))",
    )
    assert "out.append(step(xs, k))" in after
