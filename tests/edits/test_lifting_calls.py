"""`jax.jit(jax.vmap(f))(x)` in a function: jitted once, with what `f` reads handed in."""

import pytest

from edits.test_lifting import lift, same
from jaxaudit.edits import CannotEdit

SMOOTHER = """class Smoother:
    def __init__(self, width, order):
        self.width = width
        self._order = order

    def smooth(self, flux, time):
        def weighted(t):
            w = jnp.exp(-jnp.abs((time - t) / self.width) ** self._order)
            return jnp.sum(w * flux) / jnp.sum(w)

        return jax.jit(jax.vmap(weighted))(time)
"""


def test_a_local_function_under_vmap_with_what_it_reads_of_its_object():
    after = same(SMOOTHER, "jax.jit(jax.vmap", "Smoother(2.0, 2).smooth(jnp.arange(4.0), jnp.arange(4.0)).round(4)")
    assert "@jax.jit\ndef jitted_weighted(t, time, width, order, flux):\n    def weighted(t):\n" in after
    assert "((time - t) / width) ** order" in after
    assert "    return jax.vmap(weighted)(t)\n" in after
    assert "return jitted_weighted(time, time, self.width, self._order, flux)" in after


def test_a_jitted_gradient_with_a_name():
    after = same(
        "def fit(x, data):\n    def misfit(mu):\n        return jnp.sum((x - mu) ** 2 * data)\n\n"
        "    gradient = jax.jit(jax.grad(misfit))\n    mu = 0.5\n    for _ in range(3):\n        mu = mu - 0.1 * gradient(mu)\n"
        "    return mu\n",
        "jax.jit(",
        "fit(jnp.arange(3.0), jnp.ones(3))",
    )
    assert "    gradient = " not in after
    assert "mu = mu - 0.1 * gradient(mu, x, data)" in after


def test_the_function_itself_where_nothing_else_reads_it():
    after = same(
        "def smooth(u, rate):\n    def once(v):\n        return v * rate\n\n    fast = jax.jit(once)\n    return fast(fast(u))\n",
        "jax.jit(",
        "smooth(jnp.ones(2), 3.0)",
    )
    assert after == (
        "@jax.jit\ndef once(v, rate):\n    return v * rate\n\n\n"
        "def smooth(u, rate):\n    return once(once(u, rate), rate)\n"
    )


def test_a_partial_under_vmap_in_a_loop():
    after = same(
        "def pull(ions, point, charge=1.0):\n    return jnp.sum(charge * (ions - point))\n\n\n"
        "def profiles(ions, points):\n    rows = []\n    for q in (1.0, 2.0):\n"
        "        batched = jax.jit(jax.vmap(functools.partial(pull, charge=q), in_axes=(None, 0)))\n"
        "        rows.append(batched(ions, points))\n    return rows\n",
        "jax.jit(",
        "profiles(jnp.arange(3.0), jnp.arange(2.0))",
    )
    assert "@jax.jit\ndef batched(ions, point, q):\n" in after
    assert "rows.append(batched(ions, points, q))" in after


def test_a_lambda_under_grad_in_a_comprehension():
    after = same(
        "def slopes(sets):\n    return [jax.jit(jax.grad(lambda p: p * x**2))(3.0) for x in sets]\n",
        "jax.jit(",
        "slopes([1.0, 2.0])",
    )
    assert "[jitted_function(3.0, x) for x in sets]" in after


def test_what_chooses_a_branch_or_counts_is_static():
    after = same(
        "MODE = 'a'\ndef switch(name):\n    global MODE\n    MODE = name\n\n\n"
        "def run(u, degree):\n    def once(v):\n        powers = sum(v**k for k in range(degree + 1))\n"
        "        return powers if MODE == 'a' else -powers\n\n    fast = jax.jit(once)\n    return fast(u)\n",
        "jax.jit(",
        "[run(2.0, 2), switch('b'), run(2.0, 2)]",
    )
    assert 'static_argnames=("degree", "MODE")' in after


def test_handed_on_it_goes_bound():
    after = same(
        "def make(rate):\n    def kernel(x):\n        return x * rate\n\n    return jax.jit(kernel)\n",
        "jax.jit(",
        "make(2.0)(jnp.ones(2))",
    )
    assert "return functools.partial(kernel, rate=rate)" in after


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def f(k):\n    g = jax.jit(jax.vmap(k.apply))\n    return g(1, y=2)\n", "keywords"),
        (
            "class A:\n    def f(self, x):\n        return jax.jit(jax.grad(self.loss))(x)\n",
            "may know its object",
        ),
        ("def f(x):\n    import numpy as np\n    return jax.jit(jax.grad(lambda y: np.pi * y))(x)\n", "imported in"),
    ],
)
def test_what_stays(body, reason):
    with pytest.raises(CannotEdit, match=reason):
        lift(body, "jax.jit(")


