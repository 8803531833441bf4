"""A function of operators alone computes in what it is handed: others may hand it NumPy arrays in double precision."""

import itertools

from rules.proposed_changes import done, of

ROPE = """
def pull(x, n):
    a, b = x[n] - x, x[::-1] - x
    return 40.0 * (a + b) + 9.0 * (a**3 + b**3) - 0.3 * (a - b) ** 2 * (a + b)


def swing(x, v, n, dt):
    v = v + 0.5 * dt * pull(x, n)
    x = x + dt * v
    return x, v + 0.5 * dt * pull(x, n)
"""
MAIN = """import jax.numpy as jnp
import rope

n = (jnp.arange(12) + 1) % 12
x, v = jnp.sin(jnp.arange(12.0)), jnp.zeros(12)
for k in range(400):
    x, v = rope.swing(x, v, n, 0.01)
print(x.std().round(3))
"""
OTHER = "import numpy as np\nfrom rope import swing\n\nprint(swing(np.ones(3), np.zeros(3), np.arange(3), 0.1))\n"
LINES = itertools.count(1)


def project(**others):
    above = "#\n" * next(LINES)  # where code is equal, and stands on the same line, Python takes it for the same
    return {"main.py": above + MAIN, "rope.py": above + ROPE, **{f"{name}.py": text for name, text in others.items()}}


def test_alone_it_is_jitted_where_it_stands(tmp_path):
    lines, _ = done(tmp_path, of(tmp_path, "eager-hot-path", project()))
    assert "@jax.jit" in lines


def test_with_other_users_it_is_jitted_before_the_loop(tmp_path):
    tried = of(tmp_path, "eager-hot-path", project(back=OTHER))
    [change] = tried.changes
    assert list(change.edits) == ["main.py"]
    assert "jitted_swing = jax.jit(rope.swing)" in tried.lines(change)
    assert "back.py, which imports its module" in tried.refused[0].text


def test_what_names_jax_makes_jax_arrays_anyway(tmp_path):
    files = project(back=OTHER)
    files["rope.py"] = "import jax.numpy as jnp\n" + files["rope.py"].replace(
        "40.0 * (a + b)", "40.0 * jnp.tanh(a + b)"
    )
    lines, _ = done(tmp_path, of(tmp_path, "eager-hot-path", files))
    assert "@jax.jit" in lines
