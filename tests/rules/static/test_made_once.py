"""What is proposed for a static object that is made anew in each call, tried on the program."""

import pytest

from rules.proposed_changes import compiles, done, of

CLASS = """import functools

import jax
import jax.numpy as jnp

{extra}

class Settings:
    def __init__(self, order):
        self.order = order


@functools.partial(jax.jit, static_argnames="settings")
def predict(x, settings):
    for k in range(settings.order):
        x = x + {k} * jnp.sin(x)
    return x


def harbour(x):
    return predict(x, Settings(3))


for number in range(4):
    {change}
    print(round(float(harbour(jnp.ones(5)).sum()), 4))
"""
PARTIAL = """import functools

import jax
import jax.numpy as jnp


def ridge(w, penalty):
    return jnp.sum(w**2) * penalty


@functools.partial(jax.jit, static_argnames="loss")
def descend(loss, w):
    return w - 0.1 * jax.grad(loss)(w)


w = jnp.ones(3)
for turn in range(4):
    w = descend({loss}, w)
print(round(float(w.sum()), 4))
"""


def code(extra="", k="k", change="pass"):
    return CLASS.format(extra=extra, k=k, change=change)


def test_a_class_compares_by_its_fields(tmp_path):
    lines, evidence = done(tmp_path, of(tmp_path, "identity-hashed-static", code()))
    assert "    def __eq__(self, other):" in lines and compiles(evidence, "predict") == 1


@pytest.mark.parametrize("loss", ["functools.partial(ridge, penalty=0.1)", "lambda w: ridge(w, 0.1)"])
def test_an_expression_is_made_before_the_loop(tmp_path, loss):
    lines, evidence = done(tmp_path, of(tmp_path, "identity-hashed-static", PARTIAL.format(loss=loss)))
    assert f"loss_2 = {loss}" in lines and compiles(evidence, "descend") == 1


def test_what_the_turn_decides_stays(tmp_path):
    tried = of(tmp_path, "identity-hashed-static", PARTIAL.format(loss="lambda w: ridge(w, 0.1 * turn)"))
    assert not tried.changes
    assert all("the loop binds turn" in one.text for one in tried.refused)


def test_a_function_that_goes_by_what_changes_is_compiled_anew(tmp_path):
    tried = of(
        tmp_path,
        "identity-hashed-static",
        code("GAIN = [1.0]", "GAIN[0]", "GAIN[0] = number"),
    )
    assert not tried.changes
    assert ["it reads `GAIN`, which line" in one.text for one in tried.refused] == [True]


def test_an_object_that_can_not_compare_is_made_before_the_loop(tmp_path):
    program = """class Window:
    def __init__(self, n):
        self.table = np.hanning(n)


@functools.partial(jax.jit, static_argnums=0)
def weighted(window, x):
    return jnp.sum(window.table * x)


for number in range(4):
    print(round(float(weighted(Window(64), number * jnp.ones(64))), 3))
"""
    lines, evidence = done(tmp_path, of(tmp_path, "identity-hashed-static", program))
    assert "window_2 = Window(64)" in lines and compiles(evidence, "weighted") == 1
    changed = program.replace("    print", "    Window(64).table = 1\n    print")
    assert not of(tmp_path / "other", "identity-hashed-static", changed).changes


def test_in_a_function_it_goes_to_the_module_and_each_argument_has_a_change_of_its_own(tmp_path):
    program = """def ridge(w, penalty):
    return jnp.sum(w**2) * penalty


@functools.partial(jax.jit, static_argnames=("loss", "scale"))
def descend(w, loss, scale):
    return w - 0.1 * scale(jax.grad(loss)(w))


def fit(w):
    for _ in range(3):
        w = descend(w, lambda v: ridge(v, 0.1), functools.partial(jnp.multiply, 2.0))
    return w


for number in range(2):
    print(round(float(fit(number + jnp.ones(3)).sum()), 4))
"""
    tried = of(tmp_path, "identity-hashed-static", program)
    assert ["at module level: `loss`" in one.title or "at module level: `scale`" in one.title for one in tried.changes] == [
        True, True,
    ]  # fmt: skip


READ = """
def plans(lines):
    for line in lines:
        name, order = line.split()
        yield name, Settings(int(order))


for name, settings in plans(["north 3", "south 3", "east 2", "west 3"]):
    print(name, round(float(predict(jnp.ones(5), settings).sum()), 4))
"""


def test_objects_of_which_only_the_run_knows_the_class(tmp_path):
    """A generator hands them out beside a name."""
    lines, evidence = done(tmp_path, of(tmp_path, "identity-hashed-static", code().partition("def harbour")[0] + READ))
    assert any("def __eq__" in line for line in lines)
    assert compiles(evidence, "predict") == 2


def test_nor_where_the_program_tells_them_apart(tmp_path):
    program = (
        code().partition("def harbour")[0]
        + READ.replace("for name, settings in", "first = Settings(3)\nfor name, settings in")
        + "    print(settings == first)\n"
    )
    tried = of(tmp_path, "identity-hashed-static", program)
    assert not tried.changes and any("tells objects of `Settings` apart" in one.text for one in tried.refused)


def test_not_where_it_is_made_of_what_changes(tmp_path):
    loss = "functools.partial(ridge, penalty=0.1 * SEEN[-1])"
    text = PARTIAL.format(loss="{loss}").replace("    w = descend", "    SEEN.append(turn)\n    w = descend")
    tried = of(
        tmp_path, "identity-hashed-static", text.replace("w = jnp.ones", "SEEN = [1.0]\nw = jnp.ones").format(loss=loss)
    )
    assert not tried.changes
    assert "SEEN" in tried.refused[0].text
