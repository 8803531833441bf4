"""Arrays of objects whose methods are jitted."""

import pytest

from jaxaudit.rules.captures.captured_self import RULE
from jaxaudit.source.reading import read_program
from rules.programs_of_rules import found, lines

BODY = """
class Model{base}:
    {field}
    def __init__(self):
        self.kernel = jnp.ones((2048, 2048))
        {init}

    {decorator}
    def step(self, x):
        return self.kernel @ x

model = Model()
{after}
"""


def written(base="", field="pass", init="pass", decorator="", after=""):
    return BODY.format(base=base, field=field, init=init, decorator=decorator or "#", after=after)


MODULE = {"base": "(eqx.Module)", "field": "kernel: jax.Array"}
FAULTS = {
    "bound in __init__": written(init="self.fast = jax.jit(self.step)"),
    "static self": written(decorator="@partial(jax.jit, static_argnums=0)"),
    "static self by name": written(decorator="@partial(jax.jit, static_argnames=('self',))"),
    "filter_jit on a plain class": written(decorator="@eqx.filter_jit"),
    "bound from outside": written(after="fast = jax.jit(model.step)"),
    "bound method of a pytree": written(**MODULE, after="fast = jax.jit(model.step)"),
    "vmap of a bound method under filter_jit": written(**MODULE, after="fast = eqx.filter_jit(jax.vmap(model.step))"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_it_names_the_attribute(name):
    [one] = found("captured-self", FAULTS[name], at_least=0.8)
    assert "kernel" in one.message
    assert "16.0 MiB" in one.message


ALLOWED = {
    "filter_jit on a module": written(**MODULE, decorator="@eqx.filter_jit"),
    "jit on a module": written(**MODULE, decorator="@jax.jit"),
    "filter_jit of a module's method": written(**MODULE, after="fast = eqx.filter_jit(model.step)"),
    "no jit": written(after="y = model.step(jnp.ones(2048))"),
    "the class's function": written(**MODULE, after="fast = jax.jit(Model.step)"),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent_where_the_object_is_an_argument(name):
    assert not [one.message for one in found("captured-self", ALLOWED[name])]


def test_a_closure_over_self():
    findings = found(
        "captured-self",
        """
        class Trainer:
            def __init__(self):
                self.images = jnp.ones((2000, 784))

            def make(self):
                def loss(w):
                    return jnp.mean(self.images @ w)
                return jax.jit(jax.grad(loss))
        """,
    )
    assert lines(findings) == [8]


def test_a_setting_on_self_is_no_array():
    code = """
    class Grid:
        def __init__(self, n):
            self.n = n
        @partial(jax.jit, static_argnums=0)
        def scale(self, x):
            return x * self.n
    """
    assert not found("captured-self", code)


HOOK = """
    class Search:
        def __init__(self):
            self.statistic = jax.jit(self._statistic)
    class MatchedFilter(Search):
        def __init__(self):
            self.template = jnp.ones((2000, 2000))
            super().__init__()
        def _statistic(self, strain):
            return strain @ self.template
    """


def test_a_base_class_that_jits_the_method_of_its_subclass():
    [one] = found("captured-self", HOOK, at_least=0.8)
    assert "self.template" in one.message


def test_a_hook_of_many_subclasses_tells_nothing():
    others = "".join(
        f"\n    class Other{i}(Search):\n        def _statistic(self, strain):\n            return strain"
        for i in range(5)
    )
    assert not found("captured-self", HOOK.rstrip() + others, at_least=0.8)


TRAINER = """
import jax


class Trainer:
    def step(self, params):
        {body}

    def fit(self, params):
        step = jax.jit(self.step)
        for _ in range(10):
            params = step(params)
        return params
"""
FITTED = """
class ImageTrainer(Trainer):
    def __init__(self):
        self.images = jnp.ones((2000, 784))

    def step(self, params):
        return params - self.images @ params

ImageTrainer().fit(jnp.ones(784))
"""


@pytest.mark.parametrize("body", ["...", '"""Of one turn."""', "raise NotImplementedError"])
def test_a_method_that_the_base_class_leaves_to_its_subclasses(body):
    [one] = found("captured-self", TRAINER.format(body=body) + FITTED, at_least=0.8)
    assert "`self.images`" in one.message


def test_a_base_class_of_a_file_that_is_not_checked(tmp_path):
    (tmp_path / "trainer.py").write_text(TRAINER.format(body="..."))
    main = tmp_path / "main.py"
    main.write_text("import jax.numpy as jnp\nfrom trainer import Trainer\n" + FITTED)
    [one] = RULE.match(read_program([str(main)], context=True))
    assert (one.place.path, "`self.images`" in one.message) == (str(main), True)
