"""Pairs of uses of one key that are no fault: what never draws, and what nobody sees."""

import pytest

from rules.programs_of_rules import found

LEFT_ALONE = {
    "a split of which nothing is used": """
        def update(state):
            key = state
            key, _ = jax.random.split(key)
            key, sub = jax.random.split(state)
            return key, jax.random.normal(sub)
        """,
    "examples that only show shapes": """
        def setup(model, space, actions, key, init_key):
            x = jnp.expand_dims(space.sample(key), 0)
            y = jnp.expand_dims(actions.sample(key), 0)
            return {"params": model.init(init_key, x, y)}
        """,
    "an example that a helper draws": """
        def level(key):
            a, b = jax.random.split(key)
            return jax.random.normal(a, (3,)) + jax.random.normal(b, (3,))
        def setup(model, key):
            x = level(key)
            key, sub = jax.random.split(key)
            return key, model.init(sub, jnp.expand_dims(x, 0))
        """,
}
SUSPICIONS = {
    "a Haiku network without dropout": """
        import haiku as hk
        def body(x):
            return hk.Linear(3)(x)
        net = hk.transform(body)
        @jax.jit
        def loss(params, target, key, x):
            key, sub = jax.random.split(key)
            return net.apply(params, sub, x) - net.apply(target, sub, x)
        """,
}
FAULTS = {
    "a Flax network that drops the same units in every step": """
        import flax.linen as nn
        class Net(nn.Module):
            @nn.compact
            def __call__(self, x, deterministic=False):
                return nn.Dropout(0.5)(nn.Dense(8)(x), deterministic=deterministic)
        net = Net()
        @jax.jit
        def step(params, x, dropout_key):
            return params, net.apply(params, x, rngs={"dropout": dropout_key})[:, 0]
        def train(params, x, key):
            for epoch in range(20):
                params, loss = step(params, x, key)
            return loss
        train({}, jnp.ones((3, 2)), jax.random.key(0))
        """,
    "a Haiku network with dropout": """
        import haiku as hk
        def body(x):
            return hk.dropout(hk.next_rng_key(), 0.1, hk.Linear(3)(x))
        net = hk.transform(body)
        @jax.jit
        def loss(params, target, key, x):
            key, sub = jax.random.split(key)
            return net.apply(params, sub, x) - net.apply(target, sub, x)
        """,
    "an example that is kept as well": """
        def setup(model, key, init_key):
            x = jax.random.normal(key, (3,))
            y = jax.random.uniform(key, (3,))
            return model.init(init_key, x), x + y
        """,
    "a split of which a part is used": """
        def update(key):
            first, _ = jax.random.split(key)
            second, _ = jax.random.split(key)
            return jax.random.normal(first), jax.random.normal(second)
        """,
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_it_leaves_alone(name):
    assert not [one.message for one in found("key-reuse", LEFT_ALONE[name])]


@pytest.mark.parametrize("name", SUSPICIONS)
def test_it_only_suspects(name):
    assert [one.confidence < 0.8 for one in found("key-reuse", SUSPICIONS[name])] == [True]


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_certain_of(name):
    assert [one.confidence >= 0.8 for one in found("key-reuse", FAULTS[name])] == [True]


def test_a_seed_that_callers_choose_is_theirs():
    assert not found(
        "key-made-in-jit",
        """
        def warm_start(x, seed=0):
            key = jax.random.PRNGKey(int(seed))
            return x + jax.random.normal(key)
        for k in range(9):
            warm_start(1.0, seed=k)
        """,
    )


@pytest.mark.parametrize(
    "body",
    ["    return jax.random.split(key, 3)\n", "    a, b = jax.random.split(key)\n    return a, b\n"],
    ids=["keys for a state", "two keys"],
)
def test_keys_that_are_only_handed_on_are_a_suspicion(body):
    source = (
        "@jax.jit\ndef reset(x):\n    key = jax.random.PRNGKey(0)\n" + body + "for k in range(9):\n    reset(1.0)\n"
    )
    assert all(one.confidence < 0.8 for one in found("key-made-in-jit", source))


def test_an_evaluation_with_a_seed_of_its_own_is_a_suspicion():
    step = "@jax.jit\ndef {name}(x):\n    return x + jax.random.normal(jax.random.PRNGKey(0))\nfor k in range(9):\n    {name}(1.0)\n"
    assert [one.confidence >= 0.8 for one in found("key-made-in-jit", step.format(name="update"))] == [True]
    assert [one.confidence >= 0.8 for one in found("key-made-in-jit", step.format(name="eval"))] == [False]


def test_a_key_of_a_carry_that_is_written_out_is_called_by_its_name():
    [one] = found(
        "key-reuse",
        """
        def epoch(x, key, rows):
            order = jax.random.permutation(key, rows)
            def step(carry, row):
                x, k = carry
                k, sub = jax.random.split(k)
                return (x + jax.random.normal(sub), k), None
            (x, key), _ = jax.lax.scan(step, (x, key), order)
            return x, key
        """,
    )
    assert one.message.startswith("the key `key` is used again: `split` splits it")
