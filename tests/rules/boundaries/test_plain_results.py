"""A function that hands back numbers of Python's is not jitted where another script needs them so."""

import itertools

import pytest

from rules.proposed_changes import done, of

STEP = """import jax.numpy as jnp


def step(x, t, dt):
    a = -jnp.sin(x) * jnp.cos(t) + 0.01 * jnp.cos(3 * x) - 0.02 * jnp.tanh(x)
    x += dt * a
    return x, t + dt
"""
MAIN = """import jax.numpy as jnp
from waves import step

x, t = jnp.linspace(-1, 1, 20), 0.0
for n in range(1500):
    x, t = step(x, t, 0.0078125)
print(x.sum().round(3), f"{t:.2f}")
"""
OTHER = """import json
import jax.numpy as jnp
from waves import step

kept, rows = {{}}, []
x, t = jnp.ones(3), 0.0
for n in range(5):
    x, t = step(x, t, 0.5)
    {use}
{end}
"""
NEEDED = {
    "a key": ("kept[round(t, 2)] = float(x.sum())", ""),
    "a key of a pair": ("kept[n, t] = float(x.sum())", ""),
    "in JSON, by a list": ("rows.append({'t': t, 'x': float(x.sum())})", "json.dumps(rows)"),
    "by isinstance": ("print(isinstance(t, float))", ""),
    "in a set": ("times = {t, n}", ""),
}
FINE = {
    "a format": ("print(f'{t:.2f}')", ""),
    "as a float": ("kept[float(t)] = 1.0", ""),
    "an index of a list": ("rows.append(x); print(rows[n])", ""),
    "in JSON, as a float": ("rows.append(float(t))", "json.dumps(rows)"),
}
LINES = itertools.count(1)


def project(use, end):
    """The code stands on other lines in each test: where it is equal, Python takes it for the same."""
    above = "#\n" * next(LINES)
    return {"main.py": above + MAIN, "waves.py": above + STEP, "other.py": OTHER.format(use=use, end=end)}


@pytest.mark.parametrize("lines", NEEDED.values(), ids=NEEDED)
def test_it_stays(tmp_path, lines):
    tried = of(tmp_path, "eager-hot-path", project(*lines))
    assert not tried.changes
    assert "`step` hands back a number of Python's, and other.py:" in tried.refused[0].text


@pytest.mark.parametrize("lines", FINE.values(), ids=FINE)
def test_it_is_jitted(tmp_path, lines):
    lines, _ = done(tmp_path, of(tmp_path, "eager-hot-path", project(*lines)))
    assert "@jax.jit" in lines