FIT = """class Fit:
    def __init__(self, x, rate):
        self.x, self.rate = x, rate

    def model(self, w):
        return self.x * w

    def loss(self, w):
        return jnp.sum((self.model(w) - 1.0) ** 2)

    def gradient(self, w):
        return jax.jit(jax.grad(self.loss))(w)

    def step(self, w):
        @jax.jit
        def once(v):
            loss = self.loss(v)
            return v - self.rate * loss

        return once(w)

    def once(self, w):
        return jax.jit(self.model)(w)
"""


def test_methods_of_the_object_go_along():
    after = same(FIT, "jax.jit(jax.grad", "Fit(jnp.arange(3.0), 0.5).gradient(2.0)")
    assert "def jitted_loss(w, x):\n    def loss(w):\n        return jnp.sum((model(w) - 1.0) ** 2)\n" in after
    assert "return jitted_loss(w, self.x)" in after


def test_methods_go_into_a_definition_under_names_that_it_has_not():
    after = same(FIT, "jax.jit\n", "Fit(jnp.arange(3.0), 0.5).step(2.0)")
    assert "    loss = loss_function(v)\n    return v - rate * loss\n" in after


def test_a_bound_method_by_itself():
    after = same(FIT, "jax.jit(self.model", "Fit(jnp.arange(3.0), 0.5).once(2.0)")
    assert "@jax.jit\ndef jitted_model(w, x):\n    return x * w\n" in after


def test_a_subclass_may_bring_another_method():
    with pytest.raises(CannotEdit, match="has another `model`"):
        lift(FIT + "\n\nclass Other(Fit):\n    def model(self, w):\n        return w\n", "jax.jit(self.model")


LAKE = """class Lake:
    def __init__(self, depth):
        self.depth = depth

    @staticmethod
    def mixed(t, depth):
        return t + depth * jnp.roll(t, 1)

    def run(self, t):
        day = jax.jit(lambda t: self.mixed(t, self.depth))
        return day(day(t))
"""


def test_a_static_method_stays_in_its_class():
    after = same(LAKE, "jax.jit(", "Lake(2.0).run(jnp.arange(3.0))")
    assert "@jax.jit\ndef day(t, depth):\n    return Lake.mixed(t, depth)\n" in after


def test_a_subclass_may_bring_another_static_method():
    with pytest.raises(CannotEdit, match="has another `mixed`"):
        lift(LAKE + "\n\nclass Sea(Lake):\n    @staticmethod\n    def mixed(t, depth):\n        return t\n", "jax.jit(")


MADE = """def make_model(tables):
    def model(x):
        return x * tables["a"] + tables["b"]

    return model


def make_loss(tables, data):
    model = make_model(tables)

    def loss(x):
        return jnp.mean((model(x) - data) ** 2)

    return jax.jit(jax.value_and_grad(loss))
"""


def test_what_a_factory_makes_is_made_there_anew():
    after = same(MADE, "jax.jit(", 'make_loss({"a": jnp.arange(3.0), "b": 2.0}, jnp.ones(3))(4.0)')
    assert (
        "def jitted_loss(x, tables, data):\n    model = make_model(tables)\n\n    def loss(x):\n"
        "        return jnp.mean((model(x) - data) ** 2)\n\n    return jax.value_and_grad(loss)(x)\n" in after
    )
    assert (
        "def make_loss(tables, data):\n    return functools.partial(jitted_loss, tables=tables, data=data)\n" in after
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    def model(x):", "    COUNT.append(1)\n\n    def model(x):"),
        ("    model = make_model(tables)", "    model = make_model(tables)\n    model = jax.vmap(model)"),
        ("    return model", "    return jax.vmap(model)"),
    ],
)
def test_what_does_more_than_make_a_function_is_handed_in_as_static(old, new):
    try:
        after = lift("COUNT = []\n\n\n" + MADE.replace(old, new, 1), "jax.jit(")
    except CannotEdit as error:
        assert "COUNT" in str(error) or "model" in str(error)
    else:
        assert "static_argnames" in after and "model = make_model(tables)\n\n    def loss" not in after


def test_a_lambda_takes_local_functions_along():
    after = same(
        "def fit(x, data):\n    def misfit(a):\n        return jnp.mean((a - data) ** 2)\n\n"
        "    step = jax.jit(lambda a: a - 0.1 * jax.grad(misfit)(a))\n    return step(step(x))\n",
        "jax.jit(",
        "fit(jnp.ones(2), 3.0)",
    )
    assert "def step(a, data):\n    def misfit(a):\n" in after and "static" not in after


