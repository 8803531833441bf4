"""Keys that are used twice where nothing is drawn twice of them, and their faulty twins."""

import pytest

from jaxaudit.rules import load_rules
from programs import program_of

RIGHT = {
    "each part of one split, by its number": """
        def parts(key):
            first = jax.random.split(jax.random.split(key)[0], 3)
            second = jax.random.split(jax.random.split(key)[1], 3)
            return first, second
        """,
    "models that are built by name, to be compared": """
        class Model:
            def __init__(self, make_layer, key):
                self.weight = jax.random.normal(key, (3,))
                self.layer = make_layer(key)
        def models(key):
            layers = {"a": lambda key: jax.random.normal(key), "b": lambda key: jax.random.uniform(key)}
            return {name: Model(make_layer=make, key=key) for name, make in layers.items()}
        """,
    "a jitter of roots in a library": """
        @functools.partial(jax.jit, static_argnames="turns")
        def refine(z, turns=3):
            key, other = jax.random.split(jax.random.PRNGKey(0))
            for _ in range(turns):
                z = z + 1e-9 * jax.random.uniform(key, z.shape)
            return z
        """,
    "samples that only show shapes": """
        def buffers(observations, actions):
            dummy_key = jax.random.PRNGKey(0)
            empty = jax.tree.map(lambda x: jnp.empty((9, *x.shape)), jax.random.normal(dummy_key, (3,)))
            return empty, jnp.empty(jax.random.uniform(dummy_key, (2,)).shape)
        """,
    "a check whose result nobody takes": """
        def loss(data, key):
            def one(x, key):
                return x * jax.random.normal(key)
            one(data[0], key)
            keys = jax.random.split(key, 3)
            return jax.vmap(one)(data, keys).sum()
        """,
    "shapes that are asked of a function": """
        def template(step, sample, state, key):
            return jax.eval_shape(lambda s: jax.random.normal(key) + s + jax.random.uniform(key), state)
        """,
    "two ways, of which a test takes one": """
        def run(key, references, bootstrap):
            if references is None and not bootstrap:
                references = jax.random.normal(key)
            if not bootstrap:
                return references
            return jax.random.uniform(key)
        """,
    "a target network that starts as a copy": """
        import flax.linen as nn
        class Net(nn.Module):
            @nn.compact
            def __call__(self, x):
                return nn.Dense(3)(x)
        def start(net: Net, key):
            params = net.init(key, jnp.ones(2))
            target = net.init(key, jnp.ones(2))
            return params, target
        """,
    "weights that are drawn over": """
        import equinox as eqx
        def init_weights(linear, key):
            return eqx.tree_at(lambda l: l.weight, linear, jax.random.normal(key, linear.weight.shape))
        def layer(key):
            return init_weights(eqx.nn.Linear(2, 3, key=key), key)
        """,
    "one of two draws is kept": """
        def place(key, upright):
            def draw(key, n):
                return jax.random.categorical(key, jnp.zeros(n))
            column = draw(key, 3)
            row = draw(key, 4)
            return jax.lax.cond(upright, lambda: column, lambda: row)
        """,
    "a helper that draws in one branch": """
        def observe(state, action, key):
            check = lambda inputs: inputs[0] + jax.random.normal(inputs[1])
            return jax.lax.cond(action > 4, check, lambda inputs: inputs[0], (state, key))
        def reset(key):
            first, second = jax.random.split(key)
            return observe(jax.random.normal(first), 0, key), jax.random.normal(second)
        """,
}
WRONG = {
    "the same part of one split twice": """
        def parts(key):
            first = jax.random.normal(jax.random.split(key)[0])
            second = jax.random.normal(jax.random.split(key)[0])
            return first, second
        """,
    "parts of splits into other numbers": """
        def parts(key):
            first = jax.random.normal(jax.random.split(key)[0])
            second = jax.random.normal(jax.random.split(key, 3)[1])
            return first, second
        """,
    "states drawn after the parameters that they hang on": """
        def draw_params(key):
            return jax.random.normal(key, (3,))
        def draw_states(key, params):
            return params * jax.random.normal(key, (3,))
        def start(key):
            params = draw_params(key)
            return params, draw_states(key, params)
        """,
    "two draws that are both kept": """
        def draws(key, test):
            column = jax.random.normal(key)
            row = jax.random.normal(key)
            return jax.lax.cond(test, lambda: column + row, lambda: row)
        """,
    "a step that draws twice and is kept both times": """
        @jax.jit
        def step(x, key):
            return x + jax.random.normal(key)
        def run(key):
            x = step(0.0, key)
            return step(x, key)
        """,
}


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_nothing_certain_is_said(source):
    assert certain(source) == []


def test_a_library_may_try_itself_out():
    own = """
        import jax
        def layer(key):
            return jax.random.normal(key)
        if __name__ == "__main__":
            key = jax.random.key(0)
            x = jax.random.normal(key)
            y = layer(key)
        """
    assert certain({"layers.py": own})
    assert certain({"layers.py": own, "model.py": "from layers import layer"}) == []


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_it_is_told(source):
    assert certain(source)


def certain(source):
    found = load_rules()["key-reuse"].match(program_of(source))
    return [(one.place.line, one.message) for one in found if one.confidence >= 0.8]
