"""What an audit proposes where a library compiles anew what it is handed, on programs that are really run."""

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
    lines, evidence = done(tmp_path, of(tmp_path, "library-recompile", SOLVED.replace("{branch}", "")))
    assert lines == ["@jax.jit"]
    assert len([one for one in evidence.compiles if "linear_solve" in one.site.name]) == 0


def test_not_where_it_asks_for_a_value(tmp_path):
    branch = "\n    if damping > 0.25:\n        return b"
    tried = of(tmp_path, "library-recompile", SOLVED.replace("{branch}", branch))
    assert not tried.changes or "static_argnames" in "".join(tried.lines(tried.changes[0]))
