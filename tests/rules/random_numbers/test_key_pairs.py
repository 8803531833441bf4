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
