"""`stale-capture` in programs that really ran: which value, where it is read, and the call that used the old one."""

import pytest

from rules.really_run import findings_of, said

HEAD = "from functools import partial\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\nx = jnp.ones(3)\n"
FAULTY = {
    "a_global": "scale = 1.0\n\n@jax.jit\ndef scaled(x):\n    return scale * x  # here\n\nscaled(x)\nscale = 2.0\nscaled(x)\n",
    "a_closure": "def train(w):\n    rate = 1.0\n    step = jax.jit(lambda w: w - rate)  # here\n    for _ in range(4):\n"
    "        w = step(w)\n        rate = 0.5 * rate\n    return w\n\ntrain(x)\n",
    "an_attribute": "class Filter:\n    def __init__(self, gain):\n        self.gain = gain\n        self.apply = jax.jit(self._apply)\n"
    "    def _apply(self, x):\n        gain = self.gain  # here\n        return gain * x\n    def tune(self, gain):\n        self.gain = gain\n\n"
    "f = Filter(1.0)\nf.apply(x)\nf.tune(3.0)\nf.apply(x)\n",
    "static_self": "class Model:\n    def __init__(self, width):\n        self.width = width\n    @partial(jax.jit, static_argnums=0)\n"
    "    def grow(self, x):\n        return x * self.width  # here\n\nm = Model(2)\nm.grow(x)\nm.width = 5\nm.grow(x)\n",
    "inside_a_method": "class Model:\n    def __init__(self, width):\n        self.width = width\n    @partial(jax.jit, static_argnums=0)\n"
    "    def slope(self, x):\n        def total(x):\n            return x.sum() * self.width  # here\n        return jax.grad(total)(x)\n\n"
    "m = Model(2.0)\nm.slope(x)\nm.width = 5.0\nm.slope(x)\n",
    "an_array_written_into": "weights = np.ones(3, np.float32)\n\n@jax.jit\ndef total(x):\n    return jnp.sum(weights * x)  # here\n\n"
    "for k in range(3):\n    total(x)\n    weights[k] = 10.0\n",
    "through_a_helper": "options = {'order': 2, 'unused': 0}\n\ndef power(x):\n    return x ** options['order']  # here\n\n"
    "fast = jax.jit(jax.vmap(power))\nfast(x)\noptions['order'] = 3\nfast(x)\n",
    "of_a_module": "import _settings\n\n@jax.jit\ndef cut(x):\n    return jnp.minimum(x, _settings.LIMIT)  # here\n\ncut(x)\n"
    "_settings.LIMIT = 0.5\ncut(x)\n",
    "_settings": "LIMIT = 3.0\n",
    "a_rebound_array": "w = jnp.zeros(3)\npredict = jax.jit(lambda x: x @ w)  # here\nfor _ in range(3):\n    predict(x)\n    w = w + 1.0\n",
    "nested": "def outer(k):\n    bias = 1.0\n    @jax.jit\n    def inner(x):\n        def shift(x):\n            return x + bias  # here\n"
    "        return shift(x) * k\n    inner(x)\n    bias = 2.0\n    return inner(x)\n\nouter(2.0)\n",
}
FINE = {
    "an_argument": "scale = 1.0\n\n@jax.jit\ndef scaled(x, scale):\n    return scale * x\n\nscaled(x, scale)\nscale = 2.0\nscaled(x, scale)\n",
    "never_changed": "scale = 1.0\nscale = 3.0\n\n@jax.jit\ndef scaled(x):\n    return scale * x\n\nscaled(x)\nscaled(x)\nscale = 5.0\n",
    "the_same_value": "scale = 2.0\nw = np.ones(3)\nf = jax.jit(lambda x: scale * x + w)\nf(x)\nscale = 4.0 / 2\nw = np.ones(3)\nf(x)\n",
    "jitted_anew": "for power in (1, 2, 3):\n    f = jax.jit(lambda x: x**power)\n    f(x)\n    f(x)\n",
    "another_shape": "scale = 1.0\n\n@jax.jit\ndef scaled(x):\n    return scale * x\n\nscaled(jnp.ones(2))\nscale = 2.0\nscaled(x)\nscaled(x)\n",
    "another_item": "options = {'order': 2, 'turn': 0}\nf = jax.jit(lambda x: x ** options['order'])\nfor k in range(3):\n"
    "    f(x)\n    options['turn'] += 1\n",
    "another_branch": "calls = 0\n\n@jax.jit\ndef f(x, y=None):\n    if y is not None:\n        return x * calls\n    return 2 * x\n\n"
    "for _ in range(3):\n    f(x)\n    calls += 1\n",
    "another_object": "class Model:\n    def __init__(self, width):\n        self.width = width\n    @partial(jax.jit, static_argnums=0)\n"
    "    def grow(self, x):\n        return x * self.width\n\nfor width in (1, 2):\n    m = Model(width)\n    m.grow(x)\n    m.grow(x)\n",
    "of_another_inside": "class Part:\n    width = 1.0\n\nclass Model:\n    def __init__(self, width):\n        self.width = width\n"
    "    @partial(jax.jit, static_argnums=0)\n    def grow(self, x):\n        def outer(self):\n            return (lambda x: x * self.width)\n"
    "        return outer(Part())(x)\n\nm = Model(2)\nm.grow(x)\nm.width = 5\nm.grow(x)\n",
    "a_pytree": "@jax.tree_util.register_pytree_node_class\nclass P:\n    def __init__(self, w):\n        self.w = w\n"
    "    def tree_flatten(self):\n        return (self.w,), None\n    @classmethod\n    def tree_unflatten(cls, _, c):\n        return cls(*c)\n"
    "    @jax.jit\n    def apply(self, x):\n        return self.w * x\n\np = P(1.0)\np.apply(x)\np.w = 2.0\np.apply(x)\n",
    "not_jitted": "scale = 1.0\n\ndef scaled(x):\n    return scale * x\n\nscaled(x)\nscale = 2.0\njax.grad(lambda x: scaled(x).sum())(x)\n",
}
ALL = {name: (HEAD + text if name != "_settings" else text) for group in (FAULTY, FINE) for name, text in group.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return findings_of(tmp_path_factory.mktemp("run"), ("stale-capture",), ALL)


@pytest.mark.parametrize("name", sorted(set(FAULTY) - {"_settings"}))
def test_a_value_that_changed_under_a_compiled_program(found, name):
    (one,) = found[name]
    assert ALL[name].splitlines()[one.place.line - 1].endswith("# here"), said(found[name])
    assert one.certain
    assert "still worked with the old value" in one.message
    assert any(note.text == "this call uses the old value" for note in one.notes)


@pytest.mark.parametrize("name", [*FINE, "_settings"])
def test_what_is_fine_is_not_named(found, name):
    assert not found[name], said(found[name])


def test_the_message_has_both_values_and_the_line_that_changed_it(found):
    (one,) = found["an_attribute"]
    assert "`self.gain` while it was traced; it changed afterwards from 1.0 to 3.0; line 14 assigns it" in one.message
    assert "call in line 19" in one.message


def test_under_equinox_as_well(tmp_path):
    pytest.importorskip("equinox")
    text = "import equinox as eqx\nscale = 1.0\n\n@eqx.filter_jit\ndef scaled(x):\n    return scale * x  # here\n\n"
    program = HEAD + text + "scaled(x)\nscale = 2.0\nscaled(x)\n"
    (one,) = findings_of(tmp_path, ("stale-capture",), {"filtered": program})["filtered"]
    assert one.facts["name"] == "scale"
