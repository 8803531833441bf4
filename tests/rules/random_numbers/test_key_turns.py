"""A key that a turn of a loop uses and hands to the next."""

import pytest

from rules.programs_of_rules import found

LOOP = """
def augment(images, key):
    out = []
    for image in images:
{turn}
        out.append(image)
    return out, key

augment(jnp.ones((6, 4)), jax.random.key(0))
"""
FAULTY = {
    "a draw from the parent": """
        key, subkey = jax.random.split(key)
        image = jnp.where(jax.random.bernoulli(key), image, image + jax.random.normal(subkey, (4,)))
""",
    "split in two ways": """
        key, subkey = jax.random.split(key)
        image = image + jax.random.normal(subkey, (4,)) + sum(jax.random.normal(k) for k in jax.random.split(key, 3))
""",
    "the new key itself": """
        key = jax.random.split(key)[0]
        image = image + jax.random.normal(key, (4,))
""",
}
SOUND = {
    "the child": """
        key, subkey = jax.random.split(key)
        image = image + jax.random.normal(subkey, (4,))
""",
    "one more child": """
        key, flip_key, subkey = jax.random.split(key, 3)
        image = jnp.where(jax.random.bernoulli(flip_key), image, image + jax.random.normal(subkey, (4,)))
""",
    "the last of many": """
        keys = jax.random.split(key, 4)
        key = keys[-1]
        image = image + jax.random.normal(keys[0], (4,))
""",
    "folded": """
        key, subkey = jax.random.split(key)
        image = image + jax.random.normal(jax.random.fold_in(key, 1), (4,))
""",
    "the turn that ends it": """
        key, subkey = jax.random.split(key)
        if image.sum() > 3:
            return jax.random.normal(key), subkey
""",
}


@pytest.mark.parametrize("turn", FAULTY.values(), ids=FAULTY.keys())
def test_a_key_that_the_next_turn_uses_again(turn):
    told = [one for one in found("key-reuse", LOOP.format(turn=turn)) if "next turn" in one.message]
    assert [one.facts["key"] for one in told] == ["key"]
    assert told[0].confidence >= 0.8


@pytest.mark.parametrize("turn", SOUND.values(), ids=SOUND.keys())
def test_a_key_that_is_only_handed_on(turn):
    assert [one.message for one in found("key-reuse", LOOP.format(turn=turn)) if "next turn" in one.message] == []
