"""Loops under jit as one `scan`: over what a run saw to be an array; a list of arrays stays as it is."""

import pytest

from rules.proposed_changes import done, of

CELL = """
MAKERS = {key: eval("lambda trace: 2.0 * trace") for key in ("twice",)}


class Cell(eqx.Module):
    weight: jax.Array

    def __call__(self, frames):
        hidden = jnp.zeros(4)
        track = []
        for frame in frames:
            hidden = jnp.tanh(self.weight @ hidden + frame * jnp.cos(hidden) - 0.1 * hidden**2)
            track.append(hidden)
        return jnp.stack(track)


class Model(eqx.Module):
    body: Cell

    def __call__(self, trace):
        return self.body({frames}).sum()


@eqx.filter_jit
def run(model, traces):
    return jax.vmap(model)(traces)


print(run(Model(Cell(0.1 * jnp.arange(16.0).reshape(4, 4))), jnp.ones((2, 24, 4))))
"""


@pytest.mark.parametrize("frames", ["2.0 * trace", "MAKERS['twice'](trace)"])
def test_an_array_that_another_module_hands_over(tmp_path, frames):
    tried = of(tmp_path, "unrolled-loop", CELL.replace("{frames}", frames))
    lines, evidence = done(tmp_path, tried)
    assert any("jax.lax.scan(" in line for line in lines)
    assert max(one.equations for one in evidence.programs) < 30


@pytest.mark.parametrize("frames", ["[2.0 * row for row in trace]", "tuple(2.0 * trace)"])
def test_a_list_stays(tmp_path, frames):
    tried = of(tmp_path, "unrolled-loop", CELL.replace("{frames}", frames))
    assert not tried.changes
    assert "ragged" in [one.code for one in tried.refused]


SCANNED = """
KEYWORDS = {"unroll": 32}


def path(rate, start):
    def step(level, _):
        level = level + 0.01 * jnp.sin(rate * level) - 0.002 * jnp.cos(level) * jnp.tanh(level) * jnp.exp(-level)
        return level, level.sum()

    return jax.lax.scan(step, start, length=32, {unroll})[1].mean()


@jax.jit
def slope(rate, start):
    return jax.grad(path)(rate, start)


print(slope(0.5, jnp.linspace(0.0, 1.0, 50)))
"""


def test_a_scan_that_was_asked_to_unroll(tmp_path):
    tried = of(tmp_path, "unrolled-loop", SCANNED.replace("{unroll}", "unroll=32"))
    lines, _ = done(tmp_path, tried)
    assert any("length=32)" in line for line in lines)


def test_an_unroll_that_is_not_written_at_the_call(tmp_path):
    tried = of(tmp_path, "unrolled-loop", SCANNED.replace("{unroll}", "**KEYWORDS"))
    assert not tried.changes
    assert "`unroll=` is not written" in tried.refused[0].text


HANDED = """
import functools


def mix(level, forcing):
    return level + 0.1 * (jnp.tanh(forcing) - jnp.sin(level) * jnp.cos(level) ** 2 - 0.3 * jnp.exp(-level))


@functools.partial(jax.jit, static_argnames="forcing")
def hindcast(level, forcing):
    for month in range(40):
        level = mix(level, forcing(month))
    return level


def season(month):
    return 0.4 + 0.8 * jnp.sin(2.0 * jnp.pi * month / 12.0)


if __name__ == "__main__":
    print(hindcast(jnp.ones(5), season))
"""
RECORD = "import jax.numpy as jnp\nfrom main import hindcast\n\n\nclass Record:\n    years = [0.1] * 40\n\n    def __call__(self, month):\n        return self.years[month]\n\n\n"


def test_a_callable_that_is_handed_the_index(tmp_path):
    lines, _ = done(tmp_path, of(tmp_path, "unrolled-loop", HANDED))
    assert any("fori_loop" in line for line in lines)


def test_another_one_that_another_script_hands_in(tmp_path):
    files = {
        "main.py": "import jax\nimport jax.numpy as jnp\n" + HANDED,
        "observed.py": RECORD + "print(hindcast(jnp.ones(5), Record()))\n",
    }
    tried = of(tmp_path, "unrolled-loop", files)
    assert not tried.changes
    [refused] = tried.refused
    assert "2 places hand in a `forcing`" in refused.text
