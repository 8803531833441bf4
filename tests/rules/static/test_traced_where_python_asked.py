"""`missing-static` and `branch-on-tracer` in programs that really ran: the user's line, the parameter, the wrapper."""

import pytest

from rules.really_run import findings_of, said

HEAD = "from functools import partial\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\n"

STATIC = {
    "decorator": "@jax.jit\ndef layer(x, train):\n    if train:  # here\n        return x\n    return 2 * x\n\nlayer(jnp.ones(3), True)\n",
    "call": "def grid(lo, n):\n    return jnp.linspace(lo, 1.0, n)  # here\n\nfast = jax.jit(grid)\nfast(0.0, n=5)\n",
    "partial": "@partial(jax.jit, static_argnames=('clip',))\ndef bins(x, n_bins, clip):\n    return jnp.zeros(n_bins)  # here\n\n"
    "bins(jnp.ones(3), 4, clip=True)\n",
    "method": "class Filter:\n    @partial(jax.jit, static_argnums=0)\n    def window(self, x, width):\n        return x[:width]  # here\n\n"
    "Filter().window(jnp.ones(9), 3)\n",
    "nested": "def fit(x):\n    def inner(x, axis):\n        return helper(x, axis)\n    return jax.jit(inner)(x, 0)\n\n"
    "def helper(x, axis):\n    return jnp.concatenate([x, x], axis=axis)  # here\n\nfit(jnp.ones(3))\n",
    "of_a_dict": "@jax.jit\ndef build(x, cfg):\n    return x.reshape(cfg['rows'], -1)  # here\n\nbuild(jnp.ones(6), {'rows': 2})\n",
    "a_mode": "@jax.jit\ndef pool(x, mode):\n    return x.mean() if mode == 'mean' else x.max()\n\npool(jnp.ones(3), 'mean')  # here\n",
    "turns": "@jax.jit\ndef power(x, n):\n    for _ in range(n):  # here\n        x = x * x\n    return x\n\npower(jnp.ones(2), 3)\n",
}
BRANCHES = {
    "a_norm": "@jax.jit\ndef clip(g, limit):\n    norm = jnp.linalg.norm(g)\n    if norm > limit:  # here\n        g = g / norm\n    return g\n\n"
    "clip(jnp.ones(3), 1.0)\n",
    "a_scan": "def body(best, loss):\n    best = min(best, float(loss))  # here\n    return best, best\n\n"
    "jax.lax.scan(body, 1e9, jnp.ones(3))\n",
    "a_mask": "@jax.jit\ndef positive(x):\n    return x[x > 0]  # here\n\npositive(jnp.ones(3))\n",
    "of_numpy": "@jax.jit\ndef wave(x):\n    return np.sin(x)  # here\n\nwave(jnp.ones(3))\n",
    "_other": "def newton(x, target):\n    while abs(x * x - target) > 1e-6:  # here\n        x = 0.5 * (x + target / x)\n    return x\n",
    "other_module": "from _other import newton\nroots = jax.jit(jax.vmap(newton))\nroots(jnp.ones(3), jnp.array([2.0, 3.0, 4.0]))\n",
}
FINE = {
    "twin_static": "@partial(jax.jit, static_argnames=('train', 'n'))\ndef layer(x, train, n):\n    return jnp.zeros(n) + x if train else x\n\n"
    "layer(1.0, True, 3)\n",
    "twin_lax": "@jax.jit\ndef clip(g, limit):\n    return jnp.where(jnp.linalg.norm(g) > limit, g / limit, g)\n\nclip(jnp.ones(3), 1.0)\n",
    "own_error": "@jax.jit\ndef check(x):\n    if x.ndim != 2:\n        raise ValueError('a matrix, please')\n    return x\n\n"
    "check(jnp.ones(3))\n",
    "asks_first": "@jax.jit\ndef size(x):\n    try:\n        return float(x)\n    except jax.errors.ConcretizationTypeError:\n        return x\n\n"
    "size(1.0)\n",
}
AWAITED = {
    "tested": "import unittest\n\n@jax.jit\ndef layer(x, train):\n    return x if train else 2 * x  # here\n\n"
    "class Tests(unittest.TestCase):\n    def test_it(self):\n"
    "        with self.assertRaises(jax.errors.TracerBoolConversionError):\n            layer(1.0, True)\n\n"
    "unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))\n",
    "tried": "@jax.jit\ndef layer(x, train):\n    return x if train else 2 * x  # here\n\n"
    "try:\n    layer(1.0, True)\nexcept jax.errors.JAXTypeError:\n    pass\n",
}
ALL = {name: HEAD + text for group in (STATIC, BRANCHES, FINE, AWAITED) for name, text in group.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return findings_of(tmp_path_factory.mktemp("run"), ("missing-static", "branch-on-tracer"), ALL)


def marked(name):
    return [number for number, line in enumerate(ALL[name].splitlines(), 1) if line.endswith("# here")]


@pytest.mark.parametrize("name", STATIC)
def test_a_value_that_can_be_static(found, name):
    (one,) = found[name]
    assert (one.rule, [one.place.line]) == ("missing-static", marked(name)), said(found[name])
    assert one.certain
    parameter = {"call": "n", "partial": "n_bins", "nested": "axis", "of_a_dict": "cfg", "a_mode": "mode", "turns": "n"}
    if name != "method":  # JAX's message names no parameter there
        assert one.facts["made_static"] == parameter.get(name, "train")
        assert f"static_argnames={one.facts['made_static']!r}" in one.help
        assert any("traced here" in note.text for note in one.notes)


@pytest.mark.parametrize("name", sorted(set(BRANCHES) - {"other_module"}))
def test_a_value_that_is_only_known_when_it_runs(found, name):
    (one,) = found[name]
    assert (one.rule, [one.place.line]) == ("branch-on-tracer", marked(name)), said(found[name])
    assert one.certain


@pytest.mark.parametrize("name", [*FINE, "other_module"])
def test_what_is_fine_is_not_named(found, name):
    assert not found[name], said(found[name])


@pytest.mark.parametrize("name", AWAITED)
def test_an_error_that_somebody_waits_for_is_a_suspicion(found, name):
    (one,) = found[name]
    assert [one.place.line] == marked(name)
    assert not one.certain