OPTIMISED = """def fit(w, rates):
    {before}
    for rate in rates:
        {inside}
        @jax.jit
        def step(w, rate):
            return w + optimiser.update(w)

        w = step(w, rate)
    return w
"""
MADE_OPTIMISER = "optimiser = optax.adam(1e-3)"


def test_what_is_made_anew_as_often_as_the_jit_can_not_be_static():
    with pytest.raises(CannotEdit, match="`optimiser` is made anew in line 10"):
        lift(OPTIMISED.format(before="pass", inside="optimiser = Optimiser(1e-3)"), "jax.jit\n")


def test_what_is_made_once_for_all_of_them_can():
    assert 'static_argnames=("optimiser",)' in lift(OPTIMISED.format(before=MADE_OPTIMISER, inside="pass"), "jax.jit\n")


def test_what_optax_makes_anew_of_numbers_is_made_while_tracing():
    after = lift(
        OPTIMISED.format(
            before="pass", inside="optimiser = optax.chain(optax.clip(2.0), optax.adam(0.1 * rate, b1=rates[0]))"
        ),
        "jax.jit\n",
    )
    assert after.startswith(
        "@jax.jit\ndef step(w, rate, bound_0, b1):\n"
        "    optimiser = optax.chain(optax.clip(2.0), optax.adam(bound_0, b1=b1))\n"
        "    return w + optimiser.update(w)\n"
    )
    assert "        w = step(w, rate, 0.1 * rate, rates[0])" in after and after.count("optimiser =") == 1


def test_what_else_is_read_of_it_stays():
    after = lift(
        "def fit(w, rate):\n    tx = optax.sgd(rate)\n\n    @jax.jit\n    def step(w, state):\n        return tx.update(w, state)\n\n"
        "    return step(w, tx.init(w))\n",
        "jax.jit\n",
    )
    assert after.count("tx = optax.sgd(rate)") == 2 and "return step(w, tx.init(w), rate)" in after


@pytest.mark.parametrize(
    ("between", "behind", "moves"), [("rate = 0.5 * rate", "pass", False), ("pass", "rate = 0.5 * rate", True)]
)
def test_a_number_that_changes_before_the_optimiser_is_used(between, behind, moves):
    body = (
        f"def fit(w, rate):\n    tx = optax.sgd(rate)\n    {between}\n\n    @jax.jit\n    def step(w, state):\n"
        f"        return tx.update(w, state)\n\n    w = step(w, tx.init(w))\n    {behind}\n    return w\n"
    )
    if moves:
        assert "def step(w, state, rate):\n    tx = optax.sgd(rate)\n" in lift(body, "jax.jit\n")
    else:
        with pytest.raises(CannotEdit, match="`rate`, of which `tx` is made, is bound again in line 9"):
            lift(body, "jax.jit\n")


def test_an_object_that_another_function_is_handed_and_asks():
    after = lift(
        "def misfit(model, w):\n    return model.apply(w)\n\n\ndef fit(model, w):\n    @jax.jit\n    def step(w):\n"
        "        return jax.grad(lambda w: misfit(model, w))(w)\n\n    return step(w)\n",
        "jax.jit\n",
    )
    assert 'static_argnames=("model",)' in after


BOUND = """def fold(times, period):
    return jnp.asarray(np.mod(times / period, 1.0))


def loss(shape, phase, weights, *, width=3.0):
    return jnp.sum(weights * jnp.cos(phase - shape)) / width


def objective_for(times, period, weights):
    target = functools.partial(loss, phase=fold(times, period), weights=jnp.asarray(weights))
    return jax.jit(jax.value_and_grad(target))
"""


def test_what_a_partial_binds_is_worked_out_where_it_was():
    after = same(
        "import numpy as np\n\n\n" + BOUND, "jax.jit(", "objective_for(np.arange(3.0), 2.0, [1.0, 2.0, 0.5])(0.3)"
    )
    assert (
        "@jax.jit\ndef jitted_target(shape, phase, weights):\n    target = functools.partial(loss, phase=phase, weights=weights)\n"
        in after
    )
    assert (
        "    return functools.partial(jitted_target, phase=fold(times, period), weights=jnp.asarray(weights))\n"
        in after
    )


def test_a_partial_of_an_imported_function_goes_on_with_any_arguments():
    after = same(
        "from operator import add\n\n\ndef made(x):\n"
        "    target = functools.partial(add, jnp.asarray(x) * 2.0)\n    return jax.jit(target)\n",
        "jax.jit(",
        "made(1.0)(3.0)",
    )
    assert "def jitted_target(*arguments, bound_0):\n    target = functools.partial(add, bound_0)\n" in after
    assert "return functools.partial(jitted_target, bound_0=jnp.asarray(x) * 2.0)" in after
